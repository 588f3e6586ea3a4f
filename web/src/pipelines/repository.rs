//! The repository in a few lines: the newest commits with what can be done to them, and pull requests with their checks.

use std::sync::Arc;

use opscape_lab::Act;
use opscape_lab::pipelines::git::{Commit, Git, GitAct, MAIN, PullRequest};
use opscape_lab::pipelines::{JobState, Outcome};
use opscape_lab::words::{fill, text};
use yew::prelude::*;

use super::marks::icon;
use crate::icons;
use crate::session::{Session, View};

/// The most commits that are shown.
const COMMITS: usize = 6;

/// The repository, folded until somebody wants to see it.
pub fn repository(session: &Session, view: &View) -> Html {
    let Some(git) = session.repository().filter(|git| !git.commits().is_empty()) else {
        return Html::default();
    };
    let lang = view.lang;
    let newest = git.commits().iter().rev().take(COMMITS);
    let last = git.commits().last().cloned().unwrap_or_default();
    let open = git.pulls().iter().filter(|pull| !pull.merged).count();
    html! {
        <details class="repository">
            <summary>
                { icons::branch() }<span class="mono">{ last.short().to_owned() }</span>
                <span class="message">{ title(&last) }</span>
                <span class="space"></span>
                <span class="quiet">{ fill(lang, "git.counts", &[("commits", &git.commits().len().to_string()), ("pulls", &open.to_string())]) }</span>
            </summary>
            if open > 0 { <ul class="pulls">{ for git.pulls().iter().filter(|pull| !pull.merged).map(|one| pull(session, view, one)) }</ul> }
            <ol class="commits" reversed=true aria-label={text(lang, "git.commits")}>{ for newest.map(|one| commit(session, view, &git, one)) }</ol>
        </details>
    }
}

fn title(commit: &Commit) -> String {
    commit.message.lines().next().unwrap_or_default().to_owned()
}

fn commit(session: &Session, view: &View, git: &Git, commit: &Arc<Commit>) -> Html {
    let lang = view.lang;
    let names = git.branches().iter().chain(git.tags()).filter(|(_, sha)| **sha == commit.sha);
    let names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
    let on_main = git.log(MAIN).iter().any(|known| known.sha == commit.sha);
    // A branch that is ahead can become a pull request.
    let asks = names.iter().find(|name| {
        let asked = git.pulls().iter().any(|pull| !pull.merged && *pull.source == ***name);
        !on_main && !asked && git.branches().contains_key(name.as_str())
    });
    let does = |act: GitAct| {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| session.git(Act::Git { line: "".into(), act: act.clone() }))
    };
    let revert = GitAct::Revert { commit: commit.sha.clone(), branch: MAIN.into() };
    html! {
        <li>
            <span class="mono sha">{ commit.short().to_owned() }</span>
            <span class="message" title={commit.changed.join("\n")}>{ title(commit) }</span>
            { for names.iter().map(|name| html! { <span class="reference mono">{ name.clone() }</span> }) }
            <span class="space"></span>
            if !commit.parents.is_empty() {
                <span class="quiet">{ fill(lang, "git.files", &[("n", &commit.changed.len().to_string())]) }</span>
            }
            if let Some(source) = asks {
                <button type="button" class="plain" onclick={does(GitAct::Open { source: source.as_str().into(), target: MAIN.into(), title: commit.message.clone() })}>{ text(lang, "git.open") }</button>
            } else if on_main && !commit.parents.is_empty() {
                <button type="button" class="plain" onclick={does(revert)}>{ text(lang, "git.revert") }</button>
            }
        </li>
    }
}

fn pull(session: &Session, view: &View, pull: &PullRequest) -> Html {
    let checks = session.checks(pull.number);
    let state = |outcome: Option<Outcome>| match outcome {
        None => JobState::Running,
        Some(Outcome::Success) => JobState::Succeeded,
        Some(Outcome::Failure) => JobState::Failed,
        Some(Outcome::Cancelled) => JobState::Cancelled,
        Some(Outcome::Skipped) => JobState::Skipped,
    };
    let merge = {
        let (session, number) = (session.clone(), pull.number);
        let act = Act::Git { line: "".into(), act: GitAct::Merge { number } };
        Callback::from(move |_: MouseEvent| session.git(act.clone()))
    };
    html! {
        <li>
            <b>{ "#" }{ pull.number }</b>
            <span class="message">{ pull.title.to_string() }</span>
            <span class="reference mono">{ pull.source.to_string() }{ " → " }{ pull.target.to_string() }</span>
            { for checks.iter().map(|(name, outcome)| html! { <span class="check">{ icon(state(*outcome)) }{ name.to_string() }</span> }) }
            <span class="space"></span>
            <button type="button" class="button" onclick={merge}>{ text(view.lang, "git.merge") }</button>
        </li>
    }
}
