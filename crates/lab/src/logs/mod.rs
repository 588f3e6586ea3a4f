//! The logs of containers, as `GET pods/NAME/log` gives them (k8s.io/kubernetes pkg/registry/core/pod/strategy.go
//! `LogLocation`, pkg/kubelet/kubelet_pods.go `validateContainerLogStatus`, v1.36). What a container writes follows from
//! its image, the times of its status, and the newest requests; nothing else is kept.

mod requests;

use opscape_cluster::{Cluster, Status};
use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{MicroTime, Timestamp};
use opscape_manifest::api::pod::{ContainerState, ContainerStateTerminated, ContainerStatus};
use opscape_sim::Time;

use crate::images::LabImages;
use crate::images::output::{self, Life};
use crate::traffic::Traffic;

/// How often a log is looked at again where requests come.
const LOOKS: std::time::Duration = std::time::Duration::from_millis(500);

/// Which log is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogQuery<'a> {
    /// Of the pod.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container; empty: the only one.
    pub container: &'a str,
    /// The log of the container before its last restart.
    pub previous: bool,
}

/// A log up to the present instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// In order of time.
    pub lines: Vec<LogLine>,
    /// When the next line comes, as far as it is known.
    pub next: Option<Time>,
    /// Whether the container has ended: nothing more comes.
    pub ended: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: MicroTime,
    /// What.
    pub text: String,
}

/// The log of a container.
///
/// # Errors
/// In the words of the API server and the kubelet: there is no such pod or container, or it has not written anything yet.
pub fn read(
    images: &LabImages,
    cluster: &Cluster,
    traffic: Option<&Traffic>,
    now: Time,
    query: LogQuery<'_>,
) -> Result<Log, Status> {
    let LogQuery { namespace, pod: name, container, previous } = query;
    let Some(pod) = cluster.store().get::<Pod>(namespace, name) else {
        return Err(opscape_cluster::ResourceName { plural: "pods", api_version: "v1" }.not_found(name));
    };
    let spec = &pod.spec;
    let mut all = spec.init_containers.iter().chain(&spec.containers);
    let found = if container.is_empty() {
        match spec.containers.as_slice() {
            [only] if spec.init_containers.is_empty() => Some(only),
            _ => {
                let names: Vec<&str> = spec.containers.iter().map(|one| &*one.name).collect();
                return Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{}]",
                    names.join(" ")
                )));
            }
        }
    } else {
        all.find(|one| &*one.name == container)
    };
    let Some(found) = found else {
        return Err(Status::bad_request(format!("container {container} is not valid for pod {name}")));
    };
    let container = &*found.name;
    if pod.spec.node_name.is_empty() {
        // A pod that is on no node has no log, and that is no error.
        return Ok(Log::default());
    }
    let statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
    let status = statuses.into_iter().find(|status| &*status.name == container);
    let Some(status) = status else {
        return Err(Status::bad_request(format!(
            "container \"{container}\" in pod \"{name}\" is waiting to start: ContainerCreating"
        )));
    };
    let mut life = life(status, name, previous).map_err(Status::bad_request)?;
    if life.ended.is_none() {
        life.told = pod.metadata.deletion_timestamp.map(|at| {
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
            micros(Some(Timestamp(at.0.saturating_sub(grace))))
        });
    }
    let epoch = cluster.options().epoch.0;
    life.since = Time(u64::try_from(life.started.saturating_sub(epoch)).unwrap_or_default());
    let until = epoch.saturating_add_unsigned(now.0);
    let traffic = traffic.filter(|traffic| traffic.is_active());
    let ended = life.ended.as_ref().map_or(i64::MAX, |(at, ..)| *at);
    let of_life = |at: i64| at >= life.started && at <= ended.min(until);
    let mut served = traffic.map(|traffic| requests::served(traffic, pod, found, epoch)).unwrap_or_default();
    served.retain(|one| of_life(one.at));
    let mut written = output::lines(images, pod, found, &life, until, &served);
    if let Some(traffic) = traffic.filter(|_| requests::is_ingress_nginx(&found.image)) {
        let seen = requests::let_in(traffic, cluster.store(), pod, epoch);
        written.lines.extend(seen.into_iter().filter(|(at, _)| of_life(*at)));
    }
    let lines = written.lines.into_iter().map(|(at, text)| LogLine { at: MicroTime(at), text }).collect();
    let next = written.next.map(|at| Time(u64::try_from(at.saturating_sub(epoch)).unwrap_or_default()));
    // Nobody knows when the next request comes.
    let soon = traffic.map(|_| now + LOOKS);
    let next = [next, soon].into_iter().flatten().min().filter(|_| life.ended.is_none());
    Ok(Log { lines, next, ended: life.ended.is_some() })
}

/// Which of a container's starts is meant; or why there is none.
fn life(status: &ContainerStatus, pod: &str, previous: bool) -> Result<Life, String> {
    let container = &status.name;
    let ContainerState { waiting, running, terminated } = &status.state;
    let last = status.last_state.terminated.as_ref();
    let restarts = u32::try_from(status.restart_count).unwrap_or_default();
    if previous {
        return last.map(|ended| over(ended, restarts.saturating_sub(1))).ok_or_else(|| {
            format!("previous terminated container \"{container}\" in pod \"{pod}\" not found")
        });
    }
    if let Some(running) = running {
        return Ok(Life {
            restarts,
            started: micros(running.started_at),
            since: Time::ZERO,
            told: None,
            ended: None,
        });
    }
    if let Some(ended) = terminated.as_ref().or(last) {
        return Ok(over(ended, restarts));
    }
    Err(match waiting.as_ref().map(|waiting| &*waiting.reason) {
        Some("ErrImagePull") => {
            format!("container \"{container}\" in pod \"{pod}\" is waiting to start: image can't be pulled")
        }
        Some("ImagePullBackOff") => format!(
            "container \"{container}\" in pod \"{pod}\" is waiting to start: trying and failing to pull image"
        ),
        Some(reason) => {
            format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {reason}")
        }
        None => format!("container \"{container}\" in pod \"{pod}\" is waiting to start - no logs yet"),
    })
}

fn over(ended: &ContainerStateTerminated, restarts: u32) -> Life {
    let end = (micros(ended.finished_at), ended.exit_code, ended.reason.clone());
    Life { restarts, started: micros(ended.started_at), since: Time::ZERO, told: None, ended: Some(end) }
}

fn micros(stamp: Option<Timestamp>) -> i64 {
    stamp.map_or(0, |stamp| stamp.0.saturating_mul(1_000_000))
}
