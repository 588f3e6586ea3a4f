//! Workflows of GitHub Actions on the clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opscape_pipeline::github::expression::{Data, Object};
use opscape_pipeline::github::{Assumptions, Contexts, Files, Workflow, plan, read};
use opscape_pipeline::run::{Fleet, Run, run};

fn workflow(jobs: &str) -> Workflow {
    let workflow = read("ci.yml", &format!("on: push\n{jobs}"), None);
    assert_eq!(workflow.problems, Vec::new());
    workflow
}

fn contexts() -> Contexts {
    let github = Object::from_iter([("ref", Data::from("refs/heads/main")), ("event_name", "push".into())]);
    Contexts::new(Object::from_iter([("github", github.into()), ("vars", Object::default().into())]))
}

/// Name, start and end in seconds (none: it never began), and result of each job.
fn played(workflow: &Workflow, fails: &[&str], fleet: &Fleet) -> Vec<String> {
    let fails = fails.iter().map(|fails| (*fails).to_owned()).collect();
    let planned = plan(workflow, &contexts(), &Assumptions { fails, ..Assumptions::default() });
    let Run { jobs, .. } = run(&planned.plan, fleet, planned.clone());
    let lines = planned.plan.jobs.iter().zip(jobs).map(|(planned, job)| {
        let span = match (job.start, job.end) {
            (Some(start), Some(end)) => format!(" {:.0}-{:.0}", start.as_secs_f64(), end.as_secs_f64()),
            _ => String::new(),
        };
        format!("{}{span} {}", planned.name, job.outcome.map_or("waits", |outcome| outcome.name()))
    });
    lines.collect()
}

const CASCADE: &str = "\
jobs:
  test: {runs-on: ubuntu-latest, steps: [{run: sleep 10}]}
  pack: {needs: test, runs-on: ubuntu-latest, steps: [{run: sleep 5}]}
  ship: {needs: pack, if: github.ref == 'refs/heads/main', runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
  alarm: {needs: ship, if: failure(), runs-on: ubuntu-latest, steps: [{run: sleep 2}]}
  report: {needs: [test, ship], if: always(), runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
";

#[test]
fn conditions_decide_when_what_a_job_needs_has_ended() {
    let any = Fleet::any(None);
    let well = [
        "test 0-10 success",
        "pack 10-15 success",
        "ship 15-16 success",
        "alarm skipped",
        "report 16-17 success",
    ];
    assert_eq!(played(&workflow(CASCADE), &[], &any), well);
    let badly =
        ["test 0-10 failure", "pack skipped", "ship skipped", "alarm 10-12 success", "report 10-11 success"];
    assert_eq!(played(&workflow(CASCADE), &["test"], &any), badly);
}

#[test]
fn a_condition_that_asks_for_outputs_holds_if_the_results_let_it() {
    let text = "\
jobs:
  changes:
    runs-on: x
    outputs: {src: '${{ steps.filter.outputs.src }}'}
    steps: [{id: filter, uses: acme/filter@v1}]
  a: {needs: changes, if: needs.changes.outputs.src == 'true', runs-on: x, steps: [{run: sleep 1}]}
  b: {needs: changes, if: failure() && needs.changes.outputs.src, runs-on: x, steps: [{run: sleep 1}]}
";
    let any = Fleet::any(None);
    assert_eq!(played(&workflow(text), &[], &any), ["changes 0-10 success", "a 10-11 success", "b skipped"]);
    assert_eq!(
        played(&workflow(text), &["changes"], &any),
        ["changes 0-10 failure", "a skipped", "b 10-11 success"]
    );
}

#[test]
fn a_matrix_fails_fast_and_takes_turns() {
    let text = "\
jobs:
  test:
    strategy: {max-parallel: 2, matrix: {n: [1, 2, 3]}}
    runs-on: ubuntu-latest
    steps: [{run: sleep 10}, {if: failure(), run: sleep 1}]
  next: {needs: test, runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
";
    let any = Fleet::any(None);
    let well =
        ["test (1) 0-10 success", "test (2) 0-10 success", "test (3) 10-20 success", "next 20-21 success"];
    assert_eq!(played(&workflow(text), &[], &any), well);
    // The second one has ended when the step after the failure has: nothing is left to cancel but the third.
    let badly =
        ["test (1) 0-11 failure", "test (2) 0-10 success", "test (3) 10-11 cancelled", "next skipped"];
    assert_eq!(played(&workflow(text), &["test (1)"], &any), badly);
    let text = text.replace("max-parallel: 2", "fail-fast: false");
    let badly = ["test (1) 0-11 failure", "test (2) 0-10 success", "test (3) 0-10 success", "next skipped"];
    assert_eq!(played(&workflow(&text), &["test (1)"], &any), badly);
}

#[test]
fn steps_after_a_failure_run_only_if_they_ask_for_it() {
    let text = "\
jobs:
  a:
    runs-on: x
    timeout-minutes: 1
    steps:
      - {id: x, run: sleep 20}
      - run: sleep 9
      - {run: sleep 3, if: always()}
      - {run: sleep 2, if: \"failure() && steps.x.outcome == 'failure'\"}
      - {run: sleep 30, if: cancelled()}
  b: {runs-on: x, timeout-minutes: 1, steps: [{run: sleep 2m}]}
  c: {runs-on: x, continue-on-error: true, steps: [{run: sleep 1}]}
  d: {runs-on: x, needs: c, steps: [{run: sleep 1}]}
";
    let wanted = ["a 0-25 failure", "b 0-60 cancelled", "c 0-1 failure", "d 1-2 success"];
    assert_eq!(played(&workflow(text), &["a", "c"], &Fleet::any(None)), wanted);
}

#[test]
fn the_machines_that_github_lends_take_a_while_and_are_not_endless() {
    let mut text = "jobs:\n".to_owned();
    for n in 0..7 {
        text = format!("{text}  m{n}: {{runs-on: macos-latest, steps: [{{run: sleep 40}}]}}\n");
    }
    let played = played(&workflow(&text), &[], &Fleet::github_hosted());
    assert_eq!(played.first().unwrap(), "m0 0-60 success");
    assert_eq!(played.last().unwrap(), "m6 60-120 success");
}

#[test]
fn the_jobs_of_a_workflow_that_is_called_stand_in_its_job() {
    let called = "on: workflow_call\njobs:\n  x: {runs-on: r, steps: [{run: sleep 3}]}\n  y: {needs: x, runs-on: r, steps: [{run: sleep 2}]}\n";
    let files = |path: &str| (path == ".github/workflows/b.yml").then(|| called.to_owned());
    let files: Files<'_> = &files;
    let text = "\
on: push
jobs:
  first: {runs-on: r, steps: [{run: sleep 1}]}
  build: {needs: first, uses: ./.github/workflows/b.yml}
  last: {needs: build, runs-on: r, steps: [{run: sleep 1}]}
";
    let workflow = read("ci.yml", text, Some(files));
    let any = Fleet::any(None);
    let well = ["first 0-1 success", "build / x 1-4 success", "build / y 4-6 success", "last 6-7 success"];
    let mut got = played(&workflow, &[], &any);
    got.sort();
    let mut wanted = well.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(got, wanted);
    let badly = played(&workflow, &["build / x"], &any);
    assert!(
        badly.contains(&"build / y skipped".to_owned()) && badly.contains(&"last skipped".to_owned()),
        "{badly:?}"
    );
}

#[test]
fn a_seed_varies_durations_and_nothing_else() {
    let workflow = workflow(CASCADE);
    let of = |seed| {
        let planned = plan(&workflow, &contexts(), &Assumptions { seed, ..Assumptions::default() });
        run(&planned.plan, &Fleet::any(None), planned.clone())
    };
    assert_eq!(of(Some(7)), of(Some(7)));
    assert_ne!(of(Some(7)).end, of(Some(8)).end);
    assert_ne!(of(Some(7)).end, of(None).end);
}
