//! Content security policies: the middleware adds one to every response that a browser can show. A page that needs
//! more than the default sets a [`Policy`].

use poem::{
    Response,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};

use super::{PublicUrl, event_stream};

/// The default policy: style sheets, images and form targets of this server only; no scripts and no framing.
const DEFAULT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                    base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page that needs more than the default.
#[derive(Debug, Clone)]
pub enum Policy {
    /// Swagger UI: a script that sets inline styles, has images in its style sheet, and calls the servers in the
    /// document, which can be the host of an agent.
    SwaggerUi,
    /// The pages that install integrations: they show icons of other sites, and their form leads to the integration.
    /// Browsers apply `form-action` to the redirect target.
    Install,
    /// The chat page: it consists of scripts and shows media of any site that a bot uses. The listed pages may frame
    /// it; `None` allows any page, even from a disk.
    Chat(Option<Vec<PublicUrl>>),
    /// A file of a third party, which must not act as a page of this server.
    File,
}

impl Policy {
    /// Returns the directives of the policy.
    #[must_use]
    pub fn directives(&self) -> String {
        match self {
            Self::SwaggerUi => {
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                                img-src 'self' data:; connect-src 'self' http://*.localhost:*; \
                                form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
                    .to_owned()
            }
            Self::Install => "default-src 'none'; style-src 'self'; img-src 'self' http: https:; \
                              base-uri 'none'; frame-ancestors 'none'"
                .to_owned(),
            Self::Chat(embedders) => {
                let ancestors = frame_ancestors(embedders.as_deref());
                format!(
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                     img-src 'self' http: https:; media-src http: https:; base-uri 'none'; \
                     form-action 'none'{ancestors}"
                )
            }
            Self::File => {
                "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
                    .to_owned()
            }
        }
    }

    /// Sets this policy on a response.
    pub fn set(&self, response: &mut Response) {
        if let Ok(policy) = HeaderValue::try_from(self.directives()) {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// Returns the directive that lists the pages that may frame a chat.
fn frame_ancestors(embedders: Option<&[PublicUrl]>) -> String {
    match embedders {
        None => String::new(),
        Some([]) => "; frame-ancestors 'none'".to_owned(),
        Some(origins) => {
            let list: String = origins.iter().map(|origin| format!(" {origin}")).collect();
            format!("; frame-ancestors 'self'{list}")
        }
    }
}

/// Adds the missing security headers to a response that a browser could show or run.
pub(super) fn add_security_headers(headers: &mut HeaderMap) {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return;
    };
    if is_api_data(content_type.as_bytes()) {
        return;
    }
    // Responses of third-party code already have a policy, and may have set these headers themselves.
    let set: [(HeaderName, &str); 3] = [
        (header::CONTENT_SECURITY_POLICY, DEFAULT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in set {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// True for JSON and event streams, which browsers do not show as pages.
fn is_api_data(content_type: &[u8]) -> bool {
    let essence = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    essence.ends_with(b"json") || essence == event_stream::MEDIA_TYPE.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(content_type: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            let value = HeaderValue::try_from(content_type).expect("a value");
            headers.insert(header::CONTENT_TYPE, value);
        }
        add_security_headers(&mut headers);
        headers
    }

    #[test]
    fn what_a_browser_could_show_or_run_has_a_policy() {
        for content_type in [
            "text/html; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/pdf",
            "text/javascript",
            "application/octet-stream",
            "text/plain",
            "",
            "nonsense",
        ] {
            let headers = completed(Some(content_type));
            let policy = headers.get(header::CONTENT_SECURITY_POLICY);
            assert_eq!(
                policy.map(HeaderValue::as_bytes),
                Some(DEFAULT_POLICY.as_bytes()),
                "{content_type}"
            );
        }
        for data in [
            "application/json",
            "application/json; charset=utf-8",
            "application/problem+json",
            "application/stream+json",
            "text/event-stream",
        ] {
            assert_eq!(completed(Some(data)).len(), 1, "{data}");
        }
        assert!(completed(None).is_empty());
    }

    #[test]
    fn no_page_but_a_chat_may_be_framed_and_none_may_load_what_it_does_not_name() {
        let policies = [Policy::SwaggerUi, Policy::Install, Policy::File];
        for policy in policies
            .iter()
            .map(Policy::directives)
            .chain([DEFAULT_POLICY.to_owned()])
        {
            assert!(policy.starts_with("default-src 'none'; "), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            let script = policy.split("script-src ").nth(1).unwrap_or_default();
            assert!(
                !script
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .contains("unsafe"),
                "{policy}"
            );
        }
        let embedder = PublicUrl::try_from("https://shop.example.com".to_owned());
        for (embedders, end) in [
            (None, "form-action 'none'"),
            (Some(Vec::new()), "frame-ancestors 'none'"),
            (
                embedder.ok().map(|embedder| vec![embedder]),
                "frame-ancestors 'self' https://shop.example.com",
            ),
        ] {
            assert!(Policy::Chat(embedders).directives().ends_with(end), "{end}");
        }
    }
}
