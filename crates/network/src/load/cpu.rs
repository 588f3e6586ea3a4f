//! CPU of a container: what its limit lets it use (CFS bandwidth control, kernel/sched/fair.c), and what it used when.
//!
//! A limit is a quota for each period of 100 ms. Work takes quota in the order in which it comes; what does not fit into a
//! period waits for the next one. That is what makes a request of 50 ms of CPU take half a second under a limit of 100m,
//! and leaves a container that stays below its limit alone.

use std::collections::VecDeque;

/// `cpu.cfs_period_us`, in nanoseconds.
pub(super) const PERIOD: u64 = 100_000_000;
const SECOND: u64 = 1_000_000_000;

/// Quota that is given out in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Cpu {
    /// Of the container's limit, per period; 0: no limit.
    limit: u64,
    /// Of its fair share of a saturated node, per period; 0: the node has enough for everyone.
    share: u64,
    /// The last period in which quota was taken, and how much.
    period: u64,
    used: u64,
    ledger: Ledger,
}

impl Cpu {
    /// With a limit in thousandths of a core; 0: none.
    pub fn new(limit_milli: u64) -> Cpu {
        Cpu { limit: limit_milli * (PERIOD / 1_000), ..Cpu::default() }
    }

    /// CPU time it may use per period; `None`: as much as there is.
    fn quota(&self) -> Option<u64> {
        match (self.limit, self.share) {
            (0, 0) => None,
            (quota, 0) | (0, quota) => Some(quota),
            (limit, share) => Some(limit.min(share)),
        }
    }

    /// Its limit per period; 0: none.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Its fair share of a saturated node per period; 0: the node has enough.
    pub fn set_share(&mut self, share: u64) {
        self.share = share;
    }

    /// Whether work waits for a later period than the one of `now`.
    pub fn is_behind(&self, now: u64) -> bool {
        self.period > now / PERIOD
    }

    /// Takes CPU time for work that could begin at `start`; when it is done.
    pub fn take(&mut self, start: u64, work: u64) -> u64 {
        if work == 0 {
            return start;
        }
        let Some(quota) = self.quota() else {
            let done = start.saturating_add(work);
            self.ledger.add(start, done, work);
            return done;
        };
        let quota = quota.max(1);
        let wanted = start / PERIOD;
        if wanted > self.period {
            (self.period, self.used) = (wanted, 0);
        }
        // Above one core, threads use the quota side by side.
        let threads = quota.div_ceil(PERIOD).max(1);
        let reached = self.period.saturating_mul(PERIOD).saturating_add(self.used.min(quota) / threads);
        let begin = if self.period > wanted { reached.max(start) } else { start };
        let free = quota.saturating_sub(self.used);
        let done = if work <= free {
            self.used += work;
            begin.saturating_add(work)
        } else {
            let rest = work - free;
            let mut later = rest / quota;
            let mut last = rest % quota;
            if last == 0 {
                (later, last) = (later - 1, quota);
            }
            self.period = self.period.saturating_add(1 + later);
            self.used = last;
            let end = self.period.saturating_mul(PERIOD).saturating_add(last / threads);
            end.max(begin.saturating_add(work))
        };
        self.ledger.add(begin, done, work);
        done
    }

    /// CPU time used up to now, in nanoseconds.
    pub fn total(&mut self, now: u64) -> u64 {
        self.ledger.settle(now);
        self.ledger.total
    }

    /// As [`Self::total`], of a container that cannot be changed.
    pub fn total_at(&self, now: u64) -> u64 {
        let later = self.ledger.seconds.iter().enumerate();
        let whole = later.take_while(|(at, _)| (self.ledger.from + *at as u64 + 1) * SECOND <= now);
        whole.fold(self.ledger.total, |sum, (_, used)| sum.saturating_add(*used))
    }
}

/// CPU time by second: what was used, and what is already given out of the seconds to come.
#[derive(Debug, Clone, Default)]
struct Ledger {
    /// Of all seconds before `from`.
    total: u64,
    from: u64,
    seconds: VecDeque<u64>,
}

/// Work further ahead than this is counted into the last second.
const MOST_SECONDS: usize = 600;

impl Ledger {
    fn add(&mut self, begin: u64, end: u64, work: u64) {
        let (first, last) = (begin / SECOND, end / SECOND);
        if self.seconds.is_empty() {
            self.from = self.from.max(first);
        }
        if first == last {
            self.put(first, work);
            return;
        }
        let span = (end - begin).max(1);
        let part = |time: u64| (u128::from(work) * u128::from(time) / u128::from(span)) as u64;
        let mut counted = 0;
        let mut second = first;
        while second < last && (second - first) < MOST_SECONDS as u64 {
            let upto = part((second + 1) * SECOND - begin);
            self.put(second, upto - counted);
            counted = upto;
            second += 1;
        }
        self.put(second, work - counted);
    }

    fn put(&mut self, second: u64, work: u64) {
        let at = (second.saturating_sub(self.from) as usize).min(MOST_SECONDS);
        while self.seconds.len() <= at {
            self.seconds.push_back(0);
        }
        if let Some(used) = self.seconds.get_mut(at) {
            *used = used.saturating_add(work);
        }
    }

    fn settle(&mut self, now: u64) {
        while (self.from + 1) * SECOND <= now {
            match self.seconds.pop_front() {
                Some(used) => self.total = self.total.saturating_add(used),
                None => break,
            }
            self.from += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn without_a_limit_work_takes_its_time() {
        let mut cpu = Cpu::new(0);
        assert_eq!(cpu.take(5 * MS, 300 * MS), 305 * MS);
        assert_eq!(cpu.take(5 * MS, 300 * MS), 305 * MS);
        assert_eq!(cpu.total(SECOND), 600 * MS);
    }

    #[test]
    fn a_limit_is_a_quota_per_period() {
        // 100m: 10 ms in each 100 ms. 50 ms of work: four whole periods, and 10 ms of the fifth.
        let mut cpu = Cpu::new(100);
        assert_eq!(cpu.take(0, 50 * MS), 410 * MS);
        // The quota of the fifth period is used up.
        assert_eq!(cpu.take(420 * MS, 5 * MS), 505 * MS);
        assert!(cpu.is_behind(420 * MS));
        // After a pause there is quota at once.
        assert_eq!(cpu.take(730 * MS, 10 * MS), 740 * MS);
        assert_eq!(cpu.total(SECOND), 65 * MS);
    }

    #[test]
    fn two_cores_serve_two_at_a_time() {
        let mut cpu = Cpu::new(2_000);
        assert_eq!(cpu.take(0, 80 * MS), 80 * MS);
        assert_eq!(cpu.take(0, 80 * MS), 80 * MS);
        // 40 ms are left of the 200 ms.
        assert_eq!(cpu.take(10 * MS, 80 * MS), 120 * MS);
    }

    #[test]
    fn more_than_the_limit_is_never_used() {
        for limit in [50, 250, 1_000, 1_500] {
            let mut cpu = Cpu::new(limit);
            for step in 0..20_000_u64 {
                cpu.take(step * MS, 3 * MS);
            }
            let used = cpu.total(20 * SECOND) as f64 / 20e9;
            let most = limit as f64 / 1e3;
            assert!(used <= most * 1.005 && used >= most * 0.99, "{limit}: {used}");
        }
    }
}
