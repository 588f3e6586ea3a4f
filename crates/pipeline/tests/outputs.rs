//! What steps and jobs give to those behind them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_pipeline::github::trigger::Happening;
use opscape_pipeline::github::{Assumptions, Contexts, Planned, plan, read};
use opscape_pipeline::run::{Engine, Fleet, Outcome};

/// A push of a branch, played to its end; `files` besides the workflow.
fn played(text: &str, files: &[(&str, &str)], paths: Option<&[&str]>) -> Engine<Planned> {
    let files: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let others = |path: &str| files.get(path.strip_prefix("./").unwrap_or(path)).cloned();
    let workflow = read(".github/workflows/ci.yml", text, Some(&others));
    assert_eq!(workflow.problems, Vec::new());
    let paths = paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
    let happening = Happening {
        event: "push".to_owned(),
        branch: Some("main".to_owned()),
        paths,
        ..Happening::default()
    };
    let contexts = Contexts::of(&workflow, &happening);
    let assumptions = Assumptions { files: Arc::new(files.clone()), ..Assumptions::default() };
    let planned = plan(&workflow, &contexts, &assumptions);
    let fleet = Arc::new(Fleet::any(None));
    let mut engine = Engine::new(planned.plan.clone(), fleet, planned);
    while let Some(next) = engine.next_at() {
        engine.advance(next);
    }
    engine
}

/// Each job with how it ended, in the order of the plan.
fn told(engine: &Engine<Planned>) -> Vec<String> {
    let jobs = engine.plan().jobs.iter().zip(engine.jobs());
    jobs.map(|(job, run)| format!("{} {}", job.name, run.ended().map_or("waits", Outcome::name))).collect()
}

fn outputs(engine: &Engine<Planned>, job: usize) -> Vec<(String, Option<String>)> {
    engine.system().outputs(job, engine.so_far())
}

fn some(name: &str, value: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(value.to_owned()))
}

#[test]
fn what_a_step_writes_reaches_later_steps_and_other_jobs() {
    let engine = played(
        r#"on: push
env: {REGISTRY: ghcr.io}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      image: ${{ steps.name.outputs.image }}
      notes: ${{ steps.notes.outputs.text }}
      mode: ${{ steps.mode.outputs.mode }}
      none: ${{ steps.never.outputs.x }}
    steps:
      - id: name
        run: |
          TAG="v-${GITHUB_SHA::7}"
          TAG=1.2
          echo "image=$REGISTRY/${{ github.repository }}:$TAG" >> "$GITHUB_OUTPUT"
          echo "MODE=fast" >> $GITHUB_ENV
      - id: notes
        run: |
          {
            echo 'text<<EOF'
            echo one
            echo two
            echo EOF
          } >> "$GITHUB_OUTPUT"
      - id: mode
        if: steps.name.outputs.image != ''
        run: echo "mode=$MODE-${{ env.MODE }}" | tee -a $GITHUB_OUTPUT >> $GITHUB_OUTPUT
  ship:
    needs: build
    if: endsWith(needs.build.outputs.image, ':1.2')
    runs-on: ubuntu-latest
    steps: [{run: sleep 1}]
  never:
    needs: build
    if: needs.build.outputs.none
    runs-on: ubuntu-latest
    steps: [{run: sleep 1}]
"#,
        &[],
        None,
    );
    assert_eq!(told(&engine), ["build success", "ship success", "never skipped"]);
    let given = outputs(&engine, 0);
    assert_eq!(given[0], some("image", "ghcr.io/acme/app:1.2"));
    assert_eq!(given[1], some("notes", "one\ntwo"));
    assert_eq!(given[3], some("none", ""));
}

#[test]
fn variables_for_later_steps_come_from_the_file_of_the_environment() {
    let engine = played(
        r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {mode: "${{ steps.mode.outputs.mode }}"}
    steps:
      - run: echo "MODE=fast" >> $GITHUB_ENV
      - {id: mode, env: {HOW: "very ${{ env.MODE }}"}, run: 'echo "mode=$HOW $MODE" >> $GITHUB_OUTPUT'}
"#,
        &[],
        None,
    );
    assert_eq!(outputs(&engine, 0), [some("mode", "very fast fast")]);
}

#[test]
fn a_matrix_comes_from_the_outputs_of_another_job() {
    let text = r#"on: push
jobs:
  list:
    runs-on: ubuntu-latest
    outputs: {apps: "${{ steps.list.outputs.apps }}"}
    steps: [{id: list, run: 'echo "apps=LIST" >> $GITHUB_OUTPUT'}]
  test:
    needs: list
    strategy: {matrix: {app: "${{ fromJSON(needs.list.outputs.apps) }}", node: [20, 22]}}
    runs-on: ubuntu-latest
    steps: [{run: sleep 4}]
  next: {needs: test, runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
"#;
    let engine = played(&text.replace("LIST", "[\\\"web\\\", \\\"api\\\"]"), &[], None);
    let wanted = [
        "list success",
        "test (web, 20) success",
        "next success",
        "test (web, 22) success",
        "test (api, 20) success",
        "test (api, 22) success",
    ];
    assert_eq!(told(&engine), wanted);
    assert_eq!(engine.plan().groups[1].jobs, [1, 3, 4, 5]);
    // What is no list of values fails the job, as on GitHub.
    let engine = played(&text.replace("LIST", "web"), &[], None);
    assert_eq!(told(&engine), ["list success", "test failure", "next skipped"]);
    assert!(engine.plan().jobs[1].steps[0].name.contains("Error parsing JSON"));
}

#[test]
fn what_nobody_knows_leaves_one_job_for_a_matrix_and_keeps_nothing_from_running() {
    let engine = played(
        r#"on: push
jobs:
  list:
    runs-on: ubuntu-latest
    outputs: {apps: "${{ steps.list.outputs.apps }}"}
    steps: [{id: list, run: 'node list.js | tee -a "$GITHUB_OUTPUT"'}]
  test:
    needs: list
    if: needs.list.outputs.apps != '[]'
    strategy: {matrix: {app: "${{ fromJSON(needs.list.outputs.apps) }}"}}
    runs-on: ubuntu-latest
    steps: [{run: sleep 4}]
"#,
        &[],
        None,
    );
    assert_eq!(told(&engine), ["list success", "test success"]);
    assert_eq!(outputs(&engine, 0), [("apps".to_owned(), None)]);
}

#[test]
fn a_called_workflow_takes_inputs_and_gives_outputs() {
    let called = r#"on:
  workflow_call:
    inputs:
      app: {type: string, required: true}
      count: {type: number, default: 2}
    secrets: {token: {required: true}}
    outputs:
      image: {value: "${{ jobs.pack.outputs.image }}"}
jobs:
  pack:
    runs-on: ubuntu-latest
    outputs: {image: "${{ steps.a.outputs.image }}"}
    steps: [{id: a, run: 'echo "image=${{ inputs.app }}:${{ inputs.count }}" >> $GITHUB_OUTPUT'}]
  check: {needs: pack, name: "check ${{ inputs.app }}", if: inputs.app == 'shop', runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
"#;
    let text = r#"on: push
jobs:
  name:
    runs-on: ubuntu-latest
    outputs: {app: "${{ steps.n.outputs.app }}"}
    steps: [{id: n, run: 'echo app=shop >> $GITHUB_OUTPUT'}]
  build:
    needs: name
    uses: ./.github/workflows/build.yml
    with: {app: "${{ needs.name.outputs.app }}"}
    secrets: {token: "${{ secrets.TOKEN }}"}
  ship:
    needs: build
    if: needs.build.outputs.image == 'shop:2'
    runs-on: ubuntu-latest
    steps: [{run: sleep 1}]
"#;
    let engine = played(text, &[(".github/workflows/build.yml", called)], None);
    let mut got = told(&engine);
    got.sort();
    let wanted = ["build / check shop success", "build / pack success", "name success", "ship success"];
    assert_eq!(got, wanted);
}

#[test]
fn a_composite_action_of_the_repository_runs_its_steps() {
    let action = r#"name: pack
inputs:
  app: {description: which, required: true}
  tag: {description: its version, default: latest}
outputs:
  image: {description: its name, value: "${{ steps.name.outputs.image }}"}
runs:
  using: composite
  steps:
    - run: sleep 5
      shell: bash
    - id: name
      if: inputs.app != 'none'
      shell: bash
      run: echo "image=${{ inputs.app }}:${{ inputs.tag }}" >> $GITHUB_OUTPUT
    - {run: exit 3, shell: bash, if: inputs.app == 'bad'}
    - {run: sleep 2, shell: bash}
"#;
    let files = [(".github/actions/pack/action.yml", action)];
    let text = r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {image: "${{ steps.pack.outputs.image }}"}
    steps:
      - {id: pack, uses: ./.github/actions/pack, with: {app: APP}}
      - run: sleep 1
"#;
    let engine = played(&text.replace("APP", "web"), &files, None);
    assert_eq!(told(&engine), ["a success"]);
    assert_eq!(outputs(&engine, 0), [some("image", "web:latest")]);
    let end = engine.jobs()[0].end.unwrap();
    assert_eq!(end.0 / 1_000_000, 8);
    let engine = played(&text.replace("APP", "bad"), &files, None);
    assert_eq!(told(&engine), ["a failure"]);
    assert_eq!(engine.jobs()[0].end.unwrap().0 / 1_000_000, 5);
}

#[test]
fn a_script_fails_only_for_what_is_known() {
    let outcome = |script: &str| {
        let text = format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n{}",
            script.lines().flat_map(|line| ["          ", line, "\n"]).collect::<String>()
        );
        told(&played(&text, &[("app/x.txt", "hello\n")], None))[0].clone()
    };
    assert_eq!(outcome("exit 1"), "a failure");
    assert_eq!(outcome("false\necho never"), "a failure");
    assert_eq!(outcome("grep -q hello app/x.txt"), "a success");
    assert_eq!(outcome("if [ \"$RUNNER_OS\" = Linux ]; then exit 2; fi"), "a failure");
    // Files that are not in the text, and what programs print, nobody knows.
    assert_eq!(outcome("cd web\nnpm ci\ncat dist/index.html"), "a success");
    assert_eq!(outcome("if [ \"$(curl -s localhost)\" != ok ]; then exit 1; fi"), "a success");
    assert_eq!(outcome("test -f package-lock.json"), "a success");
    assert_eq!(outcome("echo \"${{ secrets.KEY }}\" | grep -q x"), "a success");
    assert_eq!(outcome("this is (no shell"), "a success");
    assert_eq!(outcome("if cargo build; then exit 1; fi"), "a success");
    assert_eq!(outcome("cargo fuzz list | while read t; do cargo fuzz run $t; done"), "a success");
    assert_eq!(
        outcome("printf '1 a\\n2 b c\\n' | while read -r n rest; do\n[ \"$rest\" != 'b c' ] || exit 1\ndone"),
        "a failure"
    );
    assert_eq!(outcome("while read line; do [ \"$line\" = hello ] && exit 1; done < app/x.txt"), "a failure");
}

#[test]
fn known_actions_give_what_they_give() {
    let text = r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs:
      tags: ${{ steps.meta.outputs.tags }}
      digest: ${{ startsWith(steps.push.outputs.digest, 'sha256:') }}
      web: ${{ steps.filter.outputs.web }}
      changes: ${{ steps.filter.outputs.changes }}
      id: ${{ steps.up.outputs.artifact-url }}
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ghcr.io/acme/app
          tags: |
            type=ref,event=branch
            type=sha
            type=semver,pattern={{version}}
      - {id: push, uses: docker/build-push-action@v6, with: {tags: "${{ steps.meta.outputs.tags }}", push: true}}
      - id: filter
        uses: dorny/paths-filter@v3
        with:
          filters: |
            web: web/**
            api: [api/**, '*.go']
      - {id: up, uses: actions/upload-artifact@v4}
"#;
    let engine = played(text, &[], Some(&["web/a.ts"]));
    let wanted = [
        some("tags", "ghcr.io/acme/app:main\nghcr.io/acme/app:sha-0123456"),
        some("digest", "true"),
        some("web", "true"),
        some("changes", "[\"web\"]"),
        ("id".to_owned(), None),
    ];
    assert_eq!(outputs(&engine, 0), wanted);
    let engine = played(text, &[], None);
    assert!(outputs(&engine, 0).contains(&("web".to_owned(), None)));
}

#[test]
fn a_failed_job_gives_what_its_steps_gave_before() {
    let text = r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {x: "${{ steps.one.outputs.x }}", y: "${{ steps.two.outputs.y }}"}
    steps:
      - {id: one, run: 'echo x=1 >> $GITHUB_OUTPUT'}
      - {id: fails, run: exit 1, continue-on-error: true}
      - {if: steps.fails.outcome == 'failure' && steps.fails.conclusion == 'success', run: exit 1}
      - {id: two, run: 'echo y=2 >> $GITHUB_OUTPUT'}
  b: {needs: a, if: always() && needs.a.outputs.x == 1, runs-on: ubuntu-latest, steps: [{run: sleep 1}]}
"#;
    let engine = played(text, &[], None);
    assert_eq!(told(&engine), ["a failure", "b success"]);
    assert_eq!(outputs(&engine, 0), [some("x", "1"), some("y", "")]);
}
