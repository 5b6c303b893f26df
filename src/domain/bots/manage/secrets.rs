//! Secrets of bots. The bot's code reads them from its environment; the API shows only their names.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use crate::{
    domain::{
        bots::integrations::check_secret_name,
        tenancy::{bounds::Bound, sealed_columns::SealedColumn, write_tx::WriteTx},
    },
    kernel::{Error, Result, Rule, Secret, Violation, ids::AgentId},
    store::Sealer,
};

/// Maximum length of a value, in characters (botpress-today.md §0.5).
const MAX_VALUE_CHARS: usize = 20_000;

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "secrets",
    setting: "secrets",
    limit: |bounds| bounds.secrets,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM bot_secrets WHERE agent_seq = ?1",
};

/// Secrets by name; `None` removes the secret.
pub type SecretPatches = BTreeMap<String, Option<Secret>>;

/// Validates names and values.
///
/// # Errors
/// `Invalid` for an invalid name or a value that is too long.
pub(super) fn validate(secrets: &SecretPatches) -> Result<()> {
    for (name, value) in secrets {
        check_secret_name(name)?;
        let value = value.as_ref().map_or("", Secret::expose);
        if value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS {
            let rule = Rule::MaxLength(MAX_VALUE_CHARS as u64);
            return Err(Violation::body(["secrets", name], rule).into());
        }
    }
    Ok(())
}

const HAS: &str = "SELECT 1 FROM bot_secrets WHERE agent_seq = :seq AND name = :name";

const SET: &str = "
    INSERT INTO bot_secrets (agent_seq, name, sealed) VALUES (:seq, :name, :sealed)
    ON CONFLICT (agent_seq, name) DO UPDATE SET sealed = excluded.sealed";

const REMOVE: &str = "DELETE FROM bot_secrets WHERE agent_seq = :seq AND name = :name";

/// Writes and removes secrets of a bot.
///
/// # Errors
/// `LimitExceeded` for more secrets than a bot can have, or errors of the store.
pub(super) fn write(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    (seq, id): (i64, &AgentId),
    secrets: &SecretPatches,
) -> Result<()> {
    let conn = tx.conn;
    for (name, secret) in secrets {
        let of_name = named_params! {":seq": seq, ":name": name};
        let Some(secret) = secret else {
            conn.prepare_cached(REMOVE)?.execute(of_name)?;
            continue;
        };
        if !conn.prepare_cached(HAS)?.exists(of_name)? {
            BOUND.require(tx, seq)?;
        }
        let plaintext = secret.expose().as_bytes();
        let sealed = SealedColumn::BotSecret.seal(sealer, &row_id(id, name), plaintext);
        conn.prepare_cached(SET)?
            .execute(named_params! {":seq": seq, ":name": name, ":sealed": sealed})?;
    }
    Ok(())
}

fn row_id(bot: &AgentId, name: &str) -> String {
    format!("{bot}/{name}")
}

const NAMES: &str = "SELECT name FROM bot_secrets WHERE agent_seq = :seq ORDER BY name";

/// Returns the names of a bot's secrets.
pub(super) fn list_names(conn: &Connection, seq: i64) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(NAMES)?;
    let rows = statement.query_map(named_params! {":seq": seq}, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const SECRETS: &str = "
    SELECT bot_secrets.name, bot_secrets.sealed
    FROM bot_secrets JOIN agents ON agents.seq = bot_secrets.agent_seq
    WHERE agents.id = :id ORDER BY bot_secrets.name";

/// Returns the decrypted secrets of a bot, for its code.
pub(in crate::domain) fn load(
    conn: &Connection,
    sealer: &Sealer,
    bot: &AgentId,
) -> Result<BTreeMap<String, Secret>> {
    let mut statement = conn.prepare_cached(SECRETS)?;
    let rows = statement.query_map(named_params! {":id": bot}, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let mut secrets = BTreeMap::new();
    for row in rows {
        let (name, sealed) = row?;
        let opened = SealedColumn::BotSecret
            .open(sealer, &row_id(bot, &name), &sealed)
            .map_err(|error| Error::internal("a sealed secret cannot be decrypted", error))?;
        let text = String::from_utf8(opened)
            .map_err(|error| Error::internal("a sealed secret is not UTF-8", error))?;
        secrets.insert(name, Secret::new(text));
    }
    Ok(secrets)
}
