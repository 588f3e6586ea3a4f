//! What the process of a container writes: well-known images in their own words, scripts what they echo, everything else as
//! a service of somebody's would. Nothing is drawn: the same start of the same container has the same log.

use std::time::Duration;

use opscape_cluster::images::Answer;
use opscape_manifest::api::meta::civil;
use opscape_manifest::api::pod::{Container, Probe};
use opscape_manifest::api::{Pod, Str};
use opscape_manifest::order;
use opscape_manifest::value::Value;
use opscape_sim::Time;

use super::health::{self, Program};
use super::known::{self, Process, Reference};
use super::{Fate, LabImages, fate, schema, script, span};

/// Lines of a periodic source kept at most: the kubelet keeps but the newest part of a long log, too.
const MOST: i64 = 2_000;
const SECOND: i64 = 1_000_000;

/// One start of a container. Times are microseconds since 1970.
pub(crate) struct Life {
    /// How often it was restarted before.
    pub restarts: u32,
    /// When its process started.
    pub started: i64,
    /// The same, since t=0.
    pub since: Time,
    /// When it was told to end.
    pub told: Option<i64>,
    /// When it ended, the code and the reason.
    pub ended: Option<(i64, i32, Str)>,
}

/// A request that a container answered.
pub(crate) struct Served<'a> {
    /// When, in microseconds since 1970.
    pub at: i64,
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    pub status: u16,
    /// How long it took.
    pub micros: u32,
    /// Who asks, as he calls himself.
    pub agent: String,
    /// The client's address, if a proxy says it.
    pub client: String,
}

/// Lines with their times, as they are collected.
pub(crate) struct Written {
    until: i64,
    /// In order of time.
    pub lines: Vec<(i64, String)>,
    /// When the next line comes, if the process goes on.
    pub next: Option<i64>,
}

impl Written {
    fn line(&mut self, at: i64, text: impl Into<String>) {
        if at <= self.until {
            self.lines.push((at, text.into()));
        } else {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
    }

    fn all(&mut self, at: i64, lines: &[&str]) {
        for line in lines {
            self.line(at, *line);
        }
    }

    /// A line each `period` from `first` to `end`, the newest [`MOST`] of those up to now.
    fn each(&mut self, first: i64, period: i64, end: i64, text: impl Fn(i64) -> Option<String>) {
        if period <= 0 {
            return;
        }
        let count = (self.until.min(end) - first).div_euclid(period);
        let mut at = first + (count - MOST).max(0) * period;
        while at < end {
            if let Some(text) = text(at) {
                self.line(at, text);
            }
            if at > self.until {
                break;
            }
            at += period;
        }
    }
}

/// What a container writes from its start to `until`.
pub(crate) fn lines(
    images: &LabImages,
    pod: &Pod,
    container: &Container,
    life: &Life,
    until: i64,
    served: &[Served<'_>],
) -> Written {
    let mut written = Written { until, lines: Vec::new(), next: None };
    // A process that has ended writes nothing after that second; the status has whole seconds.
    let end = life.ended.as_ref().map_or(i64::MAX, |(at, ..)| at + SECOND);
    let process = ProcessOf::of(images, container, life);
    match process.fate {
        Fate::Ends(..) | Fate::Runs if process.scripted => {
            let words: Vec<&str> =
                container.command.iter().chain(&container.args).map(AsRef::as_ref).collect();
            script::run(
                &words,
                &script::Surroundings { pod, container, started: life.started },
                &mut |at, line| {
                    if at < end {
                        written.line(at, line);
                    }
                    at <= until.min(end) && written.lines.len() < MOST as usize
                },
            );
        }
        _ => process.serve(life, end, served, &mut written),
    }
    order::sort_by(&mut written.lines, |a, b| a.0.cmp(&b.0));
    written
}

/// What is known of a container's process.
struct ProcessOf<'a> {
    images: &'a LabImages,
    container: &'a Container,
    reference: Reference<'a>,
    program: Program,
    fate: Fate,
    /// Whether its command tells what it does.
    scripted: bool,
    /// From its start until it is up.
    warm_up: i64,
}

impl<'a> ProcessOf<'a> {
    fn of(images: &'a LabImages, container: &'a Container, life: &Life) -> Self {
        let known = known::look_up(&container.image);
        let said = images.said(&container.image).and_then(|said| said.ready_after);
        let warm_up = said.map_or(Duration::from_secs_f64(known.warm_up), span);
        let (program, _) = images.program(container, life.restarts, warm_up, Some(life.since));
        let (fate, scripted) = fate(container, known);
        let reference = Reference::parse(&container.image);
        let warm_up = i64::try_from(warm_up.as_micros()).unwrap_or_default();
        ProcessOf { images, container, reference, program, fate, scripted, warm_up }
    }

    /// The log of a program that is not a script.
    fn serve(&self, life: &Life, end: i64, served: &[Served<'_>], written: &mut Written) {
        let name = self.reference.name();
        let start = life.started;
        let up = start + self.warm_up;
        let failed = life.ended.as_ref().filter(|(_, code, reason)| *code != 0 && &**reason == "Error");
        let told = life.told.filter(|told| *told < end);
        match (name, self.program.known.process) {
            ("hello-world", _) => written.all(start, HELLO),
            (_, Process::Shell | Process::OneShot) if self.container.command.is_empty() => {}
            (_, Process::Needs(_)) if matches!(self.fate, Fate::Ends(..)) => {
                let words = if name == "postgres" { POSTGRES_NEEDS } else { MYSQL_NEEDS };
                written.all(start, words);
            }
            ("nginx" | "nginx-unprivileged", _) => {
                written.all(start, NGINX_ENTRY);
                let notice = |at: i64, text: &str| [&date(at, "/"), " [notice] 1#1: ", text].concat();
                let version = ["nginx/", self.version("1.29.0")].concat();
                for text in ["using the \"epoll\" event method", &version, "start worker processes"] {
                    written.line(up, notice(up, text));
                }
                self.requests(start, end.min(told.unwrap_or(end)), written, |at, path, code| {
                    access(at, ("GET", path), code, "kube-probe/1.36", "-")
                });
                for one in served {
                    let asked = (one.method, one.target);
                    written.line(one.at, access(one.at, asked, one.status, &one.agent, &one.client));
                }
                if let Some(told) = told {
                    // The image's STOPSIGNAL is SIGQUIT.
                    for text in ["signal 3 (SIGQUIT) received, shutting down", "exit"] {
                        written.line(told, notice(told, text));
                    }
                }
            }
            ("redis" | "valkey", _) => {
                let role = |at: i64, role: &str, text: &str| {
                    ["1:", role, " ", &redis_date(at), " * ", text].concat()
                };
                written.line(start, role(start, "C", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"));
                for text in [
                    "Running mode=standalone, port=6379.",
                    "Server initialized",
                    "Ready to accept connections tcp",
                ] {
                    written.line(up, role(up, "M", text));
                }
                if let Some(told) = told {
                    written.line(told, role(told, "S", "Received SIGTERM scheduling shutdown..."));
                    written.line(told, role(told, "M", "Redis is now ready to exit, bye bye..."));
                }
            }
            ("postgres", _) => {
                let log = |at: i64, text: &str| [&date(at, "-"), ".000 UTC [1] LOG:  ", text].concat();
                let version =
                    ["starting PostgreSQL ", self.version("17.0"), " on x86_64-pc-linux-gnu"].concat();
                written.line(start, "PostgreSQL init process complete; ready for start up.");
                for text in [
                    &*version,
                    "listening on IPv4 address \"0.0.0.0\", port 5432",
                    "database system is ready to accept connections",
                ] {
                    written.line(up, log(up, text));
                }
                if let Some(told) = told {
                    written.line(told, log(told, "received smart shutdown request"));
                    written.line(told, log(told, "database system is shut down"));
                }
            }
            ("pause", _) => {}
            ("controller", _) if self.is_ingress_nginx() => {
                written.all(start, INGRESS_NGINX);
            }
            _ => {
                self.some_service(life, up, end, failed.is_some(), told, written);
                for one in served {
                    let at = life.since + Duration::from_micros((one.at - start).max(0).cast_unsigned());
                    if let Some(missing) = self.missing(at).filter(|_| one.status == 500) {
                        written.line(one.at, [&date(one.at, "-"), " ERROR ", &missing].concat());
                    }
                    let level = if one.status < 500 { " INFO  " } else { " ERROR " };
                    let took = (one.micros / 1_000).to_string();
                    let status = one.status.to_string();
                    let words =
                        [one.method, " ", one.target, " ", &status, " ", &took, "ms ", &one.agent].concat();
                    written.line(one.at, [&date(one.at, "-"), level, &words].concat());
                }
            }
        }
        if let (Some((at, code, _)), true) = (failed, name == "nginx") {
            written
                .line(*at, [&date(*at, "/"), " [emerg] 1#1: exiting with code ", &code.to_string()].concat());
        }
    }

    /// A service that nothing is known of: it says when it starts, serves, answers probes, fails and stops.
    fn some_service(
        &self,
        life: &Life,
        up: i64,
        end: i64,
        failed: bool,
        told: Option<i64>,
        written: &mut Written,
    ) {
        let start = life.started;
        let say = |at: i64, level: &str, text: &str| [&date(at, "-"), " ", level, " ", text].concat();
        let version = if self.reference.tag.is_empty() { "latest" } else { self.reference.tag };
        written
            .line(start, say(start, "INFO ", &["starting ", self.reference.name(), " ", version].concat()));
        if self.program.serves.is_some() && up < end {
            for (done, columns) in self.migration() {
                for column in columns {
                    written.line(up, say(up, "INFO ", &altered(column, done)));
                }
            }
            written.line(up, say(up, "INFO ", &["listening on :", &self.port()].concat()));
            self.requests(start, end.min(told.unwrap_or(end)), written, |at, path, code| {
                say(
                    at,
                    if code == 200 { "INFO " } else { "WARN " },
                    &["GET ", path, " ", &code.to_string(), " kube-probe/1.36"].concat(),
                )
            });
        }
        if let Some(told) = told {
            written.line(told, say(told, "INFO ", "SIGTERM received, finishing what is under way"));
        }
        match &life.ended {
            // A process that is killed has no last words.
            Some((at, code, _)) if failed && told.is_none() && *code < 128 => {
                if let Some(missing) = self.missing(life.since).filter(|_| self.program.serves.is_none()) {
                    written.line(*at, say(*at, "ERROR", &missing));
                }
                written
                    .line(*at, say(*at, "ERROR", &["fatal: exiting with code ", &code.to_string()].concat()));
            }
            Some((at, 0, _)) => {
                for (done, columns) in self.migration() {
                    for column in columns {
                        written.line(*at, say(*at, "INFO ", &altered(column, done)));
                    }
                }
                written.line(*at, say(*at, "INFO ", "done"));
            }
            _ => {}
        }
    }

    /// What the database says at an instant if a column is not there.
    fn missing(&self, at: Time) -> Option<String> {
        let missing = self.images.missing(&self.container.image, at)?;
        Some(schema::no_column(missing.column))
    }

    /// The columns that it adds and drops when it migrates the database.
    fn migration(&self) -> [(&'static str, &'a [Str]); 2] {
        let schema = self.images.schema(&self.container.image);
        let (adds, drops): (&[Str], &[Str]) =
            schema.map_or((&[], &[]), |schema| (&schema.adds, &schema.drops));
        [("ADD", adds), ("DROP", drops)]
    }

    /// The HTTP probes that the process answers. Where nobody listens or nothing is answered, nothing is logged.
    fn requests(&self, start: i64, end: i64, written: &mut Written, line: impl Fn(i64, &str, u16) -> String) {
        let health = health::of(self.container, &self.program).unwrap_or_default();
        let probes = [
            (&self.container.startup_probe, &health.startup, true),
            (&self.container.readiness_probe, &health.readiness, false),
            (&self.container.liveness_probe, &health.liveness, false),
        ];
        // The others wait until the startup probe has succeeded.
        let mut begin = start;
        for (probe, answers, is_startup) in probes {
            let Some(probe) = probe else { continue };
            let answer = |at: i64| {
                let since = Duration::from_micros(u64::try_from(at - start).unwrap_or_default());
                answers
                    .iter()
                    .rev()
                    .find(|(from, _)| *from <= since)
                    .map_or(&Answer::Well, |(_, answer)| answer)
            };
            let (first, period) = times(probe, begin);
            let mut last = end;
            if is_startup {
                let passed = (0..1_000).map(|n| first + n * period).find(|at| *answer(*at) == Answer::Well);
                begin = passed.unwrap_or(end);
                last = begin.saturating_add(1).min(end);
            }
            let Some(get) = &probe.http_get else { continue };
            let path = get.str_at(&["path"]).unwrap_or("/");
            written.each(first, period, last, |at| match answer(at) {
                Answer::Well => Some(line(at, path, 200)),
                Answer::Bad { status, .. } => Some(line(at, path, *status)),
                Answer::Refused | Answer::Silent => None,
            });
        }
    }

    fn is_ingress_nginx(&self) -> bool {
        self.reference.repository.ends_with("ingress-nginx/controller")
    }

    fn port(&self) -> String {
        let probed = self.container.readiness_probe.as_ref().and_then(|probe| probe.http_get.as_ref());
        let probed = probed.and_then(|get| get.get("port")).and_then(Value::as_int);
        let declared = self.container.ports.first().map(|port| i64::from(port.container_port));
        declared.or(probed).unwrap_or(8080).to_string()
    }

    /// The version that the tag names.
    fn version(&self, default: &'static str) -> &'a str {
        let tag = self.reference.tag.split('-').next().unwrap_or_default();
        if tag.starts_with(|c: char| c.is_ascii_digit()) { tag } else { default }
    }
}

/// `ALTER TABLE customers ADD COLUMN full_name`
fn altered(column: &str, done: &str) -> String {
    let (table, column) = column.split_once('.').unwrap_or((column, ""));
    ["ALTER TABLE ", table, " ", done, " COLUMN ", column].concat()
}

/// When a probe comes first, and how often.
fn times(probe: &Probe, started: i64) -> (i64, i64) {
    let period = if probe.period_seconds <= 0 { 10 } else { probe.period_seconds };
    (started + i64::from(probe.initial_delay_seconds.max(0)) * SECOND, i64::from(period) * SECOND)
}

/// A line of nginx's access log.
fn access(at: i64, (method, target): (&str, &str), code: u16, agent: &str, client: &str) -> String {
    // The welcome page; a page that says what is wrong.
    let size = if code == 200 { "615" } else { "153" };
    let (day, code) = (day_of_log(at), code.to_string());
    [
        "10.244.0.1 - - [",
        &day,
        "] \"",
        method,
        " ",
        target,
        " HTTP/1.1\" ",
        &code,
        " ",
        size,
        " \"-\" \"",
        agent,
        "\" \"",
        client,
        "\"",
    ]
    .concat()
}

/// `05/Jan/2026:09:00:03 +0000`
pub(crate) fn day_of_log(at: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(at.div_euclid(SECOND));
    let month = month_name(month);
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

/// `2026-01-05 09:00:03` with this between the parts of the day.
fn date(at: i64, between: &str) -> String {
    let (year, month, day, hour, minute, second) = civil(at.div_euclid(SECOND));
    format!("{year}{between}{month:02}{between}{day:02} {hour:02}:{minute:02}:{second:02}")
}

fn redis_date(at: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(at.div_euclid(SECOND));
    let (month, millis) = (month_name(month), at.rem_euclid(SECOND) / 1_000);
    format!("{day:02} {month} {year} {hour:02}:{minute:02}:{second:02}.{millis:03}")
}

/// `Jan` for 1.
pub(super) fn month_name(month: u32) -> &'static str {
    const NAMES: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let at = (month.clamp(1, 12) as usize - 1) * 3;
    NAMES.get(at..at + 3).unwrap_or_default()
}

const INGRESS_NGINX: &[&str] = &[
    "-------------------------------------------------------------------------------",
    "NGINX Ingress controller",
    "  Repository:    https://github.com/kubernetes/ingress-nginx",
    "-------------------------------------------------------------------------------",
    "",
];

const NGINX_ENTRY: &[&str] = &[
    "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
    "/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh",
    "/docker-entrypoint.sh: Configuration complete; ready for start up",
];

const HELLO: &[&str] = &[
    "",
    "Hello from Docker!",
    "This message shows that your installation appears to be working correctly.",
    "",
];

const POSTGRES_NEEDS: &[&str] = &[
    "Error: Database is uninitialized and superuser password is not specified.",
    "       You must specify POSTGRES_PASSWORD to a non-empty value for the",
    "       superuser. For example, \"-e POSTGRES_PASSWORD=password\" on \"docker run\".",
    "",
    "       You may also use \"POSTGRES_HOST_AUTH_METHOD=trust\" to allow all",
    "       connections without a password. This is *not* recommended.",
    "",
    "       See PostgreSQL documentation about \"trust\":",
    "       https://www.postgresql.org/docs/current/auth-trust.html",
];

const MYSQL_NEEDS: &[&str] = &[
    "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
    "    You need to specify one of the following as an environment variable:",
    "    - MYSQL_ROOT_PASSWORD",
    "    - MYSQL_ALLOW_EMPTY_PASSWORD",
    "    - MYSQL_RANDOM_ROOT_PASSWORD",
];
