//! What GitLab makes of configurations: what it refuses, and what holds for each of its pipelines and their runs. Jobs and
//! runs of many configurations are compared with recordings in `opscape-referee`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use opscape_pipeline::gitlab::run::{Options, Status};
use opscape_pipeline::gitlab::{Configuration, Failure, Pipeline, Push, Ref, Repository, read};
use proptest::prelude::*;

const NAME: &str = ".gitlab-ci.yml";

fn repository(text: &str) -> Repository {
    Repository { files: [(NAME.to_owned(), text.to_owned())].into(), elsewhere: BTreeMap::new() }
}

fn configured(text: &str) -> Result<Configuration, Failure> {
    read(&repository(text), NAME, &Push::default())
}

fn pipeline(text: &str, push: &Push) -> Pipeline {
    let repository = repository(text);
    read(&repository, NAME, push).unwrap().pipeline(&repository, push).unwrap()
}

fn names(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.jobs.iter().map(|job| job.job.name.as_str()).collect()
}

#[test]
fn what_gitlab_refuses_is_refused_in_its_words_at_its_place() {
    let mut wrong = Vec::new();
    let cases = include_str!("gitlab/refused.txt").split("\n=== ").skip(1);
    for case in cases {
        let (name, rest) = case.split_once('\n').unwrap();
        let at = rest.find("--- ").unwrap();
        let want: Vec<&str> = rest[at..].lines().filter_map(|line| line.strip_prefix("--- ")).collect();
        let got: Vec<String> = match configured(&rest[..at]) {
            Ok(_) => vec!["(accepted)".to_owned()],
            Err(failure) => failure
                .mistakes
                .iter()
                .map(|mistake| {
                    let start = mistake.place.span.start;
                    format!("{}:{} {}", start.line, start.column, mistake.message)
                })
                .collect(),
        };
        if got != want {
            wrong.push(format!("{name}\n  want {want:#?}\n  got {got:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_included_file_that_is_not_there_leaves_open_what_it_would_have_brought() {
    let text = "include: { template: Jobs/Build.gitlab-ci.yml }\nstages: [build]\n\
                test: { extends: .from-there, script: [!reference [.x, script], echo] }\n\
                later: { stage: ship, needs: [from-there], script: echo }\n";
    let configuration = configured(text).unwrap();
    assert_eq!(configuration.absent.len(), 1);
    assert_eq!(configuration.jobs.len(), 2);
    assert!(configuration.warnings[0].message.contains("Jobs/Build.gitlab-ci.yml"));
    // Whether it is a job decides the file that is not there.
    let text = "include: { project: a/b, file: x.yml }\nnightly: { extends: .publish, needs: [build], tags: [x] }\n\
                other: { script: !reference [.x, script], image: !reference [.x, image], rules: [!reference [.x, rules]] }\n";
    let configuration = configured(text).unwrap();
    assert_eq!(configuration.jobs.len(), 2);
}

#[test]
fn files_of_elsewhere_are_read_if_they_are_given() {
    let mut repository =
        repository("include: [{ project: acme/ci, file: [/a.yml] }, { remote: 'https://x.org/b.yml' }]\n");
    repository.elsewhere.insert("project:acme/ci:a.yml".to_owned(), "a: { script: echo }".to_owned());
    repository.elsewhere.insert("remote:https://x.org/b.yml".to_owned(), "b: { script: echo }".to_owned());
    let configuration = read(&repository, NAME, &Push::default()).unwrap();
    let names: Vec<&str> = configuration.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(configuration.files, [NAME, "acme/ci:a.yml", "https://x.org/b.yml"]);
}

#[test]
fn two_stars_stand_for_folders_in_includes_too_but_not_for_none() {
    let included = |pattern: &str| {
        let mut repository = repository(&format!("include: '{pattern}'\n"));
        for path in ["ci/x.yml", "ci/sub/y.yml", "cixyml"] {
            repository
                .files
                .insert(path.to_owned(), format!("{}: {{ script: echo }}\n", path.replace('/', "-")));
        }
        let configuration = read(&repository, NAME, &Push::default()).unwrap();
        configuration.jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(included("ci/*.yml"), ["ci-x.yml"]);
    assert_eq!(included("/ci/**.yml"), ["ci-sub-y.yml", "ci-x.yml"]);
    assert_eq!(included("ci/**/*.yml"), ["ci-sub-y.yml"]);
}

#[test]
fn inputs_are_put_into_texts_keys_and_whole_values() {
    let mut repository =
        repository("include: { local: t.yml, inputs: { name: fast, tags: [a, b], deep: true } }\n");
    repository.files.insert(
        "t.yml".to_owned(),
        "spec:\n  inputs:\n    name:\n    tags: { type: array }\n    deep: { type: boolean }\n    level: { default: low, options: [low, high] }\n---\n\
         \"$[[ inputs.name ]]-job\":\n  script: echo $[[ inputs.level | truncate(0, 2) ]]\n  tags: $[[ inputs.tags ]]\n  allow_failure: $[[ inputs.deep ]]\n"
            .to_owned(),
    );
    let configuration = read(&repository, NAME, &Push::default()).unwrap();
    let job = &configuration.jobs[0];
    assert_eq!((job.name.as_str(), job.script[0].as_str()), ("fast-job", "echo lo"));
    assert_eq!((job.tags.clone(), job.allow_failure), (vec!["a".to_owned(), "b".to_owned()], true));
}

#[test]
fn policies_and_rules_look_at_what_started_the_pipeline() {
    let text = "a: { script: echo, only: [tags] }\nb: { script: echo, except: [main] }\n\
                c: { script: echo, only: [merge_requests] }\nd: { script: echo, only: [/^v\\d/] }\n\
                e: { script: echo, rules: [{ if: $CI_COMMIT_TAG }] }\nf: { script: echo }\n\
                g: { script: echo, only: [schedules] }\nh: { script: echo, only: { variables: [$CI_COMMIT_BRANCH] } }\n";
    let with =
        |source: &str, reference: Ref| Push { source: source.to_owned(), reference, ..Push::default() };
    let (branch, tag) = (Ref::Branch("main".to_owned()), Ref::Tag("v1".to_owned()));
    let request = Ref::MergeRequest { source: "x".to_owned(), target: "main".to_owned() };
    assert_eq!(names(&pipeline(text, &with("push", branch.clone()))), ["f", "h"]);
    assert_eq!(names(&pipeline(text, &with("push", tag))), ["a", "b", "d", "e", "f"]);
    assert_eq!(names(&pipeline(text, &with("schedule", branch))), ["f", "g", "h"]);
    assert_eq!(names(&pipeline(text, &with("merge_request_event", request))), ["c"]);
}

#[test]
fn a_pipeline_of_edge_stages_alone_is_not_created() {
    let made = pipeline("a: { stage: .pre, script: echo }\n", &Push::default());
    assert!(made.not_created.unwrap().starts_with("Pipeline will not run"));
    let made =
        pipeline("workflow: { rules: [{ if: $CI_COMMIT_TAG }] }\na: { script: echo }\n", &Push::default());
    assert_eq!(made.not_created.unwrap(), "Pipeline filtered out by workflow rules.");
}

fn statuses(text: &str, options: &Options) -> Vec<(String, Status)> {
    let made = pipeline(text, &Push::default());
    let run = made.run(&repository(text), options);
    run.jobs.into_iter().map(|job| (job.name, job.status)).collect()
}

#[test]
fn a_blocking_manual_job_holds_the_stages_behind_it_and_an_optional_one_does_not() {
    let of = |gate: &str| {
        format!(
            "stages: [a, b]\ngate: {{ stage: a, script: echo, {gate} }}\nnext: {{ stage: b, script: echo }}\n"
        )
    };
    let status = |text: &str, options: &Options| statuses(text, options)[1].1;
    let none = Options::default();
    assert_eq!(status(&of("when: manual"), &none), Status::Success);
    assert_eq!(status(&of("when: manual, allow_failure: false"), &none), Status::Created);
    assert_eq!(status(&of("rules: [{ when: manual }]"), &none), Status::Created);
    let play = Options { play: ["gate".to_owned()].into(), ..Options::default() };
    assert_eq!(status(&of("rules: [{ when: manual }]"), &play), Status::Success);
}

#[test]
fn who_needs_a_job_that_does_not_run_is_skipped_and_so_is_who_needs_that() {
    let text = "a: { script: 'false' }\nb: { needs: [a], script: echo }\nc: { needs: [b], script: echo }\n\
                d: { needs: [c], when: on_failure, script: echo }\ne: { needs: [c], when: always, script: echo }\n";
    let got: Vec<Status> =
        statuses(text, &Options::default()).into_iter().map(|(_, status)| status).collect();
    let skipped = Status::Skipped;
    assert_eq!(got, [Status::Failed, skipped, skipped, skipped, Status::Success]);
}

#[test]
fn a_job_of_a_resource_group_waits_for_the_one_before_it() {
    let text = "a: { script: sleep 10, resource_group: x }\nb: { script: sleep 10, resource_group: x }\n";
    let run = pipeline(text, &Push::default()).run(&repository(text), &Options::default());
    assert_eq!(run.jobs[0].end, run.jobs[1].start);
    assert_eq!(run.waves, [["a"], ["b"]]);
}

#[test]
fn a_delayed_job_starts_when_its_time_has_come_and_a_failing_one_is_tried_again() {
    let text = "a: { script: echo, when: delayed, start_in: 5 minutes }\nb: { script: 'false', retry: 2 }\n";
    let run = pipeline(text, &Push::default()).run(&repository(text), &Options::default());
    assert_eq!((run.jobs[0].start, run.jobs[0].status), (Some(300), Status::Success));
    assert_eq!((run.jobs[1].attempts, run.jobs[1].status), (3, Status::Failed));
}

/// A configuration with jobs in stages that need some of those before them.
fn configurations() -> impl Strategy<Value = String> {
    let job = (
        0..3_usize,
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        0..6_u8,
        any::<bool>(),
        1..40_u32,
    );
    prop::collection::vec(job, 1..12).prop_map(|jobs| {
        let mut text = "stages: [one, two, three]\n".to_owned();
        for (at, (stage, needs, kind, by_needs, seconds)) in jobs.iter().enumerate() {
            let before: Vec<usize> = (0..at).filter(|other| jobs[*other].0 <= *stage).collect();
            let mut needed: Vec<usize> =
                needs.iter().filter(|_| !before.is_empty()).map(|index| *index.get(&before)).collect();
            needed.sort_unstable();
            needed.dedup();
            let needs = if *by_needs {
                format!(
                    "needs: [{}], ",
                    needed.iter().map(|other| format!("j{other}")).collect::<Vec<_>>().join(", ")
                )
            } else {
                String::new()
            };
            let (when, last) = match kind {
                0 => ("on_failure", "true"),
                1 => ("always", "true"),
                2 => ("manual", "true"),
                3 => ("on_success", "false"),
                _ => ("on_success", "true"),
            };
            text.extend([format!(
                "j{at}: {{ stage: {}, {needs}when: {when}, script: [sleep {seconds}, '{last}'] }}\n",
                ["one", "two", "three"][*stage]
            )]);
        }
        text
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,120}") {
        let _ = configured(&text);
    }

    #[test]
    fn no_order_of_words_makes_it_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", ": ", "script", "- ", "[", "]", "{ ", " }", ", ", "\n", "\n  ", "\n    ", "!reference ", "&x ", "*x", "<<",
                "extends", ".b", "needs", "rules", "if", "'$A =~ /x/'", "include", "spec", "inputs", "---\n", "parallel",
                "matrix", "3", "null", "variables", "$[[ inputs.a ]]", "default", "cache", "key", "trigger", "stages",
            ]),
            0..60,
        )
    ) {
        let text = words.concat();
        let repository = repository(&text);
        let push = Push::default();
        if let Ok(configuration) = read(&repository, NAME, &push)
            && let Ok(pipeline) = configuration.pipeline(&repository, &push)
        {
            pipeline.run(&repository, &Options::default());
        }
    }

    #[test]
    fn no_job_starts_before_what_it_waits_for_has_ended(text in configurations(), runners in prop::option::of(1..4_usize)) {
        let repository = repository(&text);
        let made = pipeline(&text, &Push::default());
        let run = made.run(&repository, &Options { runners, ..Options::default() });
        prop_assert_eq!(&run, &made.run(&repository, &Options { runners, ..Options::default() }));
        let stage = |name: &str| made.stages.iter().position(|stage| stage == name);
        for (job, result) in made.jobs.iter().zip(&run.jobs) {
            let Some(start) = result.start else { continue };
            for (other, before) in made.jobs.iter().zip(&run.jobs) {
                let waits = match &job.needs {
                    Some(needs) => needs.iter().any(|need| need.jobs().contains(&other.job.name)),
                    None => stage(&other.job.stage) < stage(&job.job.stage),
                };
                prop_assert!(!waits || before.start.is_none() || before.end.is_some_and(|end| end <= start));
            }
            let at_once = run.jobs.iter().filter(|other| {
                other.start.is_some_and(|other| other <= start) && other.end.is_some_and(|end| end > start)
            });
            prop_assert!(runners.is_none_or(|runners| at_once.count() <= runners));
        }
    }
}
