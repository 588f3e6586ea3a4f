//! What holds for every pipeline on the clock.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use opscape_pipeline::run::{
    Cause, Decides, Ends, Fleet, Group, Outcome, Plan, PlannedJob, PlannedStep, Pool, Run, Serial,
    longest_path, run,
};
use opscape_sim::Time;
use proptest::prelude::*;

/// Runs what needs nothing that failed, as both systems do by default.
struct OnSuccess<'a>(&'a Plan);

impl Decides for OnSuccess<'_> {
    fn runs(&self, group: usize, results: &[Option<Outcome>]) -> bool {
        self.0.groups[group].needs.iter().all(|need| results[*need] == Some(Outcome::Success))
    }
}

fn step(seconds: u64) -> PlannedStep {
    PlannedStep { duration: Duration::from_secs(seconds), on_success: true, ..PlannedStep::default() }
}

fn failing(seconds: u64) -> PlannedStep {
    PlannedStep { ends: Ends::Failing, ..step(seconds) }
}

/// A plan of groups: what each needs, and how long its jobs take.
fn plan(groups: &[(&[usize], &[u64])]) -> Plan {
    let mut plan = Plan::default();
    for (id, (needs, seconds)) in groups.iter().enumerate() {
        let first = plan.jobs.len();
        for seconds in *seconds {
            let name = format!("{id} ({seconds})");
            plan.jobs.push(PlannedJob {
                name,
                group: id,
                steps: vec![step(*seconds)],
                ..PlannedJob::default()
            });
        }
        let jobs = (first..plan.jobs.len()).collect();
        plan.groups.push(Group { id: id.to_string(), needs: needs.to_vec(), jobs, ..Group::default() });
    }
    plan
}

fn played(plan: &Plan, runners: Option<usize>) -> Run {
    run(plan, &Fleet::any(runners), OnSuccess(plan))
}

fn starts(run: &Run) -> Vec<Option<u64>> {
    run.jobs.iter().map(|job| job.start.map(|start| start.0 / 1_000_000)).collect()
}

fn outcomes(run: &Run) -> Vec<&'static str> {
    run.jobs.iter().map(|job| job.outcome.map_or("waits", Outcome::name)).collect()
}

#[test]
fn jobs_wait_for_what_they_need_and_for_a_runner() {
    let plan = plan(&[(&[], &[10]), (&[], &[4]), (&[0], &[1]), (&[1], &[3])]);
    assert_eq!(starts(&played(&plan, None)), [Some(0), Some(0), Some(10), Some(4)]);
    let one = played(&plan, Some(1));
    assert_eq!(starts(&one), [Some(0), Some(10), Some(14), Some(15)]);
    assert_eq!((one.end, one.critical_path()), (Time::secs(18), vec![0, 1, 2, 3]));
    assert_eq!(one.jobs[2].cause, Cause::Runner(1));
}

#[test]
fn what_needs_a_failed_job_is_skipped() {
    let mut plan = plan(&[(&[], &[5]), (&[0], &[1]), (&[1], &[1]), (&[], &[2])]);
    plan.jobs[0].steps = vec![step(1), failing(2), step(9), PlannedStep { on_failure: true, ..step(1) }];
    let result = played(&plan, None);
    assert_eq!(outcomes(&result), ["failure", "skipped", "skipped", "success"]);
    assert_eq!(result.end, Time::secs(4));
    let course = result.jobs[0].course.clone().unwrap();
    assert_eq!(course.steps[2], None);
    plan.jobs[0].may_fail = true;
    assert_eq!(outcomes(&played(&plan, None)), ["failure", "success", "success", "success"]);
}

#[test]
fn a_failure_cancels_the_others_of_its_group() {
    let mut plan = plan(&[(&[], &[3, 9, 9, 1]), (&[0], &[1])]);
    plan.jobs[0].steps = vec![failing(3)];
    plan.groups[0].fail_fast = true;
    plan.groups[0].max_parallel = Some(2);
    let result = played(&plan, None);
    assert_eq!(outcomes(&result), ["failure", "cancelled", "cancelled", "cancelled", "skipped"]);
    assert_eq!(starts(&result), [Some(0), Some(0), None, None, None]);
    assert_eq!((result.jobs[1].end, result.end), (Some(Time::secs(3)), Time::secs(3)));
    plan.groups[0].fail_fast = false;
    let result = played(&plan, None);
    assert_eq!(outcomes(&result), ["failure", "success", "success", "success", "skipped"]);
    assert_eq!(starts(&result), [Some(0), Some(0), Some(3), Some(9), None]);
    assert_eq!(result.jobs[2].cause, Cause::MaxParallel(0));
}

#[test]
fn a_job_that_takes_too_long_is_cancelled() {
    let mut plan = plan(&[(&[], &[100])]);
    plan.jobs[0].timeout = Some(Duration::from_mins(1));
    let result = played(&plan, None);
    assert_eq!((outcomes(&result), result.end), (vec!["cancelled"], Time::secs(60)));
}

#[test]
fn jobs_of_one_name_run_one_at_a_time() {
    let mut plan = plan(&[(&[], &[5]), (&[], &[5]), (&[], &[5])]);
    let mut name = |cancels, replaces| {
        for job in &mut plan.jobs {
            job.serial = Some(Serial { name: "prod".to_owned(), cancels, replaces });
        }
        played(&plan, None)
    };
    // GitLab's resource groups: each in turn.
    let queued = name(false, false);
    assert_eq!(starts(&queued), [Some(0), Some(5), Some(10)]);
    assert_eq!(queued.jobs[1].cause, Cause::Serial(0));
    // GitHub's concurrency: a new one takes the place of the one that waits.
    assert_eq!(outcomes(&name(false, true)), ["cancelled", "cancelled", "success"]);
}

#[test]
fn a_job_waits_for_a_runner_that_has_what_it_asks_for() {
    let mut plan = plan(&[(&[], &[5]), (&[], &[5]), (&[], &[5])]);
    for (job, label) in plan.jobs.iter_mut().zip(["linux", "GPU", "mars"]) {
        job.labels = vec![label.to_owned()];
    }
    let pool = |name: &str, boot, speed| Pool {
        name: name.to_owned(),
        labels: Some(vec![name.to_owned()]),
        untagged: false,
        count: Some(1),
        boot: Duration::from_secs(boot),
        speed,
    };
    let fleet = Fleet { pools: vec![pool("linux", 2, 1.0), pool("gpu", 0, 5.0)], limit: None };
    let result = run(&plan, &fleet, OnSuccess(&plan));
    assert_eq!(outcomes(&result), ["success", "success", "waits"]);
    assert_eq!((result.jobs[0].end, result.jobs[1].end), (Some(Time::secs(7)), Some(Time::secs(1))));
    assert_eq!((result.jobs[2].ready, result.groups[2]), (Some(Time::ZERO), None));
}

#[test]
fn a_group_around_others_ends_with_the_last_of_them() {
    let mut plan = plan(&[(&[], &[2]), (&[0], &[]), (&[], &[3]), (&[2], &[1]), (&[1], &[1])]);
    plan.groups[2].within = Some(1);
    plan.groups[3].within = Some(1);
    let result = played(&plan, None);
    assert_eq!(starts(&result), [Some(0), Some(2), Some(5), Some(6)]);
    assert_eq!(result.critical_path(), [0, 1, 2, 3]);
    plan.jobs[0].steps = vec![failing(2)];
    assert_eq!(outcomes(&played(&plan, None)), ["failure", "skipped", "skipped", "skipped"]);
}

/// Groups that need some of those before them; some fail, some are limited.
fn plans() -> impl Strategy<Value = Plan> {
    let group = (
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        prop::collection::vec(0_u64..20, 1..5),
        any::<(bool, bool)>(),
        0_usize..4,
    );
    prop::collection::vec((group, prop::bool::weighted(0.15)), 1..14).prop_map(|groups| {
        let mut plan = Plan::default();
        for (id, ((needs, seconds, (fail_fast, may_fail), most), fails)) in groups.into_iter().enumerate() {
            let mut needs: Vec<usize> = needs.iter().filter(|_| id > 0).map(|need| need.index(id)).collect();
            needs.sort_unstable();
            needs.dedup();
            let first = plan.jobs.len();
            for (at, seconds) in seconds.iter().enumerate() {
                let steps = vec![if fails && at == 0 { failing(*seconds) } else { step(*seconds) }];
                let serial =
                    (most == 3).then(|| Serial { name: "one".to_owned(), cancels: false, replaces: false });
                plan.jobs.push(PlannedJob { group: id, steps, may_fail, serial, ..PlannedJob::default() });
            }
            let max_parallel = (most == 2).then_some(2);
            let jobs = (first..plan.jobs.len()).collect();
            plan.groups.push(Group {
                id: id.to_string(),
                needs,
                jobs,
                fail_fast,
                max_parallel,
                ..Group::default()
            });
        }
        plan
    })
}

/// The most jobs at one instant for which a test holds.
fn most_at_once(plan: &Plan, run: &Run, test: impl Fn(&PlannedJob) -> bool) -> usize {
    let spans: Vec<_> = plan
        .jobs
        .iter()
        .zip(&run.jobs)
        .filter(|(job, _)| test(job))
        .filter_map(|(_, run)| Some((run.start?, run.end?)))
        .filter(|(start, end)| start < end)
        .collect();
    spans
        .iter()
        .map(|(at, _)| spans.iter().filter(|(start, end)| start <= at && at < end).count())
        .max()
        .unwrap_or(0)
}

proptest! {
    #[test]
    fn nothing_begins_before_what_it_needs_has_ended(plan in plans(), runners in 1_usize..6) {
        let result = played(&plan, Some(runners));
        for (job, planned) in result.jobs.iter().zip(&plan.jobs) {
            prop_assert!(job.outcome.is_some());
            let Some(start) = job.start else { continue };
            prop_assert!(job.ready.unwrap() <= start);
            for need in &plan.groups[planned.group].needs {
                prop_assert_eq!(result.groups[*need], Some(Outcome::Success));
                for needed in &plan.groups[*need].jobs {
                    prop_assert!(result.jobs[*needed].end.unwrap_or_default() <= start);
                }
            }
        }
    }

    #[test]
    fn there_are_never_more_jobs_than_runners_or_than_are_allowed(plan in plans(), runners in 1_usize..6) {
        let result = played(&plan, Some(runners));
        prop_assert!(most_at_once(&plan, &result, |_| true) <= runners);
        prop_assert!(most_at_once(&plan, &result, |job| job.serial.is_some()) <= 1);
        for (id, group) in plan.groups.iter().enumerate() {
            if let Some(most) = group.max_parallel {
                prop_assert!(most_at_once(&plan, &result, |job| job.group == id) <= most);
            }
        }
    }

    #[test]
    fn no_runner_is_idle_while_a_job_could_run(plan in plans(), runners in 1_usize..4) {
        let mut plan = plan;
        for group in &mut plan.groups {
            group.max_parallel = None;
        }
        for job in &mut plan.jobs {
            job.serial = None;
        }
        let result = played(&plan, Some(runners));
        for job in &result.jobs {
            if let (Some(ready), Some(start)) = (job.ready, job.start) && ready < start {
                let busy = result.jobs.iter().filter(|other| other.start.is_some_and(|at| at <= ready) && other.end.is_some_and(|end| end > ready));
                prop_assert_eq!(busy.count(), runners);
            }
        }
    }

    #[test]
    fn with_runners_enough_it_takes_as_long_as_the_longest_path(plan in plans()) {
        let mut plan = plan;
        for group in &mut plan.groups {
            group.max_parallel = None;
        }
        for job in &mut plan.jobs {
            job.serial = None;
            job.steps[0].ends = Ends::Well;
        }
        let result = played(&plan, None);
        let needs: Vec<Vec<usize>> = plan.groups.iter().map(|group| group.needs.clone()).collect();
        let longest = |group: &Group| group.jobs.iter().map(|job| plan.jobs[*job].steps[0].duration).max().unwrap();
        let lengths: Vec<Duration> = plan.groups.iter().map(longest).collect();
        prop_assert_eq!(result.end.since(Time::ZERO), longest_path(&needs, &lengths).unwrap());
        let path: Duration = result.critical_path().iter().map(|job| plan.jobs[*job].steps[0].duration).sum();
        prop_assert_eq!(result.end.since(Time::ZERO), path);
    }

    #[test]
    fn the_critical_path_has_no_gaps(plan in plans(), runners in 1_usize..4) {
        let result = played(&plan, Some(runners));
        let path = result.critical_path();
        for pair in path.windows(2) {
            prop_assert_eq!(result.jobs[pair[0]].end, result.jobs[pair[1]].start);
        }
        if let Some(first) = path.first() {
            prop_assert_eq!(result.jobs[*first].start, Some(Time::ZERO));
            prop_assert_eq!(result.jobs[*path.last().unwrap()].end, Some(result.end));
        }
    }

    #[test]
    fn the_same_plan_gives_the_same_run(plan in plans(), runners in 1_usize..6) {
        prop_assert_eq!(played(&plan, Some(runners)), played(&plan, Some(runners)));
    }
}
