//! `config.example.toml` lists every setting, and says the truth about the defaults.

use std::path::{Path, PathBuf};

use parlance::config::{self, Config, Overrides, Setting};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml")
}

fn loaded(path: PathBuf) -> config::Loaded {
    let overrides = Overrides {
        config: Some(path),
        ..Overrides::default()
    };
    config::load(&overrides).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_equals_the_defaults() {
    assert_eq!(loaded(example()).config, Config::default());
}

#[test]
fn the_example_has_every_setting_once() {
    let text = std::fs::read_to_string(example()).expect("the example");
    let mut section = String::new();
    let mut listed = Vec::new();
    for line in text.lines() {
        // A setting without a default is there as a comment: `#key = …`.
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = format!("{name}.");
        } else if let Some((name, _)) = line.split_once(" = ")
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            listed.push(format!("{section}{name}"));
        }
    }
    let settings: Vec<String> = config::list_settings(&loaded(example()))
        .into_iter()
        .map(|setting: Setting| setting.key)
        .collect();
    assert_eq!(listed, settings);
}
