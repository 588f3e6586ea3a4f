//! What becomes of a request.

use std::borrow::Cow;
use std::sync::Arc;

use opscape_manifest::api::meta::Str;

use super::Request;

/// A backend of a [`Table`](super::Table), by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackendId(pub u32);

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'r> {
    /// It goes on to a backend.
    Forward(Forward<'r>),
    /// The client is told to ask elsewhere.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The `Location` header.
        location: String,
    },
    /// It is answered on the spot.
    Answer {
        /// Why.
        kind: Answer,
        /// The status.
        status: u16,
        /// The body, where one was given.
        body: Str,
        /// The backend that could not be used.
        backend: Option<BackendId>,
    },
    /// Nobody answers.
    Dropped,
}

/// Why a request is answered on the spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing takes it.
    NotFound,
    /// Its backend has nobody who serves.
    Unavailable,
    /// Its backend cannot be named so.
    Error,
    /// A rule says what to answer.
    Fixed,
    /// It is malformed.
    BadRequest,
    /// The client may not ask.
    Forbidden,
}

/// A request on its way to a backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forward<'r> {
    /// Among whom to draw; never empty.
    pub shares: Vec<Share>,
    /// The path that the backend gets, as on the wire.
    pub path: Cow<'r, str>,
    /// The query that the backend gets.
    pub query: Cow<'r, str>,
    /// Changes of the headers, in order.
    pub changes: Vec<Change>,
    /// Whether the usual headers of a proxy (`X-Forwarded-...`) are added.
    pub forwarded: bool,
    /// Who gets a copy.
    pub mirrors: Vec<Mirror>,
    /// The name of the cookie that the answer sets to keep the client with its endpoint.
    pub set_cookie: Option<Str>,
    /// Limits on the way.
    pub policy: Policy,
}

/// A share of a random split.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// Of the sum of all weights.
    pub weight: u32,
    /// Who gets it; `None`: it is answered with 500.
    pub backend: Option<BackendId>,
    /// Changes of the headers for this share alone.
    pub changes: Vec<Change>,
    /// How a load balancer asks whether its targets are well; `None`: whoever is ready gets requests.
    pub health: Option<Arc<HealthCheck>>,
    /// Only those on this node get it (`externalTrafficPolicy: Local`).
    pub node: Option<Str>,
}

/// How the targets of a load balancer are asked whether they are well. Those that are not get no requests; if none is, all do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path that is asked for.
    pub path: Str,
    /// From one question to the next, in seconds.
    pub interval: u32,
    /// So many good answers in a row make an unwell target well.
    pub healthy: u32,
    /// So many bad ones make it unwell.
    pub unhealthy: u32,
    /// First and last of the codes that are good answers.
    pub codes: Vec<(u16, u16)>,
}

impl HealthCheck {
    /// Whether a status is a good answer.
    pub fn takes(&self, status: u16) -> bool {
        self.codes.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

/// Who gets a copy of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mirror {
    /// Who.
    pub backend: BackendId,
    /// Of how many requests in a hundred.
    pub percent: u8,
}

/// A change of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Replaced, or set.
    Set(Str, Str),
    /// Added to what is there.
    Add(Str, Str),
    /// Taken out.
    Remove(Str),
}

/// Limits on the way to a backend; 0 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Milliseconds to connect.
    pub connect_timeout: u32,
    /// Milliseconds between two reads of the answer, or for the whole request.
    pub read_timeout: u32,
    /// How many endpoints are tried.
    pub tries: u32,
    /// Requests of a client in a second.
    pub rps: u32,
    /// Requests of a client in a minute.
    pub rpm: u32,
    /// Connections of a client at a time.
    pub connections: u32,
    /// How many times the rate may come at once.
    pub burst: u32,
    /// Whether the proxy is Envoy: it answers 503 where others answer 502.
    pub envoy: bool,
}

impl Decision<'_> {
    pub(super) fn not_found() -> Self {
        Decision::answer(Answer::NotFound, 404)
    }

    pub(super) fn answer(kind: Answer, status: u16) -> Self {
        Decision::Answer { kind, status, body: "".into(), backend: None }
    }

    pub(super) fn unavailable(backend: BackendId) -> Self {
        Decision::Answer { kind: Answer::Unavailable, status: 503, body: "".into(), backend: Some(backend) }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Decision::Forward(_) => "route",
            Decision::Redirect { .. } => "redirect",
            Decision::Dropped => "dropped",
            Decision::Answer { kind, .. } => match kind {
                Answer::NotFound => "not_found",
                Answer::Unavailable => "unavailable",
                Answer::Error => "error",
                Answer::Fixed => "fixed_response",
                Answer::BadRequest => "bad_request",
                Answer::Forbidden => "forbidden",
            },
        }
    }

    /// The status that the client gets, if it is known before the backend answers.
    pub fn status(&self) -> Option<u16> {
        match self {
            Decision::Forward(_) | Decision::Dropped => None,
            Decision::Redirect { status, .. } | Decision::Answer { status, .. } => Some(*status),
        }
    }
}

impl Share {
    /// All of it.
    pub(super) fn all(backend: BackendId) -> Share {
        Share { weight: 1, backend: Some(backend), changes: Vec::new(), health: None, node: None }
    }
}

impl Forward<'_> {
    /// The headers that the backend gets: those of the request, `Host`, and what was changed on the way.
    pub fn headers(&self, request: &Request, share: Option<&Share>) -> Vec<(String, String)> {
        let mut headers = vec![("Host".to_owned(), request.host().to_owned())];
        headers.extend(request.headers.iter().cloned());
        if self.forwarded {
            for (name, value) in [
                ("X-Forwarded-Host", request.host()),
                ("X-Forwarded-Port", &request.port.to_string()),
                ("X-Forwarded-Proto", request.scheme()),
                ("X-Forwarded-Scheme", request.scheme()),
                ("X-Scheme", request.scheme()),
            ] {
                change(&mut headers, &Change::Set(name.into(), value.into()));
            }
        }
        for one in self.changes.iter().chain(share.into_iter().flat_map(|share| &share.changes)) {
            change(&mut headers, one);
        }
        headers
    }
}

fn change(headers: &mut Vec<(String, String)>, change: &Change) {
    let (Change::Set(name, _) | Change::Add(name, _) | Change::Remove(name)) = change;
    let place = headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    match (change, place.and_then(|place| headers.get_mut(place))) {
        (Change::Set(_, value), Some((_, known))) => (**value).clone_into(known),
        (Change::Add(_, value), Some((_, known))) => {
            known.push(',');
            known.push_str(value);
        }
        (Change::Set(name, value) | Change::Add(name, value), None) => {
            headers.push(((**name).to_owned(), (**value).to_owned()));
        }
        (Change::Remove(name), _) => headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_changed_in_order() {
        let given = [("X-Env", "dev"), ("x-secret", "1"), ("Trace", "a")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = Request::new("GET", "http://a.example/", given.to_vec()).unwrap();
        let forward = Forward {
            changes: vec![
                Change::Set("x-env".into(), "prod".into()),
                Change::Add("trace".into(), "b".into()),
                Change::Remove("X-Secret".into()),
                Change::Set("Host".into(), "b.example".into()),
            ],
            ..Forward::default()
        };
        let headers = forward.headers(&request, None);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("Host", "b.example"), ("X-Env", "prod"), ("Trace", "a,b")]);
    }
}
