//! Renders the addresses at which installations are linked with an external account. It runs after the write
//! transaction that installs, because the writer must not wait for scripts.

use futures_util::future::join_all;
use rusqlite::{Connection, named_params};
use serde_json::{Value, json};

use super::registration::NOT_LINKED;
use crate::{
    domain::tenancy::{app::App, audit::Actor},
    kernel::Result,
};

/// An installation that needs a link.
struct UnlinkedInstallation {
    seq: i64,
    webhook_id: String,
    script: String,
}

/// Installations of a bot that wait for a link and have no address for it yet.
const FIND_UNLINKED: &str = "
    SELECT seq, integration_seq, webhook_id, configuration_type FROM bot_integrations
    WHERE agent_seq = :agent_seq AND enabled AND status = 'unregistered'
      AND identifier IS NULL AND removed_at IS NULL AND status_reason = :reason";

fn find_unlinked(
    conn: &Connection,
    app: &App,
    agent_seq: i64,
) -> Result<Vec<UnlinkedInstallation>> {
    let mut statement = conn.prepare_cached(FIND_UNLINKED)?;
    let parameters = named_params! {":agent_seq": agent_seq, ":reason": NOT_LINKED};
    let rows = statement.query_map(parameters, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let rows: Vec<(i64, i64, String, Option<String>)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for (seq, integration_seq, webhook_id, kind) in rows {
        let definition = app
            .definition_cache()
            .get_integration_definition(conn, integration_seq)?;
        let configuration = definition.find_configuration(kind.as_deref());
        let script = configuration
            .and_then(|configuration| configuration.identifier.link_template_script.clone());
        found.extend(script.map(|script| UnlinkedInstallation {
            seq,
            webhook_id,
            script,
        }));
    }
    Ok(found)
}

const SET_REASON: &str = "
    UPDATE bot_integrations SET status_reason = :reason
    WHERE seq = :seq AND status = 'unregistered' AND identifier IS NULL
      AND status_reason = :was";

/// Writes the link's address into the status reason of each installation of a bot that waits for a link.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn write_link_reasons(
    app: &App,
    agent_seq: i64,
    webhooks: &str,
) -> Result<()> {
    let found = app
        .store()
        .read(|conn| find_unlinked(conn, app, agent_seq))?;
    if found.is_empty() {
        return Ok(());
    }
    let reasons = join_all(found.into_iter().map(|one| async move {
        let reason = render_reason(app, webhooks, &one).await;
        (one.seq, reason)
    }));
    let reasons = reasons.await;
    app.run_write_tx_as(Actor::System, move |tx| {
        for (seq, reason) in &reasons {
            tx.conn
                .prepare_cached(SET_REASON)?
                .execute(named_params! {":seq": seq, ":reason": reason, ":was": NOT_LINKED})?;
        }
        Ok(())
    })
    .await
}

/// Renders the status reason: the address of the link, or the error of the script.
async fn render_reason(app: &App, webhooks: &str, installation: &UnlinkedInstallation) -> String {
    let given = json!({"webhookId": installation.webhook_id, "webhookUrl": webhooks});
    match app.scripts().run(&installation.script, &given).await {
        Ok(Value::String(url)) => format!("It has to be linked first: {url}"),
        Ok(other) => format!("The link template must return a string, not {other}"),
        Err(reason) => {
            let text = format!("The link template has failed: {reason}");
            let webhook = &installation.webhook_id;
            app.recent_failures().record_script(app, webhook);
            text
        }
    }
}
