//! `/v1/chat/analytics`: numbers that programs track.

use poem_openapi::{Object, OpenApi, types::Example};

use super::conversations::dto::EmptyObject;
use crate::{
    dialects::botpress::{Tag, auth::BotCaller, error::Failed},
    domain::bots::manage::counters,
    http::{Body, DirectJson},
};

/// The operation on analytics.
pub struct Analytics;

/// A number to add up.
#[derive(Object)]
#[oai(example, rename = "trackAnalyticsBody")]
struct TrackAnalyticsBody {
    /// Name of the number.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Amount to add.
    #[oai(validator(minimum(value = "1")))]
    count: i64,
}

impl Example for TrackAnalyticsBody {
    fn example() -> Self {
        Self {
            name: "orders".to_owned(),
            count: 1,
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl Analytics {
    /// Track Analytics
    ///
    /// Adds a number to the sum of this UTC day and name, which the analytics of the bot show as `customEvents`.
    #[oai(
        path = "/v1/chat/analytics",
        method = "post",
        operation_id = "trackAnalytics"
    )]
    async fn track_analytics(
        &self,
        caller: BotCaller,
        body: Body<TrackAnalyticsBody>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        counters::track(&caller.0, body.0.name, body.0.count).await?;
        Ok(DirectJson(EmptyObject {}))
    }
}
