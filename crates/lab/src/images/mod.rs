//! How images behave when they are run: what the Lab document says, and sensible defaults for everything else. The same
//! name behaves the same each time; pods of one image differ a little, by the run's seed.

mod command;
mod known;
mod probes;

use std::time::Duration;

use opscape_cluster::images::{Exit, Plan, Pull};
use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::Container;
use opscape_sim::Rng;

use command::Fate;
use known::{Known, Process, Reference};

/// What the Lab document says of an image. What is `None` is left to the defaults.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Behaviour {
    /// The image as pods name it; a `*` at the end stands for any rest.
    pub image: String,
    /// Seconds to pull it, from and to.
    pub pull: Option<(f64, f64)>,
    /// Seconds from the image being there to the process running.
    pub start: Option<(f64, f64)>,
    /// Seconds from the process running until it serves.
    pub ready: Option<(f64, f64)>,
    /// It never serves.
    pub never_ready: bool,
    /// Seconds it takes to end when told to.
    pub stop: Option<(f64, f64)>,
    /// Bytes it holds once it has started, from and to.
    pub memory: Option<(u64, u64)>,
    /// It ends by itself.
    pub exit: Option<ExitRule>,
    /// The registry does not have it.
    pub missing: bool,
}

/// How a process ends by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExitRule {
    /// Seconds after its start, from and to.
    pub after: (f64, f64),
    /// Exit code.
    pub code: i32,
    /// Only the first so many starts of a container end so; none: all.
    pub times: Option<u32>,
}

/// The images of a lab.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabImages {
    behaviours: Vec<Behaviour>,
}

/// Seconds until a process without a Lab document's word has ended after TERM.
const STOP: (f64, f64) = (0.3, 1.2);
/// A shell that is the container's first process does not act on TERM: it is killed at the end of the grace period.
const STOP_OF_A_SHELL: f64 = 1e6;

impl LabImages {
    /// With what a Lab document says; the first behaviour that fits an image counts.
    pub fn new(behaviours: Vec<Behaviour>) -> Self {
        LabImages { behaviours }
    }

    /// What the Lab document says of an image.
    pub fn behaviour(&self, image: &str) -> Option<&Behaviour> {
        self.behaviours.iter().find(|behaviour| match behaviour.image.strip_suffix('*') {
            Some(start) => image.starts_with(start),
            None => image == behaviour.image,
        })
    }

    /// Bytes an image holds once it has started, from and to.
    pub fn memory(&self, image: &str) -> (u64, u64) {
        self.behaviour(image).and_then(|behaviour| behaviour.memory).unwrap_or_else(|| {
            let bytes = known::look_up(image).memory * f64::from(1 << 20);
            ((bytes * 0.93) as u64, (bytes * 1.07) as u64)
        })
    }
}

impl opscape_cluster::Images for LabImages {
    fn plan(&self, _pod: &Pod, container: &Container, restarts: u32, _ordinal: u32, rng: &mut Rng) -> Plan {
        let unsaid = Behaviour::default();
        let behaviour = self.behaviour(&container.image).unwrap_or(&unsaid);
        let known = known::look_up(&container.image);
        // Always the same draws in the same order, so that a field more in the Lab document does not shift the others.
        let mut draw = |range: Option<(f64, f64)>, default: (f64, f64)| {
            let (low, high) = range.unwrap_or(default);
            Duration::from_secs_f64(rng.between(low, high.max(low)).clamp(0.0, 1e7))
        };
        let pull = known::pull_time(known.megabytes).as_secs_f64();
        let pull = draw(behaviour.pull, (pull * 0.9, pull * 1.1));
        let create = draw(behaviour.start, (0.25, 0.7));
        let warm_up = draw(behaviour.ready, (known.warm_up * 0.85, known.warm_up * 1.15));
        let (fate, shell) = fate(container, known);
        let stop = draw(behaviour.stop, if shell { (STOP_OF_A_SHELL, STOP_OF_A_SHELL) } else { STOP });
        let exit_after = draw(behaviour.exit.as_ref().map(|exit| exit.after), (0.0, 0.0));
        let (low, high) = self.memory(&container.image);
        let memory = rng.between(low as f64, high as f64);

        let reference = Reference::parse(&container.image);
        let exit = match &behaviour.exit {
            Some(rule) if rule.times.is_none_or(|times| restarts < times) => Some((exit_after, rule.code)),
            Some(_) => None,
            None => match fate {
                Fate::Ends(after, code) => Some((after, code)),
                Fate::Runs | Fate::Unknown if tag_says(reference.tag, &["crash", "panic"]) => {
                    Some((Duration::from_millis(900), 1))
                }
                Fate::Runs | Fate::Unknown => None,
            },
        };
        let serves = !behaviour.never_ready && exit.is_none_or(|(after, _)| after > warm_up);
        let grows = behaviour.memory.is_none() && tag_says(reference.tag, &["oom", "leak"]);
        Plan {
            pull: if behaviour.missing || is_missing(self.behaviour(&container.image), reference) {
                Pull::Fails { after: Duration::from_millis(1_300), message: not_found(reference).into() }
            } else {
                Pull::Done { after: pull }
            },
            create,
            ready: probes::ready_after(container, serves.then_some(warm_up)),
            exit: exit.map(|(after, code)| Exit {
                after,
                code,
                reason: if code == 0 { "Completed".into() } else { "Error".into() },
            }),
            stop,
            stop_code: if shell { 137 } else { 0 },
            memory: memory_curve(memory, warm_up, grows),
        }
    }
}

/// A process grows into its memory while it warms up, in four steps. One that leaks holds more every second.
fn memory_curve(bytes: f64, warm_up: Duration, grows: bool) -> Vec<(Duration, u64)> {
    let warm_up = warm_up.max(Duration::from_millis(400));
    let mut curve: Vec<_> = (0..=4_u32)
        .map(|step| (warm_up * step / 4, (bytes * (0.25 + 0.1875 * f64::from(step))) as u64))
        .collect();
    if grows {
        curve.extend((1..=60_u32).map(|step| {
            (warm_up + Duration::from_secs(2) * step, (bytes * (1.0 + 0.5 * f64::from(step))) as u64)
        }));
    }
    curve
}

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

/// Images that a registry does not have, by convention: the tag says so, unless the Lab document knows the image.
fn is_missing(behaviour: Option<&Behaviour>, reference: Reference<'_>) -> bool {
    behaviour.is_none()
        && tag_says(
            reference.tag,
            &["bad", "nonexistent", "non-existent", "does-not-exist", "missing", "typo", "broken"],
        )
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
        let images = LabImages::new(vec![
            Behaviour {
                image: "web:2.*".into(),
                pull: Some((2.0, 2.0)),
                memory: Some((104 << 20, 104 << 20)),
                exit: Some(ExitRule { after: (1.5, 1.5), code: 3, times: Some(2) }),
                ..Behaviour::default()
            },
            Behaviour { image: "web:bad".into(), ..Behaviour::default() },
        ]);
        let plan = plan_of(&images, &container("web:2.1", &[]), 0);
        assert_eq!(plan.pull, Pull::Done { after: Duration::from_secs(2) });
        assert_eq!(plan.exit.map(|exit| (exit.after, exit.code)), Some((Duration::from_millis(1_500), 3)));
        assert_eq!(plan.memory.last().map(|(_, bytes)| *bytes), Some(104 << 20));
        assert_eq!(plan_of(&images, &container("web:2.1", &[]), 2).exit, None);
        assert!(matches!(plan_of(&images, &container("web:bad", &[]), 0).pull, Pull::Done { .. }));
    }
}
