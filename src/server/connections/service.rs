//! Passes hyper's requests to the endpoint and its responses back, and drains request bodies that the endpoint does
//! not read.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    service::Service,
};
use poem::{
    Endpoint, Request, Response,
    endpoint::{DynEndpoint, ToDynEndpoint},
    http::{HeaderValue, StatusCode, Version, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::runtime::Handle;

use super::{connection::Connection, stream::Drain};
use crate::kernel::clock::with_timeout;

/// The body type that poem uses.
type FrameworkBody = BoxBody<Bytes, io::Error>;

/// The endpoint that all connections share.
pub(super) type SharedEndpoint = Arc<dyn DynEndpoint<Output = Response>>;

/// Wraps an endpoint for use by connections.
pub(super) fn share_endpoint(
    endpoint: impl Endpoint<Output = Response> + 'static,
) -> SharedEndpoint {
    Arc::new(ToDynEndpoint(endpoint))
}

/// The hyper service of one connection.
pub(super) struct ConnectionService {
    pub(super) endpoint: SharedEndpoint,
    pub(super) connection: Arc<Connection>,
    pub(super) local: LocalAddr,
    pub(super) remote: RemoteAddr,
    pub(super) drain: Drain,
}

impl Service<hyper::Request<Incoming>> for ConnectionService {
    type Response = hyper::Response<ResponseBody>;
    // Only an error could end a connection without an answer; no endpoint needs that yet.
    type Error = Infallible;
    type Future = Pin<
        Box<
            dyn Future<Output = Result<hyper::Response<ResponseBody>, Infallible>> + Send + 'static,
        >,
    >;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let is_http_1 = request.version() <= Version::HTTP_11;
        let busy = RequestGuard::begin(&self.connection, !is_http_1);
        let answerer = self.endpoint.clone();
        let connection = self.connection.clone();
        let drain = self.drain;
        let whole = (
            request,
            self.local.clone(),
            self.remote.clone(),
            Scheme::HTTP,
        );
        Box::pin(async move {
            let mut request = Request::from(whole);
            let announcement = drain_body_on_drop(&mut request, &connection, drain);
            let mut response = answerer.get_response(request).await;
            // The rest of a body that is too long to drain is not read.
            if is_http_1 && connection.may_be_sending() && announcement.ends_connection(drain) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                connection.upgrade();
            }
            let response: hyper::Response<FrameworkBody> = response.into();
            Ok(response.map(|inner| ResponseBody {
                inner,
                _guard: busy,
            }))
        })
    }
}

/// The information about the body in the request's head.
#[derive(Clone, Copy)]
struct BodyAnnouncement {
    /// Minimum length of the body, in bytes.
    min_length: u64,
    /// True if the client waits for `100 Continue` before it sends the body.
    expects_continue: bool,
}

impl BodyAnnouncement {
    /// True if the connection must end with the answer when the body is not read: the client waits for `100 Continue`
    /// and will not send the body, or the body is too long to drain.
    fn ends_connection(self, drain: Drain) -> bool {
        self.expects_continue
            || usize::try_from(self.min_length).is_ok_and(|least| least > drain.bytes)
    }
}

/// Wraps a request's body, so that an unread rest is drained.
fn drain_body_on_drop(
    request: &mut Request,
    connection: &Arc<Connection>,
    drain: Drain,
) -> BodyAnnouncement {
    let body: FrameworkBody = request.take_body().into();
    let expects = request
        .headers()
        .get(header::EXPECT)
        .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let announcement = BodyAnnouncement {
        min_length: body.size_hint().lower(),
        expects_continue: expects,
    };
    if body.is_end_stream() {
        request.set_body(body);
        return announcement;
    }
    request.set_body(FrameworkBody::new(DrainingBody {
        inner: Some(body),
        connection: connection.clone(),
        drain,
        expects_continue: expects,
        polled: false,
        failed: false,
    }));
    announcement
}

/// The body of a request, drained on drop.
struct DrainingBody {
    inner: Option<FrameworkBody>,
    connection: Arc<Connection>,
    drain: Drain,
    expects_continue: bool,
    polled: bool,
    failed: bool,
}

impl Body for DrainingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(context);
        self.polled = true;
        self.connection.set_waiting_for_body(polled.is_pending());
        match &polled {
            Poll::Ready(None) => self.inner = None,
            Poll::Ready(Some(Err(_))) => self.failed = true,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref();
        inner.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for DrainingBody {
    /// Drains the rest of the body in a task, so that the client reads the answer and can reuse the connection.
    fn drop(&mut self) {
        let Some(body) = self.inner.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        self.connection.set_unread(true);
        // Polling a body that waits for `100 Continue` would request it, and a failed body has nothing left to read.
        // The stream discards bytes that arrive anyway.
        let may_drain = self.polled || !self.expects_continue;
        // The runtime is gone when the process ends.
        let runtime = Handle::try_current().ok();
        if let Some(runtime) = runtime.filter(|_| may_drain && !self.failed) {
            let connection = self.connection.clone();
            connection.set_draining(true);
            runtime.spawn(read_and_drop(body, connection, self.drain));
        }
    }
}

async fn read_and_drop(mut body: FrameworkBody, connection: Arc<Connection>, drain: Drain) {
    let read = async {
        while let Some(frame) = body.frame().await {
            let length = frame
                .as_ref()
                .map(|frame| frame.data_ref().map_or(0, Bytes::len));
            match length {
                Ok(length) if connection.count_discarded(length) <= drain.bytes => {}
                _ => return false,
            }
        }
        true
    };
    if with_timeout(drain.time, read).await.unwrap_or(false) {
        connection.set_unread(false);
    }
    connection.set_draining(false);
}

/// A request whose answer is not complete, until dropped.
struct RequestGuard(Arc<Connection>);

impl RequestGuard {
    fn begin(connection: &Arc<Connection>, multiplexed: bool) -> Self {
        connection.begin_request(multiplexed);
        Self(connection.clone())
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

/// The body of an answer.
pub(super) struct ResponseBody {
    inner: FrameworkBody,
    _guard: RequestGuard,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
