//! Advice on a workflow that GitHub accepts: see [`crate::advice`].

use super::token::{Expression, Token, Value};
use super::workflow::{Action, Job, Step, Workflow};
use crate::advice::{self, Advice, Commands};

/// What others write, so that it may say anything (GitHub's documentation, "Script injections").
const UNTRUSTED: &[&str] = &[
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.workflow_run.head_branch",
    "github.head_ref",
];

/// Advice on a workflow without problems; `text` is its file.
pub fn advice(workflow: &Workflow, text: &str) -> Vec<Advice> {
    let mut found = Vec::new();
    if !workflow.problems.is_empty() {
        return found;
    }
    for job in workflow.jobs.iter().flatten() {
        let steps = job.steps();
        let scripts: Vec<Commands<'_>> = steps.iter().filter_map(|step| script(step, text)).collect();
        for script in &scripts {
            found.extend(injections(script, text));
        }
        let env = [workflow.env.as_ref(), job.get("env")]
            .into_iter()
            .chain(steps.iter().map(|step| step.env.as_ref()));
        let env: Vec<&(Token, Token)> = env.flatten().flat_map(Token::entries).collect();
        let secret = |name: &str| {
            let set = env.iter().find(|(key, _)| key.as_str() == Some(name));
            set.is_some_and(|(_, value)| matches!(&value.value, Value::Expression(Expression { text, .. }) if text.contains("secrets.")))
        };
        let uses = || {
            steps
                .iter()
                .filter_map(|step| if let Action::Uses(uses) = &step.action { uses.as_str() } else { None })
        };
        // What an action of somebody else does nobody knows.
        let logs_in = uses().any(|uses| {
            uses.starts_with("./")
                || ["login", "auth", "credentials", "registry"].iter().any(|part| uses.contains(part))
        });
        found.extend(advice::on_commands(text, &scripts, &secret, logs_in, deploys(job)));
        let by_command = scripts.iter().any(|script| script.text.contains("login"));
        if !logs_in && !by_command {
            found.extend(steps.iter().filter_map(pushes));
        }
    }
    found.sort_by_key(|one| one.place.start.offset);
    found
}

/// Whether a job is there to deploy.
fn deploys(job: &Job) -> bool {
    let named = |name: &str| {
        ["deploy", "release", "prod", "ship"].iter().any(|part| name.to_lowercase().contains(part))
    };
    job.get("environment").is_some() || named(job.id())
}

/// The commands of a step as they are written.
fn script<'a>(step: &Step, text: &'a str) -> Option<Commands<'a>> {
    let Action::Run(run) = &step.action else { return None };
    let place = run.place?;
    let (from, until) = (place.start.offset as usize, place.end.offset as usize);
    let written = text.get(from..until)?;
    // Behind the header of a block.
    let skipped = if written.starts_with(['|', '>']) { written.find('\n').map_or(0, |at| at + 1) } else { 0 };
    let quoted = usize::from(skipped == 0 && written.starts_with(['"', '\'']));
    let text = written.get(skipped + quoted..)?.trim_end_matches(['"', '\'']);
    Some(Commands { text, from: from + skipped + quoted })
}

fn injections(script: &Commands<'_>, whole: &str) -> Vec<Advice> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = script.text.get(at..).and_then(|rest| rest.find("${{")).map(|open| at + open) {
        let end = script
            .text
            .get(open..)
            .and_then(|rest| rest.find("}}"))
            .map_or(script.text.len(), |end| open + end + 2);
        let inner = script.text.get(open..end).unwrap_or("");
        let plain: String = inner.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        let named = |name: &&&str| {
            plain.match_indices(**name).any(|(at, _)| {
                let rest = plain.get(at + name.len()..).unwrap_or("");
                // A comparison shows nothing of it.
                !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.=!".contains(c))
            })
        };
        // What a function makes of it may be a truth value.
        let bare =
            !["contains(", "startswith(", "endswith(", "tojson("].iter().any(|call| plain.contains(call));
        if let Some(name) = UNTRUSTED.iter().find(named).filter(|_| bare) {
            found.push(Advice {
                message: format!("{name} is written by others, and here it becomes a part of the commands"),
                place: advice::span(whole, script.from + open, end - open),
                hint: "hint.pipeline-injection",
                name: (*name).to_owned(),
            });
        }
        at = end.max(open + 3);
    }
    found
}

/// `docker/build-push-action` with `push: true`, to a registry that is named.
fn pushes(step: &Step) -> Option<Advice> {
    let Action::Uses(uses) = &step.action else { return None };
    if !uses.as_str()?.starts_with("docker/build-push-action@") {
        return None;
    }
    let with = step.written.get("with")?;
    let pushes = matches!(with.get("push").map(|push| &push.value), Some(Value::Bool(true)))
        || with.get("push").and_then(Token::as_str) == Some("true");
    let tags = with.get("tags").map(Token::shown).unwrap_or_default();
    (pushes && !tags.contains("localhost")).then(|| Advice {
        message: "an image is pushed, and nothing in this job logs in to a registry".to_owned(),
        place: uses.place.unwrap_or(advice::span("", 0, 0)),
        hint: "hint.pipeline-login",
        name: tags.lines().next().unwrap_or_default().to_owned(),
    })
}
