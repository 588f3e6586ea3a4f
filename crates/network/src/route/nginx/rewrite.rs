//! `rewrite "(?i)PATH" TARGET break;` and the variables of nginx: ngx_http_script.c.

use std::borrow::Cow;

use super::uri::{Escape, Uri, escape};
use crate::route::Request;
use crate::route::regex::{Captures, Regex};

/// A rewrite of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewrite {
    regex: Regex,
    path: String,
    /// What follows the first `?` of the target.
    query: Option<String>,
    /// A `?` at the end of the target drops the query of the request.
    keeps_query: bool,
    /// A target with a scheme sends the client there.
    redirects: bool,
}

/// What a rewrite makes of a request.
pub(super) enum Rewritten<'r> {
    /// The regular expression does not match: all stays.
    Not,
    /// Another path and query, as they are written to the backend.
    To { path: String, query: Cow<'r, str> },
    /// 302.
    Redirect(String),
    /// 500: nothing is left of the path.
    Empty,
}

/// What variables stand for.
pub(super) struct Variables<'v> {
    pub request: &'v Request,
    pub uri: &'v Uri<'v>,
    pub captures: Option<&'v Captures>,
    /// `$namespace`, `$ingress_name`, `$service_name`, `$service_port`, `$location_path`.
    pub location: [(&'static str, &'v str); 5],
}

impl Rewrite {
    /// A rewrite of the paths that match to a target; `None` for an expression that nginx would refuse, too.
    pub(super) fn new(path: &str, target: &str) -> Option<Rewrite> {
        let regex = Regex::new(path, true)?;
        let redirects = ["http://", "https://", "$scheme"].iter().any(|start| target.starts_with(start));
        let (target, keeps_query) = target.strip_suffix('?').map_or((target, true), |target| (target, false));
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
        Some(Rewrite { regex, path: path.to_owned(), query, keeps_query, redirects })
    }

    /// The groups of the location's expression in a path.
    pub(super) fn captures(&self, path: &[u8]) -> Option<Captures> {
        self.regex.find(path)
    }

    /// Rewrites a request.
    pub(super) fn apply<'r>(&self, request: &'r Request, variables: &Variables<'_>) -> Rewritten<'r> {
        let Some(captures) = self.captures(&variables.uri.path) else { return Rewritten::Not };
        let variables = Variables { captures: Some(&captures), ..*variables };
        let quoted = variables.uri.quoted;
        let path = variables.fill(&self.path, self.redirects && quoted);
        let own = self.query.as_ref().map(|query| {
            // Captures of a path with escapes are escaped again in a query.
            text(&variables.fill(query, quoted || variables.uri.plus))
        });
        let given = if self.keeps_query { request.query() } else { "" };
        let query = match own {
            Some(own) if given.is_empty() => Cow::Owned(own),
            Some(own) => Cow::Owned([&own, "&", given].concat()),
            None => Cow::Borrowed(given),
        };
        if self.redirects {
            let mut location = text(&path);
            if !query.is_empty() {
                location.push('?');
                location.push_str(&query);
            }
            return Rewritten::Redirect(location);
        }
        if path.is_empty() {
            return Rewritten::Empty;
        }
        // What was changed is escaped again (nginx 1.21.1 and later), whatever the client sent.
        Rewritten::To { path: escape(&path, Escape::Path), query }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Variables<'_> {
    /// Puts values in the places of variables. `quote`: captures are escaped as in a query.
    pub(super) fn fill(&self, text: &str, quote: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.extend_from_slice(before.as_bytes());
            let (name, next) = variable(after);
            rest = next;
            if name.is_empty() {
                out.push(b'$');
                continue;
            }
            if let Ok(group @ 0..=9) = name.parse::<usize>() {
                let value =
                    self.captures.map(|captures| captures.text(&self.uri.path, group)).unwrap_or_default();
                if quote {
                    out.extend_from_slice(escape(value, Escape::Query).as_bytes());
                } else {
                    out.extend_from_slice(value);
                }
                continue;
            }
            if name == "uri" || name == "document_uri" {
                out.extend_from_slice(&self.uri.path);
            } else {
                out.extend_from_slice(self.value(name).as_bytes());
            }
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    /// The same as text.
    pub(super) fn text(&self, template: &str) -> String {
        if template.contains('$') { text(&self.fill(template, false)) } else { template.to_owned() }
    }

    fn value(&self, name: &str) -> Cow<'_, str> {
        let request = self.request;
        let header = |name: &str| Cow::Borrowed(request.header(&name.replace('_', "-")).unwrap_or_default());
        if let Some((_, value)) = self.location.iter().find(|(known, _)| *known == name) {
            return Cow::Borrowed(value);
        }
        match name {
            "request_uri" => request.target().into(),
            "args" | "query_string" => request.query().into(),
            "is_args" => if request.query().is_empty() { "" } else { "?" }.into(),
            "host" | "server_name" => request.hostname().into(),
            "http_host" | "best_http_host" => request.host().into(),
            "scheme" | "pass_access_scheme" => request.scheme().into(),
            "request_method" => request.method.as_str().into(),
            "server_port" | "pass_server_port" => request.port.to_string().into(),
            _ => {
                if let Some(name) = name.strip_prefix("http_") {
                    header(name)
                } else if let Some(name) = name.strip_prefix("arg_") {
                    request.parameter(name).unwrap_or_default().into()
                } else if let Some(name) = name.strip_prefix("cookie_") {
                    request.cookie(name).unwrap_or_default().into()
                } else {
                    "".into()
                }
            }
        }
    }
}

/// The name at the beginning of a text, as in `$name` and `${name}`, and what follows.
fn variable(text: &str) -> (&str, &str) {
    if let Some((name, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return (name, rest);
    }
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = if digit {
        1
    } else {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
    };
    text.split_at(end)
}
