//! Pipelines of a text in its world: they are recognised, checked, run on its clock, and played again.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::sync::Arc;

use opscape_lab::pipelines::{
    Arrangement, JobState, PipelineScene, RepositoryEvent, RunAct, Sizes, layout, story,
};
use opscape_lab::{Act, Lang, Session, SessionOptions};
use opscape_sim::Time;
use proptest::prelude::*;

const RELEASE: &str = "name: release
on:
  push:
    branches: [main]
jobs:
  changes:
    runs-on: ubuntu-latest
    steps: [{run: sleep 6}]
  lint:
    needs: changes
    runs-on: ubuntu-latest
    steps: [{run: sleep 22}]
  build:
    needs: changes
    runs-on: ubuntu-latest
    steps: [{run: sleep 65}]
  test:
    needs: build
    strategy:
      matrix:
        os: [ubuntu-latest, macos-latest]
        node: [20, 22]
    runs-on: ${{ matrix.os }}
    steps: [{run: sleep 54}]
  docs:
    needs: build
    if: github.ref == 'refs/heads/docs'
    runs-on: ubuntu-latest
    steps: [{run: sleep 5}]
  deploy:
    needs: [lint, test]
    runs-on: ubuntu-latest
    steps: [{run: sleep 18}]
";

const GITLAB: &str = "stages: [build, test, deploy]
compile: {stage: build, script: [sleep 20]}
unit: {stage: test, script: [sleep 30], parallel: 3}
lint: {stage: test, needs: [], script: [sleep 5]}
ship: {stage: deploy, script: [echo out], when: manual}
";

fn open(text: &str) -> Session {
    match Session::open(text, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn push(session: &mut Session, branch: &str) {
    let event = RepositoryEvent { name: "push".into(), reference: branch.into(), tag: false };
    session.act(Act::Happen { event }).expect("it is an act");
}

fn pipeline(session: &Session) -> Arc<PipelineScene> {
    session.scene(None).pipelines.first().expect("a pipeline").clone()
}

fn states(scene: &PipelineScene) -> Vec<String> {
    scene.jobs.iter().map(|job| format!("{} {}", job.name, job.state.name())).collect()
}

fn to(session: &mut Session, seconds: u64) {
    session.advance(Time::secs(seconds), &mut || true);
}

#[test]
fn a_workflow_alone_is_a_text_and_nothing_of_it_runs_by_itself() {
    let mut session = open(RELEASE);
    to(&mut session, 60);
    let scene = pipeline(&session);
    assert_eq!((&*scene.name, scene.system, scene.jobs.len()), ("release", "GitHub Actions", 9));
    assert!(scene.run.is_none() && scene.jobs.iter().all(|job| job.state == JobState::Planned));
    let event = scene.usual.clone().expect("a push makes it run");
    assert_eq!((&*event.name, &*event.reference), ("push", "main"));
    let line = scene.groups.iter().find(|group| &*group.id == "build").map(|group| group.line);
    assert_eq!(line, Some(13));
}

#[test]
fn a_push_runs_it_on_the_clock_of_the_world() {
    let mut session = open(RELEASE);
    to(&mut session, 10);
    push(&mut session, "main");
    let scene = pipeline(&session);
    assert_eq!(scene.jobs[0].state, JobState::Running);
    assert_eq!(scene.jobs[0].start, Some(Time::secs(10)));
    to(&mut session, 600);
    let scene = pipeline(&session);
    assert_eq!(
        states(&scene),
        [
            "changes succeeded",
            "lint succeeded",
            "build succeeded",
            "test (ubuntu-latest, 20) succeeded",
            "test (ubuntu-latest, 22) succeeded",
            "test (macos-latest, 20) succeeded",
            "test (macos-latest, 22) succeeded",
            "docs skipped",
            "deploy succeeded",
        ]
    );
    let run = scene.run.clone().expect("a run");
    assert_eq!(run.ended, scene.jobs[8].end);
    let path: Vec<&str> = scene.path.iter().map(|job| &*scene.jobs[*job].name).collect();
    assert_eq!(path.first(), Some(&"changes"));
    assert_eq!((path.len(), path.last()), (4, Some(&"deploy")));
    let docs = story(&scene, 7, Lang::En);
    assert_eq!(docs.rows[0].1.plain(), "if: github.ref == 'refs/heads/docs'");
}

#[test]
fn going_back_is_exact_and_the_same_text_gives_the_same_journal() {
    let played = || {
        let mut session = open(RELEASE);
        to(&mut session, 3);
        push(&mut session, "main");
        to(&mut session, 400);
        session
    };
    let mut first = played();
    let second = played();
    let journal = |session: &Session| format!("{:?}", session.run().journal().iter().collect::<Vec<_>>());
    assert_eq!(journal(&first), journal(&second));
    let mut earlier = open(RELEASE);
    to(&mut earlier, 3);
    push(&mut earlier, "main");
    to(&mut earlier, 50);
    first.seek(Time::secs(50));
    assert_eq!(pipeline(&first), pipeline(&earlier));
    first.seek(Time::secs(400));
    assert_eq!(pipeline(&first), pipeline(&second));
}

#[test]
fn what_was_done_is_kept_as_a_text_and_played_again() {
    let mut session = open(RELEASE);
    push(&mut session, "main");
    to(&mut session, 20);
    session.act(Act::Pipeline { run: 1, act: RunAct::Fail(2) }).expect("an act");
    to(&mut session, 60);
    session.act(Act::Pipeline { run: 1, act: RunAct::Rerun(2) }).expect("an act");
    to(&mut session, 80);
    session.act(Act::Pipeline { run: 1, act: RunAct::Cancel }).expect("an act");
    let mut again = open(RELEASE);
    again.expect_acts(&session.acts_text()).expect("it can be read");
    to(&mut again, 80);
    assert_eq!(pipeline(&again), pipeline(&session));
    let counted = |state| pipeline(&session).jobs.iter().filter(|job| job.state == state).count();
    assert_eq!((counted(JobState::Succeeded), counted(JobState::Cancelled)), (2, 7));
}

#[test]
fn a_push_that_its_filters_keep_out_runs_nothing_and_says_why() {
    let mut session = open(RELEASE);
    push(&mut session, "feature");
    let scene = pipeline(&session);
    assert!(scene.run.is_none());
    let passed = scene.passed.clone().expect("a reason").told("push", Lang::En).plain();
    assert_eq!(passed, "The branch feature does not pass the filters of on.");
}

#[test]
fn gitlab_runs_by_stages_and_a_person_starts_what_is_manual() {
    let mut session = open(GITLAB);
    push(&mut session, "main");
    to(&mut session, 200);
    let scene = pipeline(&session);
    assert_eq!(scene.system, "GitLab CI");
    assert_eq!(
        states(&scene),
        [
            "compile succeeded",
            "unit 1/3 succeeded",
            "unit 2/3 succeeded",
            "unit 3/3 succeeded",
            "lint succeeded",
            "ship manual",
        ]
    );
    assert!(scene.run.as_ref().is_some_and(|run| run.asks));
    // At once, because it needs nothing.
    assert_eq!(scene.jobs[4].start, Some(Time::ZERO));
    session.act(Act::Pipeline { run: 1, act: RunAct::Play(5) }).expect("an act");
    to(&mut session, 300);
    assert_eq!(pipeline(&session).jobs[5].state, JobState::Succeeded);
    let log = session.model().pipelines().log(1, 5, session.now());
    let log: Vec<&str> = log.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(log, ["Getting source from Git repository", "$ echo out", "out", "Job succeeded"]);
}

#[test]
fn mistakes_are_found_at_their_line_and_manifests_beside_them_stay_as_they_are() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}\n";
    let wrong = RELEASE.replace(
        "needs: changes\n    runs-on: ubuntu-latest\n    steps: [{run: sleep 22}]",
        "needs: change\n    runs-on: ubuntu-latest\n    steps: [{run: sleep 22}]",
    );
    let text = format!("{pod}--- # .github/workflows/release.yaml\n{wrong}");
    let found = Session::check_text(&text);
    let found: Vec<(u32, u32, &str)> =
        found.iter().map(|one| (one.span.start.line, one.span.start.column, one.message.as_str())).collect();
    assert_eq!(found[0], (15, 12, "Job 'lint' depends on unknown job 'change'."));
    // As the official parser goes on: what needs it has no way to the beginning.
    assert!(found[1].0 == 36 && found.len() == 2, "{found:?}");
    assert!(Session::open(&text, SessionOptions::default()).is_err());
    let gitlab = format!("{pod}--- # .gitlab-ci.yml\na:\n  stage: nowhere\n  script: x\n");
    let found = Session::check_text(&gitlab);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].span.start.line, found[0].file.as_deref()), (7, Some(".gitlab-ci.yml")));
    assert!(found[0].message.contains("chosen stage nowhere does not exist"), "{}", found[0].message);
    // What is no YAML is told in the words of the system whose it is.
    let broken = Session::check_text("on: push\njobs:\n  a: [\n");
    assert!(!broken.is_empty() && broken.iter().all(|one| !one.message.contains("apiVersion")), "{broken:?}");
}

#[test]
fn a_workflow_and_a_cluster_live_in_one_world() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}\n";
    let mut session = open(&format!("{pod}--- # .github/workflows/release.yaml\n{RELEASE}"));
    push(&mut session, "main");
    to(&mut session, 30);
    let scene = session.scene(None);
    assert_eq!(scene.counts.total(), 1);
    assert_eq!(&*scene.pipelines[0].file, ".github/workflows/release.yaml");
    assert_eq!(scene.pipelines[0].groups[0].line, 11);
}

/// Whether a line passes over a box that is not one of its ends.
fn crosses(points: &[(f32, f32)], place: opscape_lab::pipelines::Box) -> bool {
    let inside = |x: f32, y: f32| {
        x > place.x + 0.5 && x < place.x + place.w - 0.5 && y > place.y + 0.5 && y < place.y + place.h - 0.5
    };
    points.windows(2).enumerate().any(|(at, pair)| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        (1..20).any(|step| {
            let t = step as f32 / 20.0;
            // Across a column it goes straight; between columns with a curve that stays between them.
            let (x, y) =
                if at % 2 == 0 { (x0 + (x1 - x0) * t, y0) } else { (x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) };
            inside(x, y)
        })
    })
}

fn check_picture(scene: &PipelineScene, arrangement: Arrangement, by_stage: bool) {
    let picture = layout(scene, arrangement, by_stage, Sizes::default());
    for (at, place) in picture.jobs.iter().enumerate() {
        assert!(place.w > 0.0 && place.x >= 0.0 && place.y >= 0.0, "{at} {place:?}");
        assert!(place.x + place.w <= picture.size.0 + 0.5 && place.y + place.h <= picture.size.1 + 0.5);
        for other in picture.jobs.iter().skip(at + 1) {
            let apart = place.x + place.w <= other.x + 0.1
                || other.x + other.w <= place.x + 0.1
                || place.y + place.h <= other.y + 0.1
                || other.y + other.h <= place.y + 0.1;
            assert!(apart, "{place:?} {other:?}");
        }
    }
    for line in &picture.lines {
        for place in &picture.jobs {
            assert!(!crosses(&line.points, *place), "{line:?} {place:?}");
        }
        let xs: Vec<f32> = line.points.iter().map(|point| point.0).collect();
        assert!(xs.windows(2).all(|pair| pair[0] <= pair[1] + 0.1), "{xs:?}");
    }
    // The same pipeline gives the same picture.
    assert_eq!(picture, layout(scene, arrangement, by_stage, Sizes::default()));
}

#[test]
fn the_matrix_stands_in_a_box_and_lines_pass_under_nothing() {
    let mut session = open(RELEASE);
    push(&mut session, "main");
    let scene = pipeline(&session);
    check_picture(&scene, Arrangement::Needs, false);
    let picture = layout(&scene, Arrangement::Needs, false, Sizes::default());
    assert_eq!(picture.frames.iter().map(|frame| frame.count).collect::<Vec<_>>(), [4]);
    assert_eq!(picture.lines.len(), 6);
    let gitlab = open(GITLAB);
    let scene = pipeline(&gitlab);
    for by_stage in [false, true] {
        check_picture(&scene, Arrangement::Needs, by_stage);
        check_picture(&scene, Arrangement::Stages, by_stage);
    }
    let picture = layout(&scene, Arrangement::Stages, false, Sizes::default());
    assert_eq!(
        picture.stages.iter().map(|(stage, ..)| &*scene.stages[*stage]).collect::<Vec<_>>(),
        ["build", "test", "deploy"]
    );
}

/// A workflow of so many jobs, each of which needs some of those before it.
fn workflows(most: usize) -> impl Strategy<Value = String> {
    let job = (prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0_usize..6);
    prop::collection::vec(job, 1..most).prop_map(|jobs| {
        let mut text = "on: push\njobs:\n".to_owned();
        for (id, (needs, width)) in jobs.into_iter().enumerate() {
            let needs: std::collections::BTreeSet<String> =
                needs.iter().filter(|_| id > 0).map(|need| format!("j{}", need.index(id))).collect();
            let needs: Vec<String> = needs.into_iter().collect();
            text.extend(["  j", &id.to_string(), ":\n    runs-on: ubuntu-latest\n    needs: ["]);
            text.extend([needs.join(", ").as_str(), "]\n"]);
            if width > 3 {
                text.push_str("    strategy: {matrix: {n: [1, 2, 3]}}\n");
            }
            text.push_str("    steps: [{run: echo}]\n");
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn no_line_passes_under_a_job_whatever_needs_what(text in workflows(30)) {
        check_picture(&pipeline(&open(&text)), Arrangement::Needs, false);
    }
}
