//! How an image behaves when it is run. The lab answers this from the Lab document or from sensible defaults.

use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::Container;
use opscape_sim::{Rng, Time};

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

    /// How well a container with this plan is, as far as that has changed since the plan was made: asked again when the
    /// images of a cluster are set anew. `since`: its process runs since then; none: not yet.
    fn health(
        &self,
        _container: &Container,
        _restarts: u32,
        plan: &Plan,
        _since: Option<Time>,
    ) -> Option<Box<Health>> {
        plan.health.clone()
    }

    /// Bytes an image takes on a node; 0: unknown, and nodes do not tell that they have it.
    fn size(&self, _image: &str) -> i64 {
        0
    }
}

/// What happens when a container is started. All delays are at least zero; zero means in the same instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Getting the image. Skipped by the kubelet where the node has the image and the pull policy allows it.
    pub pull: Pull,
    /// From the image being there to the process running: the container is `ContainerCreating` meanwhile.
    pub create: Duration,
    /// From the process running to the moment it listens for requests; `None`: it never does.
    pub serves: Option<Duration>,
    /// When it is ready.
    pub ready: Ready,
    /// How well it is, as its probes find; none: always well.
    pub health: Option<Box<Health>>,
    /// Its lifecycle hooks.
    pub hooks: Option<Box<Hooks>>,
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

/// When a container is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// When its probes find so; without probes at once.
    Probed,
    /// So long after its process runs, whatever its probes would find.
    After(Duration),
    /// Never.
    Never,
}

/// How well a container is over time. Each list says, in order of time, what is answered from some time since the process
/// runs on; before the first entry, and where there is none, all is well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// To the startup probe.
    pub startup: Vec<(Duration, Answer)>,
    /// To the liveness probe.
    pub liveness: Vec<(Duration, Answer)>,
    /// To the readiness probe.
    pub readiness: Vec<(Duration, Answer)>,
    /// Since when and, if that ends, until when the process hangs: it does not act on the TERM signal then.
    pub hangs: Option<(Duration, Option<Duration>)>,
}

/// What a probe is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All is well.
    Well,
    /// Nobody listens on the port; a command fails.
    Refused,
    /// That it is not well.
    Bad {
        /// HTTP status code.
        status: u16,
        /// What a command prints.
        output: Str,
    },
    /// Nothing: the probe's time runs out.
    Silent,
}

/// The lifecycle hooks of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hooks {
    /// `postStart`
    pub post_start: Option<Hook>,
    /// `preStop`
    pub pre_stop: Option<Hook>,
}

/// A lifecycle hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// How long it takes.
    pub takes: Duration,
    /// Whether it fails.
    pub fails: bool,
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

impl Plan {
    /// From the TERM signal, so long after the start, to the end of the process.
    pub fn stop_after(&self, since: Duration) -> Duration {
        let hangs = self.health.as_ref().and_then(|health| health.hangs);
        match hangs {
            Some((from, until)) if from <= since && until.is_none_or(|until| since < until) => {
                until.map_or(Duration::MAX, |until| until.saturating_sub(since).saturating_add(self.stop))
            }
            _ => self.stop,
        }
    }

    /// The `preStop` hook.
    pub fn pre_stop(&self) -> Option<Hook> {
        self.hooks.as_ref().and_then(|hooks| hooks.pre_stop)
    }

    /// The `postStart` hook.
    pub fn post_start(&self) -> Option<Hook> {
        self.hooks.as_ref().and_then(|hooks| hooks.post_start)
    }
}

impl Default for Plan {
    /// An image that is there, starts at once, is well, runs for ever and stops at once when asked.
    fn default() -> Self {
        Plan {
            pull: Pull::Done { after: Duration::ZERO },
            create: Duration::ZERO,
            serves: Some(Duration::ZERO),
            ready: Ready::Probed,
            health: None,
            hooks: None,
            exit: None,
            stop: Duration::ZERO,
            stop_code: 0,
            memory: Vec::new(),
        }
    }
}
