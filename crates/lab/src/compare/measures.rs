//! The numbers of a lane.

use opscape_cluster::Record;
use opscape_cluster::record::RolloutWhat;
use opscape_sim::Time;

use super::Lane;
use crate::LabRecord;

/// The numbers by which ways are compared.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    /// Requests of the clients.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Requests that the new version answered.
    pub met_new: u64,
    /// Users that it answered: see [`Second::users_new`](super::Second::users_new).
    pub users_new: u64,
    /// Seconds in which the new version answered somebody.
    pub at_risk: u32,
    /// Pods beyond those before the first act, summed over seconds. Pods that are terminating are not counted.
    pub extra_pod_seconds: u64,
    /// What the nodes cost, in millionths of a dollar.
    pub cost: f64,
    /// Seconds from the first act to when only the new version answered; none: that never was.
    pub full_after: Option<u32>,
    /// Seconds from the decision to go back until only the old version answered again. The decision is the last act or
    /// abort of a Rollout before the new version answered nobody any more. None: it still answers, or never did, or the old
    /// one is not back, or nobody decided.
    pub back_after: Option<u32>,
}

fn second_of(at: Time) -> usize {
    usize::try_from(at.0 / 1_000_000).unwrap_or(usize::MAX)
}

pub(super) fn of(lane: &Lane) -> Measures {
    let seconds = lane.seconds();
    let met: Vec<usize> =
        seconds.iter().enumerate().filter(|(_, second)| second.met_new > 0).map(|(at, _)| at).collect();
    // What is looked at may lie before what is known.
    let known = lane.session().timeline().known();
    let mut measures = Measures {
        requests: seconds.iter().map(|second| second.requests).sum(),
        failed: seconds.iter().map(|second| second.failed).sum(),
        met_new: seconds.iter().map(|second| second.met_new).sum(),
        users_new: seconds.iter().map(|second| second.users_new).sum(),
        at_risk: u32::try_from(met.len()).unwrap_or(u32::MAX),
        cost: known.model().cost().up_to(lane.measured()),
        ..Measures::default()
    };
    let Some(begin) = lane.begin else { return measures };
    let begin = second_of(begin);
    let before = begin.checked_sub(1).and_then(|at| seconds.get(at)).map_or(0, super::Second::pods);
    measures.extra_pod_seconds =
        seconds.iter().skip(begin).map(|second| u64::from(second.pods().saturating_sub(before))).sum();
    let whole = seconds.iter().skip(begin).position(|second| second.met_new > 0 && second.met_old == 0);
    measures.full_after = whole.and_then(|after| u32::try_from(after).ok());
    let (Some(first), Some(last)) = (met.first().copied(), met.last().copied()) else { return measures };
    // The last second may still be followed by more requests.
    if last + 2 < seconds.len() {
        let decided = decisions(lane).filter(|at| (first..=last).contains(at)).max();
        let back = seconds.iter().skip(last + 1).position(|second| second.met_old > 0);
        let back = back.map(|after| last + 1 + after);
        measures.back_after = decided.zip(back).and_then(|(at, back)| u32::try_from(back - at).ok());
    }
    measures
}

/// The seconds in which somebody, or a Rollout, decided something that can lead back.
fn decisions(lane: &Lane) -> impl Iterator<Item = usize> + '_ {
    let known = lane.session().timeline().known();
    let acts = known.model().acts().iter().map(|act| act.at);
    let aborts = known.journal().since(0).filter_map(|(_, entry)| match &entry.what {
        LabRecord::Cluster(Record::Rollout(fact)) if matches!(fact.what, RolloutWhat::Aborted { .. }) => {
            Some(entry.at)
        }
        _ => None,
    });
    acts.chain(aborts).map(second_of)
}
