//! Restarting pods, as many at a time as may be missing (rollout/restart.go).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::{Object, Pod};

use super::reconcile::Reconcile;
use super::replicas;
use super::sets::{self, Set};
use crate::record::RolloutWhat;
use crate::replica_set::is_ready;
use crate::words;

/// How long until it looks again whether more pods may go (`restartPodCheckTime`).
const CHECK: Duration = Duration::from_secs(30);

impl Reconcile<'_, '_> {
    /// `RolloutPodRestarter.Reconcile`
    pub(super) fn restart_pods(&mut self) {
        let Some(at) = self.rollout.spec.restart_at else { return };
        if self.rollout.status.restarted_at == Some(at) {
            return;
        }
        if at > self.now() {
            self.look_at(at);
            return;
        }
        // Stable first, then new, then others.
        let rank = |set: &Set| {
            let is = |one: &Option<Set>| one.as_ref().is_some_and(|one| one.metadata.uid == set.metadata.uid);
            if is(&self.stable) {
                0
            } else if is(&self.new) {
                1
            } else {
                2
            }
        };
        let mut sets = self.all.clone();
        sets.sort_by_key(|set| (rank(set), set.metadata.uid));
        let pods: Vec<Arc<Pod>> = sets
            .iter()
            .flat_map(|set| self.api.store().owned_by(set.metadata.uid))
            .filter_map(|object| if let Object::Pod(pod) = object { Some(pod.clone()) } else { None })
            .collect();
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let living = |pod: &&Arc<Pod>| pod.metadata.deletion_timestamp.is_none();
        let available = count(pods.iter().filter(living).filter(|pod| is_ready(pod)).count());
        let total: i32 = sets.iter().map(|set| sets::size(set).spec).sum();
        let (_, max_unavailable) = replicas::limits(&self.rollout);
        let least = replicas::wanted(&self.rollout).max(total) - max_unavailable.max(1);
        let mut can_restart = available - least;
        let (mut needed, mut restarted) = (0, 0);
        for pod in pods {
            if pod.metadata.creation_timestamp.is_none_or(|created| created >= at) {
                continue;
            }
            needed += 1;
            if can_restart <= 0 || pod.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let before = self.context.cause();
            self.record(RolloutWhat::Restarted { pod: pod.metadata.name.clone() });
            self.delete(words::pod(), &pod.metadata);
            self.context.because(before);
            can_restart -= 1;
            restarted += 1;
        }
        if needed == restarted {
            self.next.restarted_at = Some(at);
        } else {
            self.look_again(CHECK);
        }
    }
}
