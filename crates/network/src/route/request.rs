//! What a client asks for.

/// A request as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As `GET`.
    pub method: String,
    /// Whether it came through TLS.
    pub https: bool,
    /// The port it was sent to.
    pub port: u16,
    /// Names and values in order, without `Host`.
    pub headers: Vec<(String, String)>,
    /// The namespace of the pod that asks: short names are of Services there. `None`: it comes from outside.
    pub namespace: Option<String>,
    /// The node of the pod that asks, as far as it is known.
    pub node: Option<String>,
    /// The `Host` header as sent.
    host: String,
    /// The same in lower case, without a port and a dot at its end.
    hostname: String,
    /// Path and query as sent, never empty.
    target: String,
    /// Where the path ends.
    path_end: usize,
}

/// Why a text is no URL of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Neither `http://` nor `https://`.
    Scheme,
    /// No host.
    Host,
    /// No port number.
    Port,
}

impl UrlError {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            UrlError::Scheme => "route.url.scheme",
            UrlError::Host => "route.url.host",
            UrlError::Port => "route.url.port",
        }
    }
}

impl Request {
    /// A request for a URL. A `Host` header stands in for the host of the URL.
    ///
    /// # Errors
    /// Where the URL is none of HTTP.
    pub fn new(method: &str, url: &str, headers: Vec<(String, String)>) -> Result<Request, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
        // A fragment stays with the client.
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.to_owned() } else { ["/", target].concat() };
        let (name, port) = split_port(authority);
        if name.is_empty() {
            return Err(UrlError::Host);
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| UrlError::Port)?,
            None if https => 443,
            None => 80,
        };
        let mut host = authority.to_owned();
        let mut kept = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("host") {
                host = value;
            } else {
                kept.push((name, value));
            }
        }
        let hostname = split_port(&host).0.trim_end_matches('.').to_ascii_lowercase();
        let path_end = target.find('?').unwrap_or(target.len());
        Ok(Request {
            method: method.to_owned(),
            https,
            port,
            headers: kept,
            namespace: None,
            node: None,
            host,
            hostname,
            target,
            path_end,
        })
    }

    /// The `Host` header as sent.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host that is asked for: in lower case, without a port.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Path and query as sent.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path as sent.
    pub fn path(&self) -> &str {
        self.target.get(..self.path_end).unwrap_or_default()
    }

    /// The query as sent, without its question mark.
    pub fn query(&self) -> &str {
        self.target.get(self.path_end + 1..).unwrap_or_default()
    }

    /// The value of a header, whatever the case of its name; `None` without it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of a query parameter as sent; the first one of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameters(self.query()).find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// Names and values of a query.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// Name and port of `host:port`; the brackets of an IPv6 address are kept.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let end = if authority.starts_with('[') { authority.find(']').map_or(0, |at| at + 1) } else { 0 };
    match authority.get(end..).and_then(|rest| rest.find(':')) {
        Some(colon) => {
            let (name, port) = authority.split_at(end + colon);
            (name, port.get(1..).filter(|port| !port.is_empty()))
        }
        None => (authority, None),
    }
}

/// `%41` to `A`; what is no escape stays. For queries also `+` to a space.
pub(super) fn decode(text: &str, plus: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = if *byte == b'%' { bytes.get(at + 1..at + 3).and_then(hex) } else { None };
        let Some(decoded) = hex else {
            out.push(if plus && *byte == b'+' { b' ' } else { *byte });
            at += 1;
            continue;
        };
        out.push(decoded);
        at += 3;
    }
    out
}

/// The value of two hexadecimal digits.
pub(super) fn hex(digits: &[u8]) -> Option<u8> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Request {
        Request::new("GET", url, Vec::new()).unwrap()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let request = get("https://User@Shop.Example.com:8443/a%20b?x=1&y=a+b#part");
        assert_eq!((request.host(), request.hostname()), ("Shop.Example.com:8443", "shop.example.com"));
        assert_eq!((request.https, request.port), (true, 8443));
        assert_eq!((request.path(), request.query()), ("/a%20b", "x=1&y=a+b"));
        assert_eq!(request.parameter("y"), Some("a+b"));
        assert_eq!(get("http://a").target(), "/");
        assert_eq!(get("http://a?b").target(), "/?b");
        assert_eq!(get("http://[::1]:81/").hostname(), "[::1]");
        for (url, error) in
            [("ftp://a", UrlError::Scheme), ("http:///x", UrlError::Host), ("http://a:x/", UrlError::Port)]
        {
            assert_eq!(Request::new("GET", url, Vec::new()), Err(error), "{url}");
        }
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let headers = vec![
            ("host".to_owned(), "b.example:81".to_owned()),
            ("Cookie".to_owned(), "sid=1; beta=always".to_owned()),
        ];
        let request = Request::new("GET", "http://a.example/", headers).unwrap();
        assert_eq!(request.hostname(), "b.example");
        assert_eq!(request.cookie("beta"), Some("always"));
        assert_eq!(request.header("Host"), None);
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(decode("a%41%zz+%", false), b"aA%zz+%");
        assert_eq!(decode("a+b", true), b"a b");
    }
}
