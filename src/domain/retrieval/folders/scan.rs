//! Reading what is different in a folder, and writing it down.

use std::{fs, io, path::Path};

use futures_util::{StreamExt, stream};
use tracing::warn;

use super::{
    compare::{Changed, compare},
    document,
    left_out::{AllLeftOut, LeftOut, Trouble},
    passages,
    read::{self, Content, Format},
    rows::{self, FileToIndex, PassageToIndex},
};
use crate::{
    domain::{
        App,
        retrieval::answers::{Language, content_terms},
        tenancy::audit::Actor,
    },
    kernel::{Error, Result},
};

/// The most that one transaction writes: other changes wait for it.
const BATCH_FILES: usize = 100;
/// The same in bytes of the files.
const BATCH_BYTES: i64 = 256 * 1024;
/// How many batches are read ahead while one is written.
const AHEAD: usize = 2;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// How many files the folder has that can be read.
    pub files: usize,
    /// How many of them were read, because they are new or different.
    pub read: usize,
    /// How many are forgotten, because they are gone.
    pub forgotten: usize,
    /// Why the folder, or a part of it, could not be looked at. What was known of it is kept.
    pub problem: Option<String>,
    /// The files that are left out. Hidden ones are not among them.
    pub left_out: AllLeftOut,
}

/// Compares a folder with what is known of it, and writes down what is different.
///
/// # Errors
/// `NotFound` for a folder that is not in the settings, or those of the store.
pub async fn scan(app: &App, name: &str) -> Result<Scanned> {
    let folder = app.folders().get(name)?;
    let _one_at_a_time = folder.scanning.lock().await;
    let seq = match app.store().read(|conn| rows::find(conn, &folder.name))? {
        Some(seq) => seq,
        None => {
            let name = folder.name.clone();
            let made = app.change_as(Actor::System, move |change| {
                rows::ensure(change.conn, &name)
            });
            made.await?
        }
    };
    let known = app.store().scan(move |conn| rows::files(conn, seq));
    let known = known.await?;
    let root = folder.path.clone();
    let max_bytes = app.folder_settings().max_file_bytes;
    let compared = tokio::task::spawn_blocking(move || compare(&root, max_bytes, known));
    let compared = compared.await.map_err(|error| gave_up(&error))?;
    let forgotten = compared.gone.len();
    forget(app, seq, compared.gone).await?;
    let (read, problems) = index(app, seq, &folder.path, compared.changed).await?;
    let mut left_out = compared.left_out;
    let files = compared.files.saturating_sub(problems.len());
    left_out.extend(problems);
    let before = folder.scanned.borrow().clone();
    let mut trouble = Trouble::default();
    trouble.news(before.as_ref().and_then(|before| before.problem.clone()));
    if let Some(problem) = trouble.news(compared.problem.clone()) {
        warn!(
            folder = folder.name,
            problem, "a folder could not be looked at"
        );
    }
    left_out.log(&folder.name, before.as_ref().map(|before| &before.left_out));
    let scanned = Scanned {
        files,
        read,
        forgotten,
        problem: compared.problem,
        left_out,
    };
    folder.scanned.send_replace(Some(scanned.clone()));
    Ok(scanned)
}

/// Forgets the folders that are no longer in the settings.
///
/// # Errors
/// Those of the store.
pub async fn forget_others(app: &App) -> Result<()> {
    let _one_at_a_time = app.folders().forgetting.lock().await;
    for name in app.store().read(rows::names)? {
        if app.folders().get(&name).is_ok() {
            continue;
        }
        let found = app.store().read(|conn| rows::find(conn, &name))?;
        let Some(seq) = found else { continue };
        let files = app.store().scan(move |conn| rows::files(conn, seq));
        let files = files.await?.into_keys().collect();
        forget(app, seq, files).await?;
        let dropped = app.change_as(Actor::System, move |change| {
            rows::drop_folder(change.conn, seq)
        });
        dropped.await?;
    }
    Ok(())
}

async fn forget(app: &App, folder: i64, gone: Vec<String>) -> Result<()> {
    for batch in gone.chunks(BATCH_FILES) {
        let batch = batch.to_vec();
        let forgotten = app.change_as(Actor::System, move |change| {
            for path in &batch {
                rows::remove(change.conn, folder, path)?;
            }
            Ok(())
        });
        forgotten.await?;
    }
    Ok(())
}

/// Reads files and writes them down; says how many could be read, and which could not.
async fn index(
    app: &App,
    folder: i64,
    root: &Path,
    changed: Vec<Changed>,
) -> Result<(usize, Vec<LeftOut>)> {
    let mut indexed = 0;
    let mut problems = Vec::new();
    let mut read = stream::iter(batches(changed))
        .map(|batch| read_batch(app, root, batch))
        .buffered(AHEAD);
    while let Some(batch) = read.next().await {
        let Batch { files, unreadable } = batch?;
        problems.extend(unreadable);
        problems.extend(files.iter().filter_map(|file| {
            let reason = file.problem.clone()?;
            let path = file.path.clone();
            Some(LeftOut { path, reason })
        }));
        indexed += files.iter().filter(|file| file.problem.is_none()).count();
        let written = app.change_as(Actor::System, move |change| {
            for file in &files {
                rows::put(change.conn, folder, file)?;
            }
            rows::add_languages(change.conn, folder, &files)
        });
        written.await?;
    }
    Ok((indexed, problems))
}

fn batches(changed: Vec<Changed>) -> Vec<Vec<Changed>> {
    let mut batches: Vec<Vec<Changed>> = Vec::new();
    let mut bytes = 0;
    for file in changed {
        bytes += file.stamp.size;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_FILES && bytes <= BATCH_BYTES => batch.push(file),
            _ => {
                bytes = file.stamp.size;
                batches.push(vec![file]);
            }
        }
    }
    batches
}

/// Files that were read.
#[derive(Debug, Default)]
struct Batch {
    files: Vec<FileToIndex>,
    /// Those that could not be opened. The next comparison tries again.
    unreadable: Vec<LeftOut>,
}

/// A file whose bytes were read.
type Opened = (Changed, Vec<u8>);

async fn read_batch(app: &App, root: &Path, batch: Vec<Changed>) -> Result<Batch> {
    let (documents, texts): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .partition(|file| file.format == Format::Docx);
    let mut read = Batch::default();
    for file in documents {
        let root = root.to_owned();
        let opened = blocking(move || open(&root, file)).await?;
        let (file, bytes) = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                read.unreadable.extend(problem);
                continue;
            }
        };
        let settings = app.settings();
        let program = settings.runtime.program.as_deref();
        let content = document::read(program, app.folder_settings(), bytes).await;
        let file = blocking(move || to_index(file, content)).await?;
        read.files.push(file);
    }
    let root = root.to_owned();
    let texts = blocking(move || read_texts(&root, texts)).await?;
    read.files.extend(texts.files);
    read.unreadable.extend(texts.unreadable);
    Ok(read)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| gave_up(&error))
}

fn read_texts(root: &Path, files: Vec<Changed>) -> Batch {
    let mut read = Batch::default();
    for file in files {
        match open(root, file) {
            Ok((file, bytes)) => {
                let content = read::read(file.format, &bytes);
                let content = content.ok_or_else(|| "it is not text".to_owned());
                read.files.push(to_index(file, content));
            }
            Err(problem) => read.unreadable.extend(problem),
        }
    }
    read
}

/// Opens a file; the reason if that fails, and none if it is gone in the meantime: the next comparison
/// sees it as it is then.
fn open(root: &Path, file: Changed) -> std::result::Result<Opened, Option<LeftOut>> {
    match fs::read(root.join(&file.path)) {
        Ok(bytes) => Ok((file, bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(None),
        Err(error) => Err(Some(LeftOut {
            path: file.path,
            reason: format!("it cannot be read: {error}"),
        })),
    }
}

/// A file with what was read of it, or why nothing was.
fn to_index(file: Changed, content: std::result::Result<Content, String>) -> FileToIndex {
    let (content, problem) = match content {
        Ok(content) => (content, None),
        Err(problem) => (Content::default(), Some(problem)),
    };
    let name = Path::new(&file.path).file_stem();
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let passages = passages::split(&content, &name);
    let beginning = passages.iter().take(3).map(|passage| passage.text.as_str());
    let language = Language::of(&beginning.collect::<Vec<_>>().join("\n"));
    let passages = passages.into_iter().map(|passage| PassageToIndex {
        title_terms: content_terms(&passage.title, language).join(" "),
        text_terms: content_terms(&passage.text, language).join(" "),
        title: passage.title,
        text: passage.text,
    });
    FileToIndex {
        path: file.path,
        stamp: file.stamp,
        language,
        passages: passages.collect(),
        problem,
    }
}

fn gave_up(error: &tokio::task::JoinError) -> Error {
    Error::internal("reading a folder ended too early", error.to_string())
}
