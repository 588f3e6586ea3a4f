//! How the pretend kubelet of the recordings runs images: fixed delays, changed by annotations of the pod.

use std::time::Duration;

use opscape_cluster::images::{Exit, Images, Plan, Pull, Ready};
use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::Container;
use opscape_manifest::duration::parse_go;
use opscape_sim::Rng;

/// From the binding to `Running`, and from the start of a pull to its failure.
const START: Duration = Duration::from_secs(2);
/// From the deletion to the end of the containers.
const STOP: Duration = Duration::from_secs(1);
/// The pretend kubelet.
pub struct PretendKubelet;

/// A time in a `ref/` annotation; none if it is not there or no time.
fn time(pod: &Pod, name: &str) -> Option<Duration> {
    let micros = parse_go(pod.metadata.annotation(name)?).ok()?;
    u64::try_from(micros).ok().map(Duration::from_micros)
}

impl Images for PretendKubelet {
    fn plan(&self, pod: &Pod, container: &Container, restarts: u32, ordinal: u32, _rng: &mut Rng) -> Plan {
        let annotation = |name: &str| pod.metadata.annotation(name);
        let number = |name: &str| annotation(name).and_then(|text| text.parse::<i32>().ok());
        let start = time(pod, "ref/start-after").unwrap_or(START);
        let pull = if container.image.contains("bad") {
            let message = format!("failed to pull and unpack image \"{}\": not found", container.image);
            Pull::Fails { after: start, message: message.into() }
        } else {
            Pull::Done { after: Duration::ZERO }
        };
        let fails = number("ref/fail-first").is_some_and(|first| i64::from(ordinal) < i64::from(first))
            || job_index(pod).is_some_and(|index| {
                annotation("ref/fail-indexes")
                    .is_some_and(|list| list.split(',').any(|one| one.trim() == index))
            });
        let code = if fails { 1 } else { number("ref/exit-code").unwrap_or(0) };
        let ends = time(pod, "ref/exit-after").or(fails.then_some(Duration::ZERO));
        let ready = match annotation("ref/readiness-delay") {
            Some("never") => Ready::Never,
            _ => Ready::After(time(pod, "ref/readiness-delay").unwrap_or_default()),
        };
        Plan {
            pull,
            create: if restarts == 0 { start } else { Duration::ZERO },
            ready,
            exit: ends.map(|after| Exit {
                after,
                code,
                reason: if code == 0 { "Completed" } else { "Error" }.into(),
            }),
            stop: time(pod, "ref/delete-after").unwrap_or(STOP),
            stop_code: 0,
            ..Plan::default()
        }
    }
}

/// The completion index of a pod of an indexed Job.
fn job_index(pod: &Pod) -> Option<&str> {
    pod.metadata.annotation("batch.kubernetes.io/job-completion-index")
}
