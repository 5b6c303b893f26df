//! A connection that is kept alive, with as much HTTP/1.1 as the servers of this benchmark speak: to
//! call, or to be called. Neither allocates anything.

use std::{future::poll_fn, net::SocketAddr, pin::Pin};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The size that the buffer of a connection begins with, in bytes.
const BUFFER: usize = 16 * 1024;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const CONTENT_LENGTH: &[u8] = b"\r\ncontent-length: ";

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        Self::over(stream)
    }

    /// A connection that is open already.
    pub fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER],
        })
    }

    /// Waits for a whole request and gives its bytes. None if the caller has closed the connection
    /// instead.
    pub async fn called(&mut self) -> Result<Option<&[u8]>> {
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            match self.receive(filled).await? {
                0 if filled == 0 => return Ok(None),
                0 => bail!("the caller closed the connection within a request"),
                received => filled += received,
            }
            if let Some(head) = find(&self.buffer[..filled], END_OF_HEAD)
                && filled >= head + END_OF_HEAD.len() + length(&self.buffer[..head]).unwrap_or(0)
            {
                return Ok(Some(&self.buffer[..filled]));
            }
        }
    }

    /// Sends a request and gives the body of its answer, which must be a success.
    pub async fn call(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.send(request).await?;
        let mut filled = 0;
        let mut answer = None;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let received = self.receive(filled).await?;
            ensure!(received > 0, "the server closed the connection");
            filled += received;
            if answer.is_none() {
                answer = Answer::parse(&self.buffer[..filled])?;
            }
            if let Some(Answer { start, end }) = answer
                && filled >= end
            {
                ensure!(filled == end, "more was answered than asked for");
                return Ok(&self.buffer[start..end]);
            }
        }
    }

    pub async fn send(&mut self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            let sent = poll_fn(|cx| Pin::new(&mut self.stream).poll_write(cx, rest)).await?;
            ensure!(sent > 0, "the connection is closed");
            rest = &rest[sent..];
        }
        Ok(())
    }

    async fn receive(&mut self, filled: usize) -> Result<usize> {
        let mut free = ReadBuf::new(&mut self.buffer[filled..]);
        poll_fn(|cx| Pin::new(&mut self.stream).poll_read(cx, &mut free)).await?;
        Ok(free.filled().len())
    }
}

/// Where the body of an answer is in the buffer.
#[derive(Clone, Copy)]
struct Answer {
    start: usize,
    end: usize,
}

impl Answer {
    /// None while the head is not complete.
    fn parse(received: &[u8]) -> Result<Option<Self>> {
        let Some(head) = find(received, END_OF_HEAD) else {
            return Ok(None);
        };
        if received.get(9) != Some(&b'2') {
            bail!("no success: {}", String::from_utf8_lossy(received));
        }
        let length = length(&received[..head]).context("an answer without a content-length")?;
        let start = head + END_OF_HEAD.len();
        Ok(Some(Self {
            start,
            end: start + length,
        }))
    }
}

/// The length of the body after this head.
fn length(head: &[u8]) -> Option<usize> {
    let at = find(head, CONTENT_LENGTH)? + CONTENT_LENGTH.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}
