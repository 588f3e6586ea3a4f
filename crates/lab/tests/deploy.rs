//! What a pipeline does reaches the world: images in a registry, manifests and rollouts in the cluster.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;

use opscape_lab::pipelines::{GitAct, JobState, Outcome, PipelineScene, RepositoryEvent};
use opscape_lab::{Act, Session, SessionOptions, WorldOptions};
use opscape_manifest::api::{Deployment, ObjectKey};
use opscape_sim::Time;

const LAB: &str = r#"
apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  registry:
    host: ghcr.io
    images: ["ghcr.io/acme/shop:1.0"]
    builds:
    - {file: src/server.js, contains: FIXME, behavesAs: "shop:broken"}
  images:
  - {name: "shop:broken", neverReady: true}
  - {name: ghcr.io/acme/shop, pullTime: 2s, readyAfter: 1s}
--- # k8s/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  progressDeadlineSeconds: 60
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: shop
        image: ghcr.io/acme/shop:1.0
        readinessProbe: {httpGet: {path: /, port: 8080}}
---
kind: File
path: Dockerfile
content: |
  FROM node:22-slim
  COPY src src
---
kind: File
path: src/server.js
content: |
  listen(8080);
"#;

const GITHUB: &str = r#"--- # .github/workflows/deploy.yml
name: deploy
on: {push: {branches: [main]}}
env:
  IMAGE: ghcr.io/acme/shop
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      tag: ${{ steps.meta.outputs.tag }}
    steps:
    - uses: actions/checkout@v4
    - id: meta
      run: echo "tag=${GITHUB_SHA::7}" >> "$GITHUB_OUTPUT"
    - uses: docker/login-action@v3
      with: {registry: ghcr.io, username: "${{ github.actor }}", password: "${{ secrets.GITHUB_TOKEN }}"}
    - uses: docker/build-push-action@v6
      with:
        push: true
        tags: ${{ env.IMAGE }}:${{ steps.meta.outputs.tag }}
  deploy:
    needs: build
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4
    - name: Set the image
      run: |
        sed -i "s|image: .*|image: $IMAGE:${{ needs.build.outputs.tag }}|" k8s/deployment.yaml
        kubectl apply -f k8s/
    - name: Wait
      run: kubectl rollout status deployment/shop --timeout=90s
"#;

const GITLAB: &str = r#"--- # .gitlab-ci.yml
build:
  script:
  - echo "$CI_REGISTRY_PASSWORD" | docker login -u ci --password-stdin ghcr.io
  - docker build -t ghcr.io/acme/shop:$CI_COMMIT_SHORT_SHA .
  - docker push ghcr.io/acme/shop:$CI_COMMIT_SHORT_SHA
deploy:
  needs: [build]
  script:
  - kubectl set image deployment/shop shop=ghcr.io/acme/shop:$CI_COMMIT_SHORT_SHA
  - kubectl rollout status deployment/shop --timeout=90s
"#;

fn open(text: &str) -> Session {
    let world = WorldOptions { runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() };
    match Session::open(text, SessionOptions { world, ..SessionOptions::default() }) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn push(session: &mut Session) {
    let event = RepositoryEvent { name: "push".into(), reference: "main".into(), tag: false };
    session.act(Act::Happen { event }).expect("it is an act");
}

fn to(session: &mut Session, seconds: u64) {
    session.advance(Time::secs(seconds), &mut || true);
}

fn pipeline(session: &Session) -> Arc<PipelineScene> {
    session.scene(None).pipelines.first().expect("a pipeline").clone()
}

fn log(session: &Session, job: usize) -> String {
    let lines = session.model().pipelines().log(1, job, session.now());
    let lines: Vec<String> =
        lines.into_iter().map(|(at, line)| format!("{:.1} {line}", at.as_secs_f64())).collect();
    lines.join("\n")
}

fn image(session: &Session) -> String {
    let shop = session.cluster().store().get::<Deployment>("default", "shop").expect("it is there");
    shop.spec
        .template
        .spec
        .containers
        .first()
        .map(|container| container.image.to_string())
        .unwrap_or_default()
}

fn states(session: &Session) -> Vec<JobState> {
    pipeline(session).jobs.iter().map(|job| job.state).collect()
}

#[test]
fn a_push_of_github_builds_pushes_and_rolls_out() {
    let mut session = open(&[LAB, GITHUB].concat());
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 400);
    println!("{}\n----\n{}", log(&session, 0), log(&session, 1));
    assert_eq!(states(&session), [JobState::Succeeded; 2]);
    let image = image(&session);
    let tag = image.strip_prefix("ghcr.io/acme/shop:").expect("the image that was built");
    assert_eq!(tag.len(), 7);
    let built = session.model().images().registry().get(&image).expect("it was pushed");
    assert!(built.commit.starts_with(tag));
    let shop = session.cluster().store().get::<Deployment>("default", "shop").expect("it is there");
    assert_eq!(shop.status.updated_replicas, 3);
    let told = log(&session, 1);
    assert!(told.contains("deployment.apps/shop configured"), "{told}");
    assert!(told.contains("deployment \"shop\" successfully rolled out"), "{told}");
}

#[test]
fn a_push_of_gitlab_does_the_same() {
    let mut session = open(&[LAB, GITLAB].concat());
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 400);
    println!("{}\n----\n{}", log(&session, 0), log(&session, 1));
    assert_eq!(states(&session), [JobState::Succeeded; 2]);
    assert!(image(&session).len() == "ghcr.io/acme/shop:".len() + 8);
}

#[test]
fn a_rollout_that_fails_fails_the_job() {
    let text = [LAB, GITHUB].concat().replace("listen(8080);", "listen(8080); // FIXME");
    let mut session = open(&text);
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 600);
    let told = log(&session, 1);
    assert_eq!(states(&session), [JobState::Succeeded, JobState::Failed], "{told}");
    assert!(told.contains("error: deployment \"shop\" exceeded its progress deadline"), "{told}");
    assert!(told.contains("Error: Process completed with exit code 1."), "{told}");
}

#[test]
fn a_push_without_a_login_is_refused() {
    let text = [LAB, GITLAB]
        .concat()
        .replace("  - echo \"$CI_REGISTRY_PASSWORD\" | docker login -u ci --password-stdin ghcr.io\n", "");
    let mut session = open(&text);
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 400);
    assert_eq!(states(&session), [JobState::Failed, JobState::Skipped]);
    let told = log(&session, 0);
    assert!(told.contains("unauthorized: unauthenticated"), "{told}");
    assert_eq!(image(&session), "ghcr.io/acme/shop:1.0");
}

#[test]
fn an_image_that_was_never_pushed_cannot_be_pulled() {
    let text = [LAB, GITLAB].concat().replace("  - docker push ghcr.io/acme/shop:$CI_COMMIT_SHORT_SHA\n", "");
    let mut session = open(&text);
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 120);
    let pods = session.cluster().store().objects("Pod", None);
    let texts: Vec<String> = pods.iter().map(|pod| format!("{:?}", pod.to_value())).collect();
    let failing =
        texts.iter().find(|text| text.contains("ErrImagePull") || text.contains("ImagePullBackOff"));
    let failing = failing.expect("a pod that cannot get its image");
    assert!(failing.contains("not found"), "{failing}");
}

#[test]
fn going_back_and_forth_changes_nothing() {
    let mut session = open(&[LAB, GITHUB].concat());
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 400);
    let (image, told) = (image(&session), [log(&session, 0), log(&session, 1)]);
    let entries = session.run().journal().len();
    for at in [31, 60, 120, 150, 180, 200, 90] {
        session.seek(Time::secs(at));
        to(&mut session, 400);
        assert_eq!(self::image(&session), image, "from {at}");
        assert_eq!([log(&session, 0), log(&session, 1)], told, "from {at}");
        assert_eq!(session.run().journal().len(), entries, "from {at}");
    }
}

#[test]
fn a_replica_set_knows_which_step_made_it() {
    let mut session = open(&[LAB, GITHUB].concat());
    to(&mut session, 30);
    push(&mut session);
    to(&mut session, 400);
    let pods = session.cluster().store().objects("Pod", None);
    let pod = pods.first().expect("a pod");
    let key = ObjectKey { kind: "Pod".into(), namespace: "default".into(), name: pod.meta().name.clone() };
    let why = session.inspect(&key).expect("it is there").why;
    let rows: Vec<String> = why.rows.iter().map(|row| row.text.plain()).collect();
    println!("{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("Set the image") && row.contains("deploy")), "{rows:#?}");
    assert!(rows.last().is_some_and(|row| row.contains("push")), "{rows:#?}");
}

fn git(session: &mut Session, act: GitAct) -> Result<String, String> {
    let outcome = session.act(Act::Git { line: "".into(), act }).expect("it is an act");
    if outcome.refused { Err(outcome.output.clone()) } else { Ok(outcome.output.clone()) }
}

fn push_text(session: &mut Session, branch: &str, text: &str) -> Result<String, String> {
    let push = GitAct::Push { branch: branch.into(), message: "A change".into(), text: Some(text.into()) };
    git(session, push)
}

#[test]
fn a_changed_text_is_a_commit_and_a_revert_brings_back_what_was_there() {
    let text = [LAB, GITHUB].concat();
    let mut session = open(&text);
    to(&mut session, 10);
    push_text(&mut session, "main", &text.replace("listen(8080);", "listen(8081);")).expect("it is pushed");
    to(&mut session, 250);
    let second = image(&session);
    assert_eq!(states(&session), [JobState::Succeeded; 2]);
    let commits = session.model().pipelines().git().commits().to_vec();
    assert_eq!(commits.len(), 2);
    let last = commits.last().expect("a commit");
    assert_eq!(**last.changed, ["src/server.js".to_owned()]);
    assert!(second.ends_with(last.short()));
    git(&mut session, GitAct::Revert { commit: last.short().into(), branch: "main".into() })
        .expect("it is reverted");
    to(&mut session, 500);
    assert_eq!(states(&session), [JobState::Succeeded; 2]);
    let reverted = session.model().pipelines().git().commits().last().cloned().expect("a commit");
    assert_eq!(reverted.files.get("src/server.js").map(String::as_str), Some("listen(8080);\n"));
    assert!(image(&session).ends_with(reverted.short()));
    // What was done is a text that plays the same again.
    let (acts, told) = (session.acts_text(), session.model().pipelines().git().commits().len());
    let mut again = open(&text);
    again.expect_acts(&acts).expect("it can be read");
    to(&mut again, 500);
    assert_eq!(image(&again), image(&session));
    assert_eq!(again.model().pipelines().git().commits().len(), told);
}

#[test]
fn a_pull_request_has_checks_and_its_merge_is_a_push() {
    let ci = "--- # .github/workflows/ci.yml\nname: ci\non: {pull_request: {paths: ['src/**']}}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{run: npm test}]\n";
    let text = [LAB, GITHUB, ci].concat();
    let mut session = open(&text);
    to(&mut session, 10);
    push_text(&mut session, "fix", &text.replace("listen(8080);", "listen(8082);")).expect("it is pushed");
    assert!(
        session.scene(None).pipelines.iter().all(|scene| scene.run.is_none()),
        "nothing runs on this branch"
    );
    let open = GitAct::Open { source: "fix".into(), target: "main".into(), title: "Another port".into() };
    git(&mut session, open.clone()).expect("it is opened");
    assert!(git(&mut session, open).is_err_and(|refusal| refusal.contains("already exists")));
    assert_eq!(session.model().pipelines().checks(1).len(), 1);
    to(&mut session, 120);
    let checks = session.model().pipelines().checks(1);
    assert_eq!(
        checks.first().map(|(name, outcome)| (name.to_string(), *outcome)),
        Some(("test".to_owned(), Some(Outcome::Success)))
    );
    assert_eq!(image(&session), "ghcr.io/acme/shop:1.0");
    git(&mut session, GitAct::Merge { number: 1 }).expect("it is merged");
    assert!(git(&mut session, GitAct::Merge { number: 1 }).is_err());
    to(&mut session, 400);
    let merged = session.model().pipelines().git().find("main").cloned().expect("a commit");
    assert_eq!(merged.parents.len(), 2);
    assert!(image(&session).ends_with(merged.short()));
}

#[test]
fn a_terminal_commits_pushes_and_tags() {
    let text = [LAB, GITHUB].concat().replace("branches: [main]", "tags: ['v*']");
    let mut session = open(&text);
    to(&mut session, 10);
    let mut shell = opscape_shell::Shell::new("default", opscape_lab::Lang::En);
    let mut run = |session: &mut Session, line: &str| {
        let mut process = shell.start(line, None).expect("it can be read");
        process.poll(&mut shell, session);
        let said: String = process.take_output().into_iter().map(|piece| piece.text).collect();
        (process.exit_code(), said)
    };
    assert!(run(&mut session, "git log --oneline").1.ends_with(" Initial commit\n"));
    assert_eq!(run(&mut session, "git push").1, "Everything up-to-date\n");
    let (code, said) = run(&mut session, "git tag v1.1 && git push origin v1.1");
    assert_eq!((code, said.as_str()), (Some(0), " * [new tag]         v1.1 -> v1.1\n"));
    to(&mut session, 300);
    assert_eq!(states(&session), [JobState::Succeeded; 2]);
    assert_eq!(run(&mut session, "git tag").1, "v1.1\n");
}
