//! Variables that GitLab sets.
//!
//! Source: <https://docs.gitlab.com/ci/variables/predefined_variables/>. Identifiers and times, which nothing in a text
//! decides, are always the same here.

use super::variables::Variables;
use super::{Push, Ref};

/// A name as it may stand in a host name: lower case, `-` for what is neither letter nor digit, 63 characters.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        slug.push(if c.is_ascii_alphanumeric() { c } else { '-' });
    }
    slug.truncate(63);
    slug.trim_matches('-').to_owned()
}

/// Those of a pipeline.
pub(super) fn of_pipeline(push: &Push) -> Variables {
    let mut variables = Variables::default();
    let name = push.reference.name();
    let (namespace, project) = push.project.rsplit_once('/').unwrap_or(("", &push.project));
    let server = "https://gitlab.example.com";
    let sha = push.sha.as_str();
    for (name, value) in [
        ("CI", "true".to_owned()),
        ("GITLAB_CI", "true".to_owned()),
        ("CI_SERVER", "yes".to_owned()),
        ("CI_SERVER_HOST", "gitlab.example.com".to_owned()),
        ("CI_SERVER_URL", server.to_owned()),
        ("CI_API_V4_URL", format!("{server}/api/v4")),
        ("CI_REGISTRY", "registry.example.com".to_owned()),
        ("CI_REGISTRY_IMAGE", format!("registry.example.com/{}", push.project.to_lowercase())),
        ("CI_CONFIG_PATH", ".gitlab-ci.yml".to_owned()),
        ("CI_DEFAULT_BRANCH", push.default_branch.clone()),
        ("CI_PIPELINE_SOURCE", push.source.clone()),
        ("CI_PIPELINE_ID", "1".to_owned()),
        ("CI_PIPELINE_IID", "1".to_owned()),
        ("CI_PROJECT_ID", "1".to_owned()),
        ("CI_PROJECT_NAME", project.to_owned()),
        ("CI_PROJECT_NAMESPACE", namespace.to_owned()),
        ("CI_PROJECT_ROOT_NAMESPACE", namespace.split('/').next().unwrap_or("").to_owned()),
        ("CI_PROJECT_PATH", push.project.clone()),
        ("CI_PROJECT_PATH_SLUG", slug(&push.project)),
        ("CI_PROJECT_URL", format!("{server}/{}", push.project)),
        ("CI_PROJECT_DIR", format!("/builds/{}", push.project)),
        ("CI_BUILDS_DIR", "/builds".to_owned()),
        ("CI_COMMIT_SHA", sha.to_owned()),
        ("CI_COMMIT_SHORT_SHA", sha.get(..8).unwrap_or(sha).to_owned()),
        ("CI_COMMIT_REF_NAME", name.to_owned()),
        ("CI_COMMIT_REF_SLUG", slug(name)),
        ("CI_COMMIT_REF_PROTECTED", (name == push.default_branch).to_string()),
    ] {
        variables.set(name, value);
    }
    match &push.reference {
        Ref::Branch(branch) => variables.set("CI_COMMIT_BRANCH", branch.as_str()),
        Ref::Tag(tag) => variables.set("CI_COMMIT_TAG", tag.as_str()),
        Ref::MergeRequest { source, target } => {
            for (name, value) in [
                ("CI_MERGE_REQUEST_ID", "1"),
                ("CI_MERGE_REQUEST_IID", "1"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", source),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", target),
                ("CI_MERGE_REQUEST_PROJECT_PATH", &push.project),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", &push.project),
                ("CI_MERGE_REQUEST_EVENT_TYPE", "detached"),
            ] {
                variables.set(name, value);
            }
        }
    }
    variables
}
