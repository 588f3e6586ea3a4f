//! Environments with rules, and what runs of one world share: runners, and names of which one goes on at a time.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::sync::Arc;

use opscape_lab::pipelines::Outcome::{Cancelled, Success};
use opscape_lab::pipelines::{JobState, PipelineScene, RepositoryEvent, RunAct, story};
use opscape_lab::{Act, Lang, Session, SessionOptions};
use opscape_sim::Time;

const DELIVERY: &str = r#"--- # .github/workflows/deliver.yml
on: push
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: sleep 10}]}
  deploy:
    needs: build
    environment: {name: Production, url: https://shop.example.com}
    runs-on: ubuntu-latest
    steps: [{run: sleep 5}]
--- # lab.yaml
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: delivery}
spec:
  nodes: [{name: w, count: 1}]
  pipelines:
    environments:
    - {name: production, reviewers: [ops, lead], waitTimer: 2m, branches: [main, "release/*"]}
"#;

fn open(text: &str) -> Session {
    match Session::open(text, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn push(session: &mut Session, branch: &str) {
    let event = RepositoryEvent { name: "push".into(), reference: branch.into(), tag: false };
    assert!(session.act(Act::Happen { event }).is_ok());
}

fn to(session: &mut Session, seconds: u64) {
    session.advance(Time::secs(seconds), &mut || true);
}

fn pipeline(session: &Session, at: usize) -> Arc<PipelineScene> {
    session.scene(None).pipelines[at].clone()
}

fn states(scene: &PipelineScene) -> Vec<&'static str> {
    scene.jobs.iter().map(|job| job.state.name()).collect()
}

#[test]
fn a_job_that_deploys_waits_for_an_approval_and_for_the_timer() {
    let mut session = open(DELIVERY);
    push(&mut session, "main");
    to(&mut session, 60);
    let scene = pipeline(&session, 0);
    assert_eq!(states(&scene), ["succeeded", "manual"]);
    assert!(scene.run.as_ref().is_some_and(|run| run.asks));
    let told = story(&scene, 1, Lang::En).rows[0].0.plain();
    assert_eq!(told, "It deploys to Production and waits until somebody approves it: ops, lead.");
    assert!(session.act(Act::Pipeline { run: 1, act: RunAct::Approve(1) }).is_ok());
    // The timer counts from when its turn came.
    assert_eq!(states(&pipeline(&session, 0)), ["succeeded", "delayed"]);
    to(&mut session, 600);
    let scene = pipeline(&session, 0);
    assert_eq!(states(&scene), ["succeeded", "succeeded"]);
    let (build, deploy) = (scene.jobs[0].end.unwrap_or_default(), scene.jobs[1].ready.unwrap_or_default());
    assert_eq!(deploy.since(build).as_secs(), 120);
    // What was done is kept, and played again.
    let mut again = open(DELIVERY);
    assert!(again.expect_acts(&session.acts_text()).is_ok());
    to(&mut again, 600);
    assert_eq!(pipeline(&again, 0), scene);
}

#[test]
fn a_rejected_job_fails_and_so_does_one_of_another_branch() {
    let mut session = open(DELIVERY);
    push(&mut session, "main");
    to(&mut session, 60);
    assert!(session.act(Act::Pipeline { run: 1, act: RunAct::Reject(1) }).is_ok());
    let scene = pipeline(&session, 0);
    assert_eq!(states(&scene), ["succeeded", "failed"]);
    assert!(story(&scene, 1, Lang::En).rows[0].0.plain().contains("rejected"));
    // It may be tried once more, and is asked for again.
    assert!(session.act(Act::Pipeline { run: 1, act: RunAct::Rerun(1) }).is_ok());
    assert_eq!(states(&pipeline(&session, 0)), ["succeeded", "manual"]);
    push(&mut session, "feature");
    to(&mut session, 200);
    let scene = pipeline(&session, 0);
    assert_eq!(states(&scene), ["succeeded", "failed"]);
    assert!(story(&scene, 1, Lang::Ko).rows[0].0.plain().contains("배포할 수 없어"));
}

#[test]
fn a_lab_says_how_long_steps_take_and_what_fails() {
    for (pipeline, rows) in [
        (
            "--- # .github/workflows/ci.yml\non: push\njobs:\n  test:\n    runs-on: fast\n    steps:\n    - run: npm ci\n    - {name: Unit, run: npm test}\n    - {run: sleep 1, if: always()}\n",
            9,
        ),
        ("--- # .gitlab-ci.yml\ntest: {tags: [fast], script: [npm ci, npm test, sleep 1]}\n", 9),
    ] {
        let lab = r"--- # lab.yaml
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: wishes}
spec:
  nodes: [{name: w, count: 1}]
  pipelines:
    runners: [{name: fast, labels: [fast], bootTime: 0s}]
    durations: [{job: test, step: npm ci, takes: 3s}, {step: npm test, takes: 6s}]
    failures: [{job: test, step: npm test, attempts: 1}]
";
        let mut session = open(&[pipeline, lab].concat());
        push(&mut session, "main");
        to(&mut session, 60);
        let scene = pipeline_of(&session);
        assert_eq!(states(&scene), ["failed"], "{pipeline}");
        let steps: Vec<u64> = scene.jobs[0]
            .steps
            .iter()
            .filter_map(|step| step.span)
            .map(|(from, until)| until.since(from).as_secs())
            .collect();
        let wanted: &[u64] = if scene.stages.is_empty() { &[3, 6, rows - 8] } else { &[1, 3, 6] };
        assert_eq!(steps.get(..3), Some(wanted), "{pipeline}");
        assert!(session.act(Act::Pipeline { run: 1, act: RunAct::Rerun(0) }).is_ok());
        to(&mut session, 120);
        assert_eq!(states(&pipeline_of(&session)), ["succeeded"]);
    }
}

fn pipeline_of(session: &Session) -> Arc<PipelineScene> {
    pipeline(session, 0)
}

fn concurrency(lines: &str) -> String {
    format!("on: push\n{lines}jobs:\n  a: {{runs-on: ubuntu-latest, steps: [{{run: sleep 60}}]}}\n")
}

#[test]
fn of_a_concurrency_group_one_run_goes_on_and_the_last_one_waits() {
    let mut session = open(&concurrency("concurrency: deploy-${{ github.ref }}\n"));
    push(&mut session, "main");
    to(&mut session, 10);
    push(&mut session, "main");
    let scene = pipeline(&session, 0);
    assert_eq!(states(&scene), ["waiting"]);
    let held = scene.run.as_ref().and_then(|run| run.held.clone());
    assert_eq!(held.as_deref(), Some("deploy-refs/heads/main"));
    to(&mut session, 20);
    push(&mut session, "main");
    let outcomes = |session: &Session| {
        let pipelines = session.model().pipelines();
        (1..=3).map(|run| pipelines.outcome(run)).collect::<Vec<_>>()
    };
    // The second one waited, and the third takes its place.
    assert_eq!(outcomes(&session), [None, Some(Cancelled), None]);
    // Another branch is another group.
    push(&mut session, "other");
    assert_eq!(states(&pipeline(&session, 0)), ["running"]);
    to(&mut session, 400);
    assert_eq!(outcomes(&session), [Some(Success), Some(Cancelled), Some(Success)]);
    let mut session = open(&concurrency("concurrency: {group: x, cancel-in-progress: true}\n"));
    push(&mut session, "main");
    to(&mut session, 10);
    push(&mut session, "main");
    assert_eq!(states(&pipeline(&session, 0)), ["running"]);
    assert_eq!(session.model().pipelines().outcome(1), Some(Cancelled));
}

#[test]
fn runs_share_runners() {
    let text = r"--- # .github/workflows/a.yml
on: push
jobs:
  a: {runs-on: [self-hosted, big], steps: [{run: sleep 30}]}
--- # .github/workflows/b.yml
on: push
jobs:
  b: {runs-on: big, steps: [{run: sleep 30}]}
  c: {runs-on: nowhere, steps: [{run: sleep 1}]}
--- # lab.yaml
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: runners}
spec:
  nodes: [{name: w, count: 1}]
  pipelines:
    runners: [{name: big, labels: [self-hosted, big], count: 1, bootTime: 2s, speed: 3}]
";
    let mut session = open(text);
    push(&mut session, "main");
    to(&mut session, 5);
    assert_eq!(states(&pipeline(&session, 0)), ["running"]);
    let other = pipeline(&session, 1);
    assert_eq!(other.jobs[0].state, JobState::Queued);
    assert!(story(&other, 0, Lang::En).rows[0].0.plain().contains("another run has them"));
    to(&mut session, 60);
    let (a, b) = (pipeline(&session, 0), pipeline(&session, 1));
    assert_eq!(a.jobs[0].end, b.jobs[0].start);
    // Ready after two seconds, and three times as quick, give or take a tenth.
    let took = a.jobs[0].end.unwrap_or_default().as_secs_f64();
    assert!((10.9..13.1).contains(&took), "{took}");
    // Nobody has what it asks for.
    assert_eq!(b.jobs[1].state, JobState::Queued);
}

#[test]
fn a_newer_pipeline_of_gitlab_cancels_what_may_be_interrupted() {
    let run = |mode: &str, first: bool| {
        let text = format!(
            "{mode}build: {{stage: build, interruptible: {first}, script: [sleep 60]}}\ntest: {{stage: test, interruptible: true, script: [sleep 60]}}\n"
        );
        let mut session = open(&text);
        push(&mut session, "main");
        to(&mut session, 10);
        push(&mut session, "main");
        to(&mut session, 400);
        session.model().pipelines().outcome(1)
    };
    assert_eq!(run("", true), Some(Cancelled));
    assert_eq!(run("", false), Some(Success));
    assert_eq!(run("workflow: {auto_cancel: {on_new_commit: none}}\n", true), Some(Success));
    assert_eq!(run("workflow: {auto_cancel: {on_new_commit: interruptible}}\n", false), Some(Cancelled));
}

#[test]
fn jobs_of_a_concurrency_group_make_way_in_other_runs() {
    let text =
        "on: push\njobs:\n  a: {concurrency: prod, runs-on: ubuntu-latest, steps: [{run: sleep 60}]}\n";
    let mut session = open(text);
    for at in [0, 10, 20] {
        to(&mut session, at);
        push(&mut session, "main");
    }
    let pipelines = session.model().pipelines();
    assert_eq!([1, 2, 3].map(|run| pipelines.outcome(run)), [None, Some(Cancelled), None]);
    assert_eq!(states(&pipeline(&session, 0)), ["queued"]);
    to(&mut session, 300);
    assert_eq!(session.model().pipelines().outcome(3), Some(Success));
}
