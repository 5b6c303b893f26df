//! A receiver of webhooks in this process, with as little work as there can be.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::client::Connection;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A receiver on a free port. It ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    received: watch::Receiver<u64>,
    accepting: AbortHandle,
}

impl Receiver {
    /// One that answers 200 at once.
    pub async fn answering() -> Result<Self> {
        Self::start(true).await
    }

    /// One that takes requests and never answers.
    pub async fn silent() -> Result<Self> {
        Self::start(false).await
    }

    async fn start(answers: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (count, received) = watch::channel(0);
        let accepting = tokio::spawn(async move {
            // They end with this task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(Connection::over(stream), answers, count.clone()));
            }
        });
        Ok(Self {
            address,
            received,
            accepting: accepting.abort_handle(),
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Waits until so many requests were answered.
    pub async fn received(&self, count: u64) {
        let mut received = self.received.clone();
        // It lives as long as the task that accepts, and that as long as this.
        let _ = received.wait_for(|received| *received >= count).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers what comes on a connection, until the caller closes it.
async fn serve(
    connection: Result<Connection>,
    answers: bool,
    count: watch::Sender<u64>,
) -> Result<()> {
    let mut connection = connection?;
    while connection.called().await?.is_some() {
        if answers {
            connection.send(ANSWER).await?;
            count.send_modify(|count| *count += 1);
        }
    }
    Ok(())
}
