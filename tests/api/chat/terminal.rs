//! `parlance chat`: a talk in the terminal, here with lines that are piped in.

use std::{io::Write, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::{Value, json};

use crate::support::{Program, WORKSPACE};

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

struct Terminal {
    program: Program,
}

impl Terminal {
    async fn new() -> Self {
        let mut program = Program::new();
        program.serve(&[("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)]);
        let url = format!("{}/v1/admin/bots", program.url());
        let made = crate::support::client()
            .post(url)
            .bearer_auth(PAT)
            .header("x-workspace-id", WORKSPACE)
            .json(&json!({"name": "helper", "code": CODE}))
            .send();
        assert_eq!(made.await.expect("an answer").status(), 200);
        Self { program }
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
