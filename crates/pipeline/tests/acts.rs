//! A pipeline followed from instant to instant, and what a person does to it meanwhile.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;

use opscape_pipeline::github::expression::{Data, Object};
use opscape_pipeline::github::{Assumptions, Contexts, Planned, plan, read};
use opscape_pipeline::gitlab::run::{Options, Process};
use opscape_pipeline::gitlab::{Push, Repository, read as read_gitlab};
use opscape_pipeline::run::{Engine, Fleet, Outcome, State, System, What};
use opscape_sim::Time;

fn gitlab(text: &str) -> Engine<Process> {
    let files = [(".gitlab-ci.yml".to_owned(), text.to_owned())].into();
    let repository = Repository { files, ..Repository::default() };
    let push = Push::default();
    let pipeline =
        read_gitlab(&repository, ".gitlab-ci.yml", &push).unwrap().pipeline(&repository, &push).unwrap();
    let plan = Arc::new(pipeline.plan());
    let process = Process::new(pipeline.into(), repository.into(), Arc::new(Options::default()));
    Engine::new(plan, Arc::new(Fleet::any(None)), process)
}

fn github(text: &str, fails: &[&str]) -> Engine<Planned> {
    let workflow = read("ci.yml", text, None);
    assert_eq!(workflow.problems, Vec::new());
    let github = Object::from_iter([("ref", Data::from("refs/heads/main"))]);
    let contexts = Contexts::new(Object::from_iter([("github", Data::from(github))]));
    let fails = fails.iter().map(|name| (*name).to_owned()).collect();
    let planned = plan(&workflow, &contexts, &Assumptions { fails, ..Assumptions::default() });
    Engine::new(planned.plan.clone(), Arc::new(Fleet::any(None)), planned)
}

fn to_the_end<S: System>(engine: &mut Engine<S>) {
    while let Some(next) = engine.next_at() {
        engine.advance(next);
    }
}

fn states<S: System>(engine: &Engine<S>) -> Vec<String> {
    let word = |run: &opscape_pipeline::run::JobRun| match run.ended() {
        Some(outcome) => outcome.name().to_owned(),
        None => format!("{:?}", run.state).to_lowercase(),
    };
    engine.jobs().iter().map(word).collect()
}

const CHAIN: &str = "on: push
jobs:
  test: {runs-on: ubuntu-latest, steps: [{run: sleep 10}]}
  lint: {runs-on: ubuntu-latest, steps: [{run: sleep 30}]}
  pack: {needs: test, runs-on: ubuntu-latest, steps: [{run: sleep 5}]}
  ship: {needs: [pack, lint], runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
";

#[test]
fn what_happens_is_told_in_order() {
    let mut engine = github(CHAIN, &[]);
    engine.advance(Time::secs(12));
    assert_eq!(states(&engine), ["success", "running", "running", "waiting"]);
    let told: Vec<(u64, usize, What)> =
        engine.take_happened().into_iter().map(|told| (told.at.0 / 1_000_000, told.job, told.what)).collect();
    assert_eq!(
        told,
        [
            (0, 0, What::Queued),
            (0, 1, What::Queued),
            (0, 0, What::Started),
            (0, 1, What::Started),
            (10, 0, What::Ended(Outcome::Success)),
            (10, 2, What::Queued),
            (10, 2, What::Started),
        ]
    );
    to_the_end(&mut engine);
    assert_eq!((engine.now(), engine.critical_path()), (Time::secs(31), vec![1, 3]));
}

#[test]
fn a_copy_goes_on_in_the_same_way() {
    let mut engine = github(CHAIN, &[]);
    engine.advance(Time::secs(3));
    let mut copy = engine.clone();
    to_the_end(&mut engine);
    to_the_end(&mut copy);
    assert_eq!(engine.into_run(), copy.into_run());
}

#[test]
fn what_is_cancelled_begins_nothing_more() {
    let mut engine = github(CHAIN, &[]);
    engine.advance(Time::secs(12));
    assert!(engine.cancel_all());
    assert_eq!(engine.next_at(), None);
    assert_eq!(states(&engine), ["success", "cancelled", "cancelled", "cancelled"]);
    assert_eq!(engine.jobs()[1].end, Some(Time::secs(12)));
    assert!(!engine.cancel_all());
}

#[test]
fn a_job_that_is_made_to_fail_keeps_what_needs_it_from_running() {
    let mut engine = github(CHAIN, &[]);
    engine.advance(Time::secs(4));
    assert!(engine.fail(0));
    to_the_end(&mut engine);
    assert_eq!(states(&engine), ["failure", "success", "skipped", "skipped"]);
    assert_eq!(engine.jobs()[0].end, Some(Time::secs(4)));
    assert!(engine.rerun(0));
    to_the_end(&mut engine);
    assert_eq!(states(&engine), ["success", "success", "success", "success"]);
}

#[test]
fn a_job_that_is_run_again_takes_what_comes_behind_it_along() {
    let mut engine = github(CHAIN, &["test"]);
    to_the_end(&mut engine);
    assert_eq!(states(&engine), ["failure", "success", "skipped", "skipped"]);
    assert!(!engine.rerun(2), "it never ran");
    assert!(engine.rerun(0));
    assert_eq!(states(&engine), ["running", "success", "waiting", "waiting"]);
    to_the_end(&mut engine);
    // It fails again, as the assumption says.
    assert_eq!(states(&engine), ["failure", "success", "skipped", "skipped"]);
    assert_eq!(engine.jobs()[0].reruns, 1);
    assert_eq!(engine.jobs()[0].start, Some(Time::secs(30)));
    let mut well = github(CHAIN, &[]);
    to_the_end(&mut well);
    assert!(well.rerun(2));
    assert_eq!(states(&well), ["success", "success", "running", "waiting"]);
    to_the_end(&mut well);
    assert_eq!(well.now(), Time::secs(37));
    assert!(well.jobs().iter().all(|job| job.ended() == Some(Outcome::Success)));
}

#[test]
fn a_manual_job_waits_for_a_person_and_gives_what_was_skipped_another_chance() {
    let mut engine = gitlab(
        "build: {stage: build, script: [sleep 9]}
approve: {stage: test, when: manual, script: [sleep 4], needs: [build]}
deploy: {stage: deploy, script: [sleep 2], needs: [approve]}
",
    );
    to_the_end(&mut engine);
    assert_eq!(states(&engine), ["success", "manual", "skipped"]);
    assert!(!engine.play(0));
    assert!(engine.play(1));
    assert_eq!(engine.jobs()[2].state, State::Waiting);
    to_the_end(&mut engine);
    assert_eq!(states(&engine), ["success", "success", "success"]);
    // Ten seconds and five, the sources included, then three.
    assert_eq!(engine.now(), Time::secs(18));
}

#[test]
fn a_delayed_job_may_be_begun_at_once() {
    let mut engine = gitlab("later: {script: [sleep 1], when: delayed, start_in: 1 hour}\n");
    assert_eq!((states(&engine), engine.next_at()), (vec!["delayed".to_owned()], Some(Time::secs(3600))));
    engine.advance(Time::secs(60));
    assert!(engine.play(0));
    to_the_end(&mut engine);
    assert_eq!(engine.jobs()[0].end, Some(Time::secs(62)));
}

#[test]
fn a_log_has_each_command_at_its_time() {
    let mut engine = gitlab("a: {script: [echo one, sleep 5, 'echo two; false', echo never]}\n");
    to_the_end(&mut engine);
    let done = engine.system().done(0).unwrap();
    let log: Vec<(u64, &str)> = done.log.iter().map(|(at, line)| (at.as_secs(), line.as_str())).collect();
    assert_eq!(log, [(1, "$ echo one"), (1, "one"), (1, "$ sleep 5"), (6, "$ echo two; false"), (6, "two")]);
    assert_eq!((done.code, states(&engine)), (1, vec!["failure".to_owned()]));
}
