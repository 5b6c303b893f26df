//! Reads and writes the rows of folders, files and passages, and their terms in FTS5.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::retrieval::answers::{Language, Languages},
    kernel::{Result, Timestamp},
};

/// State of a file when it was read. A file with another state is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp {
    pub(super) modified_at: Timestamp,
    pub(super) size: i64,
}

/// A file in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedFile {
    pub(super) stamp: FileStamp,
    /// Reason to skip the file, if it is skipped.
    pub(super) problem: Option<String>,
}

/// A file to write to the index.
#[derive(Debug)]
pub(super) struct FileToIndex {
    pub(super) path: String,
    pub(super) stamp: FileStamp,
    pub(super) language: Language,
    pub(super) passages: Vec<PassageToIndex>,
    /// Reason to skip the file, if it is skipped. It is not read again until it changes.
    pub(super) problem: Option<String>,
}

/// A passage, with its terms separated by spaces.
#[derive(Debug)]
pub(super) struct PassageToIndex {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) title_terms: String,
    pub(super) text_terms: String,
}

/// Returns the name of the FTS5 table with the terms of a folder.
pub(super) fn terms_table(folder: i64) -> String {
    format!("folder_terms_{folder}")
}

/// Returns the folder with this name. Creates it if it does not exist.
pub(super) fn find_or_create(conn: &Connection, name: &str) -> Result<i64> {
    if let Some(found) = find(conn, name)? {
        return Ok(found);
    }
    conn.prepare_cached("INSERT INTO folders (name) VALUES (:name)")?
        .execute(named_params! {":name": name})?;
    let folder = conn.last_insert_rowid();
    // The passages' text is in folder_passages. The terms come from our own analysis, so that
    // search and answers rank by the same terms; FTS5 only splits them at spaces.
    conn.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING fts5(title, text, content = '', contentless_delete = 1,
            tokenize = \"unicode61 remove_diacritics 0\")",
        terms_table(folder)
    ))?;
    Ok(folder)
}

/// Returns the id of the connector that a folder is registered as.
pub(in crate::domain) fn find_connector(conn: &Connection, name: &str) -> Result<Option<String>> {
    let folder = find_or_create(conn, name)?;
    let mut statement = conn.prepare_cached("SELECT connector_id FROM folders WHERE seq = :seq")?;
    Ok(statement.query_row(named_params! {":seq": folder}, |row| {
        row.get("connector_id")
    })?)
}

/// Stores the id of the connector that a folder is registered as.
pub(in crate::domain) fn set_connector(conn: &Connection, name: &str, id: &str) -> Result<()> {
    conn.prepare_cached("UPDATE folders SET connector_id = :id WHERE name = :name")?
        .execute(named_params! {":id": id, ":name": name})?;
    Ok(())
}

/// Returns the folder with this name.
pub(super) fn find(conn: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached("SELECT seq FROM folders WHERE name = :name")?;
    let found = statement.query_row(named_params! {":name": name}, |row| row.get("seq"));
    Ok(found.optional()?)
}

/// Returns the names of all folders.
pub(super) fn list_names(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT name FROM folders ORDER BY seq")?;
    let names = statement.query_map([], |row| row.get("name"))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Returns the languages that a folder's files have or had.
pub(super) fn get_languages(conn: &Connection, folder: i64) -> Result<Languages> {
    let mut statement = conn.prepare_cached("SELECT languages FROM folders WHERE seq = :folder")?;
    let bits = statement.query_row(named_params! {":folder": folder}, |row| {
        row.get("languages")
    })?;
    Ok(Languages::from_bits(bits))
}

const ADD_LANGUAGES: &str = "
    UPDATE folders SET languages = languages | :bits
    WHERE seq = :folder AND languages & :bits <> :bits";

/// Adds the languages of new files to a folder.
pub(super) fn add_languages(conn: &Connection, folder: i64, files: &[FileToIndex]) -> Result<()> {
    let languages: Languages = files.iter().map(|file| file.language).collect();
    conn.prepare_cached(ADD_LANGUAGES)?
        .execute(named_params! {":folder": folder, ":bits": languages.bits()})?;
    Ok(())
}

/// Returns the index entries of a folder's files, by path.
pub(super) fn list_files(conn: &Connection, folder: i64) -> Result<HashMap<String, IndexedFile>> {
    let mut statement = conn.prepare_cached(
        "SELECT path, modified_at, size, problem FROM folder_files WHERE folder_seq = :folder",
    )?;
    let files = statement.query_map(named_params! {":folder": folder}, |row| {
        let stamp = FileStamp {
            modified_at: row.get("modified_at")?,
            size: row.get("size")?,
        };
        let problem = row.get("problem")?;
        Ok((row.get("path")?, IndexedFile { stamp, problem }))
    })?;
    Ok(files.collect::<rusqlite::Result<_>>()?)
}

const INSERT_FILE: &str = "
    INSERT INTO folder_files (folder_seq, path, modified_at, size, problem)
    VALUES (:folder, :path, :modified_at, :size, :problem)";

const INSERT_PASSAGE: &str = "
    INSERT INTO folder_passages (file_seq, place, title, text)
    VALUES (:file, :place, :title, :text)";

/// Writes a file to the index in place of its old entry.
pub(super) fn replace_file(conn: &Connection, folder: i64, file: &FileToIndex) -> Result<()> {
    delete_file(conn, folder, &file.path)?;
    conn.prepare_cached(INSERT_FILE)?.execute(named_params! {
        ":folder": folder,
        ":path": file.path,
        ":modified_at": file.stamp.modified_at,
        ":size": file.stamp.size,
        ":problem": file.problem,
    })?;
    let seq = conn.last_insert_rowid();
    let insert_terms = format!(
        "INSERT INTO {} (rowid, title, text) VALUES (:seq, :title, :text)",
        terms_table(folder)
    );
    for (position, passage) in (0_i64..).zip(&file.passages) {
        conn.prepare_cached(INSERT_PASSAGE)?
            .execute(named_params! {
                ":file": seq,
                ":place": position,
                ":title": passage.title,
                ":text": passage.text,
            })?;
        let passage_seq = conn.last_insert_rowid();
        conn.prepare_cached(&insert_terms)?.execute(named_params! {
            ":seq": passage_seq,
            ":title": passage.title_terms,
            ":text": passage.text_terms,
        })?;
    }
    Ok(())
}

const FIND_FILE: &str = "
    SELECT seq FROM folder_files WHERE folder_seq = :folder AND path = :path";

/// Deletes a file from the index.
pub(super) fn delete_file(conn: &Connection, folder: i64, path: &str) -> Result<()> {
    let mut statement = conn.prepare_cached(FIND_FILE)?;
    let parameters = named_params! {":folder": folder, ":path": path};
    let found = statement.query_row(parameters, |row| row.get::<_, i64>("seq"));
    let Some(file) = found.optional()? else {
        return Ok(());
    };
    let delete_terms = format!(
        "DELETE FROM {} WHERE rowid IN
            (SELECT seq FROM folder_passages WHERE file_seq = :file)",
        terms_table(folder)
    );
    conn.prepare_cached(&delete_terms)?
        .execute(named_params! {":file": file})?;
    conn.prepare_cached("DELETE FROM folder_files WHERE seq = :file")?
        .execute(named_params! {":file": file})?;
    Ok(())
}

/// Deletes a folder without files, and its connector.
pub(super) fn delete_folder(conn: &Connection, folder: i64) -> Result<()> {
    conn.execute_batch(&format!("DROP TABLE {}", terms_table(folder)))?;
    // The connector that the server registered for it.
    conn.prepare_cached(
        "DELETE FROM connectors WHERE id = (SELECT connector_id FROM folders WHERE seq = :folder)",
    )?
    .execute(named_params! {":folder": folder})?;
    conn.prepare_cached("DELETE FROM folders WHERE seq = :folder")?
        .execute(named_params! {":folder": folder})?;
    Ok(())
}
