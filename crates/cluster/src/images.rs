//! How an image behaves when it is run. The lab answers this from the Lab document or from sensible defaults.

use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::Container;
use opscape_sim::Rng;

/// Knows how images behave. The kubelet asks once for each start of a container (and once more after each failed pull), and
/// acts the plan out.
pub trait Images: Send + Sync {
    /// The plan for this start of a container of a pod.
    ///
    /// `restarts`: how often the container was restarted before, from 0. `owner_ordinal`: how many pods of the same owner
    /// were started before this one, from 0. Draws from `rng` (the kubelets' stream) are part of the seeded run.
    fn plan(
        &self,
        pod: &Pod,
        container: &Container,
        restarts: u32,
        owner_ordinal: u32,
        rng: &mut Rng,
    ) -> Plan;
}

/// What happens when a container is started. All delays are at least zero; zero means in the same instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Getting the image. Skipped by the kubelet where the node has the image and the pull policy allows it.
    pub pull: Pull,
    /// From the image being there to the process running: the container is `ContainerCreating` meanwhile.
    pub create: Duration,
    /// From the process running to its readiness; `None`: it never becomes ready.
    /// A container without a readiness probe, startup probe and delay of its own has zero here.
    pub ready: Option<Duration>,
    /// The process ends by itself; `None`: it runs until it is stopped.
    pub exit: Option<Exit>,
    /// From the TERM signal to the end of the process. The kubelet kills it at the end of the grace period if this is longer.
    pub stop: Duration,
    /// Exit code after the TERM signal.
    pub stop_code: i32,
    /// Memory over time: (since the process started, bytes), in order of time. What exceeds the container's limit ends it as
    /// `OOMKilled` (exit code 137) at that instant.
    pub memory: Vec<(Duration, u64)>,
}

/// Getting an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pull {
    /// It is there after this long.
    Done {
        /// Since the pull began.
        after: Duration,
    },
    /// It fails: `ErrImagePull`, then `ImagePullBackOff` and another try (10 s, doubled up to 5 min).
    Fails {
        /// Since the pull began.
        after: Duration,
        /// What the container runtime says.
        message: Str,
    },
}

/// The end of a process that nobody asked to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Since the process started.
    pub after: Duration,
    /// 0: well.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: Str,
}

impl Default for Plan {
    /// An image that is there, starts at once, is ready at once, runs for ever and stops at once when asked.
    fn default() -> Self {
        Plan {
            pull: Pull::Done { after: Duration::ZERO },
            create: Duration::ZERO,
            ready: Some(Duration::ZERO),
            exit: None,
            stop: Duration::ZERO,
            stop_code: 0,
            memory: Vec::new(),
        }
    }
}
