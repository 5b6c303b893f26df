//! The command line: its contract with scripts.

use std::collections::BTreeSet;

use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde_json::Value;

use crate::support::{Program, WORKSPACE};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

#[tokio::test]
async fn the_first_start_prints_keys_and_the_second_none() {
    let mut program = Program::new();
    program.serve(&[]);
    let first = program.stderr();
    let key = first
        .lines()
        .find_map(|line| line.trim().strip_prefix("aloochat "))
        .expect("the key is shown")
        .trim()
        .to_owned();
    assert!(key.starts_with("aloo_"));
    let url = format!("{}/api/public/integrations", program.url());
    let status = |url: String, key: String| async move {
        let request = crate::support::client().get(url).header("x-api-key", key);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(status(url, key.clone()).await, 200);
    assert!(program.terminate().success());
    program.serve(&[]);
    assert!(!program.stderr().contains(&key));
    assert!(!program.stderr().contains("aloo_"), "{}", program.stderr());
    let url = format!("{}/api/public/integrations", program.url());
    assert_eq!(
        status(url, key).await,
        200,
        "the second start reuses the keys"
    );
}

#[test]
fn the_commands_that_the_first_start_shows_work() {
    let mut program = Program::new();
    program.serve(&[]);
    let shown = program.stderr();
    let (_, commands) = shown.split_once("Try it:").expect("commands to try");
    let commands: Vec<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  curl "))
        .collect();
    assert_eq!(commands.len(), 4, "{shown}");
    for command in commands {
        let command = command.replacen("curl", "curl --fail-with-body -sS", 1);
        let done = std::process::Command::new("bash")
            .args(["-c", &command])
            .output()
            .expect("bash and curl are there");
        assert!(done.status.success(), "{command}: {done:?}");
    }
}

#[tokio::test]
async fn keys_workspaces_and_agents_are_made_beside_the_running_server() {
    let mut program = Program::new();
    program.serve(&[]);
    let made = json(&program.stdout(&["workspace", "create", "--name", "Second", "--json"]));
    let workspace = made["id"].as_str().expect("an id");
    let agent = [
        "agent",
        "create",
        "--workspace",
        workspace,
        "--handle",
        "second",
        "--json",
    ];
    assert_eq!(json(&program.stdout(&agent))["handle"], "second");
    for (api, extra) in [
        ("aloochat", vec!["--workspace", workspace]),
        ("cohere", vec!["--workspace", workspace]),
        ("ada", vec!["--workspace", workspace, "--agent", "second"]),
        (
            "ada-end-users",
            vec!["--workspace", workspace, "--agent", "second"],
        ),
        (
            "botpress_bot",
            vec!["--workspace", workspace, "--agent", "second"],
        ),
        ("botpress_pat", vec![]),
        ("operator", vec![]),
    ] {
        let mut arguments = vec!["key", "create", "--api", api, "--json"];
        arguments.extend(extra);
        let key = json(&program.stdout(&arguments));
        assert!(key["key"].as_str().expect("a key").len() > 36, "{api}");
    }
    let listed = json(&program.stdout(&["key", "list", "--workspace", workspace, "--json"]));
    assert_eq!(listed.as_array().expect("a list").len(), 5);
    let text = listed.to_string();
    assert!(!text.contains("aloo_") && !text.contains("hash"), "{text}");
    let listed = json(&program.stdout(&["agent", "list", "--json"]));
    assert_eq!(listed.as_array().expect("a list").len(), 2);
    let listed = program.stdout(&["workspace", "list"]);
    assert!(
        listed.contains(WORKSPACE) && listed.contains("Second"),
        "{listed}"
    );
}

#[test]
fn a_command_that_cannot_be_done_says_why() {
    let mut program = Program::new();
    for (arguments, reason) in [
        (vec!["key", "list"], "parlance.db"),
        (vec!["key", "list", "--db", "missing.db"], "missing.db"),
        (vec!["backup", "copy.db"], "parlance.db"),
        (vec!["check"], "parlance.db"),
        (
            vec!["serve", "--port", "0", "--config", "missing.toml"],
            "missing.toml",
        ),
        (
            vec!["serve", "--port", "0", "--db", "no/such/directory/x.db"],
            "no/such/directory",
        ),
    ] {
        let output = program.run(&arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let left: Vec<_> = std::fs::read_dir(program.directory.path())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(
        left.is_empty(),
        "a mistyped path makes no database: {left:?}"
    );
    program.serve(&[]);
    for (arguments, reason) in [
        (vec!["key", "create", "--api", "aloochat"], "--workspace"),
        (
            vec!["key", "create", "--api", "ada", "--workspace", WORKSPACE],
            "--agent",
        ),
        (
            vec!["key", "create", "--api", "cohere", "--workspace", "nowhere"],
            "nowhere",
        ),
        (vec!["key", "create", "--api", "telegram"], "botpress_pat"),
        (
            vec!["key", "create", "--api", "botpress-integration"],
            "integration",
        ),
        (vec!["key", "revoke", "no-such-key"], "no-such-key"),
        (
            vec![
                "agent",
                "create",
                "--workspace",
                WORKSPACE,
                "--handle",
                "example",
            ],
            "example",
        ),
        (
            vec![
                "agent",
                "create",
                "--workspace",
                WORKSPACE,
                "--handle",
                "Bad!",
            ],
            "handle",
        ),
        (vec!["openapi", "telegram"], "aloochat"),
        (vec!["key", "list", "--workspace", "nowhere"], "nowhere"),
        (
            vec!["workspace", "create", "--name", "x", "--id", WORKSPACE],
            WORKSPACE,
        ),
        (vec!["integration", "approve", "none"], "not found"),
        (vec!["integration", "archive", "none"], "not found"),
    ] {
        let output = program.run(&arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    }
}

#[test]
fn config_show_says_where_each_value_comes_from_and_masks_secrets() {
    let program = Program::new();
    let file = "[limits.aloochat]\nper_second = 5\n[bootstrap]\naloochat_key = \"file-secret\"\n";
    std::fs::write(program.path("parlance.toml"), file).expect("a file");
    let mut command = program.command(&["config", "show", "--json", "--db", "other.db"]);
    command
        .env("PARLANCE_LIMITS__ALOOCHAT__PER_DAY", "9")
        .env("PARLANCE_BOOTSTRAP__COHERE_KEY", "env-secret-12345")
        .env("PARLANCE_SEAL__KEY", "seal-secret");
    let output = command.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for secret in ["file-secret", "env-secret", "seal-secret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let settings = json(&text);
    let find = |key: &str| {
        let settings = settings.as_array().expect("a list");
        let setting = settings.iter().find(|setting| setting["key"] == key);
        let setting = setting.unwrap_or_else(|| panic!("{key} is missing"));
        let source = setting["source"].as_str().expect("a source");
        (setting["value"].clone(), source.to_owned())
    };
    assert_eq!(
        find("server.listen"),
        ("127.0.0.1:4600".into(), "default".to_owned())
    );
    let (value, source) = find("limits.aloochat.per_second");
    assert_eq!(value, 5);
    assert!(source.ends_with("parlance.toml"), "{source}");
    let (value, source) = find("limits.aloochat.per_day");
    assert_eq!(
        (value, source.as_str()),
        (9.into(), "PARLANCE_LIMITS__ALOOCHAT__PER_DAY")
    );
    assert_eq!(find("store.path"), ("other.db".into(), "--db".to_owned()));
    assert_eq!(find("bootstrap.aloochat_key").0, "[hidden]");
    assert_eq!(find("bootstrap.ada_key").0, Value::Null);
}

#[test]
fn a_bad_setting_stops_the_start_and_is_named() {
    let program = Program::new();
    let mut command = program.command(&["serve"]);
    command.env("PARLANCE_SERVER__LISTEN", "nowhere");
    let output = command.output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for part in ["server.listen", "nowhere", "PARLANCE_SERVER__LISTEN"] {
        assert!(stderr.contains(part), "{part} in {stderr}");
    }
    assert!(!program.path("parlance.db").exists());
}

#[test]
fn an_address_that_is_taken_is_named_once_with_the_reason() {
    let program = Program::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = program.run(&["serve", "--listen", &address]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let reasons = stderr.matches("Address already in use").count();
    assert_eq!(reasons, 1, "{stderr}");
    assert!(
        stderr.contains(&format!("cannot listen on {address}")),
        "{stderr}"
    );
    assert!(!program.path("parlance.db").exists());
}

/// The names of the settings in `.cargo/config.toml`. One that is added there must be added to `src/cli/version.rs`.
fn cargo_settings() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.cargo/config.toml");
    let file: Value = Figment::from(Toml::file_exact(path))
        .extract()
        .expect("the settings");
    let flags = file["build"]["rustflags"].as_array().expect("flags").iter();
    let flags = flags.filter_map(|flag| Some(flag.as_str()?.split_once('=')?.0.to_owned()));
    let variables = file["env"].as_object().expect("variables").keys();
    flags.chain(variables.cloned()).collect()
}

#[test]
fn the_verbose_version_says_how_the_program_was_built() {
    let program = Program::new();
    let version = concat!("parlance ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(program.stdout(&["--version"]), version);
    assert_eq!(program.stdout(&["-V"]), version);
    let alone = program.run(&["--verbose"]);
    assert_eq!(alone.status.code(), Some(2), "it needs --version");

    let build = json(&program.stdout(&["--version", "--verbose", "--json"]));
    assert_eq!(build["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(build["profile"], "dev");
    assert_eq!(build["sqlite"]["version"], rusqlite::version());
    assert_ne!(build["allocator"], "");
    // The test is compiled with the settings of the program.
    let settings = &build["cargo_settings"];
    assert_eq!(
        settings["chacha20_backend"],
        cfg!(chacha20_backend = "soft")
    );
    let flags = option_env!("LIBSQLITE3_FLAGS");
    assert_eq!(settings["LIBSQLITE3_FLAGS"], flags.is_some());
    if flags.is_some_and(|flags| flags.contains("-DSQLITE_DEFAULT_MEMSTATUS=0")) {
        assert_eq!(build["sqlite"]["memory_statistics"], false);
    }
    let shown = settings.as_object().expect("the settings").keys();
    assert_eq!(shown.cloned().collect::<BTreeSet<_>>(), cargo_settings());

    let text = program.stdout(&["--version", "--verbose"]);
    let facts = text.strip_prefix(version).expect("the version first");
    let facts: Vec<_> = facts
        .lines()
        .map(|line| line.split_once(": ").expect(line))
        .collect();
    let names: Vec<&str> = facts.iter().map(|(name, _)| *name).collect();
    let expected = [
        "commit",
        "commit date",
        "profile",
        "target",
        "compiler",
        "SQLite",
        "JavaScript",
        "TLS",
        "allocator",
        "build settings",
    ];
    assert_eq!(names, expected);
    let commit = build["commit"].as_str().unwrap_or("unknown");
    assert!(facts[0].1.starts_with(commit), "{text}");
    let files = std::fs::read_dir(program.directory.path()).expect("a directory");
    assert_eq!(files.count(), 0, "it writes nothing");
}

#[test]
fn openapi_prints_the_document() {
    let program = Program::new();
    let document = json(&program.stdout(&["openapi", "aloochat"]));
    assert_eq!(document["openapi"], "3.0.0");
    let yaml = program.stdout(&["openapi", "aloochat", "--yaml"]);
    assert!(yaml.starts_with("openapi: \"3.0.0\"\n"), "{yaml}");
    let yaml: serde_json::Value = serde_yaml_ng::from_str(&yaml).expect("YAML");
    assert_eq!(yaml, document);
}

#[tokio::test]
async fn a_backup_restores_and_a_check_finds_a_wrong_key() {
    let mut program = Program::new();
    let key = ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", "aloo_backup_key");
    program.serve(&[key]);
    let url = format!("{}/api/public/integrations", program.url());
    let client = crate::support::client();
    let body = serde_json::json!({
        "name": "kept", "type": "shopify", "config": {"access_token": "sealed"}
    });
    let created = client
        .post(&url)
        .header("x-api-key", key.1)
        .json(&body)
        .send()
        .await;
    assert_eq!(created.expect("an answer").status(), 200);
    program.stdout(&["backup", "copy.db"]);
    let twice = program.run(&["backup", "copy.db"]);
    assert!(!twice.status.success(), "a backup overwrites nothing");
    let client_delete = client.get(&url).header("x-api-key", key.1).send().await;
    let listed: Value = client_delete
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    let deleted = client
        .delete(format!("{url}/{id}"))
        .header("x-api-key", key.1)
        .send()
        .await;
    assert_eq!(deleted.expect("an answer").status(), 200);
    let refused = program.run(&["restore", "copy.db", "--overwrite"]);
    assert!(!refused.status.success(), "not under a running server");
    assert!(program.terminate().success());
    program.stdout(&["restore", "copy.db", "--overwrite"]);
    let checked = json(&program.stdout(&["check", "--json"]));
    assert_eq!(checked["sound"], true, "{checked}");
    program.serve(&[key]);
    let url = format!("{}/api/public/integrations/{id}", program.url());
    let read = client
        .get(url)
        .header("x-api-key", key.1)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        read.status(),
        200,
        "what was deleted after the backup is there again"
    );
    assert!(program.terminate().success());
    std::fs::rename(program.path("parlance.db.key"), program.path("away.key")).expect("moved");
    let missing = program.run(&["serve", "--port", "0"]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("parlance.db.key"));
    assert!(
        !program.path("parlance.db.key").exists(),
        "no new key is made"
    );
    let other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
    std::fs::write(program.path("parlance.db.key"), other).expect("written");
    let wrong = program.run(&["check"]);
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("not the key"));
}

#[tokio::test]
async fn names_of_integrations_are_listed_and_given_away() {
    let mut program = Program::new();
    program.serve(&[]);
    let list = || json(&program.stdout(&["hub", "names", "--json"]));
    assert_eq!(list()[0]["name"], "chat");
    let give = |name| program.run(&["hub", "give", name, "--workspace", WORKSPACE, "--json"]);
    let given = give("acme/pay");
    assert!(given.status.success());
    let expected = serde_json::json!({
        "name": "acme/pay", "workspace_id": WORKSPACE, "published": true,
    });
    assert_eq!(json(&String::from_utf8_lossy(&given.stdout)), expected);
    assert_eq!(list()[0], expected);
    let again = give("acme/pay");
    assert_eq!(again.status.code(), Some(1));
    let text = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(text.contains("belongs to that workspace already"), "{text}");
    // The built-in chat is the server's own.
    let refused = give("chat");
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("has public versions of chat"), "{text}");
    let unknown = program.run(&["hub", "give", "x1", "--workspace", "none"]);
    assert_eq!(unknown.status.code(), Some(1));
}

/// A command that is to change something and has nothing to change says so, and fails.
#[test]
fn a_revocation_that_revokes_nothing_fails() {
    let mut program = Program::new();
    program.serve(&[]);
    let of_first = ["--workspace", WORKSPACE];
    for (api, more, reason) in [
        // Such a key is a person's.
        ("botpress-pat", &of_first[..], "--account"),
        (
            "botpress-pat",
            &["--account", "nobody@example.com"],
            "nobody",
        ),
        ("operator", &of_first, "belongs to no workspace"),
        ("ada-installation", &of_first, "uninstalled"),
        ("botpress-bot", &of_first, "no valid botpress_bot key"),
        ("botpress-integration", &of_first, "no valid"),
        ("cohere", &["--workspace", "nowhere"], "nowhere"),
        (
            "cohere",
            &["--account", "owner@example.localhost"],
            "--workspace",
        ),
        ("cohere", &[], "--workspace"),
    ] {
        let mut arguments = vec!["key", "revoke", "--api", api];
        arguments.extend(more);
        let output = program.run(&arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let valid = |program: &Program| {
        let listed = json(&program.stdout(&["key", "list", "--json"]));
        let keys = listed.as_array().expect("a list").iter();
        keys.filter(|key| key["revoked_at"].is_null()).count()
    };
    assert_eq!(valid(&program), 6);
    let account = ["--account", "owner@example.localhost"];
    for (api, more) in [
        ("botpress-pat", &account[..]),
        ("operator", &[]),
        ("cohere", &of_first),
    ] {
        let mut arguments = vec!["key", "revoke", "--api", api];
        arguments.extend(more);
        let shown = program.stdout(&arguments);
        assert_eq!(shown.matches("revoked ").count(), 1, "{shown}");
        let again = program.run(&arguments);
        assert!(!again.status.success(), "{arguments:?} twice");
    }
    assert_eq!(valid(&program), 3);
}

#[test]
fn what_goes_wrong_at_the_start_is_said_once_and_with_the_way_out() {
    let mut program = Program::new();
    program.serve(&[]);
    let port = program.url().rsplit(':').next().expect("a port").to_owned();
    let taken = program.run(&["serve", "--port", &port, "--db", "other.db"]);
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    let expected = format!(
        "error: cannot listen on 127.0.0.1:{port}: Address already in use (os error 98); `--port PORT` takes \
         another port, and `--port 0` any that is free\n"
    );
    assert_eq!(said, expected);
}

#[test]
fn the_help_for_keys_lists_the_apis() {
    let program = Program::new();
    let help = program.stdout(&["key", "create", "--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let apis = "aloochat, ada, ada-end-users, botpress-pat, botpress-bot, cohere, operator";
    assert!(help.contains(apis), "{help}");
}

#[test]
fn json_has_times_as_rfc_3339_and_one_name_for_the_api() {
    let mut program = Program::new();
    program.serve(&[]);
    let is_time = |value: &Value| {
        let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    };
    for (command, name) in [
        ("key", "aloochat"),
        ("agent", "example"),
        ("workspace", "My"),
    ] {
        let listed = json(&program.stdout(&[command, "list", "--json"]));
        let mut listed = listed.as_array().expect("a list").iter();
        let one = listed.find(|one| one.to_string().contains(name));
        let one = one.unwrap_or_else(|| panic!("{command}"));
        is_time(&one["created_at"]);
        if command == "key" {
            assert_eq!(one["api"], name);
            assert_eq!(one["kind"], Value::Null);
            assert_eq!(one["revoked_at"], Value::Null);
        }
    }
}

#[test]
fn settings_that_follow_from_the_profile_show_what_that_makes_of_them() {
    let program = Program::new();
    for (profile, on) in [("dev", true), ("production", false)] {
        let output = program
            .command(&["config", "show", "--json"])
            .env("PARLANCE_SERVER__PROFILE", profile)
            .output()
            .expect("it runs");
        let shown = json(&String::from_utf8_lossy(&output.stdout));
        let shown = shown.as_array().expect("a list");
        for key in [
            "inbox.enabled",
            "runtime.node_fallback",
            "tunnel.enabled",
            "webhooks.http_to_loopback",
        ] {
            let setting = shown.iter().find(|setting| setting["key"] == key);
            let setting = setting.unwrap_or_else(|| panic!("{key}"));
            assert_eq!(setting["value"], on, "{key}");
            assert_eq!(setting["source"], "server.profile");
        }
        // Nothing else that is on or off is left open.
        let text = std::fs::read_to_string("config.example.toml").expect("the example");
        let commented = text.lines().filter(|line| line.starts_with('#'));
        let switches =
            commented.filter(|line| line.ends_with(" = true") || line.ends_with(" = false"));
        assert_eq!(switches.count(), 4, "a switch without a default");
    }
}

#[test]
fn a_start_with_fixed_keys_says_which_they_are() {
    let mut program = Program::new();
    program.serve(&[("PARLANCE_BOOTSTRAP__ADA_KEY", "ada_fixed_key")]);
    let said = program.stderr();
    assert!(
        said.contains("fixed keys ada, from the settings (bootstrap)"),
        "{said}"
    );
    assert!(
        said.contains("'Authorization: Bearer YOUR_FIXED_KEY'"),
        "{said}"
    );
    assert!(!said.contains("ada_fixed_key"), "{said}");
    let mut all = Program::new();
    all.serve(&[
        ("PARLANCE_BOOTSTRAP__ADA_KEY", "ada_fixed_key"),
        ("PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY", "ada_eu_fixed_key"),
        ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", "aloo_fixed_key"),
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", "bp_pat_fixed_key"),
        ("PARLANCE_BOOTSTRAP__COHERE_KEY", "co_fixed_key"),
        ("PARLANCE_BOOTSTRAP__OPERATOR_KEY", "plop_fixed_key"),
    ]);
    let said = all.stderr();
    assert!(
        said.contains("fixed keys aloochat, ada, ada_end_users, botpress_pat, cohere, operator"),
        "{said}"
    );
    assert!(!said.contains("of the first start"), "{said}");
}
