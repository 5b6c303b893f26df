//! `/integrations/types`: the types of integration that can be created.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, auth::CompanyAuth, error::Failed, settings::Settings};
use crate::domain::service_integrations::Service;

/// Number of types in the vendor's sample response (aloochat.md §3, row 1).
const SAMPLE_LEN: usize = 8;

/// A supported type of integration.
#[derive(Object)]
#[oai(example)]
struct IntegrationType {
    /// Value of `type` for creating an integration.
    r#type: String,
    /// Name of the type.
    name: String,
    /// Description of the type.
    description: String,
}

impl Example for IntegrationType {
    fn example() -> Self {
        Service::Shopify.into()
    }
}

impl From<Service> for IntegrationType {
    fn from(service: Service) -> Self {
        Self {
            r#type: service.as_str().to_owned(),
            name: service.title().to_owned(),
            description: service.description().to_owned(),
        }
    }
}

/// OpenAPI operations on integration types.
pub struct IntegrationTypesApi {
    settings: Settings,
}

impl IntegrationTypesApi {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

#[OpenApi(tag = "Tag::Integrations")]
impl IntegrationTypesApi {
    /// Get integration types
    ///
    /// Retrieve all available integration types.
    #[oai(
        path = "/integrations/types",
        method = "get",
        operation_id = "get_integration_types"
    )]
    async fn get_integration_types(
        &self,
        _company: CompanyAuth,
    ) -> Result<Json<Vec<IntegrationType>>, Failed> {
        let count = if self.settings.strict_types_sample {
            SAMPLE_LEN
        } else {
            Service::ALL.len()
        };
        let types = Service::ALL[..count].iter().copied();
        Ok(Json(types.map(IntegrationType::from).collect()))
    }
}
