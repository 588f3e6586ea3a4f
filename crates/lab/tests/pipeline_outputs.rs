//! What jobs give to each other in the world of a text: matrices that come while it runs, logs, and actions in the text.

use opscape_lab::pipelines::RepositoryEvent;
use opscape_lab::{Act, Session, SessionOptions};
use opscape_sim::Time;

const TEXT: &str = r#"--- # .github/workflows/ci.yml
on: push
jobs:
  list:
    runs-on: ubuntu-latest
    outputs: {apps: "${{ steps.list.outputs.apps }}"}
    steps:
      - uses: ./.github/actions/list
        id: list
  test:
    needs: list
    strategy: {matrix: {app: "${{ fromJSON(needs.list.outputs.apps) }}"}}
    runs-on: ubuntu-latest
    steps: [{run: "echo testing ${{ matrix.app }}\nsleep 9"}]
--- # .github/actions/list/action.yml
name: list
description: the applications
outputs: {apps: {description: which, value: "${{ steps.a.outputs.apps }}"}}
runs:
  using: composite
  steps:
    - id: a
      shell: bash
      run: echo 'apps=["web", "api"]' >> $GITHUB_OUTPUT
"#;

#[test]
fn a_matrix_that_comes_from_outputs_grows_in_the_world() {
    let mut session = match Session::open(TEXT, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    };
    let names = |session: &Session| {
        let scene = session.scene(None).pipelines.first().expect("a pipeline").clone();
        scene.jobs.iter().map(|job| format!("{} {}", job.name, job.state.name())).collect::<Vec<String>>()
    };
    assert_eq!(names(&session), ["list planned", "test planned"]);
    let event = RepositoryEvent { name: "push".into(), reference: "main".into(), tag: false };
    session.act(Act::Happen { event }).expect("it is an act");
    session.advance(Time::secs(200), &mut || true);
    assert_eq!(names(&session), ["list succeeded", "test (web) succeeded", "test (api) succeeded"]);
    let pipelines = session.model().pipelines();
    assert_eq!(pipelines.outputs(1, 0), [("apps".to_owned(), Some(r#"["web", "api"]"#.to_owned()))]);
    let log: Vec<String> = pipelines.log(1, 2, session.now()).into_iter().map(|(_, line)| line).collect();
    assert_eq!(log, ["Run echo testing ${{ matrix.app }}", "testing api"]);
    // Back to before anybody knew.
    session.seek(Time::secs(2));
    assert_eq!(names(&session), ["list running", "test waiting"]);
    session.seek(Time::secs(200));
    assert_eq!(names(&session).len(), 3);
}
