//! Requests as bytes on a connection of their own.

use std::time::Duration;

use parlance::kernel::clock::with_timeout;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::TestServer;

/// The longest that an answer may take that needs nothing from the client.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A connection to a server.
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it was read.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl RawAnswer {
    /// The value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Raw {
    pub async fn open(server: &TestServer) -> Self {
        Self::to(&server.server().url()).await
    }

    pub async fn to(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("an address");
        Self {
            stream: TcpStream::connect(address).await.expect("a connection"),
            read: Vec::new(),
        }
    }

    /// Sends bytes. A server that no longer reads them is a failure.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write_all(bytes.as_ref())
            .await
            .expect("it is taken");
    }

    /// Sends bytes that the server need not take.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// The next answer with a length of its own.
    pub async fn answer(&mut self) -> RawAnswer {
        with_timeout(AT_ONCE, self.try_answer())
            .await
            .expect("an answer at once")
            .expect("an answer")
    }

    /// The next answer, or none if the connection ends first.
    pub async fn try_answer(&mut self) -> Option<RawAnswer> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read[..end].to_vec()).expect("a head");
        let mut answer = RawAnswer {
            status: head[9..12].parse().expect("a status"),
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse::<usize>().expect("a length"));
        while self.read.len() < end + length {
            self.more().await?;
        }
        let body = self.read[end..end + length].to_vec();
        answer.body = String::from_utf8_lossy(&body).into_owned();
        self.read.drain(..end + length);
        Some(answer)
    }

    async fn more(&mut self) -> Option<()> {
        let mut chunk = [0; 16 * 1024];
        let length = self.stream.read(&mut chunk).await.ok()?;
        self.read.extend_from_slice(&chunk[..length]);
        (length > 0).then_some(())
    }

    /// Waits until the server ends the connection, and returns whether it did so with an end and not
    /// with a reset, which takes answers with it that are on their way.
    pub async fn ends_well(&mut self) -> bool {
        let mut chunk = [0; 1024];
        let ends = async {
            loop {
                match self.stream.read(&mut chunk).await {
                    Ok(0) => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        };
        with_timeout(AT_ONCE, ends).await.expect("an end")
    }

    /// Whether the server has not ended the connection.
    pub fn is_open(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}
