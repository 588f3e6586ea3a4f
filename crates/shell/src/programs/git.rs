//! git and gh, as far as they move the repository of a lab: what is committed is the text that was applied last.
//!
//! Source: git 2.48 and GitHub CLI 2.63, their messages.

use opscape_lab::pipelines::Outcome;
use opscape_lab::pipelines::git::{Commit, GitAct, MAIN};

use crate::process::{Io, Poll, Scope, Task};

/// `git` or `gh`, with its words.
#[derive(Clone)]
pub(super) struct Repository {
    pub hub: bool,
    pub arguments: Vec<String>,
}

impl Task for Repository {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        if scope.world.repository().is_none_or(|git| git.commits().is_empty()) {
            io.err("fatal: not a git repository (or any of the parent directories): .git\n");
            return Poll::Done(128);
        }
        let words: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        Poll::Done(if self.hub { hub(&words, io, scope) } else { git(&words, io, scope) })
    }
}

/// The value of a flag, as `--flag value` or `--flag=value`.
fn value<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if names.contains(word) {
            return words.next().copied();
        }
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| names.contains(name)) {
            let _ = name;
            return Some(value);
        }
    }
    None
}

/// The words that are no flags.
fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !word.starts_with('-')).collect()
}

fn act(io: &mut Io, scope: &mut Scope<'_>, act: GitAct) -> i32 {
    match scope.world.git(act) {
        Some(Ok(said)) => {
            io.out(&said);
            0
        }
        Some(Err(refusal)) => {
            io.err(&refusal);
            1
        }
        None => 1,
    }
}

fn head(scope: &Scope<'_>) -> String {
    if scope.shell.branch.is_empty() { MAIN.to_owned() } else { scope.shell.branch.clone() }
}

fn git(words: &[&str], io: &mut Io, scope: &mut Scope<'_>) -> i32 {
    let (name, rest) = words.split_first().map_or(("", &[][..]), |(name, rest)| (*name, rest));
    let branch = head(scope);
    match name {
        "add" | "fetch" | "pull" | "stash" => 0,
        "status" => {
            io.out(&format!("On branch {branch}\n"));
            io.out(if scope.shell.message.is_some() {
                "Your branch is ahead of 'origin' by 1 commit.\n  (use \"git push\" to publish your local commits)\n"
            } else {
                "nothing to commit, working tree clean\n"
            });
            0
        }
        "log" => {
            let shorter = rest.contains(&"--oneline");
            let most = value(rest, &["-n", "--max-count"]).and_then(|count| count.parse().ok());
            let dashed = rest.iter().find_map(|word| word.strip_prefix('-')?.parse::<usize>().ok());
            let Some(git) = scope.world.repository() else { return 128 };
            let mut text = String::new();
            let shown = plain(rest).first().map_or(branch.clone(), |name| (*name).to_owned());
            for commit in git.log(&shown).into_iter().take(most.or(dashed).unwrap_or(usize::MAX)) {
                text.push_str(&described(commit, shorter));
            }
            io.out(&text);
            0
        }
        "branch" => {
            let Some(git) = scope.world.repository() else { return 128 };
            let names = git.branches().keys().map(|name| &**name).chain([branch.as_str()]);
            let names: std::collections::BTreeSet<&str> = names.collect();
            let lines: Vec<String> = names
                .into_iter()
                .map(|name| format!("{} {name}\n", if name == branch { '*' } else { ' ' }))
                .collect();
            io.out(&lines.concat());
            0
        }
        "switch" | "checkout" => {
            let made = value(rest, &["-c", "-b", "-C", "-B"]);
            let Some(name) = made.or_else(|| plain(rest).first().copied()) else { return 128 };
            let known = scope.world.repository().is_some_and(|git| git.branches().contains_key(name));
            if made.is_none() && !known {
                io.err(&format!("fatal: invalid reference: {name}\n"));
                return 128;
            }
            name.clone_into(&mut scope.shell.branch);
            let new = if made.is_some() { "a new " } else { "" };
            io.err(&format!("Switched to {new}branch '{name}'\n"));
            0
        }
        "commit" => {
            let message = value(rest, &["-m", "--message", "-am"]).unwrap_or("Update");
            scope.shell.message = Some(message.to_owned());
            io.out(&format!("[{branch}] {message}\n"));
            0
        }
        "push" => {
            let named = plain(rest);
            let named = named.iter().copied().rfind(|word| *word != "origin" && *word != "HEAD");
            let tags = scope.shell.tags.clone();
            if rest.contains(&"--tags") || named.is_some_and(|name| tags.iter().any(|tag| tag == name)) {
                let wanted: Vec<String> =
                    tags.iter().filter(|tag| named.is_none_or(|name| name == *tag)).cloned().collect();
                scope.shell.tags.retain(|tag| !wanted.contains(tag));
                let codes = wanted.iter().map(|tag| {
                    act(io, scope, GitAct::Tag { name: tag.as_str().into(), branch: branch.as_str().into() })
                });
                return codes.max().unwrap_or(0);
            }
            let message = scope.shell.message.take().unwrap_or_else(|| "Update".to_owned());
            let branch = named.unwrap_or(&branch);
            act(
                io,
                scope,
                GitAct::Push { branch: branch.into(), message: message.as_str().into(), text: None },
            )
        }
        "tag" => {
            if let Some(tag) = plain(rest).first() {
                scope.shell.tags.push((*tag).to_owned());
                return 0;
            }
            let Some(git) = scope.world.repository() else { return 128 };
            let names: String = git.tags().keys().flat_map(|name| [&**name, "\n"]).collect();
            io.out(&names);
            0
        }
        "revert" => {
            let Some(commit) = plain(rest).first().copied() else { return 128 };
            act(io, scope, GitAct::Revert { commit: commit.into(), branch: branch.as_str().into() })
        }
        _ => {
            io.err(&format!("git: '{name}' is not a git command. See 'git --help'.\n"));
            1
        }
    }
}

fn described(commit: &Commit, shorter: bool) -> String {
    let title = commit.message.lines().next().unwrap_or_default();
    if shorter {
        return format!("{} {title}\n", commit.short());
    }
    let body: Vec<String> = commit.message.lines().map(|line| format!("    {line}\n")).collect();
    format!("commit {}\nAuthor: you <you@example.com>\n\n{}\n", commit.sha, body.concat())
}

fn hub(words: &[&str], io: &mut Io, scope: &mut Scope<'_>) -> i32 {
    let branch = head(scope);
    match words {
        ["pr", "create", rest @ ..] => {
            let source = value(rest, &["--head", "-H"]).unwrap_or(&branch);
            let target = value(rest, &["--base", "-B"]).unwrap_or(MAIN);
            let title = value(rest, &["--title", "-t"]).unwrap_or_default();
            let open = GitAct::Open { source: source.into(), target: target.into(), title: title.into() };
            act(io, scope, open)
        }
        ["pr", "merge", rest @ ..] => {
            let number = plain(rest).first().and_then(|number| number.trim_start_matches('#').parse().ok());
            let own = || {
                let git = scope.world.repository()?;
                git.pulls()
                    .iter()
                    .rev()
                    .find(|pull| !pull.merged && *pull.source == *branch)
                    .map(|pull| pull.number)
            };
            let Some(number) = number.or_else(own) else {
                io.err(&format!("no pull requests found for branch \"{branch}\"\n"));
                return 1;
            };
            act(io, scope, GitAct::Merge { number })
        }
        ["pr", "list", ..] => {
            let Some(git) = scope.world.repository() else { return 1 };
            let open = git.pulls().iter().filter(|pull| !pull.merged);
            let lines: Vec<String> = open
                .map(|pull| format!("#{}\t{}\t{}\tOPEN\n", pull.number, pull.title, pull.source))
                .collect();
            if lines.is_empty() {
                io.out("no open pull requests in acme/app\n");
            }
            io.out(&lines.concat());
            0
        }
        ["pr", "checks", rest @ ..] => {
            let number = plain(rest).first().and_then(|number| number.trim_start_matches('#').parse().ok());
            let git = scope.world.repository();
            let own = git.and_then(|git| git.pulls().iter().rev().find(|pull| *pull.source == *branch));
            let Some(number) = number.or(own.map(|pull| pull.number)) else {
                io.err(&format!("no pull requests found for branch \"{branch}\"\n"));
                return 1;
            };
            let checks = scope.world.checks(number);
            if checks.is_empty() {
                io.err(&format!("no checks reported on the '{branch}' branch\n"));
                return 1;
            }
            let word = |outcome: Option<Outcome>| match outcome {
                None => "pending",
                Some(Outcome::Success) => "pass",
                Some(Outcome::Skipped) => "skipping",
                Some(Outcome::Failure | Outcome::Cancelled) => "fail",
            };
            let lines: Vec<String> =
                checks.iter().map(|(name, outcome)| format!("{name}\t{}\n", word(*outcome))).collect();
            io.out(&lines.concat());
            // As gh: 8 while some are pending, 1 if some failed.
            let has = |wanted: &str| checks.iter().any(|(_, outcome)| word(*outcome) == wanted);
            if has("fail") {
                1
            } else if has("pending") {
                8
            } else {
                0
            }
        }
        _ => {
            io.err(&format!("unknown command \"{}\" for \"gh\"\n", words.join(" ")));
            1
        }
    }
}
