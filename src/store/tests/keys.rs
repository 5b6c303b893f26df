use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::{
    kernel::Secret,
    store::{
        Sealer,
        seal::{KeyError, KeySource, SealLocation, Settings as KeySettings},
    },
};

const PLACE: SealLocation<'static> = SealLocation {
    table: "item",
    column: "body",
    row_id: "1",
};
/// 32 zero bytes, without the padding.
const ZERO_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn key_file_settings() -> KeySettings {
    KeySettings::default()
}

fn key_settings(key: &str) -> KeySettings {
    KeySettings {
        key: Some(Secret::new(key)),
        key_file: None,
    }
}

#[tokio::test]
async fn the_first_start_makes_a_key_file_and_the_second_uses_it() {
    let directory = directory();
    let store = open(&directory);
    let sealed = Sealer::load(&store, &key_file_settings())
        .await
        .unwrap()
        .seal(&PLACE, b"x");
    let file = directory.path().join("test.db.key");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    store.close();
    let store = open(&directory);
    let key = fs::read(&file).unwrap();
    let sealer = Sealer::load(&store, &key_file_settings()).await.unwrap();
    assert_eq!(sealer.open(&PLACE, &sealed).unwrap(), b"x");
    assert_eq!(fs::read(&file).unwrap(), key);
}

#[tokio::test]
async fn a_missing_key_file_is_not_replaced() {
    let directory = directory();
    let store = open(&directory);
    Sealer::load(&store, &key_file_settings()).await.unwrap();
    let file = directory.path().join("test.db.key");
    fs::remove_file(&file).unwrap();
    let error = Sealer::load(&store, &key_file_settings())
        .await
        .unwrap_err();
    assert!(matches!(&error, KeyError::Missing { path, .. } if path.ends_with("test.db.key")));
    assert!(!file.exists());
}

#[tokio::test]
async fn a_wrong_key_is_detected_and_its_source_named() {
    let directory = directory();
    let store = open(&directory);
    Sealer::load(&store, &key_settings(ZERO_KEY)).await.unwrap();
    assert!(!directory.path().join("test.db.key").exists());
    Sealer::load(&store, &key_settings(&format!("{ZERO_KEY}=\n")))
        .await
        .unwrap();

    let other = key_settings("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let error = Sealer::load(&store, &other).await.unwrap_err();
    assert!(matches!(
        error,
        KeyError::WrongKey {
            key: KeySource::Settings,
            ..
        }
    ));
    assert!(error.to_string().contains("the key in the settings"));

    let file = directory.path().join("other.key");
    fs::write(&file, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let settings = KeySettings {
        key: None,
        key_file: Some(file.clone()),
    };
    let error = Sealer::load(&store, &settings).await.unwrap_err();
    assert!(
        error.to_string().contains(file.to_str().unwrap()),
        "{error}"
    );
    assert!(!format!("{error:?}{error}").contains("AQAAA"));
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let directory = directory();
    let store = open(&directory);
    for text in ["", "short", "!", &format!("{ZERO_KEY}AAAA")] {
        let error = Sealer::load(&store, &key_settings(text)).await.unwrap_err();
        assert!(matches!(error, KeyError::InvalidKey { .. }), "{text}");
    }
    fs::write(directory.path().join("test.db.key"), "short").unwrap();
    let error = Sealer::load(&store, &key_file_settings())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        KeyError::InvalidKey {
            key: KeySource::File(_)
        }
    ));
}

/// A start that is killed between the creation of the file and the write leaves an empty file.
#[tokio::test]
async fn an_empty_key_file_is_filled_until_something_is_sealed() {
    let directory = directory();
    let store = open(&directory);
    let file = directory.path().join("test.db.key");
    fs::write(&file, "").unwrap();
    Sealer::load(&store, &key_file_settings()).await.unwrap();
    let key = fs::read_to_string(&file).unwrap();
    Sealer::load(&store, &key_file_settings()).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), key);

    fs::write(&file, "").unwrap();
    let error = Sealer::load(&store, &key_file_settings())
        .await
        .unwrap_err();
    assert!(matches!(error, KeyError::InvalidKey { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[test]
fn the_key_is_never_serialised() {
    let text = serde_json::to_string(&key_settings(ZERO_KEY)).unwrap();
    assert_eq!(text, r#"{"key":"[hidden]","key_file":null}"#);
    assert!(!format!("{:?}", key_settings(ZERO_KEY)).contains("AAA"));
    let read: KeySettings = serde_json::from_str(r#"{"key": "abc"}"#).unwrap();
    assert_eq!(read.key.unwrap().expose(), "abc");
}
