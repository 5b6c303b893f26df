//! Sends requests and reads their responses.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Certificate, Client, Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use tracing::warn;
use url::Origin;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::{
    Settings,
    buffer_limit::{BufferLimit, BufferReservation},
    guard::{AddressRefused, Guard},
};
use crate::kernel::{clock::with_timeout, critical_thread};

/// The HTTP client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    https: SchemeClient,
    http: SchemeClient,
    /// For this server's own API, at any address.
    own_api: SchemeClient,
    own_origin: OnceLock<Origin>,
    timeout: Duration,
    max_response: usize,
    buffers: Arc<BufferLimit>,
    development: bool,
}

/// The client for one scheme, with the rule that its resolver applies.
struct SchemeClient {
    client: Result<Client, String>,
    guard: Guard,
}

impl SchemeClient {
    fn new(guard: Guard) -> Self {
        let builder = || {
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                .dns_resolver(Arc::new(guard.clone()))
        };
        let client = builder().build().or_else(|error| {
            let error = join_causes(&error);
            warn!(
                error,
                "the certificates of the system cannot be used; the built-in ones are used"
            );
            let roots = TLS_SERVER_ROOT_CERTS.iter();
            let roots = roots.filter_map(|root| Certificate::from_der(root).ok());
            builder().tls_certs_only(roots).build()
        });
        Self {
            client: client.map_err(|error| join_causes(&error)),
            guard,
        }
    }

    fn client(&self) -> Result<&Client, OutboundError> {
        self.client
            .as_ref()
            .map_err(|error| OutboundError::Connection(format!("TLS cannot be set up: {error}")))
    }
}

/// A request to another server.
#[derive(Debug, Clone)]
pub struct OutboundRequest {
    /// HTTP method: `GET`, `POST`, …
    pub method: &'static str,
    /// Absolute URL.
    pub url: String,
    /// Header names and values, in this order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Maximum time of the whole exchange.
    pub timeout: Duration,
    /// Maximum number of body bytes that are read; the rest is dropped.
    pub max_response: usize,
}

/// A response of another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, up to the maximum size of the request.
    pub body: Vec<u8>,
    /// True if the body was longer.
    pub truncated: bool,
}

impl OutboundResponse {
    /// Returns the value of a header. `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The reason why a request has no response.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL, the method or a header is invalid.
    #[error("{0}")]
    Malformed(String),
    /// This server does not call the address.
    #[error("{0}")]
    Refused(String),
    /// The exchange took too long.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The responses that are being read have too many bytes.
    #[error(
        "the answers that are being read have more than {0} bytes (outbound.max_buffered_bytes)"
    )]
    Full(usize),
}

impl Outbound {
    /// Creates a client. In `development`, this machine and private networks may be called.
    ///
    /// If the system has no usable root certificates, the client uses those that are compiled into this program.
    #[must_use]
    pub fn new(settings: &Settings, development: bool) -> Self {
        // Fails only if a provider is already installed, which works too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let lane =
            |development, plain| SchemeClient::new(Guard::new(&settings.allow, development, plain));
        Self(Arc::new(Inner {
            https: lane(development, false),
            http: lane(development, true),
            own_api: lane(true, true),
            own_origin: OnceLock::new(),
            timeout: Duration::from_secs(settings.timeout_seconds),
            max_response: settings.max_response_bytes,
            buffers: BufferLimit::new(settings.max_buffered_bytes),
            development,
        }))
    }

    /// Checks that this server would call a URL now, for a caller that registers it. A name that does not resolve
    /// within `timeout` passes, because it may resolve later. In development no name is resolved.
    ///
    /// # Errors
    /// `Malformed` if the URL is invalid, `Refused` if its address may not be called.
    pub async fn check_url(&self, url: &str, timeout: Duration) -> Result<(), OutboundError> {
        critical_thread::assert_not_critical("a look-up of a name");
        let url = parse_url(url)?;
        let lane = self.select_client(&url)?;
        let Some(url::Host::Domain(name)) = url.host().filter(|_| !self.0.development) else {
            return Ok(());
        };
        let resolved = with_timeout(timeout, lane.guard.resolve_host(name)).await;
        match resolved {
            Ok(Err(error)) => match error.downcast::<AddressRefused>() {
                Ok(refused) => Err(OutboundError::Refused(refused.to_string())),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Sets the URL of this server's own API, which the programs that it runs may call. Only the first call has an
    /// effect.
    pub fn set_own_url(&self, url: &str) {
        if let Ok(url) = Url::parse(url) {
            // Already set.
            let _ = self.0.own_origin.set(url.origin());
        }
    }

    /// Sends a request and reads its response.
    ///
    /// # Errors
    /// Any [`OutboundError`].
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        critical_thread::assert_not_critical("a call of somebody else");
        let url = parse_url(&request.url)?;
        let lane = self.select_client(&url)?;
        self.exchange(lane, url, request).await
    }

    /// Returns the maximum number of bytes that are read of a response.
    #[must_use]
    pub fn max_response(&self) -> usize {
        self.0.max_response
    }

    /// Starts counting a response that the caller buffers itself.
    pub(crate) fn reserve_buffer(&self) -> BufferReservation {
        self.0.buffers.reserve()
    }

    async fn exchange(
        &self,
        lane: &SchemeClient,
        url: Url,
        request: OutboundRequest,
    ) -> Result<OutboundResponse, OutboundError> {
        let timeout = request.timeout.min(self.0.timeout);
        with_timeout(timeout, self.exchange_with(lane, url, request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(timeout)))
    }

    /// Returns the client for a URL. Checks a literal IP address here, because no resolver sees it.
    fn select_client(&self, url: &Url) -> Result<&SchemeClient, OutboundError> {
        let lane = match url.scheme() {
            "https" => &self.0.https,
            "http" => &self.0.http,
            other => {
                let text = format!("{other} is not http or https");
                return Err(OutboundError::Malformed(text));
            }
        };
        let address: IpAddr = match url.host() {
            Some(url::Host::Ipv4(address)) => address.into(),
            Some(url::Host::Ipv6(address)) => address.into(),
            _ => return Ok(lane),
        };
        let checked = lane.guard.check_address(&address.to_string(), address);
        checked.map_err(|refused| OutboundError::Refused(refused.to_string()))?;
        Ok(lane)
    }

    /// Sends a request and waits for the head of the response.
    pub(super) async fn start_exchange(
        &self,
        request: OutboundRequest,
    ) -> Result<reqwest::Response, OutboundError> {
        let url = parse_url(&request.url)?;
        let lane = self.select_client(&url)?;
        self.start_exchange_with(lane, url, request).await
    }

    /// Sends a request of a program that this server runs, and waits for the head of the response. The request may
    /// call this server's own API in production too, even at a loopback or private address.
    pub(super) async fn start_program_exchange(
        &self,
        request: OutboundRequest,
    ) -> Result<reqwest::Response, OutboundError> {
        let url = parse_url(&request.url)?;
        let is_own_api = self.0.own_origin.get() == Some(&url.origin());
        let lane = if is_own_api {
            &self.0.own_api
        } else {
            self.select_client(&url)?
        };
        self.start_exchange_with(lane, url, request).await
    }

    /// Returns the maximum time of an exchange.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    async fn start_exchange_with(
        &self,
        lane: &SchemeClient,
        url: Url,
        request: OutboundRequest,
    ) -> Result<reqwest::Response, OutboundError> {
        critical_thread::assert_not_critical("a call of somebody else");
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| malformed_error(&error))?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name).map_err(|error| malformed_error(&error))?;
            let value = HeaderValue::try_from(value).map_err(|error| malformed_error(&error))?;
            headers.append(name, value);
        }
        let sent = lane
            .client()?
            .request(method, url)
            .headers(headers)
            .body(request.body);
        sent.send().await.map_err(|error| to_outbound_error(&error))
    }

    async fn exchange_with(
        &self,
        lane: &SchemeClient,
        url: Url,
        request: OutboundRequest,
    ) -> Result<OutboundResponse, OutboundError> {
        let max_response = request.max_response;
        let mut answer = self.start_exchange_with(lane, url, request).await?;
        let status = answer.status().as_u16();
        let headers = collect_headers(&answer);
        let cap = max_response.min(self.0.max_response);
        let mut body = Vec::new();
        let mut truncated = false;
        let mut buffered = self.reserve_buffer();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| to_outbound_error(&error))?
        {
            let remaining = cap - body.len();
            buffered.grow(chunk.len().min(remaining))?;
            body.extend_from_slice(&chunk[..chunk.len().min(remaining)]);
            if chunk.len() > remaining {
                truncated = true;
                break;
            }
        }
        Ok(OutboundResponse {
            status,
            headers,
            body,
            truncated,
        })
    }
}

pub(super) fn collect_headers(answer: &reqwest::Response) -> Vec<(String, String)> {
    let headers = answer.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    headers.collect()
}

fn parse_url(url: &str) -> Result<Url, OutboundError> {
    Url::parse(url).map_err(|error| malformed_error(&error))
}

fn malformed_error(error: &dyn std::fmt::Display) -> OutboundError {
    OutboundError::Malformed(error.to_string())
}

pub(super) fn to_outbound_error(error: &reqwest::Error) -> OutboundError {
    let refused = causes(error).find_map(|cause| cause.downcast_ref::<AddressRefused>());
    match refused {
        Some(refused) => OutboundError::Refused(refused.to_string()),
        None => OutboundError::Connection(join_causes(error)),
    }
}

/// Joins the texts of an error's causes. The error's own text is left out: it contains the URL, which may carry
/// credentials and which the caller knows.
fn join_causes(error: &reqwest::Error) -> String {
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.join(": ")
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
