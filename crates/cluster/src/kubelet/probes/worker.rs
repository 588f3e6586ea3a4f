//! One probe of one container: when it asks, and what its answers come to (pkg/kubelet/prober/worker.go).

use std::time::Duration;

use opscape_manifest::api::pod::Probe;
use opscape_sim::Time;

use crate::images::Answer;

/// Which of the three probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probing {
    /// It holds the others back until it succeeds.
    Startup,
    /// Failing restarts the container.
    Liveness,
    /// Failing takes the pod out of its Services.
    Readiness,
}

impl Probing {
    /// All, in the order in which they matter.
    pub const ALL: [Probing; 3] = [Probing::Startup, Probing::Liveness, Probing::Readiness];

    /// As Events write it.
    pub fn word(self) -> &'static str {
        match self {
            Probing::Startup => "Startup",
            Probing::Liveness => "Liveness",
            Probing::Readiness => "Readiness",
        }
    }
}

/// The numbers of a probe, with the API's defaults for what is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Numbers {
    pub initial_delay: Duration,
    pub period: Duration,
    pub timeout: Duration,
    pub successes: u32,
    pub failures: u32,
}

impl Numbers {
    pub fn of(probe: &Probe) -> Numbers {
        let number = |value: i32, default: u32| match u32::try_from(value) {
            Ok(value) if value > 0 => value,
            _ => default,
        };
        let seconds = |value: i32, default: u32| Duration::from_secs(u64::from(number(value, default)));
        Numbers {
            initial_delay: seconds(probe.initial_delay_seconds, 0),
            period: seconds(probe.period_seconds, 10),
            timeout: seconds(probe.timeout_seconds, 1),
            successes: number(probe.success_threshold, 1),
            failures: number(probe.failure_threshold, 3),
        }
    }
}

/// A probe of a container, from the pod's start on its node to its end: it outlives restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Worker {
    /// What the results manager holds. A liveness probe counts as passed until it fails.
    pub passed: bool,
    /// The answer before, and how often it came in a row.
    last: Option<bool>,
    pub run: u32,
    /// No more questions until there is a new container.
    on_hold: bool,
    /// Of the next question or answer that is awaited; others mean nothing.
    pub serial: u32,
    /// When it will ask.
    pub due: Option<Time>,
    /// An answer that is on its way: nothing comes, and the time runs out.
    pub awaited: bool,
}

impl Worker {
    pub fn new() -> Worker {
        Worker { passed: false, last: None, run: 0, on_hold: false, serial: 0, due: None, awaited: false }
    }

    /// There is a new container.
    pub fn reset(&mut self, probing: Probing) {
        self.passed = probing == Probing::Liveness;
        self.on_hold = false;
        self.awaited = false;
        self.due = None;
        self.serial = self.serial.wrapping_add(1);
    }

    /// It will ask at an instant, and not when it was going to.
    pub fn ask_at(&mut self, at: Time) -> u32 {
        self.due = Some(at);
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// An answer has come. True: what the results manager holds has changed, or a container has to go.
    pub fn take(&mut self, probing: Probing, success: bool, numbers: Numbers) -> bool {
        self.run = if self.last == Some(success) { self.run.saturating_add(1) } else { 1 };
        self.last = Some(success);
        if self.run < if success { numbers.successes } else { numbers.failures } {
            return false;
        }
        let changed = self.passed != success;
        self.passed = success;
        if probing != Probing::Readiness && !success {
            self.on_hold = true;
            self.run = 0;
            return true;
        }
        changed
    }

    /// Whether it asks no more, as long as this container runs.
    pub fn is_done(&self, probing: Probing) -> bool {
        self.on_hold || probing == Probing::Startup && self.passed
    }

    /// When it asks next after `now`, if an answer could make a difference: what is well and known to be well need not be
    /// asked again until it is not. `first` is the instant it may ask from; its ticks are a period apart since `began`.
    pub fn next(
        &self,
        numbers: Numbers,
        began: Time,
        first: Time,
        process: Time,
        answers: &[(Duration, Answer)],
    ) -> Option<Time> {
        let mut at = tick(began, numbers.period, first);
        if !(self.passed && self.last == Some(true) && self.run >= numbers.successes) {
            return Some(at);
        }
        loop {
            let since = at.since(process);
            if !is_well(answer(answers, since)) {
                return Some(at);
            }
            let (bad, _) = answers.iter().find(|(from, answer)| *from > since && !is_well(answer))?;
            at = tick(began, numbers.period, process + *bad);
        }
    }
}

/// The first tick that is not before `from`.
fn tick(began: Time, period: Duration, from: Time) -> Time {
    let period = (period.as_micros() as u64).max(1);
    let ticks = from.0.saturating_sub(began.0).div_ceil(period);
    Time(began.0.saturating_add(ticks.saturating_mul(period)))
}

/// What is answered so long after the start of the process.
pub(in super::super) fn answer(answers: &[(Duration, Answer)], since: Duration) -> &Answer {
    answers.iter().rev().find(|(from, _)| *from <= since).map_or(&Answer::Well, |(_, answer)| answer)
}

pub(in super::super) fn is_well(answer: &Answer) -> bool {
    *answer == Answer::Well
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(period: i32, successes: i32, failures: i32) -> Numbers {
        Numbers::of(&Probe {
            period_seconds: period,
            success_threshold: successes,
            failure_threshold: failures,
            ..Probe::default()
        })
    }

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let numbers = numbers(10, 2, 3);
        let mut worker = Worker::new();
        worker.reset(Probing::Readiness);
        let changes: Vec<bool> = [true, false, true, true, true, false, false, true, false, false, false]
            .into_iter()
            .map(|success| worker.take(Probing::Readiness, success, numbers))
            .collect();
        assert_eq!(changes, [false, false, false, true, false, false, false, false, false, false, true]);
        assert!(!worker.passed);
    }

    #[test]
    fn a_liveness_probe_that_failed_waits_for_a_new_container() {
        let numbers = numbers(5, 1, 2);
        let mut worker = Worker::new();
        worker.reset(Probing::Liveness);
        assert!(worker.passed);
        assert!(!worker.take(Probing::Liveness, false, numbers));
        assert!(worker.take(Probing::Liveness, false, numbers));
        assert!(worker.is_done(Probing::Liveness));
        worker.reset(Probing::Liveness);
        assert!(!worker.is_done(Probing::Liveness) && worker.passed);
        // The run of failures began anew.
        assert!(!worker.take(Probing::Liveness, false, numbers));
    }

    #[test]
    fn questions_come_with_the_tick_and_only_where_they_matter() {
        let numbers = numbers(10, 1, 3);
        let (began, process) = (Time::secs(3), Time::secs(5));
        let mut worker = Worker::new();
        worker.reset(Probing::Liveness);
        let bad = |seconds| (Duration::from_secs(seconds), Answer::Refused);
        let well = |seconds| (Duration::from_secs(seconds), Answer::Well);
        let next = |worker: &Worker, first, answers: &[_]| {
            worker.next(numbers, began, Time::secs(first), process, answers).map(|at| at.0 / 1_000_000)
        };
        assert_eq!(next(&worker, 5, &[]), Some(13));
        assert_eq!(next(&worker, 13, &[]), Some(13));
        worker.take(Probing::Liveness, true, numbers);
        assert_eq!(next(&worker, 14, &[]), None);
        // It is unwell from 35 s on: the tick at 43 s sees it.
        assert_eq!(next(&worker, 14, &[bad(30)]), Some(43));
        // It was unwell between two ticks only.
        assert_eq!(next(&worker, 14, &[bad(30), well(33)]), None);
        assert_eq!(next(&worker, 14, &[bad(30), well(33), bad(60)]), Some(73));
    }

    /// Leaving out the questions that cannot matter gives what asking at every tick gives.
    #[test]
    fn questions_that_are_left_out_do_not_matter() {
        let mut random = opscape_sim::Rng::stream(7, "probes");
        let mut draw = |most: u64| random.bits() % most;
        for _ in 0..2_000 {
            let numbers = numbers(1 + draw(12) as i32, 1 + draw(3) as i32, 1 + draw(4) as i32);
            let probing = Probing::ALL[draw(3) as usize];
            let (began, process) = (Time(draw(5_000_000)), Time(5_000_000 + draw(3_000_000)));
            let mut at = Duration::ZERO;
            let answers: Vec<(Duration, Answer)> = (0..draw(8))
                .map(|_| {
                    let answer = if draw(2) == 0 { Answer::Well } else { Answer::Refused };
                    let entry = (at, answer);
                    at += Duration::from_micros(draw(30_000_000));
                    entry
                })
                .collect();
            let end = Time::secs(200);
            // What is seen: each failure, and each change of what the results manager holds.
            let ask = |worker: &mut Worker, now: Time, seen: &mut Vec<(Time, bool, bool)>| {
                let success = is_well(answer(&answers, now.since(process)));
                let changed = worker.take(probing, success, numbers);
                if changed || !success {
                    seen.push((now, success, changed));
                }
            };
            let (mut naive, mut all) = (Worker::new(), Vec::new());
            naive.reset(probing);
            let mut now = tick(began, numbers.period, process);
            while now <= end && !naive.is_done(probing) {
                ask(&mut naive, now, &mut all);
                now += numbers.period;
            }
            let (mut lazy, mut some, mut asked) = (Worker::new(), Vec::new(), 0);
            lazy.reset(probing);
            let mut from = process;
            while !lazy.is_done(probing)
                && let Some(now) =
                    lazy.next(numbers, began, from, process, &answers).filter(|now| *now <= end)
            {
                ask(&mut lazy, now, &mut some);
                from = Time(now.0 + 1);
                asked += 1;
            }
            assert_eq!(some, all, "{probing:?} {numbers:?} {answers:?}");
            assert!(asked <= 250);
        }
    }
}
