//! Watches the folders for changes and scans them.

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::future::join_all;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tracing::{info, warn};
use walkdir::WalkDir;

use super::{
    Folder,
    scan::{remove_unconfigured, scan},
    skipped::LastProblem,
};
use crate::{
    domain::App,
    kernel::clock::{Stopwatch, with_timeout},
};

/// Minimum pause between two scans of a folder, in real time, because changes of files usually come
/// in groups.
const MIN_PAUSE: Duration = Duration::from_millis(100);

/// Runs the watcher: keeps the index of each folder up to date while it is polled.
pub async fn run(app: App) {
    if let Err(error) = remove_unconfigured(&app).await {
        warn!(%error, "folders that are no longer in the settings could not be removed");
    }
    let folders = app.folders().iter();
    join_all(folders.map(|folder| watch_folder(&app, folder))).await;
    // There are no folders. A worker ends only with the server.
    std::future::pending().await
}

/// Watches and scans one folder. Never returns.
async fn watch_folder(app: &App, folder: &Folder) {
    let rescan = Duration::from_secs(app.folder_settings().rescan_seconds.max(1));
    let changed = Arc::new(Notify::new());
    let mut watcher = None;
    let (mut unwatched, mut unindexed) = (LastProblem::default(), LastProblem::default());
    let mut first = true;
    let mut is_stale = false;
    loop {
        if watcher.is_none() || is_stale {
            // The old watcher reports changes until the new one does.
            let watched = start_watcher(&folder.path, &changed).await;
            if let Some(error) = unwatched.update(watched.as_ref().err().cloned()) {
                let text = "the system does not report changes in a folder";
                warn!(folder = folder.name, error, "{text}");
            }
            watcher = watched.ok();
        }
        let measured = Stopwatch::start();
        let scanned = scan(app, &folder.name).await;
        let error = scanned.as_ref().err().map(ToString::to_string);
        if let Some(error) = unindexed.update(error) {
            warn!(folder = folder.name, error, "a folder could not be indexed");
        }
        if let Ok(scanned) = scanned {
            if first || scanned.indexed + scanned.removed > 0 {
                let (files, read, forgotten) = (scanned.files, scanned.indexed, scanned.removed);
                info!(
                    folder = folder.name,
                    files, read, forgotten, "a folder is indexed"
                );
            }
            // The watched folder may have been deleted or replaced. The watcher stays until the
            // next scan: an unreadable part must not hide changes of the rest.
            is_stale = scanned.problem.is_some();
        }
        first = false;
        // Scans take at most half of the time.
        let pause = measured.elapsed().max(MIN_PAUSE);
        let _ = with_timeout(pause, std::future::pending::<()>()).await;
        tokio::select! {
            () = changed.notified() => {}
            () = app.clock().sleep(rescan) => {}
        }
    }
}

/// Starts a watcher. Without one, the folder is scanned only at the fixed interval.
async fn start_watcher(path: &Path, changed: &Arc<Notify>) -> Result<RecommendedWatcher, String> {
    let changed = Arc::clone(changed);
    let path = path.to_owned();
    let watching = tokio::task::spawn_blocking(move || {
        let on_event = move |event: notify::Result<Event>| {
            // The system also reports that a file was read.
            if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                changed.notify_one();
            }
        };
        let mut watcher = notify::recommended_watcher(on_event)?;
        if watcher.watch(&path, RecursiveMode::Recursive).is_err() {
            // One unreadable directory makes the recursive watch fail, so the others are watched
            // one by one.
            watch_each_directory(&mut watcher, &path)?;
        }
        Ok::<_, notify::Error>(watcher)
    });
    match watching.await {
        Ok(watched) => watched.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Watches every readable directory. A directory that is created later is not watched until a scan
/// finds it and replaces the watcher.
fn watch_each_directory(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    let entries = WalkDir::new(path).min_depth(1).into_iter();
    let visible = entries.filter_entry(|entry| {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        entry.file_type().is_dir() && !hidden
    });
    for directory in visible.filter_map(Result::ok) {
        // The scan reports unreadable directories.
        let _ = watcher.watch(directory.path(), RecursiveMode::NonRecursive);
    }
    Ok(())
}
