//! Installs an integration: turns a submitted form into an installation and an authorization code.

use rusqlite::named_params;
use serde_json::{Map, Value};
use url::Url;

use super::{
    FormValues, InstallationStatus, IntegrationStatus, PlatformIntegration, Scope, TokenLifetimes,
    identifier,
    rows::{self, seal_configuration, seal_secret, to_json_array},
    tokens::{self, TokenKind},
};
use crate::{
    domain::tenancy::{
        agents::Agent,
        audit::{self, NewAuditRecord},
        bounds::Bound,
        operator::OperatorContext,
    },
    kernel::{
        Error, Kind, Result, Secret,
        ids::InstallationId,
        schema::{Limits, Schema},
        secret::{new_hex_secret, new_token},
        violation::Location,
    },
};

/// A new installation.
pub struct NewInstallation {
    /// Id of the installation.
    pub id: InstallationId,
    /// URL that the browser goes to: the integration's callback with the authorization code. The code is as
    /// sensitive as a password while it is valid.
    pub callback_url: Secret,
}

const BOUND: Bound = Bound {
    owner_label: "An agent",
    items_label: "installations",
    setting: "platform_installations",
    limit: |bounds| bounds.platform_installations,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM platform_installations WHERE agent_id = ?1",
};

const INSERT: &str = "
    INSERT INTO platform_installations
        (id, integration_id, agent_id, status, name, scopes, configuration, client_secret,
         created_at, updated_at)
    VALUES
        (:id, :integration_id, :agent_id, :status, :name, :scopes, :configuration,
         :client_secret, :now, :now)";

/// Installs an integration in an agent, on behalf of the operator.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `Invalid` with the broken rules of the form, `Forbidden`
/// if the integration is archived, `Conflict` if it was changed meanwhile, errors of the store.
pub async fn install(
    operator: &OperatorContext,
    integration: PlatformIntegration,
    agent: Agent,
    answers: FormValues,
    lifetimes: TokenLifetimes,
) -> Result<NewInstallation> {
    if integration.status == IntegrationStatus::Archived {
        return Err(Error::new(
            Kind::Forbidden,
            "This integration can no longer be installed",
        ));
    }
    let definition = &integration.definition;
    let limits = &operator.app().settings().schemas;
    let answers = validate_values(&definition.configuration_fields, answers, limits)?;
    let name = identifier::evaluate_name(
        &definition.identifier_field_path,
        &Value::Object(answers.clone()),
    )?;
    let callback = Url::parse(&definition.oauth_callback_url)
        .map_err(|error| Error::internal("a validated address cannot be parsed", error))?;
    let scopes = to_json_array(definition.granted_scopes().into_iter().map(Scope::as_str));
    let sealer = operator.app().sealer().clone();
    let tx = move |tx: &crate::domain::WriteTx<'_>| {
        if rows::find(tx.conn, &integration.id)?.updated_at != integration.updated_at {
            return Err(Error::new(
                Kind::Conflict,
                "The integration was changed in the meantime",
            ));
        }
        BOUND.require(tx, agent.id.as_str())?;
        let id = InstallationId::new_hex24(tx.now);
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": id,
            ":integration_id": integration.id,
            ":agent_id": agent.id,
            ":status": InstallationStatus::Incomplete,
            ":name": name,
            ":scopes": scopes,
            ":configuration": seal_configuration(&sealer, &id, &answers)?,
            ":client_secret": seal_secret(&sealer, &id, &new_hex_secret()),
            ":now": tx.now,
        })?;
        audit::record(
            tx,
            &NewAuditRecord {
                workspace: Some(&agent.workspace_id),
                action: "platform_installation.create",
                resource_id: id.as_str(),
                resource_name: Some(&name),
            },
        )?;
        let code = new_token("ada_code_");
        tokens::insert_token(tx, &id, TokenKind::Code, &code, lifetimes.code)?;
        let mut callback = callback;
        callback
            .query_pairs_mut()
            .append_pair("code", code.expose());
        Ok(NewInstallation {
            id,
            callback_url: Secret::new(callback),
        })
    };
    operator.run_write_tx(tx).await
}

/// Returns the answers if they are valid.
fn validate_values(
    schema: &Map<String, Value>,
    answers: FormValues,
    limits: &Limits,
) -> Result<Map<String, Value>> {
    let values = Value::Object(answers.values);
    // The reduced schema comes first, because errors of the whole schema cannot be assigned to fields.
    for schema in [&answers.schema, &Value::Object(schema.clone())] {
        let schema = Schema::compile(schema, &Limits::STORED).map_err(|error| {
            Error::invalid(format!(
                "The form of this integration cannot be used: {error}"
            ))
        })?;
        let broken = schema.check(&values, Location::Body, limits);
        if !broken.is_empty() {
            return Err(Error::from_violations(broken));
        }
    }
    match values {
        Value::Object(values) => Ok(values),
        _ => Ok(Map::new()),
    }
}
