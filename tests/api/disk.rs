//! A small disk: the write-ahead log takes a part of it and not all of it, and a start on a full one
//! copies the log before it writes anything.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{ALOOCHAT_KEY, Program, client};

/// Set by people who cannot be root and know that these tests are left out.
const WITHOUT_ROOT: &str = "PARLANCE_TESTS_WITHOUT_ROOT";

/// A file system of a size of its own. To make one needs root.
struct Disk(PathBuf);

impl Disk {
    /// None if this user may make none, and has said that these tests are to be left out.
    fn of(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&path).expect("a directory");
        let size = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .output();
        let made = mounted.is_ok_and(|output| output.status.success());
        assert!(
            made || env::var_os(WITHOUT_ROOT).is_some(),
            "no file system can be mounted here: run the tests as root, or set {WITHOUT_ROOT}=1 to leave out those that need one",
        );
        made.then_some(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may still be in use for a moment: lazily.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

async fn call(program: &Program, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/api/public/integrations{path}", program.url());
    let method = if path.is_empty() { "POST" } else { "PUT" };
    let request = client().request(method.parse().expect("a method"), url);
    let request = request.header("x-api-key", ALOOCHAT_KEY).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn create(program: &Program) -> String {
    let (status, made) = call(program, "", json!({"name": "x", "type": "slack"})).await;
    assert_eq!(status, 200, "{made}");
    format!("/{}", made["id"].as_str().expect("an id"))
}

/// 60 kB, which no change shares with another.
fn large(number: usize) -> Value {
    let text = format!("{number:08}").repeat(7500);
    json!({"name": "x", "config": {"text": text}})
}

#[tokio::test]
async fn the_log_does_not_fill_a_small_disk() {
    let mut program = Program::new();
    let Some(disk) = Disk::of(program.path("small"), "20m") else {
        return;
    };
    let database = disk.path("parlance.db");
    let path = database.to_str().expect("UTF-8").to_owned();
    program.serve(&[
        ("PARLANCE_STORE__PATH", &path),
        ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", ALOOCHAT_KEY),
    ]);
    let one = create(&program).await;
    let log = disk.path("parlance.db-wal");
    let mut longest = 0;
    // 36 MB of log, of which the database keeps 60 kB.
    for number in 0..600 {
        let (status, said) = call(&program, &one, large(number)).await;
        assert_eq!(status, 200, "{number}: {said}");
        longest = longest.max(size(&log));
    }
    assert!(longest < 9_000_000, "{longest}");
    program.kill();
    program.serve(&[("PARLANCE_STORE__PATH", &path)]);
    let (status, said) = call(&program, &one, large(0)).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test]
async fn a_start_on_a_full_disk_copies_the_log_first() {
    let mut program = Program::new();
    program.serve(&[("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", ALOOCHAT_KEY)]);
    let one = create(&program).await;
    for number in 0..200 {
        let (status, said) = call(&program, &one, large(number)).await;
        assert_eq!(status, 200, "{said}");
    }
    program.kill();
    assert!(size(&program.path("parlance.db-wal")) > 10_000_000);
    let Some(disk) = Disk::of(program.path("small"), "20m") else {
        return;
    };
    for name in [
        "parlance.db",
        "parlance.db-wal",
        "parlance.db-shm",
        "parlance.db.key",
    ] {
        fs::copy(program.path(name), disk.path(name)).expect("it is copied");
    }
    // All but what the start itself needs besides the database.
    let filler = fs::File::create(disk.path("filler")).expect("a file");
    fill(filler);
    let database = disk.path("parlance.db");
    let path = database.to_str().expect("UTF-8").to_owned();
    program.serve(&[("PARLANCE_STORE__PATH", &path)]);
    let (status, said) = call(&program, &one, large(0)).await;
    assert_eq!(status, 200, "{said}");
    assert!(size(&disk.path("parlance.db-wal")) < 4_000_000);
}

/// Fills the disk but for 256 kB.
fn fill(mut file: fs::File) {
    use std::io::Write;
    let chunk = vec![1; 64 * 1024];
    let mut written: u64 = 0;
    while file.write_all(&chunk).is_ok() {
        written += chunk.len() as u64;
    }
    file.set_len(written.saturating_sub(256 * 1024))
        .expect("it is cut");
}
