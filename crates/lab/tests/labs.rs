//! Every built-in lab keeps its promises: its text is right, and with the stored solution all its checks hold. Where there
//! is a solution, without it they do not.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{checks, labs, play, solution};
use opscape_lab::Session;
use opscape_lab::session::CheckState;
use opscape_network::telemetry::{Outcome, Subject};

#[test]
fn the_texts_are_right_and_in_both_languages() {
    assert_eq!(labs().len(), 28);
    for (name, text) in labs() {
        let diagnostics = Session::check_text(&text);
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        let session = common::open(&text);
        let spec = session.spec();
        let texts = [&spec.title, &spec.description]
            .into_iter()
            .chain(spec.steps.iter().flat_map(|step| [&step.title, &step.text]))
            .chain(spec.checks.iter().map(|check| &check.text));
        for text in texts {
            let text = text.as_ref().unwrap_or_else(|| panic!("{name}: a text is missing"));
            assert!(!text.en.is_empty() && !text.ko.is_empty() && text.en != text.ko, "{name}: {text:?}");
        }
    }
}

#[test]
fn the_solutions_solve_them() {
    let mut wrong = Vec::new();
    for (name, text) in labs() {
        let acts = solution(&name, &text);
        let mut session = play(&text, &acts);
        for step in session.steps().iter().filter(|step| !step.reached) {
            wrong.push(format!("{name}: it does not come to {step:?}"));
        }
        for report in checks(&mut session) {
            if report.state != CheckState::Passed {
                wrong.push(format!("{name}: {report:?}"));
            }
        }
        if !acts.is_empty() {
            let mut session = play(&text, &[]);
            let open = checks(&mut session).into_iter().any(|report| report.state != CheckState::Passed);
            assert!(open, "{name}: its checks hold without the solution");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn where_nobody_listens_nginx_answers_502_and_envoy_503() {
    let session = play(&common::lab("rollout-errors"), &[]);
    let telemetry = session.model().traffic().telemetry();
    for (load, status) in [("browsers", 502), ("phones", 503)] {
        let series = telemetry.series(&Subject::Workload(load.into())).expect("a workload");
        let all = series.between(0, 60);
        assert!(all.errors() > 200 && all.of(Outcome::Status(status)) == all.errors(), "{load}: {all:?}");
    }
}

#[test]
fn a_goal_that_held_when_it_had_to_stays_met() {
    let text = common::lab("cluster-autoscaler");
    let mut session = play(&text, &solution("cluster-autoscaler", &text));
    let met = |session: &Session| session.goals().iter().map(|goal| goal.holds).collect::<Vec<_>>();
    assert_eq!(met(&session), [true; 6]);
    session.seek(opscape_sim::Time::secs(30));
    // Forty of a hundred wait; the rest has not come.
    assert_eq!(met(&session), [true, false, false, false, false, false]);
    let mut session = play(&common::lab("rollout-errors"), &[]);
    assert!(session.goals().first().is_some_and(|goal| goal.holds && goal.seen != "0"));
    session.seek(opscape_sim::Time::secs(10));
    assert!(session.goals().first().is_some_and(|goal| !goal.holds));
}
