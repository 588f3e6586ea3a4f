//! `hey`: many requests by several workers (rakyll/hey v0.1.4).

use std::time::Duration;

use opscape_lab::traffic::{Report, Sending, WorkloadId};
use opscape_manifest::duration::parse_go;
use opscape_network::telemetry::Outcome;
use opscape_sim::Time;

use super::flags::{self, Argument};
use super::summary::Numbers;
use super::{Wanted, address, header};
use crate::process::{Io, Poll, Scope, Task};
use crate::programs::refused;

const USAGE: &str = "Usage: hey [options...] <url>

Options:
  -n  Number of requests to run. Default is 200.
  -c  Number of workers to run concurrently. Total number of requests cannot
      be smaller than the concurrency level. Default is 50.
  -q  Rate limit, in queries per second (QPS) per worker. Default is no rate limit.
  -z  Duration of application to send requests. When duration is reached,
      application stops and exits. If duration is specified, n is ignored.
      Examples: -z 10s -z 3m.
  -m  HTTP method, one of GET, POST, PUT, DELETE, HEAD, OPTIONS.
  -H  Custom HTTP header. You can specify as many as needed by repeating the flag.
      For example, -H \"Accept: text/html\" -H \"Content-Type: application/xml\" .
  -t  Timeout for each request in seconds. Default is 20, use 0 for infinite.
  -host\tHTTP Host header.

";

/// How often it looks whether all answers are there.
const LOOKS: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Hey {
    wanted: Wanted,
    workers: u32,
    requests: Option<u32>,
    every: Duration,
    timeout: Option<Duration>,
    lasts: Option<Duration>,
    running: Option<(WorkloadId, Time)>,
}

/// Whether a flag has a value.
fn takes(flag: &str) -> Option<bool> {
    match flag {
        "n" | "c" | "q" | "z" | "m" | "H" | "t" | "host" | "A" | "d" | "D" | "T" | "U" | "a" | "x" | "o"
        | "cpus" => Some(true),
        "h2" | "disable-compression" | "disable-keepalive" | "disable-redirects" | "h" | "help" => {
            Some(false)
        }
        _ => None,
    }
}

pub(in super::super) fn hey(arguments: &[String]) -> Box<dyn Task> {
    let usage = |message: &str| {
        let gap = if message.is_empty() { "" } else { "\n\n" };
        refused(1, [message, gap, USAGE].concat())
    };
    let found = match flags::read(arguments, takes, false) {
        Ok(found) => found,
        Err((flag, true)) => {
            return usage(&["flag needs an argument: ", &flag].concat());
        }
        Err((flag, false)) => {
            return usage(&["flag provided but not defined: ", &flag].concat());
        }
    };
    let (mut requests, mut workers, mut rate, mut timeout, mut lasts) =
        (200_u32, 50_u32, 0.0_f64, 20_u64, None);
    let mut wanted = Wanted { method: "GET".to_owned(), url: String::new(), headers: Vec::new() };
    let mut host = None;
    for argument in found {
        let (flag, value) = match argument {
            Argument::Plain(url) => {
                wanted.url = url;
                continue;
            }
            Argument::Flag(flag, value) => (flag, value.unwrap_or_default()),
        };
        let read = match flag.as_str() {
            "n" => value.parse().map(|number| requests = number).is_ok(),
            "c" => value.parse().map(|number| workers = number).is_ok(),
            "q" => value.parse().map(|number| rate = number).is_ok(),
            "t" => value.parse().map(|number| timeout = number).is_ok(),
            "z" => parse_go(&value).map(|span| lasts = u64::try_from(span).ok()).is_ok(),
            "m" => {
                wanted.method = value.to_ascii_uppercase();
                true
            }
            "H" => header(&value).map(|header| wanted.headers.push(header)).is_some(),
            "host" => {
                host = Some(value.clone());
                true
            }
            "h" | "help" => return usage(""),
            _ => true,
        };
        if !read {
            return usage(&format!("invalid value \"{value}\" for flag -{flag}"));
        }
    }
    if wanted.url.is_empty() {
        return usage("");
    }
    if workers == 0 || requests == 0 {
        return usage("-n and -c cannot be smaller than 1.");
    }
    if lasts.is_none() && requests < workers {
        return usage("-n cannot be less than -c.");
    }
    wanted.headers.extend(host.map(|host| ("Host".to_owned(), host)));
    let every = if rate > 0.0 { Duration::from_secs_f64((1.0 / rate).min(1e6)) } else { Duration::ZERO };
    Box::new(Hey {
        wanted,
        workers,
        // What does not divide is left out, as hey does.
        requests: lasts.is_none().then_some(requests / workers),
        every,
        timeout: (timeout > 0).then(|| Duration::from_secs(timeout)),
        lasts: lasts.map(Duration::from_micros),
        running: None,
    })
}

impl Hey {
    fn start(&self, scope: &mut Scope<'_>) -> Option<WorkloadId> {
        let mut call = self.wanted.call();
        if let Some(seat) = &scope.seat {
            seat.ask(&mut call, scope.world.cluster().store());
        }
        scope.world.send(&Sending {
            name: "hey".into(),
            call,
            requests: self.requests,
            clients: self.workers,
            every: self.every,
            lasts: self.lasts,
            timeout: self.timeout,
        })
    }

    fn print(&self, id: WorkloadId, io: &mut Io, scope: &Scope<'_>) {
        let Some(report) = scope.world.report(id) else { return };
        let end = if report.is_done() { report.last } else { scope.world.now() };
        let total = end.since(report.began).as_secs_f64();
        let error = |outcome| self.error(outcome, scope);
        io.out(&Numbers::of(report, self.workers, total, error).print());
    }

    /// Go's words for a request without an answer.
    fn error(&self, outcome: Outcome, scope: &Scope<'_>) -> String {
        let method = &self.wanted.method;
        let verb =
            [method.get(..1).unwrap_or_default(), &method.get(1..).unwrap_or_default().to_ascii_lowercase()];
        let (host, port) = address::Url::of(&self.wanted.url).map_or(("", 80), |url| (url.host, url.port));
        let address = || address::of(host, scope.world.cluster().store());
        let what = match outcome {
            Outcome::Refused => format!("dial tcp {}:{port}: connect: connection refused", address()),
            Outcome::Reset => "EOF".to_owned(),
            Outcome::NoHost => format!("dial tcp: lookup {host}: no such host"),
            _ => "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_owned(),
        };
        format!("{} \"{}\": {what}", verb.concat(), self.wanted.url)
    }
}

impl Task for Hey {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let now = scope.world.now();
        let id = if let Some((id, since)) = self.running {
            // The world went back to before it began.
            if now < since {
                return Poll::Done(1);
            }
            id
        } else {
            if address::Url::of(&self.wanted.url).is_none() {
                let url = &self.wanted.url;
                io.err(&format!("Get \"{url}\": unsupported protocol scheme \"\"\n"));
                return Poll::Done(1);
            }
            let Some(id) = self.start(scope) else { return Poll::Done(1) };
            self.running = Some((id, now));
            id
        };
        if io.interrupted {
            scope.world.stop_sending(id);
            self.print(id, io, scope);
            return Poll::Done(0);
        }
        match scope.world.report(id).map(Report::is_done) {
            None => Poll::Done(1),
            Some(true) => {
                self.print(id, io, scope);
                Poll::Done(0)
            }
            Some(false) => Poll::Waiting(Some(now + LOOKS)),
        }
    }
}
