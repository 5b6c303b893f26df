//! Programs of receivers that have code: the code and its environment variables.

use std::{collections::BTreeMap, sync::Arc};

use quick_cache::sync::Cache;
use rusqlite::{Connection, named_params};

use super::{receiver::Receiver, tokens};
use crate::{
    domain::{
        bots::{integrations, manage},
        tenancy::app::App,
    },
    engine::{Code, Program},
    kernel::{Result, Secret, ids::ApiKeyId},
};

/// Maximum number of cached programs. The cache does not hold their code.
const CACHE_CAPACITY: usize = 10_000;

/// Cache of recently used programs.
pub(in crate::domain) struct ProgramCache(Cache<Key, Arc<Program>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: String,
    revision: i64,
    token: ApiKeyId,
}

impl Default for ProgramCache {
    fn default() -> Self {
        Self(Cache::new(CACHE_CAPACITY))
    }
}

const BOT_CODE: &str = "
    SELECT bot_code.code FROM bot_code JOIN agents ON agents.seq = bot_code.agent_seq
    WHERE agents.id = :id";

const INTEGRATION_CODE: &str = "
    SELECT integration_code.code
    FROM integration_code JOIN integrations ON integrations.seq = integration_code.integration_seq
    WHERE integrations.id = :id";

/// Returns the program of a receiver at this revision.
///
/// # Errors
/// Errors of the store.
pub(super) async fn load_program(
    app: &App,
    receiver: &Receiver,
    revision: i64,
) -> Result<Arc<Program>> {
    let token = tokens::ensure_token(app, receiver).await?;
    let owner = match &receiver.integration {
        Some(integration) => integration.integration_id.to_string(),
        None => receiver.agent.id.to_string(),
    };
    let key = Key {
        owner,
        revision,
        token: token.key.clone(),
    };
    if let Some(known) = app.program_cache().0.get(&key) {
        return Ok(known);
    }
    let program = app
        .store()
        .read(|conn| build_program(conn, app, receiver, &key, &token.value))?;
    let program = Arc::new(program);
    app.program_cache().0.insert(key, program.clone());
    Ok(program)
}

fn build_program(
    conn: &Connection,
    app: &App,
    receiver: &Receiver,
    key: &Key,
    token: &Secret,
) -> Result<Program> {
    let addresses = app.addresses();
    let mut env: BTreeMap<String, Secret> = [
        ("BP_API_URL", addresses.api.as_str()),
        ("BP_TOKEN", token.expose()),
        ("BP_WEBHOOK_URL", addresses.webhooks.as_str()),
        // JSON log lines carry the bot that they are for.
        ("BP_LOG_FORMAT", "json"),
    ]
    .map(|(name, value)| (name.to_owned(), Secret::new(value)))
    .into();
    let sql = match &receiver.integration {
        Some(integration) => {
            let id = &integration.integration_id;
            for (name, value) in integrations::load_secrets(conn, app.sealer(), id)? {
                env.insert(format!("SECRET_{name}"), value);
            }
            INTEGRATION_CODE
        }
        None => {
            for (name, value) in manage::secrets::load(conn, app.sealer(), &receiver.agent.id)? {
                env.insert(format!("SECRET_{name}"), value);
            }
            BOT_CODE
        }
    };
    let (store, owner) = (app.store().clone(), key.owner.clone());
    let code = Code::from_fn(move || {
        store.read(|conn| {
            let code: String = conn
                .prepare_cached(sql)?
                .query_row(named_params! {":id": owner}, |row| row.get(0))?;
            Ok(code.into())
        })
    });
    Ok(Program {
        id: key.owner.clone(),
        // A new token changes an environment variable, so it changes the version.
        version: format!("{}-{}", key.revision, key.token),
        code,
        env,
        limits: app.engine().settings().default_limits(),
        engine: None,
    })
}
