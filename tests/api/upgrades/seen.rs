//! What a server shows of the rows of earlier formats: all that was there in a format, whatever steps the
//! file has gone through since.

use reqwest::Method;
use serde_json::Value;

use super::AGENT;
use crate::{
    botpress::given::Caller,
    support::{ADA_KEY, ALOOCHAT_KEY, COHERE_KEY, TestServer, WORKSPACE, send},
};

/// A list: who reads it where, the place of its items and what of each is compared, and the values, each
/// with the format since which it is there.
struct List {
    caller: fn() -> Caller,
    path: &'static str,
    items: &'static str,
    member: &'static str,
    values: &'static [(usize, &'static str)],
}

const CONVERSATION: &str = "/v1/chat/messages?conversationId=0195a000-0000-7000-8000-0000000000c1";

const LISTS: &[List] = &[
    List {
        caller: aloochat,
        path: "/api/public/integrations",
        items: "",
        member: "/name",
        values: &[(1, "of format 1"), (15, "of format 15")],
    },
    List {
        caller: ada,
        path: "/api/v2/webhooks/",
        items: "/data",
        member: "/url",
        values: &[
            (2, "http://127.0.0.1:9/of-format-2"),
            (20, "http://127.0.0.1:9/of-format-20?key=of-format-20"),
        ],
    },
    List {
        caller: ada,
        path: "/api/v2/end-users/",
        items: "/data",
        member: "/end_user_id",
        values: &[
            (3, "ffffffff0000000000000001"),
            (9, "0195a000-0000-7000-8000-000000000001"),
            (9, "0195a000-0000-7000-8000-000000000002"),
            (13, "0195a000-0000-7000-8000-000000000003"),
            (19, "0195a000-0000-7000-8000-000000000004"),
        ],
    },
    List {
        caller: ada,
        path: "/api/v2/platform-integrations/",
        items: "/data",
        member: "/name",
        values: &[(4, "of format 4")],
    },
    List {
        caller: cohere,
        path: "/v1/connectors",
        items: "/connectors",
        member: "/name",
        values: &[
            (6, "of format 6"),
            (6, "of format 6, oauth"),
            (6, "of format 6, service"),
            (7, "of format 7"),
        ],
    },
    List {
        caller: as_bot,
        path: CONVERSATION,
        items: "/messages",
        member: "/payload/text",
        values: &[
            (9, "of format 9"),
            (9, "of format 9, bot"),
            (15, "of format 15"),
            (17, "of format 17"),
        ],
    },
    List {
        caller: as_bot,
        path: "/v1/chat/messages?conversationId=0195a000-0000-7000-8000-0000000000c1&tags.whint:id=17",
        items: "/messages",
        member: "/payload/text",
        values: &[(17, "of format 17")],
    },
    List {
        caller: as_bot,
        path: "/v1/chat/conversations",
        items: "/conversations",
        member: "/integration",
        values: &[(9, "whint"), (13, "chat")],
    },
    List {
        caller: as_bot,
        path: "/v1/chat/events?type=reminder",
        items: "/events",
        member: "/id",
        values: &[
            (9, "0195a000-0000-7000-8000-0000000000b2"),
            (18, "0195a000-0000-7000-8000-0000000018b1"),
        ],
    },
    List {
        caller: as_bot,
        path: "/v1/storage/files?botId=aaaaaaaa-0000-4000-8000-000000000001",
        items: "/files",
        member: "/name",
        values: &[(9, "of format 9"), (19, "of format 19")],
    },
    List {
        caller: as_integration,
        path: "/v1/storage/files?botId=aaaaaaaa-0000-4000-8000-000000000001",
        items: "/files",
        member: "/name",
        values: &[(19, "of format 19")],
    },
    List {
        caller: as_integration,
        path: "/v1/chat/users",
        items: "/users",
        member: "/name",
        // Those that it has made or talked with, as far as the file says.
        values: &[
            (9, "of format 9"),
            (9, "of format 9, without tags"),
            (19, "of format 19"),
        ],
    },
    List {
        caller: Caller::member,
        path: "/v1/admin/integrations",
        items: "/integrations",
        member: "/title",
        values: &[(9, "of format 9"), (9, "of format 9, public")],
    },
    List {
        caller: Caller::person,
        path: "/v1/admin/hub/integrations",
        items: "/integrations",
        member: "/name",
        values: &[(1, "chat"), (1, "chat"), (9, "shared")],
    },
    List {
        caller: Caller::member,
        path: "/v1/admin/bots/aaaaaaaa-0000-4000-8000-000000000001/issues",
        items: "/issues",
        member: "/title",
        values: &[(9, "of format 9")],
    },
    List {
        caller: Caller::person,
        path: "/v1/admin/workspaces",
        items: "/workspaces",
        member: "/name",
        values: &[(1, "My workspace"), (10, "of format 10")],
    },
    List {
        caller: Caller::person,
        path: "/v1/admin/workspaces/22222222-2222-4222-8222-222222222222/billing/invoices",
        items: "/invoices",
        member: "/id",
        values: &[(10, "in_1")],
    },
];

fn aloochat() -> Caller {
    Caller::with("").header("x-api-key", ALOOCHAT_KEY)
}

fn ada() -> Caller {
    Caller::with(ADA_KEY)
}

fn cohere() -> Caller {
    Caller::with(COHERE_KEY)
}

/// The bot of the rows, with its token of format 9.
pub fn as_bot() -> Caller {
    Caller::with("bp_bot_old").header("x-bot-id", AGENT)
}

/// The integration of the rows in the bot, with its token of format 9.
pub fn as_integration() -> Caller {
    Caller::with("bp_int_old")
        .header("x-bot-id", AGENT)
        .header("x-integration-id", "bbbbbbbb-0000-4000-8000-000000000001")
}

/// Asserts that everything is shown that was there in a format.
pub async fn assert_all(server: &TestServer, format: usize) {
    for list in LISTS {
        let since = list.values.iter().map(|(since, _)| *since).min();
        if since.is_some_and(|since| since > format) {
            continue;
        }
        let answer = (list.caller)()
            .get(server, list.path)
            .await
            .expect(200)
            .json();
        let items = answer.pointer(list.items).and_then(Value::as_array);
        let items = items.unwrap_or_else(|| panic!("{}: {answer}", list.path));
        let shown = |item: &Value| {
            let value = item.pointer(list.member).and_then(Value::as_str);
            value
                .unwrap_or_else(|| panic!("{}: {item}", list.path))
                .to_owned()
        };
        let mut shown: Vec<String> = items.iter().map(shown).collect();
        shown.sort();
        let values = list.values.iter().filter(|(since, _)| *since <= format);
        let mut expected: Vec<&str> = values.map(|(_, value)| *value).collect();
        expected.sort_unstable();
        assert_eq!(shown, expected, "format {format}, {}", list.path);
    }
    if format >= 9 {
        assert_states(server, format).await;
    }
    assert_counts(server, format);
}

async fn assert_states(server: &TestServer, format: usize) {
    for (caller, path) in [
        (as_bot(), format!("bot/{AGENT}/counters")),
        (
            as_integration(),
            "integration/bbbbbbbb-0000-4000-8000-000000000001/cursor".to_owned(),
        ),
    ] {
        let path = format!("/v1/chat/states/{path}");
        let state = caller.get(server, &path).await.expect(200).json();
        assert_eq!(
            state["state"]["payload"]["of"], 9,
            "format {format}, {path}"
        );
    }
    let nobody = server.request(Method::GET, "/webhook/none");
    send(nobody).await.expect(404);
}

/// What no API shows: how many rows there are since which format.
const COUNTS: &[(usize, i64, &str)] = &[
    (1, 1, "FROM audit_records WHERE action = 'account.create'"),
    (15, 1, "FROM audit_records WHERE action = 'of_format_15'"),
    (
        2,
        1,
        "FROM webhook_attempts WHERE id = 'atmpt_000000000000000000000000001' AND succeeded",
    ),
    (
        2,
        1,
        "FROM webhook_attempts WHERE id = 'atmpt_000000000000000000000000002' AND NOT succeeded",
    ),
    (
        14,
        1,
        "FROM webhook_attempts WHERE id = 'atmpt_000000000000000000000000014'",
    ),
    (
        2,
        1,
        "FROM webhook_deliveries WHERE endpoint_seq = 1 AND message_seq = 1 AND state = 'delivered'",
    ),
    (
        2,
        1,
        "FROM webhook_deliveries WHERE endpoint_seq = 1 AND message_seq = 2 AND state = 'pending'",
    ),
    (16, 1, "FROM webhook_messages WHERE seq = 16"),
    (3, 1, "FROM end_user_sensitive"),
    (4, 1, "FROM platform_installations"),
    (4, 1, "FROM platform_uninstalls"),
    (6, 1, "FROM connector_authorizations"),
    (
        8,
        2,
        "FROM chat_turns WHERE conversation_id = 'of-format-8'",
    ),
    (
        18,
        1,
        "FROM chat_turns WHERE conversation_id = 'of-format-18'",
    ),
    (9, 1, "FROM bot_schedules WHERE event_seq = 2"),
    (
        18,
        1,
        "FROM bot_schedules WHERE event_seq = 18 AND delay IS NOT NULL",
    ),
    (10, 0, "FROM workspaces WHERE closed_at IS NOT NULL"),
    (10, 1, "FROM usage_monthly WHERE value = 7"),
    (11, 1, "FROM runtime_tokens"),
    (13, 1, "FROM webchat_conversations"),
    (
        9,
        1,
        "FROM integration_names WHERE name = 'shared' AND published",
    ),
    (
        9,
        1,
        "FROM integration_names WHERE name = 'whint' AND NOT published",
    ),
    (19, 1, "FROM integration_names WHERE name = 'gone/pay'"),
];

/// The same of steps that are told by their names.
const COUNTS_OF_STEPS: &[(&str, i64, &str)] = &[
    ("0024", 1, "FROM bot_secrets WHERE name = 'TOKEN'"),
    (
        "0024",
        1,
        "FROM bot_integrations WHERE configuration_type = 'manual'",
    ),
    (
        "0027",
        1,
        "FROM packages JOIN integration_interfaces ON interface_id = packages.id WHERE NOT built_in",
    ),
    (
        "0028",
        1,
        "FROM bot_plugins JOIN plugin_code USING (package_seq) JOIN plugin_interfaces USING (package_seq)",
    ),
    (
        "0029",
        2,
        "FROM events WHERE type = 'of format 29' AND outcome IS NOT NULL",
    ),
    ("0029", 1, "FROM bot_counters WHERE count = 3"),
    ("0030", 1, "FROM account_preferences"),
    ("0030", 1, "FROM workspace_preferences"),
    ("0030", 1, "FROM bot_allowed_accounts"),
    ("0030", 1, "FROM workspaces WHERE public = 1"),
    ("0031", 1, "FROM bot_versions WHERE name = 'of format 31'"),
    ("0031", 1, "FROM bot_documents"),
    ("0031", 1, "FROM action_runs WHERE action = 'whisper'"),
    ("0031", 1, "FROM shareable_ids"),
    ("0032", 2, "FROM workflows WHERE name = 'of format 32'"),
    ("0032", 1, "FROM workflow_tags WHERE value = 'x'"),
    (
        "0032",
        1,
        "FROM task_activities JOIN tasks ON tasks.seq = task_seq",
    ),
    ("0032", 1, "FROM task_tags WHERE value = 'x'"),
    (
        "0032",
        1,
        "FROM events JOIN workflows ON workflows.seq = workflow_seq WHERE workflow_update IS NOT NULL",
    ),
    (
        "0032",
        2,
        "FROM states WHERE workflow_seq = 1 OR task_seq = 1",
    ),
    (
        "0036",
        1,
        "FROM bot_integrations WHERE disabled_channels <> '[]'",
    ),
    (
        "0033",
        1,
        "FROM files JOIN blobs ON blobs.seq = blob_seq JOIN blob_chunks USING (blob_seq) WHERE refs = 1",
    ),
    (
        "0033",
        1,
        "FROM file_terms JOIN file_tags ON file_seq = 1 WHERE file_terms MATCH 'b1xformat'",
    ),
    ("0033", 1, "FROM knowledge_bases"),
    (
        "0034",
        2,
        "FROM bot_tables JOIN bot_table_keys ON table_seq = bot_tables.seq \
         JOIN bot_table_rows ON bot_table_rows.seq = (table_seq << 31) + row_id",
    ),
    ("0034", 1, "FROM bot_table_jobs"),
];

fn assert_counts(server: &TestServer, format: usize) {
    let steps: Vec<String> = super::steps()
        .iter()
        .map(|step| super::name(step))
        .collect();
    let has = |step: &str| steps[..format].iter().any(|name| name.starts_with(step));
    let of_steps = COUNTS_OF_STEPS.iter().filter(|(step, ..)| has(step));
    let of_steps = of_steps.map(|(_, expected, sql)| (expected, sql));
    let of_formats = COUNTS.iter().filter(|(since, ..)| *since <= format);
    let of_formats = of_formats.map(|(_, expected, sql)| (expected, sql));
    for (expected, sql) in of_formats.chain(of_steps) {
        let count = server.server().app().store().read(|conn| {
            let sql = format!("SELECT count(*) {sql}");
            Ok(conn.query_row(&sql, [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(count.expect("a count"), *expected, "format {format}, {sql}");
    }
    let handle = server.server().app().store().read(|conn| {
        let sql = "SELECT handle IS NOT NULL FROM workspaces WHERE id = ?1";
        Ok(conn.query_row(sql, [WORKSPACE], |row| row.get::<_, bool>(0))?)
    });
    assert!(handle.expect("a workspace"), "format {format}");
}
