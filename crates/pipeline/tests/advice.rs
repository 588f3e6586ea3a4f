//! Advice on configurations that are accepted, at line and column.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opscape_pipeline::advice::Advice;
use opscape_pipeline::github;
use opscape_pipeline::gitlab::{self, Push, Repository};

fn told(found: &[Advice]) -> Vec<String> {
    found
        .iter()
        .map(|one| format!("{}:{} {}", one.place.start.line, one.place.start.column, one.hint))
        .collect()
}

fn of_github(text: &str) -> Vec<String> {
    let workflow = github::read("ci.yml", text, None);
    assert_eq!(workflow.problems, Vec::new());
    told(&github::advice(&workflow, text))
}

fn of_gitlab(text: &str) -> Vec<String> {
    let files = [(".gitlab-ci.yml".to_owned(), text.to_owned())].into();
    let repository = Repository { files, ..Repository::default() };
    let configuration = gitlab::read(&repository, ".gitlab-ci.yml", &Push::default()).unwrap();
    told(&gitlab::advice(&configuration, text))
}

#[test]
fn a_workflow_is_told_what_it_hardly_should() {
    let text = r#"on: [push, issues]
jobs:
  greet:
    runs-on: ubuntu-latest
    env: {KEY: "${{ secrets.KEY }}"}
    steps:
      - run: echo "${{ github.event.issue.title }}"
      - run: |
          make
          echo "key $KEY"
      - run: docker push ghcr.io/acme/app:1
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: kubectl set image deployment/app app=ghcr.io/acme/app:latest
      - {uses: docker/build-push-action@v6, with: {push: true, tags: ghcr.io/acme/app}}
"#;
    let wanted = [
        "7:20 hint.pipeline-injection",
        "10:11 hint.pipeline-secret",
        "11:14 hint.pipeline-login",
        "15:14 hint.pipeline-latest",
        "15:14 hint.pipeline-no-way-back",
        "16:16 hint.pipeline-login",
    ];
    assert_eq!(of_github(text), wanted);
}

#[test]
fn a_workflow_that_does_it_well_is_left_alone() {
    let text = r#"on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    env: {TOKEN: "${{ secrets.TOKEN }}"}
    steps:
      - env: {TITLE: "${{ github.event.pull_request.title }}"}
        run: echo "$TITLE"
      - if: contains(github.event.head_commit.message, 'docs')
        run: echo "${{ contains(github.event.pull_request.title, 'docs') }}"
      - uses: docker/login-action@v3
      - run: docker push ghcr.io/acme/app:${{ github.sha }}
      - {uses: docker/build-push-action@v6, with: {push: true}}
      - run: echo "$TOKEN" | gh auth login --with-token
  deploy:
    environment: production
    runs-on: ubuntu-latest
    steps:
      - run: |
          kubectl set image deployment/app app=ghcr.io/acme/app:${{ github.sha }}
          kubectl rollout status deployment/app --timeout=2m
"#;
    assert_eq!(of_github(text), Vec::<String>::new());
}

#[test]
fn a_configuration_of_gitlab_is_told_the_same() {
    let text = r"build:
  script:
    - docker build -t $CI_REGISTRY_IMAGE:1 .
    - docker push $CI_REGISTRY_IMAGE:1
    - echo $CI_REGISTRY_PASSWORD
deploy:
  environment: production
  script: [kubectl apply -f k8s]
";
    let wanted = ["4:7 hint.pipeline-login", "5:7 hint.pipeline-secret", "8:12 hint.pipeline-no-way-back"];
    assert_eq!(of_gitlab(text), wanted);
    let fine = r#"variables: {API_KEY: public}
build:
  before_script: ['echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"']
  script: [docker push $CI_REGISTRY_IMAGE:1, echo $API_KEY]
deploy:
  environment: production
  script: [kubectl apply -f k8s, kubectl rollout status deployment/app]
"#;
    assert_eq!(of_gitlab(fine), Vec::<String>::new());
}
