//! Following the folders for changes.

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::future::join_all;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{info, warn};
use walkdir::WalkDir;

use super::{
    Folder,
    left_out::Trouble,
    scan::{forget_others, scan},
};
use crate::{
    domain::App,
    kernel::clock::{Stopwatch, within},
};

/// The shortest pause between two comparisons of a folder, in real time: files seldom change
/// alone.
const PAUSE: Duration = Duration::from_millis(100);

/// Keeps the index of each folder like the folder, for as long as it is polled.
pub async fn follow(app: App) {
    if let Err(error) = forget_others(&app).await {
        warn!(%error, "folders that are no longer in the settings are not forgotten yet");
    }
    let folders = app.folders().iter();
    join_all(folders.map(|folder| follow_one(&app, folder))).await;
}

/// Never ends.
async fn follow_one(app: &App, folder: &Folder) {
    let rescan = Duration::from_secs(app.folder_settings().rescan_seconds.max(1));
    let changed = Arc::new(Notify::new());
    let mut watcher = None;
    let (mut unwatched, mut unindexed) = (Trouble::default(), Trouble::default());
    let mut first = true;
    let mut is_stale = false;
    loop {
        if watcher.is_none() || is_stale {
            // The old one tells of changes until the new one does.
            let watched = watch(&folder.path, &changed).await;
            if let Some(error) = unwatched.news(watched.as_ref().err().cloned()) {
                let told = "the system does not tell of changes in a folder";
                warn!(folder = folder.name, error, "{told}");
            }
            watcher = watched.ok();
        }
        let measured = Stopwatch::start();
        let scanned = scan(app, &folder.name).await;
        let error = scanned.as_ref().err().map(ToString::to_string);
        if let Some(error) = unindexed.news(error) {
            warn!(folder = folder.name, error, "a folder is not indexed yet");
        }
        if let Ok(scanned) = scanned {
            if first || scanned.read + scanned.forgotten > 0 {
                let (files, read, forgotten) = (scanned.files, scanned.read, scanned.forgotten);
                info!(
                    folder = folder.name,
                    files, read, forgotten, "a folder is indexed"
                );
            }
            // What was watched may be gone, or be another folder now. Until the next comparison
            // its watcher stays: a part that cannot be read must not hide changes of the rest.
            is_stale = scanned.problem.is_some();
        }
        first = false;
        // Not more than half of the time is spent on comparing.
        let pause = measured.elapsed().max(PAUSE);
        let _ = within(pause, std::future::pending::<()>()).await;
        tokio::select! {
            () = changed.notified() => {}
            () = app.clock().sleep(rescan) => {}
        }
    }
}

/// Has the system tell of changes. Where it cannot, the folder is compared by the clock alone.
async fn watch(path: &Path, changed: &Arc<Notify>) -> Result<RecommendedWatcher, String> {
    let changed = Arc::clone(changed);
    let path = path.to_owned();
    let watching = tokio::task::spawn_blocking(move || {
        let told = move |event: notify::Result<Event>| {
            // Reading a file is told too.
            if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                changed.notify_one();
            }
        };
        let mut watcher = notify::recommended_watcher(told)?;
        if watcher.watch(&path, RecursiveMode::Recursive).is_err() {
            // One directory that may not be read spoils the whole: the others are watched one by one.
            watch_each(&mut watcher, &path)?;
        }
        Ok::<_, notify::Error>(watcher)
    });
    match watching.await {
        Ok(watched) => watched.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Watches every directory that can be, without those that are made later: a comparison finds them, and
/// has all of them watched anew.
fn watch_each(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    let entries = WalkDir::new(path).min_depth(1).into_iter();
    let visible = entries.filter_entry(|entry| {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        entry.file_type().is_dir() && !hidden
    });
    for directory in visible.filter_map(Result::ok) {
        // The comparison says which cannot be read.
        let _ = watcher.watch(directory.path(), RecursiveMode::NonRecursive);
    }
    Ok(())
}
