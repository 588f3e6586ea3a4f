//! How well a container is over time, as its probes find: it warms up, serves, and may become unwell.

use std::time::Duration;

use opscape_cluster::images::{Answer, Health};
use opscape_manifest::api::pod::{Container, Probe};
use opscape_manifest::lab::Image;
use opscape_manifest::value::{Map, Value};

use super::command::{self, Fate, FileChange};
use super::known::{self, Known, Process};
use super::{schema, span, tag_says};

/// What is known of a container's process.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub known: Known,
    /// Whether the Lab document knows the image.
    pub said: bool,
    /// A shell or a small script: nothing listens.
    pub shell: bool,
    /// It listens since; none: never.
    pub serves: Option<Duration>,
    /// Its readiness probe never succeeds.
    pub never_ready: bool,
    pub spell: Option<Spell>,
    /// From and until when its readiness probe fails because of the database.
    pub unready: Vec<(Duration, Option<Duration>)>,
}

/// A time in which a process is unwell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spell {
    from: Duration,
    until: Option<Duration>,
    /// It does not answer at all.
    hangs: bool,
    /// Only this HTTP path answers so.
    path: Option<String>,
}

impl Spell {
    pub fn of(said: &Image, is_said: bool, tag: &str, restarts: u32) -> Option<Spell> {
        let from = match said.unhealthy_after {
            Some(after) => span(after),
            None if !is_said && tag_says(tag, &["hang", "deadlock", "freeze", "unhealthy", "sick"]) => {
                Duration::from_secs(30)
            }
            None => return None,
        };
        if said.unhealthy_times.is_some_and(|times| i64::from(restarts) >= i64::from(times)) {
            return None;
        }
        let hangs = said.hangs == Some(true) || !is_said && tag_says(tag, &["hang", "deadlock", "freeze"]);
        Some(Spell {
            from,
            until: said.unhealthy_for.map(|span| from + self::span(span)),
            hangs,
            path: said.unhealthy_path.as_ref().map(ToString::to_string),
        })
    }
}

/// The words of an `exec` handler.
pub(super) fn words_of(exec: &Value) -> Vec<&str> {
    let command = exec.get("command").and_then(Value::as_list).unwrap_or_default();
    command.iter().filter_map(Value::as_str).collect()
}

/// None: nothing can be found to be unwell.
pub(super) fn of(container: &Container, program: &Program) -> Option<Box<Health>> {
    let hangs = program.spell.as_ref().filter(|spell| spell.hangs && spell.path.is_none());
    let readiness = container.readiness_probe.as_ref();
    let ready = answers(readiness, program.never_ready, container, program);
    let health = Health {
        startup: answers(container.startup_probe.as_ref(), false, container, program),
        liveness: answers(container.liveness_probe.as_ref(), false, container, program),
        readiness: if readiness.is_some() { schema::interrupt(ready, &program.unready) } else { ready },
        hangs: hangs.map(|spell| (spell.from, spell.until)),
    };
    (health != Health::default()).then(|| Box::new(health))
}

/// What anybody else than the kubelet is answered to `GET path`.
pub(super) fn asked(container: &Container, program: &Program, path: &str, port: u16) -> Answers {
    let get =
        Map::from([("path".to_owned(), Value::from(path)), ("port".to_owned(), Value::Int(i64::from(port)))]);
    let ready = container.readiness_probe.as_ref().and_then(|probe| probe.http_get.as_ref());
    let asks_the_same = ready.is_some_and(|get| get.str_at(&["path"]).unwrap_or("/") == path);
    let probe = Probe { http_get: Some(Value::Map(get)), ..Probe::default() };
    let answers = answers(Some(&probe), program.never_ready && asks_the_same, container, program);
    if asks_the_same { schema::interrupt(answers, &program.unready) } else { answers }
}

pub(super) type Answers = Vec<(Duration, Answer)>;

fn answers(probe: Option<&Probe>, never: bool, container: &Container, program: &Program) -> Answers {
    let Some(probe) = probe else { return Vec::new() };
    if let Some(exec) = &probe.exec {
        return exec_answers(exec, probe.timeout_seconds, never, container, program);
    }
    let handler = probe.http_get.as_ref().or(probe.tcp_socket.as_ref()).or(probe.grpc.as_ref());
    let port = handler.and_then(|handler| port_of(handler, container));
    let serves = if program.said || is_told(container) {
        known::Serves::default()
    } else {
        known::serves(&container.image)
    };
    let closed = serves.ports.zip(port).is_some_and(|(ports, port)| !ports.contains(&port));
    let Some(begins) = program.serves.filter(|_| !closed) else {
        return vec![(Duration::ZERO, Answer::Refused)];
    };
    let path = probe.http_get.as_ref().map(|get| get.str_at(&["path"]).unwrap_or("/"));
    let missing = path.is_some_and(|path| serves.one_page && !matches!(path, "/" | "" | "/index.html"));
    let usual = if missing {
        bad(404)
    } else if never && probe.tcp_socket.is_some() {
        Answer::Refused
    } else if never {
        bad(503)
    } else {
        Answer::Well
    };
    let mut answers = Vec::new();
    if !begins.is_zero() {
        answers.push((Duration::ZERO, Answer::Refused));
    }
    if usual != Answer::Well || !answers.is_empty() {
        answers.push((begins, usual.clone()));
    }
    if let Some(spell) = &program.spell
        && spell.path.as_deref().is_none_or(|only| path == Some(only))
    {
        let answer = match spell.hangs {
            // The kernel still takes connections for a process that hangs.
            _ if probe.tcp_socket.is_some() => return answers,
            true => Answer::Silent,
            false => bad(500),
        };
        interrupt(&mut answers, spell, answer, begins, usual);
    }
    answers
}

fn bad(status: u16) -> Answer {
    Answer::Bad { status, output: "".into() }
}

/// Puts a spell into answers that are in order.
fn interrupt(answers: &mut Answers, spell: &Spell, answer: Answer, begins: Duration, usual: Answer) {
    let from = spell.from.max(begins);
    answers.push((from, answer));
    if let Some(until) = spell.until {
        answers.push((until.max(from), usual));
    }
}

/// Whether the container is told how to run: then the image's own ways say nothing of it.
pub(super) fn is_told(container: &Container) -> bool {
    !(container.command.is_empty()
        && container.args.is_empty()
        && container.env.is_empty()
        && container.env_from.is_empty()
        && container.volume_mounts.iter().all(is_token))
}

/// The mount that every pod gets from admission.
fn is_token(mount: &Value) -> bool {
    mount.str_at(&["mountPath"]) == Some("/var/run/secrets/kubernetes.io/serviceaccount")
}

/// The number of a handler's port, which may be named.
fn port_of(handler: &Value, container: &Container) -> Option<i64> {
    match handler.get("port")? {
        Value::String(name) => {
            let port = container.ports.iter().find(|port| *port.name == **name)?;
            Some(i64::from(port.container_port))
        }
        port => port.as_int(),
    }
}

/// A command as a probe: whether it fails, and what it says then.
fn exec_answers(
    exec: &Value,
    timeout: i32,
    never: bool,
    container: &Container,
    program: &Program,
) -> Answers {
    let words = words_of(exec);
    let run: Vec<&str> = container.command.iter().chain(&container.args).map(AsRef::as_ref).collect();
    if let Some(path) = looked_at(&words) {
        let changes: Vec<FileChange> =
            command::files(&run).into_iter().filter(|change| change.path == path).collect();
        // What is not known to be made is missing where all that is done is known.
        if !changes.is_empty() || program.shell && path.starts_with("/tmp/") {
            return file_answers(&changes, path, &container.image);
        }
    }
    let failed = || Answer::Bad { status: 0, output: "".into() };
    match command::fate(&words) {
        Fate::Ends(after, _) if after > Duration::from_secs(u64::try_from(timeout.max(1)).unwrap_or(1)) => {
            return vec![(Duration::ZERO, Answer::Silent)];
        }
        Fate::Ends(_, code) if looked_at(&words).is_none() => {
            return if code == 0 { Vec::new() } else { vec![(Duration::ZERO, failed())] };
        }
        Fate::Runs => return vec![(Duration::ZERO, Answer::Silent)],
        Fate::Ends(..) | Fate::Unknown => {}
    }
    // A client of the process itself, as `redis-cli ping`: it finds what others find.
    let begins = match (program.serves, program.known.process) {
        (Some(begins), Process::Server | Process::Needs(_)) => begins,
        _ => Duration::ZERO,
    };
    let usual = if never { failed() } else { Answer::Well };
    let mut answers = Vec::new();
    if !begins.is_zero() {
        answers.push((Duration::ZERO, failed()));
    }
    if usual != Answer::Well || !answers.is_empty() {
        answers.push((begins, usual.clone()));
    }
    if let Some(spell) = program.spell.as_ref().filter(|spell| spell.path.is_none()) {
        let answer = if spell.hangs { Answer::Silent } else { failed() };
        interrupt(&mut answers, spell, answer, begins, usual);
    }
    answers
}

/// The file whose being there is all that a command asks: `cat FILE`, `test -f FILE`, `ls FILE`.
fn looked_at<'a>(words: &[&'a str]) -> Option<&'a str> {
    let split: Vec<&str>;
    let words = match command::script_of(words) {
        Some(script) => {
            split = script.split_whitespace().collect();
            &split
        }
        None => words,
    };
    let mut arguments = words.iter().skip(1).copied().filter(|word| !word.starts_with('-') && *word != "]");
    match words.first()?.rsplit('/').next()? {
        "cat" | "ls" | "stat" | "test" | "[" => {
            arguments.next().filter(|path| path.starts_with('/') && arguments.next().is_none())
        }
        _ => None,
    }
}

fn file_answers(changes: &[FileChange], path: &str, image: &str) -> Answers {
    let small = ["busybox", "alpine"].iter().any(|name| image.contains(name));
    let output = if small {
        ["cat: can't open '", path, "': No such file or directory"].concat()
    } else {
        ["cat: ", path, ": No such file or directory"].concat()
    };
    let missing = || Answer::Bad { status: 0, output: output.as_str().into() };
    let mut answers = Vec::new();
    if changes.first().is_none_or(|first| !first.after.is_zero() || !first.made) {
        answers.push((Duration::ZERO, missing()));
    }
    answers.extend(
        changes.iter().map(|change| (change.after, if change.made { Answer::Well } else { missing() })),
    );
    answers
}

#[cfg(test)]
mod tests {
    use opscape_cluster::{Images, Plan};
    use opscape_manifest::api::Pod;
    use opscape_manifest::lab::Duration as Said;
    use opscape_sim::Rng;

    use super::super::LabImages;
    use super::*;

    fn container(yaml: &str) -> Container {
        let value = opscape_manifest::check::check(yaml).documents[0].value.clone();
        opscape_manifest::codec::from_value(&value).unwrap()
    }

    fn plan(images: &LabImages, yaml: &str, restarts: u32) -> Plan {
        images.plan(&Pod::default(), &container(yaml), restarts, 0, &mut Rng::stream(1, "kubelet"))
    }

    /// What the liveness probe is answered, as `0 Refused, 2 Well`.
    fn answers(images: &LabImages, yaml: &str, restarts: u32) -> String {
        let health = plan(images, yaml, restarts).health.unwrap_or_default();
        let words = health.liveness.iter().map(|(from, answer)| {
            let answer = match answer {
                Answer::Bad { status: 0, output } => output.to_string(),
                Answer::Bad { status, .. } => status.to_string(),
                other => format!("{other:?}"),
            };
            format!("{} {answer}", from.as_secs())
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn well_known_images_are_asked_as_they_are() {
        let images = LabImages::default();
        let ask = |image: &str, probe: &str| {
            answers(&images, &format!("{{name: c, image: {image}, livenessProbe: {{{probe}}}}}"), 0)
        };
        assert_eq!(ask("nginx:1.27", "httpGet: {path: /, port: 80}"), "0 Refused, 0 Well");
        assert_eq!(ask("nginx:1.27", "httpGet: {path: /healthz, port: 80}"), "0 Refused, 0 404");
        assert_eq!(ask("nginx:1.27", "httpGet: {path: /, port: 8080}"), "0 Refused");
        assert_eq!(ask("shop/web:1", "httpGet: {path: /healthz, port: 8080}"), "0 Refused, 2 Well");
        assert_eq!(ask("redis", "exec: {command: [redis-cli, ping]}"), "0 , 0 Well");
        assert_eq!(ask("shop/web:1", "exec: {command: ['true']}"), "");
        assert_eq!(ask("shop/web:1", "exec: {command: [sleep, '5']}"), "0 Silent");
        assert_eq!(ask("shop/web:hang", "tcpSocket: {port: 8080}"), "0 Refused, 2 Well");
        assert_eq!(ask("shop/web:hang", "httpGet: {port: 8080}"), "0 Refused, 2 Well, 30 Silent");
        assert_eq!(ask("shop/web:sick", "grpc: {port: 8080}"), "0 Refused, 2 Well, 30 500");
    }

    /// The example of the Kubernetes documentation ("Define a liveness command").
    #[test]
    fn a_script_that_removes_its_file_becomes_unwell() {
        let yaml = "
name: liveness
image: registry.k8s.io/busybox:1.27.2
args: [/bin/sh, -c, 'touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600']
livenessProbe: {exec: {command: [cat, /tmp/healthy]}, initialDelaySeconds: 5, periodSeconds: 5}
";
        let told = answers(&LabImages::default(), yaml, 0);
        assert_eq!(told, "0 Well, 30 cat: can't open '/tmp/healthy': No such file or directory");
        let served = yaml.replace("exec: {command: [cat, /tmp/healthy]}", "httpGet: {path: /, port: 80}");
        assert_eq!(answers(&LabImages::default(), &served, 0), "0 Refused");
    }

    #[test]
    fn the_lab_document_says_when_it_is_unwell() {
        let image = Image {
            name: "web".into(),
            ready_after: Some(Said::seconds(1)),
            unhealthy_after: Some(Said::seconds(20)),
            unhealthy_for: Some(Said::seconds(10)),
            unhealthy_times: Some(2),
            unhealthy_path: Some("/db".into()),
            ..Image::default()
        };
        let images = LabImages::new(std::slice::from_ref(&image));
        let yaml = "{name: c, image: 'web:1', livenessProbe: {httpGet: {path: /db, port: 80}}}";
        assert_eq!(answers(&images, yaml, 1), "0 Refused, 1 Well, 20 500, 30 Well");
        assert_eq!(answers(&images, yaml, 2), "0 Refused, 1 Well");
        assert_eq!(answers(&images, &yaml.replace("/db", "/up"), 0), "0 Refused, 1 Well");
        let hangs = Image { hangs: Some(true), unhealthy_path: None, ..image };
        let plan = plan(&LabImages::new(&[hangs]), yaml, 0);
        let stop = |seconds| plan.stop_after(Duration::from_secs(seconds));
        assert!(stop(19) < Duration::from_secs(2) && stop(25) > Duration::from_secs(5));
    }
}
