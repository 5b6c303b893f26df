//! Health checks for supervisors and load balancers: `/healthz` and `/readyz`.

use poem::{
    Endpoint, EndpointExt, IntoResponse, Response,
    endpoint::{make, make_sync},
    http::StatusCode,
    web::Json,
};
use serde_json::json;

use crate::store::{Health, Store};

/// Answers 200 while the process can answer requests.
#[must_use]
pub fn live() -> impl Endpoint<Output = Response> {
    make_sync(|_| Json(json!({"status": "ok"}))).map_to_response()
}

/// Answers 200 if the database can be read and written, else 503 with the reason. After a failed write it tries a
/// write, so that the answer recovers once the disk does.
#[must_use]
pub fn ready(store: Store) -> impl Endpoint<Output = Response> {
    make(move |_| {
        let store = store.clone();
        async move {
            let failing = match store.health() {
                Health::Ok => None,
                Health::WritesFailing { message, .. } => store.probe().await.err().map(|_| message),
            };
            Ok::<_, poem::Error>(match failing {
                None => Json(json!({"status": "ok"})).into_response(),
                Some(reason) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    Json(json!({"status": "unavailable", "reason": reason})),
                )
                    .into_response(),
            })
        }
    })
    .map_to_response()
}
