//! Whether a workflow runs on something that happens.
//!
//! Source: GitHub's documentation, "Events that trigger workflows" and "Workflow syntax" (`on`), "Skipping workflow runs".

use super::pattern::lets_in;
use super::workflow::Event;

/// Something that happens in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happening {
    /// The event, like `push`.
    pub event: String,
    /// Of a push the branch, of a pull request the branch that it is to be merged into, of `workflow_run` the branch of the
    /// run before.
    pub branch: Option<String>,
    /// The tag that is pushed.
    pub tag: Option<String>,
    /// What of it: `opened`, `published`; none: the first of those that an event has by default.
    pub action: Option<String>,
    /// The files that change; none: nobody says, and filters of paths let it pass.
    pub paths: Option<Vec<String>>,
    /// The name of the workflow whose run is meant, of `workflow_run`.
    pub workflow: Option<String>,
    /// The message of the last commit.
    pub message: String,
    /// Which commit, where it is known.
    pub commit: Option<Commit>,
}

/// A commit that something happens with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// `owner/name`.
    pub repository: String,
    /// Who did it.
    pub actor: String,
    /// The number of the run, from 1.
    pub run: u32,
}

/// Why a workflow does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// `on` does not name the event.
    NoEvent,
    /// The branch is not among those of `branches`, or among those of `branches-ignore`.
    Branch(String),
    /// The same for tags; or there are filters for branches alone.
    Tag(String),
    /// No file that changes is among those of `paths`, or all are among those of `paths-ignore`.
    Paths,
    /// The action is not among `types`.
    Action(String),
    /// It follows other workflows.
    Workflow(String),
    /// The message of the commit says so.
    Message,
}

/// What an event is about if nothing is said.
fn default_types(event: &str) -> Option<&'static [&'static str]> {
    match event {
        "pull_request" | "pull_request_target" => Some(&["opened", "synchronize", "reopened"]),
        _ => None,
    }
}

/// Words in the message of a commit with which no workflow runs.
const SKIP: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// Whether a workflow with these events runs; if not, why.
///
/// # Errors
/// The first reason for which it does not.
pub fn decide<'a>(events: &'a [Event], happening: &Happening) -> Result<&'a Event, Passed> {
    let event = events.iter().find(|event| event.name == happening.event).ok_or(Passed::NoEvent)?;
    let pushed = ["push", "pull_request"].contains(&event.name.as_str());
    if pushed && is_skipped(&happening.message) {
        return Err(Passed::Message);
    }
    action(event, happening)?;
    if let (Some(wanted), Some(workflow)) = (event.filter("workflows"), &happening.workflow)
        && !lets_in(wanted, workflow)
    {
        return Err(Passed::Workflow(workflow.clone()));
    }
    reference(event, happening)?;
    paths(event, happening)?;
    Ok(event)
}

fn is_skipped(message: &str) -> bool {
    let trailer = message.rsplit("\n\n").next().unwrap_or("");
    let trailer = trailer.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| name == "skip-checks" && value.trim() == "true")
    });
    trailer || SKIP.iter().any(|words| message.contains(words))
}

fn action(event: &Event, happening: &Happening) -> Result<(), Passed> {
    let Some(action) = &happening.action else { return Ok(()) };
    let wanted = match (event.filter("types"), default_types(&event.name)) {
        (Some(types), _) => types.contains(action),
        (None, Some(types)) => types.contains(&action.as_str()),
        (None, None) => true,
    };
    if wanted { Ok(()) } else { Err(Passed::Action(action.clone())) }
}

/// Branches and tags: filters for the one kind alone leave out the other.
fn reference(event: &Event, happening: &Happening) -> Result<(), Passed> {
    let fits = |only: &str, ignored: &str, name: &str| {
        event.filter(only).is_none_or(|patterns| lets_in(patterns, name))
            && event.filter(ignored).is_none_or(|patterns| !lets_in(patterns, name))
    };
    let has = |only: &str, ignored: &str| event.filter(only).is_some() || event.filter(ignored).is_some();
    let (branches, tags) = (has("branches", "branches-ignore"), has("tags", "tags-ignore"));
    if let Some(tag) = &happening.tag {
        let allowed = tags || !branches;
        return if allowed && fits("tags", "tags-ignore", tag) {
            Ok(())
        } else {
            Err(Passed::Tag(tag.clone()))
        };
    }
    if let Some(branch) = &happening.branch {
        let allowed = branches || !tags;
        if !allowed || !fits("branches", "branches-ignore", branch) {
            return Err(Passed::Branch(branch.clone()));
        }
    }
    Ok(())
}

/// Paths: of pushes of tags, nobody looks at them.
fn paths(event: &Event, happening: &Happening) -> Result<(), Passed> {
    let Some(paths) = happening.paths.as_ref().filter(|_| happening.tag.is_none()) else { return Ok(()) };
    let some = event.filter("paths").is_none_or(|patterns| paths.iter().any(|path| lets_in(patterns, path)));
    let left =
        event.filter("paths-ignore").is_none_or(|patterns| paths.iter().any(|path| !lets_in(patterns, path)));
    if some && left { Ok(()) } else { Err(Passed::Paths) }
}

#[cfg(test)]
mod tests {
    use super::super::workflow::read;
    use super::*;

    fn decided(on: &str, happening: &Happening) -> Result<(), Passed> {
        let text = format!("on: {on}\njobs: {{a: {{runs-on: x, steps: [run: y]}}}}\n");
        let workflow = read("ci.yml", &text, None);
        assert_eq!(workflow.problems, Vec::new());
        decide(&workflow.events.unwrap_or_default(), happening).map(|_| ())
    }

    fn push(branch: &str) -> Happening {
        Happening { event: "push".to_owned(), branch: Some(branch.to_owned()), ..Happening::default() }
    }

    fn tag(tag: &str) -> Happening {
        Happening { event: "push".to_owned(), tag: Some(tag.to_owned()), ..Happening::default() }
    }

    fn changed(happening: Happening, paths: &[&str]) -> Happening {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Happening { paths: Some(paths), ..happening }
    }

    #[test]
    fn filters_of_branches_leave_out_tags_and_the_other_way_round() {
        assert_eq!(decided("push", &tag("v1")), Ok(()));
        assert_eq!(decided("{push: {branches: [main, 'rel/**', '!rel/old']}}", &push("rel/1/2")), Ok(()));
        assert_eq!(
            decided("{push: {branches: [main, 'rel/**', '!rel/old']}}", &push("rel/old")),
            Err(Passed::Branch("rel/old".to_owned()))
        );
        assert_eq!(decided("{push: {branches: [main]}}", &tag("v1")), Err(Passed::Tag("v1".to_owned())));
        assert_eq!(decided("{push: {tags: ['v*']}}", &push("main")), Err(Passed::Branch("main".to_owned())));
        assert_eq!(decided("{push: {tags: ['v*'], branches: [main]}}", &tag("v1")), Ok(()));
        assert_eq!(
            decided("{push: {branches-ignore: ['wip/**']}}", &push("wip/x")),
            Err(Passed::Branch("wip/x".to_owned()))
        );
        assert_eq!(decided("{push: {branches-ignore: ['wip/**']}}", &push("main")), Ok(()));
        assert_eq!(decided("[pull_request]", &push("main")), Err(Passed::NoEvent));
    }

    #[test]
    fn paths_and_branches_must_both_fit() {
        let on = "{push: {branches: [main], paths: ['src/**', '!src/docs/**']}}";
        assert_eq!(decided(on, &changed(push("main"), &["README.md", "src/a.rs"])), Ok(()));
        assert_eq!(decided(on, &changed(push("main"), &["src/docs/a.md"])), Err(Passed::Paths));
        assert_eq!(decided(on, &changed(push("x"), &["src/a.rs"])), Err(Passed::Branch("x".to_owned())));
        let on = "{push: {paths-ignore: ['docs/**']}}";
        assert_eq!(decided(on, &changed(push("main"), &["docs/a.md"])), Err(Passed::Paths));
        assert_eq!(decided(on, &changed(push("main"), &["docs/a.md", "src/a.rs"])), Ok(()));
        assert_eq!(decided(on, &changed(tag("v1"), &["docs/a.md"])), Ok(()));
    }

    #[test]
    fn a_pull_request_is_about_three_actions_by_default() {
        let closed = Happening {
            event: "pull_request".to_owned(),
            branch: Some("main".to_owned()),
            action: Some("closed".to_owned()),
            ..Happening::default()
        };
        assert_eq!(decided("pull_request", &closed), Err(Passed::Action("closed".to_owned())));
        assert_eq!(decided("{pull_request: {types: [closed]}}", &closed), Ok(()));
        let opened = Happening { action: Some("opened".to_owned()), ..closed };
        assert_eq!(decided("pull_request", &opened), Ok(()));
        assert_eq!(
            decided("{pull_request: {branches: [next]}}", &opened),
            Err(Passed::Branch("main".to_owned()))
        );
    }

    #[test]
    fn the_message_of_a_commit_can_say_that_nothing_runs() {
        let quiet = |message: &str| Happening { message: message.to_owned(), ..push("main") };
        assert_eq!(decided("push", &quiet("docs [skip ci]")), Err(Passed::Message));
        assert_eq!(decided("push", &quiet("docs\n\nskip-checks: true")), Err(Passed::Message));
        assert_eq!(decided("push", &quiet("skip ci")), Ok(()));
    }
}
