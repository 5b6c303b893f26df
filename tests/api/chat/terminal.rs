//! `parlance chat`: a talk in the terminal, here with lines that are piped in.

use std::{io::Write, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::{Value, json};

use crate::{
    runtime::stacks::mapped,
    support::{Program, WORKSPACE},
};

const PAT: &str = "bp_pat_terminal_key";

/// A bot that offers a choice, and repeats everything else.
const CODE: &str = r"
    exports.handler = async (request) => {
        const bot = request.headers['x-bot-id']
        const { event } = JSON.parse(request.body)
        if (event?.type !== 'message_created') return { status: 200 }
        const { message } = event.payload
        const say = (type, payload) => fetch(process.env.BP_API_URL + '/v1/chat/messages', {
            method: 'POST',
            headers: {
                authorization: 'Bearer ' + process.env.BP_TOKEN,
                'content-type': 'application/json',
                'x-bot-id': bot,
            },
            body: JSON.stringify({
                conversationId: message.conversationId, userId: bot, type, payload, tags: {},
            }),
        })
        if (message.payload.text === 'choose') {
            const options = [{ label: 'Red', value: 'r-1' }, { label: 'Blue', value: 'b-2' }]
            await say('choice', { text: 'Which one?', options })
        } else {
            await say('text', { text: 'You said: ' + message.payload.text })
            await say('image', { imageUrl: 'https://example.com/i.png' })
        }
        return { status: 200 }
    }";

/// A bot that fails for what it is told.
const BROKEN: &str = "exports.handler = async (request) => {
    const { event } = JSON.parse(request.body)
    if (event?.type !== 'message_created') return
    inner(event.payload.message.payload.text)
}
function inner(text) {
    throw new TypeError('boo ' + text)
}";

struct Terminal {
    program: Program,
}

impl Terminal {
    async fn new() -> Self {
        let mut program = Program::new();
        program.serve(&[("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)]);
        let terminal = Self { program };
        terminal.make(json!({"name": "helper", "code": CODE})).await;
        terminal
    }

    /// Calls the API as the bots' developer.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/v1/admin/bots{path}", self.program.url());
        let request = crate::support::client()
            .request(method.parse().expect("a method"), url)
            .bearer_auth(PAT)
            .header("x-workspace-id", WORKSPACE);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Makes a bot, and returns its id.
    async fn make(&self, bot: Value) -> String {
        let made = self.call("POST", "", Some(bot)).await;
        made["bot"]["id"].as_str().expect("an id").to_owned()
    }

    /// What the command prints when it is told these lines: whether it succeeds, output and errors.
    fn tell(&self, arguments: &[&str], lines: &str) -> (bool, String, String) {
        let mut child = self
            .program
            .command(arguments)
            .env("XDG_STATE_HOME", self.program.path("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(lines.as_bytes()).expect("it is read");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        (
            output.status.success(),
            String::from_utf8(output.stdout).expect("UTF-8"),
            String::from_utf8(output.stderr).expect("UTF-8"),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_said_and_answers_drawn() {
    let terminal = Terminal::new().await;
    let said = terminal.tell(&["chat", "helper"], "hello\nchoose\n2\n\n");
    let expected = "You said: hello\n[image] https://example.com/i.png\nWhich one?\n  1) Red\n  \
                    2) Blue\nYou said: b-2\n[image] https://example.com/i.png\n";
    assert_eq!(said, (true, expected.to_owned(), String::new()));
    // It goes on as the same user in the same conversation, whose messages are not repeated.
    let file = terminal.program.path("parlance.db.chat.json");
    let mode = std::fs::metadata(&file)
        .expect("it is kept")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = || -> Value {
        let text = std::fs::read_to_string(&file).expect("it is kept");
        serde_json::from_str(&text).expect("JSON")
    };
    let first = kept();
    let (_, output, _) = terminal.tell(&["chat", "helper"], "again\n");
    assert!(output.starts_with("You said: again\n"), "{output}");
    assert_eq!(kept(), first);
    let (_, output, _) = terminal.tell(&["chat", "helper", "--new"], "new\n");
    assert!(output.starts_with("You said: new\n"), "{output}");
    assert_ne!(kept(), first);
    // By the address alone, with a key of its own.
    let address = first.as_object().expect("an object").keys().next();
    let address = address.expect("an address").clone();
    let (_, output, _) = terminal.tell(&["chat", &address, "--json"], "hello\n");
    let message: Value =
        serde_json::from_str(output.lines().next().expect("a line")).expect("JSON");
    assert_eq!(message["payload"]["text"], "You said: hello");
    assert_eq!(message["isBot"], true);
    assert!(terminal.program.path("state/parlance/chat.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said() {
    let mut terminal = Terminal::new().await;
    let (good, _, errors) = terminal.tell(&["chat", "nobody"], "");
    assert_eq!(
        (good, errors.as_str()),
        (false, "error: there is no bot nobody\n")
    );
    let nowhere = format!("{}/webhook/none", terminal.program.url());
    let (good, _, errors) = terminal.tell(&["chat", &nowhere], "");
    let expected = "error: there is no chat at this address: Webhook not found\n";
    assert_eq!((good, errors.as_str()), (false, expected));
    let (good, output, errors) = terminal.tell(&["chat", "helper"], "");
    assert_eq!((good, output.as_str(), errors.as_str()), (true, "", ""));
    terminal.program.terminate();
    let (good, _, errors) = terminal.tell(&["chat", "helper"], "");
    assert!(
        !good && errors.contains("no server runs on this database"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_fails_is_seen_everywhere() {
    let terminal = Terminal::new().await;
    let bot = terminal
        .make(json!({"name": "broken", "code": mapped(BROKEN)}))
        .await;
    let (good, output, errors) = terminal.tell(&["chat", "broken"], "one\ntwo\n");
    assert_eq!((good, output.as_str()), (false, ""));
    let complaint = |text: &str| {
        format!(
            "event_received (message_created) failed in the bot: the handler failed: TypeError: boo {text}."
        )
    };
    for text in ["one", "two"] {
        let error = format!(
            "error: {}\n    at inner (src/index.ts:17:1)\n",
            complaint(text)
        );
        assert!(errors.contains(&error), "{errors}");
    }
    assert!(!errors.contains("no answer"), "{errors}");
    // One line for each, in the server's own log.
    let log = terminal.program.stderr();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("boo one"))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{log}");
    };
    for part in [
        "WARN",
        "event_received failed in the bot",
        &format!("bot={bot}"),
        "error=\"the handler failed: TypeError: boo one\"",
        "at=\"inner (src/index.ts:17:1)\"",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    // In the logs and issues of the bot, with the stack.
    let logs = format!("/{bot}/logs?timeStart=2020-01-01T00:00:00Z&timeEnd=2100-01-01T00:00:00Z");
    let logs = terminal.call("GET", &logs, None).await;
    let expected = format!("{}\n    at inner (src/index.ts:17:1)", complaint("two"));
    let newest = logs["logs"][0]["message"].as_str().expect("a line");
    assert!(newest.starts_with(&expected), "{newest}");
    let issues = terminal.call("GET", &format!("/{bot}/issues"), None).await;
    let issue = issues["issues"][0]["id"].as_str().expect("an issue");
    let events = format!("/{bot}/issues/{issue}/events");
    let events = terminal.call("GET", &events, None).await;
    let stack = events["issueEvents"][0]["data"]["stack"]["raw"].as_str();
    let stack = stack.unwrap_or_else(|| panic!("{events}"));
    assert!(
        stack.starts_with("    at inner (src/index.ts:17:1)"),
        "{stack}"
    );
    // Failures before a talk are not shown in it.
    let (good, _, errors) = terminal.tell(&["chat", "helper"], "hello\n");
    assert_eq!((good, errors.as_str()), (true, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_without_code_says_so() {
    let terminal = Terminal::new().await;
    terminal.make(json!({"name": "empty"})).await;
    let notice = "This bot has no code yet: nobody answers until it is deployed.\n";
    let said = terminal.tell(&["chat", "empty"], "hello\nhello\n");
    assert_eq!(said, (false, String::new(), notice.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_nobody_handles_is_told() {
    let terminal = Terminal::new().await;
    let code = "exports.handler = async (request) => {
        if (request.headers['x-bp-operation'] === 'event_received') Promise.reject(new Error('rejected'))
        return { status: 200, body: '{}' }
    }";
    terminal
        .make(json!({"name": "careless", "code": code}))
        .await;
    let (good, _, errors) = terminal.tell(&["chat", "careless", "--wait", "3"], "one\n");
    assert!(!good, "{errors}");
    assert!(
        errors
            .contains("the code threw an uncaught exception: unhandled rejection: Error: rejected"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_in_profile_dev_alone() {
    let mut program = Program::new();
    let settings = [
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT),
        ("PARLANCE_SERVER__PROFILE", "production"),
    ];
    program.serve(&settings);
    let terminal = Terminal { program };
    let bot = json!({"name": "broken", "code": BROKEN});
    let bot = terminal.make(bot).await;
    let shown = terminal
        .call("GET", &format!("/{bot}/webchat?type=sharableUrl"), None)
        .await;
    let api = shown["apiUrl"].as_str().expect("an address");
    let path = api.replace("/webhook/", "/chat/failures/");
    let answer = crate::support::client().get(path).send().await;
    assert_eq!(answer.expect("an answer").status(), 404);
    let (good, _, errors) = terminal.tell(&["chat", "broken", "--wait", "1"], "one\n");
    assert_eq!((good, errors.as_str()), (true, "(no answer within 1 s)\n"));
    assert!(terminal.program.stderr().contains("TypeError: boo one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_api_is_told() {
    let terminal = Terminal::new().await;
    let (good, printed, errors) = terminal.tell(&["chat", "helper", "--print-url"], "");
    assert_eq!((good, errors.as_str()), (true, ""));
    let hello = format!("{}/hello", printed.trim_end());
    let answer = crate::support::client().get(hello).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let (_, json, _) = terminal.tell(&["chat", "helper", "--print-url", "--json"], "");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["url"], printed.trim_end());
    let bots = terminal.call("GET", "", None).await;
    let mut bots = bots["bots"].as_array().expect("bots").iter();
    let bot = bots.find(|bot| bot["name"] == "helper").expect("the bot");
    let path = format!(
        "/{}/webchat?type=preconfigured",
        bot["id"].as_str().expect("an id")
    );
    let shown = terminal.call("GET", &path, None).await;
    assert_eq!(shown["apiUrl"], printed.trim_end());
}
