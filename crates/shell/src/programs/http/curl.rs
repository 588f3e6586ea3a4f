//! `curl`: one request, and what comes back (curl 8).

use std::time::Duration;

use opscape_lab::traffic::{Report, Sending, WorkloadId};
use opscape_manifest::api::meta::{MicroTime, Str, civil};
use opscape_manifest::api::{Pod, Service};
use opscape_network::route::{Answer, Decision, Request, dns};
use opscape_network::telemetry::Outcome;
use opscape_sim::Time;

use super::address::{self, Url};
use super::flags::{self, Argument};
use super::{Wanted, header};
use crate::process::{Io, Poll, Scope, Task};
use crate::programs::refused;
use crate::seat::Seat;

const USER_AGENT: &str = "curl/8.9.1";
/// How long a name without an answer is waited for.
const RESOLVES_FOR: Duration = Duration::from_secs(10);
/// How often it looks whether the answer is there.
const LOOKS: Duration = Duration::from_millis(1);
/// How many redirects it follows (`--max-redirs`).
const MAX_REDIRECTS: u32 = 50;

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone)]
struct Options {
    verbose: bool,
    include: bool,
    head: bool,
    silent: bool,
    show_error: bool,
    fail: bool,
    output: Option<String>,
    write_out: Option<String>,
    /// How many redirects may still be followed (`-L`).
    follow: u32,
    max_time: Option<f64>,
    connect_timeout: Option<f64>,
}

#[derive(Clone)]
struct Curl {
    wanted: Wanted,
    options: Options,
    running: Option<(WorkloadId, Time)>,
    /// Until then it waits for the address of a name.
    resolving: Option<Time>,
}

fn takes(flag: &str) -> Option<bool> {
    match flag {
        "v" | "verbose" | "i" | "include" | "show-headers" | "I" | "head" | "s" | "silent" | "S"
        | "show-error" | "f" | "fail" | "k" | "insecure" | "L" | "location" | "compressed" | "http1.1" => {
            Some(false)
        }
        "X" | "request" | "H" | "header" | "d" | "data" | "data-raw" | "json" | "o" | "output" | "w"
        | "write-out" | "m" | "max-time" | "connect-timeout" | "A" | "user-agent" | "b" | "cookie"
        | "resolve" | "retry" | "u" | "user" => Some(true),
        _ => None,
    }
}

pub(in super::super) fn curl(arguments: &[String]) -> Box<dyn Task> {
    let more = "curl: try 'curl --help' or 'curl --manual' for more information\n";
    let found = match flags::read(arguments, takes, true) {
        Ok(found) => found,
        Err((flag, true)) => return refused(2, format!("curl: option {flag}: requires parameter\n{more}")),
        Err((flag, false)) => return refused(2, format!("curl: option {flag}: is unknown\n{more}")),
    };
    let mut options = Options::default();
    let mut wanted = Wanted { method: String::new(), url: String::new(), headers: Vec::new() };
    let mut posts = false;
    for argument in found {
        let (flag, value) = match argument {
            Argument::Plain(url) => {
                wanted.url = url;
                continue;
            }
            Argument::Flag(flag, value) => (flag, value.unwrap_or_default()),
        };
        match flag.as_str() {
            "v" | "verbose" => options.verbose = true,
            "i" | "include" | "show-headers" => options.include = true,
            "I" | "head" => options.head = true,
            "L" | "location" => options.follow = MAX_REDIRECTS + 1,
            "s" | "silent" => options.silent = true,
            "S" | "show-error" => options.show_error = true,
            "f" | "fail" => options.fail = true,
            "X" | "request" => wanted.method = value,
            "H" | "header" => wanted.headers.extend(header(&value)),
            "A" | "user-agent" => wanted.headers.push(("User-Agent".to_owned(), value)),
            "b" | "cookie" => wanted.headers.push(("Cookie".to_owned(), value)),
            "d" | "data" | "data-raw" | "json" => {
                let kind =
                    if flag == "json" { "application/json" } else { "application/x-www-form-urlencoded" };
                wanted.headers.push(("Content-Length".to_owned(), value.len().to_string()));
                wanted.headers.push(("Content-Type".to_owned(), kind.to_owned()));
                posts = true;
            }
            "o" | "output" => options.output = Some(value),
            "w" | "write-out" => options.write_out = Some(value),
            "m" | "max-time" | "connect-timeout" => match value.parse() {
                Ok(seconds) if flag == "connect-timeout" => options.connect_timeout = Some(seconds),
                Ok(seconds) => options.max_time = Some(seconds),
                Err(_) => {
                    return refused(
                        2,
                        format!("curl: option -{flag}: expected a proper numerical parameter\n{more}"),
                    );
                }
            },
            _ => {}
        }
    }
    if wanted.url.is_empty() {
        return refused(2, format!("curl: (2) no URL specified\n{more}"));
    }
    if !wanted.url.contains("://") {
        wanted.url.insert_str(0, "http://");
    }
    if wanted.method.is_empty() {
        wanted.method.push_str(match (options.head, posts) {
            (true, _) => "HEAD",
            (false, true) => "POST",
            _ => "GET",
        });
    }
    Box::new(Curl { wanted, options, running: None, resolving: None })
}

impl Curl {
    fn say(&self, io: &mut Io, text: &str) {
        if self.options.verbose {
            io.err(text);
        }
    }

    fn fail(&self, io: &mut Io, code: i32, message: &str) -> Poll {
        self.say(io, "* Closing connection\n");
        if !self.options.silent || self.options.show_error {
            io.err(&format!("curl: ({code}) {message}\n"));
        }
        Poll::Done(code)
    }

    /// What it says before the answer.
    fn connected(&self, url: &Url<'_>, address: &str, io: &mut Io) {
        let (host, port) = (url.host, url.port);
        if host != address {
            self.say(io, &format!("* Host {host}:{port} was resolved.\n* IPv6: (none)\n* IPv4: {address}\n"));
        }
        self.say(io, &format!("*   Trying {address}:{port}...\n"));
    }

    fn sent(&self, url: &Url<'_>, address: &str, io: &mut Io) {
        self.say(io, &format!("* Connected to {} ({address}) port {}\n", url.host, url.port));
        let own = |name: &str| self.wanted.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let usual = if matches!(url.port, 80 | 443) { String::new() } else { format!(":{}", url.port) };
        let mut lines = vec![format!("> {} {} HTTP/1.1", self.wanted.method, url.target)];
        if !own("host") {
            lines.push(format!("> Host: {}{usual}", url.host));
        }
        if !own("user-agent") {
            lines.push(format!("> User-Agent: {USER_AGENT}"));
        }
        if !own("accept") {
            lines.push("> Accept: */*".to_owned());
        }
        lines.extend(self.wanted.headers.iter().map(|(name, value)| format!("> {name}: {value}")));
        lines.push("> \n* Request completely sent off\n".to_owned());
        self.say(io, &lines.join("\n"));
    }

    /// In a pod, a name is one of the cluster's DNS. Some: it has no address (yet).
    fn look_up(&mut self, seat: &Seat, io: &mut Io, scope: &Scope<'_>) -> Option<Poll> {
        let url = Url::of(&self.wanted.url)?;
        let (host, port, store) = (url.host.to_owned(), url.port, scope.world.cluster().store());
        if host.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        let failed = ["Could not resolve host: ", &host].concat();
        let now = scope.world.now();
        if self.resolving.is_some() || seat.has_no_names(store) {
            // The C library asks twice and waits five seconds each time.
            let until = *self.resolving.get_or_insert(now + RESOLVES_FOR);
            if now < until {
                return Some(Poll::Waiting(Some(until)));
            }
            return Some(self.fail(io, 6, &failed));
        }
        let objects = crate::seat::objects(store);
        let (name, reply) = dns::resolve(&objects, &seat.namespace, &host, "A");
        let address = reply.addresses().next();
        let Some(address) = address else {
            self.say(io, &format!("* {failed}\n"));
            return Some(self.fail(io, 6, &failed));
        };
        // The name of a pod: what is asked is the pod itself.
        let service = store.list::<Service>(None).any(|service| *service.spec.cluster_ip == *address);
        let labels = name.split('.').count();
        if !service && name.ends_with(dns::ZONE) && labels > 5 {
            let target = url.target.to_owned();
            self.wanted.headers.push(("Host".to_owned(), host));
            self.wanted.url = format!("http://{address}:{port}{target}");
        }
        None
    }

    /// No connection came about in the time that it may take.
    fn connects_in_vain(
        &self,
        id: WorkloadId,
        since: Time,
        io: &mut Io,
        scope: &mut Scope<'_>,
    ) -> Option<Poll> {
        let limit = Duration::from_secs_f64(self.options.connect_timeout?.clamp(0.001, 1e6));
        let url = Url::of(&self.wanted.url)?;
        let now = scope.world.now();
        let report = scope.world.report(id)?;
        if report.is_done() || !report.hops.is_empty() || now < since + limit || !is_inside(url.host, scope) {
            return None;
        }
        scope.world.stop_sending(id);
        let millis = now.since(since).as_millis();
        let (host, port) = (url.host, url.port);
        let message =
            format!("Failed to connect to {host} port {port} after {millis} ms: Timeout was reached");
        let poll = self.fail(io, 28, &message);
        if let Some(seat) = &scope.seat {
            seat.explain(host, io, scope);
        }
        Some(poll)
    }

    /// What is answered without a pod: where else to ask, and a body.
    fn answered(&self, status: u16, scope: &Scope<'_>) -> (Option<String>, Option<String>) {
        let Ok(mut request) =
            Request::new(&self.wanted.method, &self.wanted.url, self.wanted.headers.clone())
        else {
            return (None, None);
        };
        request.namespace = scope.seat.as_ref().map(|seat| seat.namespace.clone());
        match scope.world.routes().map(|table| table.answer(&request)) {
            Some(Decision::Redirect { status: known, location }) if known == status => (Some(location), None),
            Some(Decision::Answer { kind: Answer::Fixed, status: known, body, .. }) if known == status => {
                (None, Some(body.to_string()))
            }
            _ => (None, None),
        }
    }

    fn finish(&mut self, report: &Report, io: &mut Io, scope: &Scope<'_>) -> Poll {
        let Some(url) = Url::of(&self.wanted.url) else { return Poll::Done(3) };
        let (host, port) = (url.host, url.port);
        let address = address::of(host, scope.world.cluster().store());
        let took = report.last.since(report.began);
        let outcome = report.outcomes.first().map_or(Outcome::Reset, |(outcome, _)| *outcome);
        if outcome == Outcome::NoHost {
            self.say(io, &format!("* Could not resolve host: {host}\n"));
            return self.fail(io, 6, &format!("Could not resolve host: {host}"));
        }
        self.connected(&url, &address, io);
        let millis = took.as_millis();
        if outcome == Outcome::Refused {
            self.say(
                io,
                &format!("* connect to {address} port {port} from 127.0.0.1 failed: Connection refused\n"),
            );
            let message = format!(
                "Failed to connect to {host} port {port} after {millis} ms: Couldn't connect to server"
            );
            return self.fail(io, 7, &message);
        }
        // Nothing was heard of a Service or a pod: no connection came about.
        if outcome == Outcome::TimedOut && report.hops.is_empty() && is_inside(host, scope) {
            let code = self.fail(io, 28, &match self.options.max_time {
                Some(_) => format!("Connection timed out after {millis} milliseconds"),
                None => format!(
                    "Failed to connect to {host} port {port} after {millis} ms: Couldn't connect to server"
                ),
            });
            if let Some(seat) = &scope.seat {
                seat.explain(host, io, scope);
            }
            return code;
        }
        self.sent(&url, &address, io);
        let status = match outcome {
            Outcome::Status(status) => status,
            Outcome::TimedOut => {
                let message =
                    format!("Operation timed out after {millis} milliseconds with 0 bytes received");
                return self.fail(io, 28, &message);
            }
            _ => return self.fail(io, 56, "Recv failure: Connection reset by peer"),
        };
        let pod = report.hops.last().and_then(|hop| hop.pod).filter(|_| status <= 500);
        let pod = pod.and_then(|uid| scope.world.cluster().store().typed_by_uid::<Pod>(uid));
        let (location, fixed) = if pod.is_some() { (None, None) } else { self.answered(status, scope) };
        let kind = match &fixed {
            Some(text) if text.starts_with('{') => "application/json",
            Some(_) => "text/plain",
            None if pod.is_some() => "text/plain",
            None => "text/html",
        };
        let body = fixed.unwrap_or_else(|| body(status, pod.map(|pod| (&pod.metadata.name, image(pod)))));
        let head = response(status, (kind, body.len()), location.as_deref(), scope.utc());
        if self.options.verbose {
            let marked: Vec<String> = head.lines().map(|line| ["< ", line, "\n"].concat()).collect();
            io.err(&marked.concat());
        }
        if self.options.include || self.options.head {
            io.out(&head);
        }
        let next = location.filter(|_| self.options.follow > 0);
        let hidden = self.options.fail && status >= 400 || next.is_some();
        if !self.options.head && !hidden && self.options.output.is_none() {
            io.out(&body);
        }
        self.say(io, &format!("* Connection #0 to host {host} left intact\n"));
        if let Some(next) = next {
            return self.follow(next, status, io);
        }
        if let Some(format) = &self.options.write_out {
            io.out(&write_out(format, status, took.as_secs_f64(), body.len()));
        }
        if hidden {
            return self.fail(io, 22, &format!("The requested URL returned error: {status}"));
        }
        Poll::Done(0)
    }
}

impl Curl {
    /// Asks there next. What was sent once is not sent again after 301, 302 and 303.
    fn follow(&mut self, location: String, status: u16, io: &mut Io) -> Poll {
        self.options.follow -= 1;
        if self.options.follow == 0 {
            return self.fail(io, 47, &format!("Maximum ({MAX_REDIRECTS}) redirects followed"));
        }
        self.say(io, &format!("* Issue another request to this URL: '{location}'\n"));
        if self.wanted.method == "POST" && matches!(status, 301..=303) {
            "GET".clone_into(&mut self.wanted.method);
            self.wanted.headers.retain(|(name, _)| !name.starts_with("Content-"));
        }
        // A Host header that was given is for the first host only.
        let to = Url::of(&location).map(|url| url.host.to_owned());
        if to.is_some() && to != Url::of(&self.wanted.url).map(|url| url.host.to_owned()) {
            self.wanted.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        }
        self.wanted.url = location;
        self.running = None;
        Poll::Waiting(None)
    }
}

/// Whether a host is one of the cluster: a Service, or a pod's address.
fn is_inside(host: &str, scope: &Scope<'_>) -> bool {
    let store = scope.world.cluster().store();
    if host.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let namespace = scope.seat.as_ref().map_or("default", |seat| &seat.namespace);
    let (name, reply) = dns::resolve(&crate::seat::objects(store), namespace, host, "A");
    reply.code == dns::Code::NoError && name.ends_with(dns::ZONE)
}

fn image(pod: &Pod) -> Str {
    pod.spec.containers.first().map(|container| container.image.clone()).unwrap_or_default()
}

/// The head of an answer.
fn response(status: u16, (kind, length): (&str, usize), location: Option<&str>, utc: MicroTime) -> String {
    let location = location.map(|to| ["Location: ", to, "\n"].concat()).unwrap_or_default();
    format!(
        "HTTP/1.1 {status} {}\nDate: {}\nContent-Type: {kind}\nContent-Length: {length}\nConnection: keep-alive\n{location}\n",
        reason(status),
        http_date(utc)
    )
}

/// What is in an answer: a pod says who it is; a proxy's own answers look as nginx' do.
fn body(status: u16, pod: Option<(&Str, Str)>) -> String {
    if let Some((name, image)) = pod.filter(|_| status < 400) {
        return format!("Hello from {name} ({image})\n");
    }
    let title = format!("{status} {}", reason(status));
    format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{title}</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n"
    )
}

/// The words of nginx for a status (ngx_http_header_filter_module.c).
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Not Allowed",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => "",
    }
}

/// `Mon, 05 Jan 2026 09:00:40 GMT`
fn http_date(utc: MicroTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = utc.0.div_euclid(1_000_000);
    let (year, month, date, hour, minute, second) = civil(seconds);
    let day = usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or_default();
    let name = DAYS.get(day).copied().unwrap_or_default();
    let month = MONTHS.get(month.saturating_sub(1) as usize).copied().unwrap_or_default();
    format!("{name}, {date:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `-w`: `%{http_code}` and others, `\n` and `\t`.
fn write_out(format: &str, status: u16, took: f64, size: usize) -> String {
    let values = [
        ("%{http_code}", format!("{status:03}")),
        ("%{response_code}", format!("{status:03}")),
        ("%{time_total}", format!("{took:.6}")),
        ("%{time_starttransfer}", format!("{took:.6}")),
        ("%{size_download}", size.to_string()),
        ("\\n", "\n".to_owned()),
        ("\\t", "\t".to_owned()),
    ];
    values.iter().fold(format.to_owned(), |text, (name, value)| text.replace(name, value))
}

impl Task for Curl {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let now = scope.world.now();
        let Some((id, since)) = self.running else {
            if Url::of(&self.wanted.url).is_none() {
                return self.fail(io, 3, "URL rejected: Malformed input to a URL function");
            }
            let mut call = self.wanted.call();
            if let Some(seat) = scope.seat.clone() {
                if let Some(poll) = self.look_up(&seat, io, scope) {
                    return poll;
                }
                call = self.wanted.call();
                seat.ask(&mut call, scope.world.cluster().store());
            }
            let limit = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.001, 1e6));
            let sending = Sending {
                name: "curl".into(),
                call,
                requests: Some(1),
                clients: 1,
                timeout: self.options.max_time.map(limit),
                ..Sending::default()
            };
            let Some(id) = scope.world.send(&sending) else { return Poll::Done(1) };
            self.running = Some((id, now));
            return Poll::Waiting(Some(now + LOOKS));
        };
        if let Some(poll) = self.connects_in_vain(id, since, io, scope) {
            return poll;
        }
        if io.interrupted {
            return Poll::Done(130);
        }
        // The world went back to before it began.
        let Some(report) = scope.world.report(id).filter(|_| now >= since) else { return Poll::Done(1) };
        if !report.is_done() || report.last > now {
            let next = if report.last > now { report.last } else { now + LOOKS };
            return Poll::Waiting(Some(next));
        }
        let report = report.clone();
        let poll = self.finish(&report, io, scope);
        // It follows a redirect.
        if self.running.is_none() { self.poll(io, scope) } else { poll }
    }
}
