//! What can be asked of a container's process: since when it runs, and when it takes requests.

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Uid;
use opscape_sim::Time;

use super::Kubelets;
use super::steps::container_of;
use crate::Store;

/// The process of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Which of the container's attempts to run it is.
    pub life: u32,
    /// It runs since.
    pub since: Time,
    /// It listens for requests since, or from then on; `None`: it never does.
    pub listens_at: Option<Time>,
    /// It gets the TERM signal then: it takes no new requests any more.
    pub term_at: Option<Time>,
    /// It hangs since then, and until then if that ends: nothing is answered.
    pub hangs: Option<(Time, Option<Time>)>,
    /// Its node is cut off.
    pub away: bool,
}

impl Kubelets {
    /// The process of a pod's container; none: it does not run.
    pub fn process(&self, pod: Uid, container: &str, store: &Store) -> Option<Process> {
        let run = self.pods.get(&pod)?;
        let object = store.typed_by_uid::<Pod>(pod)?;
        let named = |at: &usize| container_of(object, *at).is_some_and(|(one, _)| &*one.name == container);
        let one = run.runs.get((0..run.runs.len()).find(named)?)?;
        let (since, plan) = (one.process?, one.plan.as_ref()?);
        let hangs = plan.health.as_ref().and_then(|health| health.hangs);
        Some(Process {
            life: one.life,
            since,
            listens_at: plan.serves.map(|serves| since + serves),
            term_at: one.stopping.map(|stopping| stopping.term),
            hangs: hangs.map(|(from, until)| (since + from, until.map(|until| since + until))),
            away: self.is_away(&run.node),
        })
    }
}
