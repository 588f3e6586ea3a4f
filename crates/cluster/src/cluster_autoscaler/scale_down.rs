//! Scaling down (core/scaledown/planner, eligibility, unneeded): which nodes are not needed, since when, and which go now.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Node;
use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

use super::ClusterAutoscaler;
use super::decision::{NodeVerdict, Stays, Utilization};
use super::drainability::{Budget, Drain, budgets, drain};
use super::provider::{Life, Machines};
use super::scale_up::is_ready;
use crate::Api;
use crate::scheduler::snapshot::{Place, Snapshot};

/// `--unremovable-node-recheck-timeout`
const RECHECK: Duration = Duration::from_mins(5);
/// `--max-scale-down-parallelism` and `--max-drain-parallelism`.
const AT_ONCE: usize = 10;
const DRAINED_AT_ONCE: usize = 1;

/// A node that goes now.
pub(super) struct Removal {
    pub name: Str,
    pub group: usize,
    pub since: Time,
    pub utilization: Utilization,
    /// Cpu and memory asked for, as shares.
    pub shares: (f64, f64),
    pub drain: Drain,
}

/// A machine that might go.
struct Candidate {
    group: usize,
    at: usize,
    place: Place,
    ready: bool,
    utilization: Utilization,
    shares: (f64, f64),
}

impl ClusterAutoscaler {
    /// Looks at all nodes of groups (`UpdateClusterState`), and gives those that go now (`NodesToDelete`), if any may.
    pub(super) fn plan_removals(
        &mut self,
        snapshot: &mut Snapshot,
        cooldown: Option<Time>,
        api: &Api,
        now: Time,
    ) -> Vec<Removal> {
        let mut candidates = Vec::new();
        for group in 0..self.cloud.groups.len() {
            self.eligible(group, snapshot, api, &mut candidates);
        }
        if candidates.is_empty() {
            return Vec::new();
        }
        // Those go on being first that were not needed before.
        let unneeded = |candidate: &Candidate| {
            let machines = self.cloud.groups.get(candidate.group);
            machines.and_then(|machines| machines.list.get(candidate.at)?.unneeded).unwrap_or(Time::FAR)
        };
        opscape_manifest::order::sort_by(&mut candidates, |a, b| unneeded(a).cmp(&unneeded(b)));
        let budgets = budgets(api);
        let mut leaving: Vec<Place> = Vec::new();
        let (mut empty, mut drained) = (Vec::new(), Vec::new());
        let mut sizes: Vec<u32> =
            self.cloud.groups.iter().map(|group| group.target() - group.leaving()).collect();
        for candidate in &candidates {
            let found = self.simulate(candidate, snapshot, &mut leaving, &budgets, api, now);
            if let Some(removal) = self.judge(candidate, found, cooldown, &mut sizes, now) {
                let list = if removal.drain.moves.is_empty() { &mut empty } else { &mut drained };
                list.push(removal);
            }
        }
        if cooldown.is_some() {
            return Vec::new();
        }
        let gone: usize = self.cloud.groups.iter().map(|group| group.leaving() as usize).sum();
        let room = AT_ONCE.saturating_sub(gone);
        empty.truncate(room);
        drained.truncate((room - empty.len()).min(DRAINED_AT_ONCE.saturating_sub(self.draining)));
        empty.append(&mut drained);
        empty
    }

    /// `FilterOutUnremovable`: the machines of a group that might go.
    fn eligible(&mut self, group: usize, snapshot: &Snapshot, api: &Api, candidates: &mut Vec<Candidate>) {
        let settings = self.settings.clone();
        let min = settings.groups.get(group).map_or(0, |group| group.min);
        let boot = settings.groups.get(group).map_or(Duration::ZERO, |group| group.boot_time);
        let Some(machines) = Arc::make_mut(&mut self.cloud).groups.get_mut(group) else { return };
        let target = machines.target();
        for (at, machine) in machines.list.iter_mut().enumerate() {
            match machine.life {
                Life::Running => {}
                Life::Starting => {
                    machine.verdict = Some(NodeVerdict::Starting { ready_at: machine.ordered + boot });
                    continue;
                }
                Life::Leaving(_) | Life::Ending => continue,
            }
            let node = api.store().get::<Node>("", &machine.name);
            let (Some(node), Some(place)) = (node, snapshot.place_of(&machine.name)) else { continue };
            let (used, has) = snapshot.usage(place);
            let share = |used: i64, has: i64| if has > 0 { used as f64 / has as f64 } else { 0.0 };
            let shares = (share(used.cpu, has.cpu), share(used.memory, has.memory));
            let utilization = utilization(shares);
            let stays = if node.metadata.annotation(SCALE_DOWN_DISABLED) == Some("true") {
                Some(Stays::Disabled)
            } else if target <= min {
                Some(Stays::MinSize(min))
            } else if utilization.milli >= settings.utilization_threshold_milli {
                Some(Stays::Used(utilization))
            } else {
                None
            };
            if let Some(stays) = stays {
                machine.unneeded = None;
                machine.recheck = None;
                machine.verdict = Some(NodeVerdict::Stays(stays));
            } else {
                let ready = is_ready(node);
                candidates.push(Candidate { group, at, place, ready, utilization, shares });
            }
        }
    }

    /// `SimulateNodeRemoval`: whether its pods may be moved and fit elsewhere.
    fn simulate(
        &self,
        candidate: &Candidate,
        snapshot: &mut Snapshot,
        leaving: &mut Vec<Place>,
        budgets: &[Budget],
        api: &Api,
        now: Time,
    ) -> Result<Drain, Option<Stays>> {
        let machine = self.cloud.groups.get(candidate.group).and_then(|group| group.list.get(candidate.at));
        let Some(machine) = machine else { return Err(None) };
        if machine.recheck.is_some_and(|at| now < at) {
            return Err(None);
        }
        let full = |pod: &opscape_manifest::api::Pod| -> Str {
            [&*pod.metadata.namespace, "/", &*pod.metadata.name].concat().into()
        };
        let drain = drain(&machine.name, budgets, &self.settings, api, now)
            .map_err(|(pod, why)| Some(Stays::Blocked { pod: full(&pod), why }))?;
        let allowed = |place: Place| place != candidate.place && !leaving.contains(&place);
        snapshot
            .move_all(api.store(), &drain.moves, allowed)
            .map_err(|pod| Some(Stays::NoPlace { pod: full(&pod) }))?;
        leaving.push(candidate.place);
        Ok(drain)
    }

    /// `RemovableAt`: whether a node was not needed for long enough, and its group is large enough.
    fn judge(
        &mut self,
        candidate: &Candidate,
        found: Result<Drain, Option<Stays>>,
        cooldown: Option<Time>,
        sizes: &mut [u32],
        now: Time,
    ) -> Option<Removal> {
        let settings = self.settings.clone();
        let groups = &mut Arc::make_mut(&mut self.cloud).groups;
        let machine = groups.get_mut(candidate.group)?.list.get_mut(candidate.at)?;
        let drain = match found {
            Ok(drain) => drain,
            Err(stays) => {
                machine.unneeded = None;
                if let Some(stays) = stays {
                    machine.recheck = Some(now + RECHECK);
                    machine.verdict = Some(NodeVerdict::Stays(stays));
                }
                return None;
            }
        };
        machine.recheck = None;
        let since = *machine.unneeded.get_or_insert(now);
        let needed = if candidate.ready {
            settings.scale_down_unneeded_time
        } else {
            settings.scale_down_unready_time
        };
        let until = since + needed;
        let utilization = candidate.utilization;
        machine.verdict = Some(NodeVerdict::Unneeded { since, until, cooldown, utilization });
        if cooldown.is_some() || until >= now {
            return None;
        }
        let min = settings.groups.get(candidate.group)?.min;
        let size = sizes.get_mut(candidate.group)?;
        if *size <= min {
            machine.verdict = Some(NodeVerdict::Stays(Stays::MinSize(min)));
            return None;
        }
        *size -= 1;
        let (name, group, shares) = (machine.name.clone(), candidate.group, candidate.shares);
        Some(Removal { name, group, since, utilization, shares, drain })
    }

    /// Until when nothing is removed, if that is so (`isScaleDownInCooldown`).
    pub(super) fn cooldown(&self, now: Time) -> Option<Time> {
        let after = |at: Option<Time>, delay: Duration| at.map(|at| at + delay).filter(|until| *until > now);
        [
            after(self.grown_at, self.settings.scale_down_delay_after_add),
            after(self.shrunk_at, self.settings.scan_interval),
            after(self.failed_at, Duration::from_mins(3)),
        ]
        .into_iter()
        .flatten()
        .max()
    }

    /// How many nodes of all groups were not ready when they should be, and how many there are.
    pub(super) fn unready(&self, api: &Api) -> (usize, usize) {
        let machines = self.cloud.groups.iter().flat_map(|group: &Machines| &group.list);
        let running = machines.filter(|machine| machine.life == Life::Running);
        let nodes = running.filter_map(|machine| api.store().get::<Node>("", &machine.name));
        nodes.fold((0, 0), |(unready, all), node| (unready + usize::from(!is_ready(node)), all + 1))
    }
}

/// The annotation of a node that must stay.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";

/// The resource of which the largest share is asked for (simulator/utilization).
fn utilization((cpu, memory): (f64, f64)) -> Utilization {
    let (resource, share) = if memory > cpu { ("memory", memory) } else { ("cpu", cpu) };
    Utilization { resource, milli: (share * 1000.0) as u32 }
}
