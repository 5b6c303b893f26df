//! The operations on exports and imports.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::{
    auth::TableCaller,
    dto::{EXAMPLE_TABLE_ID, EXAMPLE_TIME},
};
use crate::{
    dialects::botpress::{Tag, error::Failed},
    domain::bots::tables::jobs::{self, FileFormat, JobKind, JobStatus},
    http::{Body, Nullable},
    kernel::ids::AgentId,
};

/// The operations on jobs of tables.
pub struct TableJobs;

/// Format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// A JSON object with the schema and the rows.
    Json,
}

/// Type of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum JobType {
    /// Writes the rows into a file.
    Export,
    /// Creates rows from a file.
    Import,
    /// Deletes the values of columns that the table has no more.
    ClearColumn,
    /// Deletes vectors. This server has none.
    ClearVectors,
}

impl From<JobKind> for JobType {
    fn from(kind: JobKind) -> Self {
        match kind {
            JobKind::Export => Self::Export,
            JobKind::Import => Self::Import,
            JobKind::ClearColumn => Self::ClearColumn,
        }
    }
}

/// Status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum TableJobStatus {
    /// Not begun.
    Pending,
    /// Running.
    InProgress,
    /// Storing its result.
    Finalizing,
    /// Ended with success.
    Completed,
    /// Ended without success. The log of the bot has the reason.
    Failed,
}

impl From<JobStatus> for TableJobStatus {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Pending => Self::Pending,
            JobStatus::InProgress => Self::InProgress,
            JobStatus::Finalizing => Self::Finalizing,
            JobStatus::Completed => Self::Completed,
            JobStatus::Failed => Self::Failed,
        }
    }
}

/// A job of a table.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct TableJob {
    /// Id of the job.
    id: String,
    /// Id of the bot.
    bot_id: String,
    /// Id of the table.
    table_id: String,
    /// Type of the job.
    r#type: JobType,
    /// Status of the job.
    status: TableJobStatus,
    /// Progress, in percent.
    progress: u32,
    /// Id of the file that an import reads.
    input_file_id: Nullable<String>,
    /// Id of the file that an export has made.
    output_file_id: Nullable<String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change, in ISO 8601.
    updated_at: String,
}

impl TableJob {
    fn new(bot: &AgentId, job: jobs::Job) -> Self {
        Self {
            id: job.id,
            bot_id: bot.to_string(),
            table_id: job.table_id,
            r#type: job.kind.into(),
            status: job.status.into(),
            progress: job.progress,
            input_file_id: Nullable(job.input_file),
            output_file_id: Nullable(job.output_file),
            created_at: job.created_at.to_rfc3339_millis(),
            updated_at: job.updated_at.to_rfc3339_millis(),
        }
    }
}

impl Example for TableJob {
    fn example() -> Self {
        Self {
            id: "1f0c7a52-6f0e-4d0c-9a53-0d8f4f6c2b11".to_owned(),
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            table_id: EXAMPLE_TABLE_ID.to_owned(),
            r#type: JobType::Export,
            status: TableJobStatus::Pending,
            progress: 0,
            input_file_id: Nullable(None),
            output_file_id: Nullable(None),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
        }
    }
}

/// A started job.
#[derive(Object)]
#[oai(example, rename = "TableJobResponse")]
struct TableJobResponse {
    /// The job.
    job: TableJob,
}

impl Example for TableJobResponse {
    fn example() -> Self {
        Self {
            job: TableJob::example(),
        }
    }
}

/// The jobs of a table.
#[derive(Object)]
#[oai(example, rename = "getTableJobsResponse")]
struct GetTableJobsResponse {
    /// The jobs, newest first.
    jobs: Vec<TableJob>,
}

impl Example for GetTableJobsResponse {
    fn example() -> Self {
        Self {
            jobs: vec![TableJob::example()],
        }
    }
}

/// A file to import.
#[derive(Object)]
#[oai(example, rename = "importTableBody", rename_all = "camelCase")]
struct ImportTableBody {
    /// Id of a file of the bot: CSV with the names of columns in the first line, or JSON, compressed by gzip or not.
    #[oai(validator(min_length = 1, max_length = 200))]
    file_id: String,
}

impl Example for ImportTableBody {
    fn example() -> Self {
        Self {
            file_id: "0194bb14-9d44-7f12-8c63-0b1a2d3e4f65".to_owned(),
        }
    }
}

#[OpenApi(tag = "Tag::Table")]
impl TableJobs {
    /// Export Table
    ///
    /// Starts a job that writes all rows of a table into a file of the bot.
    // wire: the default format is not known (botpress-today.md §7)
    #[oai(
        path = "/v1/tables/:table/export",
        method = "get",
        operation_id = "exportTable"
    )]
    async fn export_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        /// Format of the file; `csv` if absent.
        format: Query<Option<ExportFormat>>,
        /// True to compress the file by gzip; true if absent.
        compress: Query<Option<bool>>,
    ) -> Result<Json<TableJobResponse>, Failed> {
        let format = match format.0 {
            Some(ExportFormat::Json) => FileFormat::Json,
            Some(ExportFormat::Csv) | None => FileFormat::Csv,
        };
        let compresses = compress.0.unwrap_or(true);
        let job = jobs::start_export(&caller.0, table.0, format, compresses).await?;
        Ok(Json(TableJobResponse {
            job: TableJob::new(&caller.0.agent()?.id, job),
        }))
    }

    /// Import Table
    ///
    /// Starts a job that creates rows of a table from a file of the bot. A row whose key column has the value of a known
    /// row replaces its values.
    #[oai(
        path = "/v1/tables/:table/import",
        method = "post",
        operation_id = "importTable"
    )]
    async fn import_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<ImportTableBody>,
    ) -> Result<Json<TableJobResponse>, Failed> {
        let job = jobs::start_import(&caller.0, table.0, body.0.file_id).await?;
        Ok(Json(TableJobResponse {
            job: TableJob::new(&caller.0.agent()?.id, job),
        }))
    }

    /// Get Table Jobs
    ///
    /// Lists the last jobs of a table, newest first.
    #[oai(
        path = "/v1/tables/:table/jobs",
        method = "get",
        operation_id = "getTableJobs"
    )]
    async fn get_table_jobs(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
    ) -> Result<Json<GetTableJobsResponse>, Failed> {
        let bot = &caller.0.agent()?.id;
        let found = jobs::list(&caller.0, &table.0)?.into_iter();
        Ok(Json(GetTableJobsResponse {
            jobs: found.map(|job| TableJob::new(bot, job)).collect(),
        }))
    }
}
