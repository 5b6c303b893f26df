//! Imports: creates rows from a file of the bot.

use std::io::Read;

use csv::StringRecord;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

use super::{
    job_files,
    job_runs::{RunningJob, progress_of},
    jobs, keys,
    row_writes::{PreparedRow, RowWriter},
    table,
    write::{self, IndexedRow, RowError},
};
use crate::{
    domain::{
        bots::manage::logs::LogLevel,
        tenancy::{audit::Actor, write_tx::WriteTx},
    },
    kernel::{Error, Result, ids::WorkspaceId},
};

/// Maximum size of a file, in bytes after decompression.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Number of records that one transaction writes.
const RECORDS_PER_TRANSACTION: usize = 500;
/// Maximum number of lines about records that are left out.
const MAX_LOG_LINES: usize = 20;

/// The records of a file.
struct Records {
    source: Source,
    all: u64,
}

enum Source {
    Json(std::vec::IntoIter<Value>),
    Csv {
        names: StringRecord,
        records: Box<csv::StringRecordsIntoIter<std::io::Cursor<Vec<u8>>>>,
    },
}

/// Reads the file, and writes its records. Records that the table has by the value of its key column are updated.
pub(super) async fn run(running: &mut RunningJob) -> Result<()> {
    let file = running.job.input_file.clone().unwrap_or_default();
    let agent_seq = running.agent_seq;
    let opened = running.app.store().scan(move |conn| {
        let bytes = job_files::read_import(conn, agent_seq, &file)?;
        Records::open(bytes)
    });
    let mut records = opened.await?;
    let done = usize::try_from(running.job.position).unwrap_or(0);
    let mut skipped = 0;
    while skipped < done && records.next_row().is_some() {
        skipped += 1;
    }
    let mut problems = Vec::new();
    loop {
        let first = usize::try_from(running.job.position).unwrap_or(0);
        let mut chunk: Vec<IndexedRow> = Vec::new();
        while chunk.len() < RECORDS_PER_TRANSACTION
            && let Some(row) = records.next_row()
        {
            chunk.push((first + chunk.len(), row?));
        }
        if chunk.is_empty() {
            break;
        }
        problems.extend(write_chunk(running, chunk, records.all).await?);
        problems.truncate(MAX_LOG_LINES);
    }
    if !problems.is_empty() {
        running.log(LogLevel::Warn, problems).await?;
    }
    Ok(())
}

/// Writes records, and the progress in the same transaction. Returns the reasons for records that are left out.
async fn write_chunk(
    running: &mut RunningJob,
    mut chunk: Vec<IndexedRow>,
    all: u64,
) -> Result<Vec<String>> {
    let mut job = running.job.clone();
    job.position += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
    job.progress = progress_of(job.position.unsigned_abs(), all);
    loop {
        let (agent_seq, id) = (running.agent_seq, running.table.id.clone());
        let store = running.app.store();
        let current = store.read(|conn| table::find(conn, agent_seq, &id))?;
        let (prepared, given) = write::prepare(&running.app, current, chunk).await?;
        let (version, rows) = (prepared.table.version, prepared.rows);
        let (workspace, next) = (running.workspace.clone(), job.clone());
        let written = running.app.run_write_tx_as(Actor::System, move |tx| {
            let table = table::find(tx.conn, agent_seq, &id)?;
            if table.version != version {
                return Ok(None);
            }
            let errors = write_records(tx, &workspace, RowWriter::new(tx, table), &rows)?;
            jobs::save(tx, &next)?;
            Ok(Some(errors))
        });
        match written.await? {
            Some(errors) => {
                running.job = job;
                return Ok(write::show_errors(prepared.errors, errors));
            }
            None => chunk = given,
        }
    }
}

fn write_records(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    mut writer: RowWriter<'_, '_>,
    rows: &[PreparedRow],
) -> Result<Vec<RowError>> {
    writer.require_room_for(workspace, rows.len())?;
    let mut errors = Vec::new();
    for row in rows {
        let key = writer.table.key.and_then(|key| row.values.get(key));
        let known = match key {
            Some(key) => keys::find_row(tx.conn, &writer.table, key)?,
            None => None,
        };
        let updated = match known {
            Some(id) => writer.update(id, row)?,
            None => None,
        };
        let outcome = match updated {
            Some(outcome) => outcome,
            None => writer.insert(row)?,
        };
        if let Err(problem) = outcome {
            errors.push((row.index, problem));
        }
    }
    writer.finish()?;
    Ok(errors)
}

fn unreadable(problem: impl std::fmt::Display) -> Error {
    Error::invalid(format!("the file cannot be read: {problem}"))
}

impl Records {
    /// Recognizes compression and format by the contents.
    fn open(bytes: Vec<u8>) -> Result<Self> {
        let bytes = match bytes.starts_with(&[0x1f, 0x8b]) {
            true => inflate(&bytes)?,
            false => bytes,
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(unreadable(format!("it has more than {MAX_BYTES} bytes")));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'{' | b'[') => Self::open_json(text),
            _ => Self::open_csv(text.to_vec()),
        }
    }

    fn open_json(text: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(text).map_err(unreadable)?;
        let rows = match value {
            Value::Array(rows) => rows,
            Value::Object(mut members) => match members.shift_remove("rows") {
                Some(Value::Array(rows)) => rows,
                _ => return Err(unreadable("its object has no list \"rows\"")),
            },
            _ => return Err(unreadable("it is no list")),
        };
        Ok(Self {
            all: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            source: Source::Json(rows.into_iter()),
        })
    }

    fn open_csv(text: Vec<u8>) -> Result<Self> {
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(std::io::Cursor::new(text));
        let names = reader.headers().map_err(unreadable)?.clone();
        Ok(Self {
            all: u64::try_from(lines).unwrap_or(u64::MAX),
            source: Source::Csv {
                names,
                records: Box::new(reader.into_records()),
            },
        })
    }

    /// Returns the next row. An empty field of CSV is null.
    fn next_row(&mut self) -> Option<Result<Map<String, Value>>> {
        match &mut self.source {
            Source::Json(rows) => rows.next().map(|row| match row {
                Value::Object(row) => Ok(row),
                _ => Err(unreadable("a row is no object")),
            }),
            Source::Csv { names, records } => records.next().map(|record| {
                let record = record.map_err(unreadable)?;
                let fields = names.iter().zip(record.iter());
                let fields = fields.filter(|(_, field)| !field.is_empty());
                Ok(fields
                    .map(|(name, field)| (name.to_owned(), field.into()))
                    .collect())
            }),
        }
    }
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut decoder = GzDecoder::new(bytes).take(MAX_BYTES + 1);
    decoder.read_to_end(&mut inflated).map_err(unreadable)?;
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Value> {
        let mut records = Records::open(bytes.to_vec()).expect("a file");
        let rows = std::iter::from_fn(|| records.next_row());
        rows.map(|row| Value::Object(row.expect("a row"))).collect()
    }

    #[test]
    fn formats_are_recognized() {
        let expected = [json!({"a": "1", "b": "x,y"}), json!({"a": "2"})];
        assert_eq!(read(b"a,b\n1,\"x,y\"\n2,\n"), expected);
        assert_eq!(read(b"\xef\xbb\xbfa,b\n1,\"x,y\"\n2,\n"), expected);
        assert_eq!(read(br#" [{"a": "1", "b": "x,y"}, {"a": "2"}]"#), expected);
        assert_eq!(
            read(br#"{"rows": [{"a": "1", "b": "x,y"}, {"a": "2"}]}"#),
            expected
        );
        for broken in [b"{}".as_slice(), b"[1", b"\x1f\x8bx"] {
            assert!(Records::open(broken.to_vec()).is_err());
        }
    }
}
