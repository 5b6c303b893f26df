//! Exports: writes the rows of a table into a file of the bot.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value, json};

use super::{
    job_files,
    job_runs::{RunningJob, read_rows},
    jobs::{FileFormat, Job, JobStatus},
    rows::{Row, StoredRow},
    table::Table,
};
use crate::kernel::{Error, Kind, Result};

/// Maximum size of a file, in bytes.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Writes the rows, and then the file.
pub(super) async fn run(running: &mut RunningJob) -> Result<()> {
    let table = running.table.clone();
    let mut writer = FileWriter::new(&running.job, &table)?;
    let (mut after, mut done) = (0, 0);
    let limit = table.rows_per_transaction();
    loop {
        let of_table = table.clone();
        let written = running.app.store().scan(move |conn| {
            let rows = read_rows(conn, &of_table, after, limit)?;
            let last = rows.last().map(|row| row.id);
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            for row in rows {
                writer.write_row(&of_table, row)?;
            }
            Ok((writer, last, count))
        });
        let (returned, last, count) = written.await?;
        writer = returned;
        let Some(last) = last else { break };
        (after, done) = (last, done + count);
        running
            .advance(done, table.row_count.unsigned_abs())
            .await?;
    }
    running.save(JobStatus::Finalizing).await?;
    let name = (file_name(&running.job, &table), content_type(&running.job));
    let bytes = writer.finish()?;
    let owner = (running.workspace.clone(), running.agent_seq);
    let file = job_files::write_export(&running.app, owner, name, &bytes);
    running.job.output_file = Some(file.await?);
    Ok(())
}

fn file_name(job: &Job, table: &Table) -> String {
    let ending = if job.compresses { ".gz" } else { "" };
    format!("{}-{}.{}{ending}", table.name, job.id, job.format)
}

const fn content_type(job: &Job) -> &'static str {
    match (job.compresses, job.format) {
        (true, _) => "application/gzip",
        (false, FileFormat::Csv) => "text/csv",
        (false, FileFormat::Json) => "application/json",
    }
}

/// Writes a file in memory.
struct FileWriter {
    output: Output,
    format: FileFormat,
    is_first: bool,
}

enum Output {
    Plain(Vec<u8>),
    Compressed(Box<GzEncoder<Vec<u8>>>),
}

impl Output {
    fn byte_count(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Compressed(encoder) => encoder.get_ref().len(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(written) => written.write(bytes),
            Self::Compressed(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("a row cannot be written into a file", error)
}

impl FileWriter {
    fn new(job: &Job, table: &Table) -> Result<Self> {
        let output = match job.compresses {
            true => {
                let encoder = GzEncoder::new(Vec::new(), Compression::fast());
                Output::Compressed(Box::new(encoder))
            }
            false => Output::Plain(Vec::new()),
        };
        let mut writer = Self {
            output,
            format: job.format,
            is_first: true,
        };
        match job.format {
            FileFormat::Csv => {
                let names = table.columns.all.iter().map(|column| column.name.clone());
                writer.write_record(std::iter::once("id".to_owned()).chain(names))?;
            }
            FileFormat::Json => {
                let key = table.key_column().map(|column| &column.name);
                let schema = Value::Object(table.columns.to_json_schema());
                let (name, key) = (json!(table.name), json!(key));
                let head =
                    format!("{{\"name\":{name},\"keyColumn\":{key},\"schema\":{schema},\"rows\":[");
                writer.write_text(&head)?;
            }
        }
        Ok(writer)
    }

    fn write_text(&mut self, text: &str) -> Result<()> {
        if self.output.byte_count() + text.len() > MAX_BYTES {
            let text = format!("the file of an export can have {MAX_BYTES} bytes");
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        self.output.write_all(text.as_bytes()).map_err(write_error)
    }

    fn write_record(&mut self, fields: impl Iterator<Item = String>) -> Result<()> {
        let mut record = csv::WriterBuilder::new().from_writer(Vec::new());
        record.write_record(fields).map_err(write_error)?;
        let record = record
            .into_inner()
            .map_err(|error| write_error(error.to_string()))?;
        self.write_text(&String::from_utf8_lossy(&record))
    }

    fn write_row(&mut self, table: &Table, row: StoredRow) -> Result<()> {
        let Row { id, values, .. } = row.into_shown(table);
        match self.format {
            FileFormat::Csv => {
                let fields = values.into_iter().map(|(_, value)| to_field(value));
                self.write_record(std::iter::once(id.to_string()).chain(fields))
            }
            FileFormat::Json => {
                let mut members = Map::new();
                members.insert("id".to_owned(), id.into());
                members.extend(values);
                let comma = if self.is_first { "" } else { "," };
                self.is_first = false;
                self.write_text(&format!("{comma}{}", Value::Object(members)))
            }
        }
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        if self.format == FileFormat::Json {
            self.write_text("]}")?;
        }
        match self.output {
            Output::Plain(bytes) => Ok(bytes),
            Output::Compressed(encoder) => encoder.finish().map_err(write_error),
        }
    }
}

/// Returns a value as a field of CSV. Null is empty.
fn to_field(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}
