//! How images behave when they are run: what the Lab document says, and sensible defaults for everything else. The same
//! name behaves the same each time; pods of one image differ a little, by the run's seed.

mod command;
mod health;
mod hooks;
mod known;
pub(crate) mod output;
pub(crate) mod registry;
pub(crate) mod schema;
mod script;
mod serve;

use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::images::{Answer, Exit, Health, Plan, Pull, Ready};
use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::Container;
use opscape_manifest::lab::{Duration as Said, Image, Memory};
use opscape_manifest::quantity::Quantity;
use opscape_sim::{Rng, Time};

use command::Fate;
use health::{Program, Spell};
use known::{Known, Process, Reference};
pub use registry::{Built, Registry};
use schema::Columns;

/// The images of a lab.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabImages {
    said: Arc<[Image]>,
    columns: Columns,
    registry: Registry,
}

/// Seconds until a process without a Lab document's word has ended after TERM.
const STOP: (f64, f64) = (0.3, 1.2);
/// A shell that is the container's first process does not act on TERM: it is killed at the end of the grace period.
const STOP_OF_A_SHELL: f64 = 1e6;

impl LabImages {
    /// With what a Lab document says; the first entry that matches an image counts.
    pub fn new(said: &[Image]) -> Self {
        LabImages { said: said.into(), ..LabImages::default() }
    }

    /// With the columns of the database at t=0.
    #[must_use]
    pub fn with_columns(self, columns: &[Str]) -> Self {
        LabImages { columns: Columns::new(columns), ..self }
    }

    /// What the Lab document says of an image.
    pub fn said(&self, image: &str) -> Option<&Image> {
        let image = self.named(image);
        self.said.iter().find(|said| said.matches(image))
    }

    /// Bytes a container of a pod holds once it has started: the same at each of its starts, so that a pod that needs too
    /// much will need too much again.
    pub fn memory_of(&self, pod: &Pod, container: &Container) -> u64 {
        let (low, high) = self.memory(&container.image);
        let share = known::share_of(&[&pod.metadata.name, "/", &container.name].concat());
        low + ((high - low) as f64 * share) as u64
    }

    /// Bytes an image holds once it has started, from and to.
    pub fn memory(&self, image: &str) -> (u64, u64) {
        if let Some(said) = self.said(image)
            && let Some(memory) = &said.memory
        {
            let low = bytes(memory);
            return (low, said.memory_to.as_ref().map_or(low, bytes).max(low));
        }
        let bytes = known::look_up(image).memory * f64::from(1 << 20);
        ((bytes * 0.93) as u64, (bytes * 1.07) as u64)
    }

    /// What a container answers to `GET path` at a port, by the time since its process began.
    pub(crate) fn answers(
        &self,
        container: &Container,
        (restarts, warm_up, since): (u32, Duration, Time),
        path: &str,
        port: u16,
    ) -> Vec<(Duration, Answer)> {
        let (program, _) = self.program(container, restarts, warm_up, Some(since));
        health::asked(container, &program, path, port)
    }

    /// Whether a container ends by itself after one of its starts.
    pub(crate) fn ends(&self, container: &Container, restarts: u32) -> bool {
        self.program(container, restarts, Duration::ZERO, None).1.is_some()
    }

    /// The process of a container at one of its starts, which serves after `warm_up`; and when and how it ends by itself.
    /// `since`: when it started; none: it has not.
    fn program(
        &self,
        container: &Container,
        restarts: u32,
        warm_up: Duration,
        since: Option<Time>,
    ) -> (Program, Option<(Duration, i32)>) {
        let unsaid = Image::default();
        let said = self.said(&container.image);
        let is_said = said.is_some();
        let said = said.unwrap_or(&unsaid);
        let known = known::look_up(&container.image);
        let reference = Reference::parse(&container.image);
        let (fate, shell) = fate(container, known);
        let exit = match said.exit_after {
            Some(after) => {
                let again = said.exit_times.is_none_or(|times| i64::from(restarts) < i64::from(times));
                again.then_some((span(after), said.exit_code.unwrap_or_default()))
            }
            // It compares the schema while it warms up.
            None if self.exits(said, since) => Some((warm_up / 2, 1)),
            None => match fate {
                Fate::Ends(after, code) => Some((after, code)),
                Fate::Runs | Fate::Unknown if !is_said && tag_says(reference.tag, &["crash", "panic"]) => {
                    Some((Duration::from_millis(900), 1))
                }
                Fate::Runs | Fate::Unknown => None,
            },
        };
        let program = Program {
            known,
            said: is_said,
            shell,
            serves: (!shell && exit.is_none_or(|(after, _)| after > warm_up)).then_some(warm_up),
            never_ready: said.never_ready == Some(true),
            spell: Spell::of(said, is_said, reference.tag, restarts),
            unready: self.unready(said, since),
        };
        (program, exit)
    }
}

fn bytes(quantity: &Quantity) -> u64 {
    u64::try_from(quantity.value()).unwrap_or_default()
}

impl opscape_cluster::Images for LabImages {
    fn plan(&self, pod: &Pod, container: &Container, restarts: u32, _ordinal: u32, rng: &mut Rng) -> Plan {
        let unsaid = Image::default();
        let said = self.said(&container.image);
        let is_said = said.is_some();
        let said = said.unwrap_or(&unsaid);
        let known = known::look_up(&container.image);
        // Always the same draws in the same order, so that a word more in the Lab document does not shift the others.
        let mut draw = |said: Option<Said>, (low, high): (f64, f64)| {
            let drawn = Duration::from_secs_f64(rng.between(low, high).clamp(0.0, 1e7));
            said.map_or(drawn, span)
        };
        let pull = known::pull_time(known.megabytes).as_secs_f64();
        let pull = draw(said.pull_time, (pull * 0.9, pull * 1.1));
        let create = draw(said.start_time, (0.25, 0.7));
        let warm_up = draw(said.ready_after, (known.warm_up * 0.85, known.warm_up * 1.15));
        let (_, shell) = fate(container, known);
        let stop = draw(said.shutdown_time, if shell { (STOP_OF_A_SHELL, STOP_OF_A_SHELL) } else { STOP });
        let memory = self.memory_of(pod, container) as f64;

        let reference = Reference::parse(&container.image);
        let (program, exit) = self.program(container, restarts, warm_up, None);
        let leaks = !is_said && tag_says(reference.tag, &["oom", "leak"]);
        let missing = said.not_found == Some(true)
            || self.registry.lacks(&container.image)
            || (!is_said && !self.registry.serves(&container.image) && tag_says(reference.tag, MISSING));
        Plan {
            pull: if missing {
                Pull::Fails { after: Duration::from_millis(1_300), message: not_found(reference).into() }
            } else {
                Pull::Done { after: pull }
            },
            create,
            serves: program.serves,
            ready: Ready::Probed,
            health: health::of(container, &program),
            hooks: hooks::of(container, &program),
            exit: exit.map(|(after, code)| Exit {
                after,
                code,
                reason: if code == 0 { "Completed".into() } else { "Error".into() },
            }),
            stop,
            stop_code: if shell { 137 } else { 0 },
            memory: memory_curve(memory, warm_up, leaks, &said.memory_over_time),
        }
    }

    fn health(
        &self,
        container: &Container,
        restarts: u32,
        plan: &Plan,
        since: Option<Time>,
    ) -> Option<Box<Health>> {
        let Some(warm_up) = plan.serves.filter(|_| self.schema(&container.image).is_some()) else {
            return plan.health.clone();
        };
        health::of(container, &self.program(container, restarts, warm_up, since).0)
    }

    fn size(&self, image: &str) -> i64 {
        (known::look_up(image).megabytes * 1e6) as i64
    }
}

/// Images that a registry does not have, by convention: the tag says so, and the Lab document does not know the image.
const MISSING: &[&str] =
    &["bad", "nonexistent", "non-existent", "does-not-exist", "missing", "typo", "broken"];

/// A process grows into its memory while it warms up, in four steps, then as the Lab document says. One that leaks holds
/// half as much more every two seconds.
fn memory_curve(bytes: f64, warm_up: Duration, leaks: bool, later: &[Memory]) -> Vec<(Duration, u64)> {
    let warm_up = warm_up.max(Duration::from_millis(400));
    let mut curve: Vec<(Duration, u64)> = (0..=4_u32)
        .map(|step| (warm_up * step / 4, (bytes * (0.25 + 0.1875 * f64::from(step))) as u64))
        .collect();
    if leaks {
        curve.extend((1..=60_u32).map(|step| {
            (warm_up + Duration::from_secs(2) * step, (bytes * (1.0 + 0.5 * f64::from(step))) as u64)
        }));
    }
    let (mut from, mut held) = curve.last().copied().unwrap_or_default();
    for point in later {
        let at = span(point.after);
        let goal = self::bytes(&point.used);
        let stretch = at.saturating_sub(from);
        curve.extend((1..=STEPS_BETWEEN).map(|step| {
            let share = f64::from(step) / f64::from(STEPS_BETWEEN);
            (
                from + stretch * step / STEPS_BETWEEN,
                (held as f64 + (goal as f64 - held as f64) * share) as u64,
            )
        }));
        (from, held) = (from + stretch, goal);
    }
    curve
}

/// Memory grows evenly between two points that the Lab document names: in so many steps.
const STEPS_BETWEEN: u32 = 10;

/// How the process ends by itself, and whether it is a shell (which does not act on TERM).
fn fate(container: &Container, known: Known) -> (Fate, bool) {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(AsRef::as_ref).collect();
    let told = command::fate(&words);
    let shell = told != Fate::Unknown && !words.is_empty();
    let set = |names: &[&str]| {
        // What comes from a ConfigMap or Secret is not looked into.
        !container.env_from.is_empty()
            || container.env.iter().any(|variable| names.iter().any(|name| variable.name.starts_with(name)))
    };
    let at_once = Duration::from_millis(80);
    let fate = match (told, known.process) {
        (Fate::Ends(..) | Fate::Runs, _) => told,
        (Fate::Unknown, Process::Shell) if words.is_empty() => Fate::Ends(at_once, 0),
        (Fate::Unknown, Process::OneShot) => Fate::Ends(at_once, 0),
        (Fate::Unknown, Process::Needs(names)) if !set(names) => Fate::Ends(at_once * 4, 1),
        (Fate::Unknown, _) => Fate::Runs,
    };
    (fate, shell)
}

/// A time that the Lab document gives.
fn span(said: Said) -> Duration {
    Duration::from_micros(u64::try_from(said.0).unwrap_or_default())
}

fn tag_says(tag: &str, words: &[&str]) -> bool {
    let lower = tag.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// The error of containerd 2 for a reference that the registry does not have.
fn not_found(reference: Reference<'_>) -> String {
    let full = reference.full();
    [
        "rpc error: code = NotFound desc = failed to pull and unpack image \"",
        &full,
        "\": failed to resolve reference \"",
        &full,
        "\": ",
        &full,
        ": not found",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use opscape_cluster::Images;

    use super::*;

    fn plan_of(images: &LabImages, container: &Container, restarts: u32) -> Plan {
        images.plan(&Pod::default(), container, restarts, 0, &mut Rng::stream(1, "kubelet"))
    }

    fn container(image: &str, command: &[&str]) -> Container {
        let command = command.iter().map(|word| (*word).into()).collect();
        Container { name: "main".into(), image: image.into(), command, ..Container::default() }
    }

    #[test]
    fn without_a_lab_document_images_do_what_one_expects() {
        let images = LabImages::default();
        let nginx = plan_of(&images, &container("nginx:1.27", &[]), 0);
        assert_eq!(nginx, plan_of(&images, &container("nginx:1.27", &[]), 0));
        assert!(nginx.exit.is_none());
        assert!(matches!(nginx.pull, Pull::Done { after } if after < Duration::from_secs(4)));

        let ends = |image: &str, command: &[&str]| {
            plan_of(&images, &container(image, command), 0).exit.map(|exit| exit.code)
        };
        assert_eq!(ends("busybox", &[]), Some(0));
        assert_eq!(ends("busybox", &["sleep", "3600"]), Some(0));
        assert_eq!(ends("busybox", &["sh", "-c", "sleep 5; exit 7"]), Some(7));
        assert_eq!(ends("busybox", &["sh", "-c", "while true; do date; sleep 1; done"]), None);
        assert_eq!(ends("postgres:17", &[]), Some(1));
        assert_eq!(ends("shop/web:1.4", &[]), None);
        assert_eq!(ends("shop/web:crash", &[]), Some(1));
        assert_eq!(ends("python:3.12", &["python", "app.py"]), None);

        let Pull::Fails { message, .. } = plan_of(&images, &container("nginx:nonexistent", &[]), 0).pull
        else {
            panic!("it was pulled");
        };
        assert_eq!(
            &*message,
            "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:nonexistent\": failed to resolve reference \"docker.io/library/nginx:nonexistent\": docker.io/library/nginx:nonexistent: not found"
        );
    }

    #[test]
    fn the_lab_document_has_the_last_word() {
        let quantity = |text: &str| Quantity::parse(text).unwrap();
        let images = LabImages::new(&[
            Image {
                name: "web:2.*".into(),
                pull_time: Some(Said::seconds(2)),
                memory: Some(quantity("80Mi")),
                memory_over_time: vec![Memory { after: Said::seconds(60), used: quantity("104Mi") }],
                exit_after: Some(Said::millis(1_500)),
                exit_code: Some(3),
                exit_times: Some(2),
                ..Image::default()
            },
            Image { name: "web:bad".into(), ..Image::default() },
        ]);
        let plan = plan_of(&images, &container("web:2.1", &[]), 0);
        assert_eq!(plan.pull, Pull::Done { after: Duration::from_secs(2) });
        assert_eq!(plan.exit.map(|exit| (exit.after, exit.code)), Some((Duration::from_millis(1_500), 3)));
        assert_eq!(plan.memory.last(), Some(&(Duration::from_mins(1), 104 << 20)));
        assert!(plan.memory.is_sorted_by_key(|(after, _)| *after));
        assert_eq!(plan_of(&images, &container("web:2.1", &[]), 2).exit, None);
        assert!(matches!(plan_of(&images, &container("web:bad", &[]), 0).pull, Pull::Done { .. }));
    }
}
