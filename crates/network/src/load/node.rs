//! CPU of a node: where its containers want more than it has, each has a share by its CPU request (cgroup `cpu.weight`).

use super::cpu::PERIOD;
use crate::telemetry::SubjectId;

/// A node.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub subject: Option<SubjectId>,
    /// CPU time it has per period.
    pub capacity: u64,
    /// The processes on it.
    pub members: Vec<u32>,
    /// The period that is counted, and the CPU time asked for in it.
    period: u64,
    asked: u64,
    /// Whether it will be looked at.
    pub watched: bool,
}

impl Node {
    /// With so much CPU time per period; a node of which nothing is known has enough.
    pub fn new(capacity: u64, subject: SubjectId) -> Node {
        let capacity = if capacity == 0 { u64::MAX } else { capacity };
        Node { capacity, subject: Some(subject), ..Node::default() }
    }

    /// CPU time was asked for. True: it is more than there is, for the first time.
    pub fn ask(&mut self, now: u64, work: u64) -> bool {
        let period = now / PERIOD;
        if period != self.period {
            (self.period, self.asked) = (period, 0);
        }
        self.asked = self.asked.saturating_add(work);
        self.asked > self.capacity && !std::mem::replace(&mut self.watched, true)
    }
}

/// What each gets: nobody more than he wants, the rest by weight (max-min fairness, as the fair scheduler has it).
/// `None`: there is enough for all.
pub(super) fn shares(capacity: u64, wants: &[(u64, u64)]) -> Option<Vec<u64>> {
    let wanted = wants.iter().fold(0_u64, |sum, (want, _)| sum.saturating_add(*want));
    if wanted <= capacity {
        return None;
    }
    let mut shares = vec![0; wants.len()];
    let mut open: Vec<usize> = (0..wants.len()).collect();
    let mut left = capacity;
    while !open.is_empty() {
        let weights: u64 =
            open.iter().filter_map(|at| wants.get(*at)).map(|(_, weight)| (*weight).max(1)).sum();
        let fair =
            |weight: u64| (u128::from(left) * u128::from(weight.max(1)) / u128::from(weights.max(1))) as u64;
        let (content, hungry): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|at| wants.get(**at).is_some_and(|(want, weight)| *want <= fair(*weight)));
        let done = content.is_empty();
        for at in if done { &hungry } else { &content } {
            let (Some(share), Some((want, weight))) = (shares.get_mut(*at), wants.get(*at)) else { continue };
            *share = if done { fair(*weight) } else { *want };
        }
        if done {
            break;
        }
        let given: u64 = content.iter().filter_map(|at| shares.get(*at)).sum();
        left = left.saturating_sub(given);
        open = hungry;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_he_wants_and_the_rest_goes_by_weight() {
        assert_eq!(shares(100, &[(40, 1), (60, 1)]), None);
        assert_eq!(shares(100, &[(1_000, 1), (1_000, 3)]), Some(vec![25, 75]));
        assert_eq!(shares(100, &[(10, 1), (1_000, 1), (1_000, 2)]), Some(vec![10, 30, 60]));
        assert_eq!(shares(90, &[(u64::MAX, 2), (u64::MAX, 2), (50, 2)]), Some(vec![30, 30, 30]));
        assert_eq!(shares(0, &[(5, 1)]), Some(vec![0]));
    }
}
