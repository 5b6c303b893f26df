//! `URL` for the code: parses and changes URLs with the crate that the server itself uses.

use serde_json::{Value, json};
use url::{Position, Url};

/// Returns the parts of a URL as JSON, or `None` if it is invalid.
pub(super) fn parse_parts(input: &str, base: Option<&str>) -> Option<String> {
    let url = match base {
        Some(base) => Url::parse(base).ok()?.join(input).ok()?,
        None => Url::parse(input).ok()?,
    };
    Some(to_json(&url).to_string())
}

/// Changes one part of a URL and returns its parts. An invalid value leaves the URL unchanged.
pub(super) fn set_part(href: &str, part: &str, value: &str) -> Option<String> {
    let mut url = Url::parse(href).ok()?;
    // The setters of the URL standard ignore an invalid value.
    let _ = match part {
        "protocol" => url.set_scheme(value.trim_end_matches(':')),
        "username" => url.set_username(value),
        "password" => url.set_password(Some(value).filter(|value| !value.is_empty())),
        "hostname" => url.set_host(Some(value)).map_err(drop),
        "host" => set_host(&mut url, value),
        "port" if value.is_empty() => url.set_port(None),
        "port" => value
            .parse()
            .map_err(drop)
            .and_then(|port| url.set_port(Some(port))),
        "pathname" => {
            url.set_path(value);
            Ok(())
        }
        "search" => {
            let query = value.strip_prefix('?').unwrap_or(value);
            url.set_query(Some(query).filter(|query| !query.is_empty()));
            Ok(())
        }
        "hash" => {
            let fragment = value.strip_prefix('#').unwrap_or(value);
            url.set_fragment(Some(fragment).filter(|fragment| !fragment.is_empty()));
            Ok(())
        }
        _ => Err(()),
    };
    Some(to_json(&url).to_string())
}

fn set_host(url: &mut Url, value: &str) -> Result<(), ()> {
    let (host, port) = match value.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (value, None),
    };
    url.set_host(Some(host)).map_err(drop)?;
    match port {
        Some(port) => url.set_port(Some(port)),
        None => Ok(()),
    }
}

fn to_json(url: &Url) -> Value {
    let origin = url.origin();
    json!({
        "href": url.as_str(),
        "origin": if origin.is_tuple() { origin.ascii_serialization() } else { "null".to_owned() },
        "protocol": format!("{}:", url.scheme()),
        "username": url.username(),
        "password": url.password().unwrap_or_default(),
        "host": &url[Position::BeforeHost..Position::AfterPort],
        "hostname": url.host_str().unwrap_or_default(),
        "port": url.port().map(|port| port.to_string()).unwrap_or_default(),
        "pathname": url.path(),
        "search": url.query().filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default(),
        "hash": url.fragment().filter(|part| !part.is_empty()).map(|part| format!("#{part}")).unwrap_or_default(),
    })
}
