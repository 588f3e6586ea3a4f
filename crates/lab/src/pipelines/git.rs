//! The repository of a world: commits, branches, tags and pull requests, as far as pipelines ask for them.
//!
//! A commit is the files of a text. The first one is the text that was opened; what is pushed after that is a text that
//! somebody changed. Merges are by file: what both sides changed since they parted is a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opscape_manifest::api::Str;
use opscape_sim::Time;

use super::Definition;
use crate::images::registry::hexadecimal;

/// The branch that everything begins on.
pub const MAIN: &str = "main";

/// What a person does to the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitAct {
    /// Commits the files of a text on a branch and pushes it; a branch that is not there begins at `main`.
    Push {
        /// The branch.
        branch: Str,
        /// The message of the commit.
        message: Str,
        /// The text; none: the one that was applied last.
        text: Option<Str>,
    },
    /// Tags what a branch is at.
    Tag {
        /// The tag.
        name: Str,
        /// The branch.
        branch: Str,
    },
    /// Takes back what a commit changed, by a commit of its own.
    Revert {
        /// The first digits of the commit.
        commit: Str,
        /// On which branch.
        branch: Str,
    },
    /// Opens a pull request.
    Open {
        /// The branch with the changes.
        source: Str,
        /// The branch that shall get them.
        target: Str,
        /// Its title.
        title: Str,
    },
    /// Merges a pull request.
    Merge {
        /// Its number.
        number: u32,
    },
}

/// Texts by path.
pub type Files = BTreeMap<String, String>;

/// A commit.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// 40 hexadecimal digits, which follow from what is in it.
    pub sha: Str,
    /// The commits before it; two for a merge.
    pub parents: Vec<Str>,
    /// Its message.
    pub message: Str,
    /// When it was made.
    pub at: Time,
    /// Its files.
    pub files: Arc<Files>,
    /// The files that differ from those of the commit before it.
    pub changed: Arc<Vec<String>>,
    /// The configurations of pipelines in it.
    pub(crate) definitions: Arc<Vec<Arc<Definition>>>,
}

impl Commit {
    /// The first seven digits.
    pub fn short(&self) -> &str {
        self.sha.get(..7).unwrap_or(&self.sha)
    }
}

/// A pull request, or a merge request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number, from 1.
    pub number: u32,
    /// Its title.
    pub title: Str,
    /// The branch with the changes.
    pub source: Str,
    /// The branch that shall get them.
    pub target: Str,
    /// Whether it was merged.
    pub merged: bool,
}

/// Why something cannot be done, in the words of git or of GitHub's command line.
pub type Refusal = String;

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct Git {
    commits: Vec<Arc<Commit>>,
    branches: BTreeMap<Str, Str>,
    tags: BTreeMap<Str, Str>,
    pulls: Vec<PullRequest>,
}

impl Git {
    /// The commits, in the order in which they were made.
    pub fn commits(&self) -> &[Arc<Commit>] {
        &self.commits
    }

    /// The branches, and what each is at.
    pub fn branches(&self) -> &BTreeMap<Str, Str> {
        &self.branches
    }

    /// The tags, and what each is at.
    pub fn tags(&self) -> &BTreeMap<Str, Str> {
        &self.tags
    }

    /// The pull requests, in the order in which they were opened.
    pub fn pulls(&self) -> &[PullRequest] {
        &self.pulls
    }

    fn commit(&self, sha: &str) -> Option<&Arc<Commit>> {
        self.commits.iter().find(|commit| *commit.sha == *sha)
    }

    /// The commit that a branch or a tag is at, or that has these first digits.
    pub fn find(&self, name: &str) -> Option<&Arc<Commit>> {
        let named = self.branches.get(name).or_else(|| self.tags.get(name));
        match named {
            Some(sha) => self.commit(sha),
            None if name == "HEAD" => self.find(MAIN),
            None if name.len() >= 4 => self.commits.iter().find(|commit| commit.sha.starts_with(name)),
            None => None,
        }
    }

    /// The commits of a branch, the newest first.
    pub fn log(&self, name: &str) -> Vec<&Arc<Commit>> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&Arc<Commit>> = self.find(name).into_iter().collect();
        while let Some(commit) = open.pop() {
            if found.insert(&commit.sha) {
                open.extend(commit.parents.iter().filter_map(|parent| self.commit(parent)));
            }
        }
        self.commits.iter().rev().filter(|commit| found.contains(&*commit.sha)).collect()
    }

    /// The newest commit that two have in common.
    fn base(&self, one: &str, other: &str) -> Option<&Arc<Commit>> {
        let others = self.log(other);
        self.log(one).into_iter().find(|commit| others.iter().any(|known| known.sha == commit.sha))
    }

    /// Makes a commit on a branch. None: it would change nothing.
    pub(super) fn add(
        &mut self,
        branch: &str,
        message: &str,
        files: Arc<Files>,
        definitions: Arc<Vec<Arc<Definition>>>,
        now: Time,
    ) -> Option<Arc<Commit>> {
        let head = self.find(branch).or_else(|| self.find(MAIN)).cloned();
        let changed = head.as_ref().map_or_else(Vec::new, |head| differing(&head.files, &files));
        if head.is_some() && changed.is_empty() {
            return None;
        }
        let parents = head.iter().map(|head| head.sha.clone()).collect();
        Some(self.put(branch, parents, message, (files, changed), definitions, now))
    }

    fn put(
        &mut self,
        branch: &str,
        parents: Vec<Str>,
        message: &str,
        (files, changed): (Arc<Files>, Vec<String>),
        definitions: Arc<Vec<Arc<Definition>>>,
        now: Time,
    ) -> Arc<Commit> {
        let mut content: Vec<&str> = vec![message];
        content.extend(parents.iter().map(|parent| &**parent));
        for (path, text) in &*files {
            content.extend([path.as_str(), text]);
        }
        let sha: Str = hexadecimal(&content.join("\0"), 40).as_str().into();
        let changed = Arc::new(changed);
        let commit = Arc::new(Commit {
            sha: sha.clone(),
            parents,
            message: message.into(),
            at: now,
            files,
            changed,
            definitions,
        });
        if self.commit(&sha).is_none() {
            self.commits.push(commit.clone());
        }
        self.branches.insert(branch.into(), sha);
        commit
    }

    /// A branch begins where another one is, if it is not there.
    pub(super) fn begin(&mut self, branch: &str) {
        if let Some(head) = self.find(MAIN).map(|head| head.sha.clone()) {
            self.branches.entry(branch.into()).or_insert(head);
        }
    }

    /// Tags what a branch is at.
    ///
    /// # Errors
    /// As git.
    pub(super) fn tag(&mut self, name: &str, branch: &str) -> Result<Arc<Commit>, Refusal> {
        if self.tags.contains_key(name) {
            return Err(format!("fatal: tag '{name}' already exists"));
        }
        let head = self.find(branch).cloned();
        let head = head.ok_or_else(|| format!("fatal: Failed to resolve '{branch}' as a valid ref."))?;
        self.tags.insert(name.into(), head.sha.clone());
        Ok(head)
    }

    /// Takes back what a commit changed. `read` finds the configurations in files.
    ///
    /// # Errors
    /// As git.
    pub(super) fn revert(
        &mut self,
        name: &str,
        branch: &str,
        read: &dyn Fn(&Files) -> Arc<Vec<Arc<Definition>>>,
        now: Time,
    ) -> Result<Arc<Commit>, Refusal> {
        let commit = self.find(name).cloned().ok_or_else(|| format!("fatal: bad revision '{name}'"))?;
        let parent = commit.parents.first().and_then(|parent| self.commit(parent)).cloned();
        let (Some(parent), Some(head)) = (parent, self.find(branch).cloned()) else {
            return Err(format!("error: could not revert {}... {}", commit.short(), commit.message));
        };
        let mut files = Files::clone(&head.files);
        for path in commit.changed.iter() {
            if head.files.get(path) != commit.files.get(path) {
                return Err(format!(
                    "CONFLICT (content): Merge conflict in {path}\nerror: could not revert {}... {}",
                    commit.short(),
                    commit.message
                ));
            }
            match parent.files.get(path) {
                Some(text) => files.insert(path.clone(), text.clone()),
                None => files.remove(path),
            };
        }
        let message = format!("Revert \"{}\"\n\nThis reverts commit {}.", commit.message, commit.sha);
        let definitions = read(&files);
        let changed = differing(&head.files, &files);
        Ok(self.put(branch, vec![head.sha.clone()], &message, (files.into(), changed), definitions, now))
    }

    /// Opens a pull request.
    ///
    /// # Errors
    /// As GitHub's command line.
    pub(super) fn open(&mut self, source: &str, target: &str, title: &str) -> Result<PullRequest, Refusal> {
        if let Some(open) =
            self.pulls.iter().find(|pull| !pull.merged && *pull.source == *source && *pull.target == *target)
        {
            return Err(format!(
                "a pull request for branch \"{source}\" into branch \"{target}\" already exists: #{}",
                open.number
            ));
        }
        let (Some(head), Some(base)) = (self.find(source), self.find(target)) else {
            return Err("pull request create failed: GraphQL: Head sha can't be blank, Base sha can't be blank (createPullRequest)".to_owned());
        };
        if head.sha == base.sha {
            return Err(format!(
                "pull request create failed: GraphQL: No commits between {target} and {source} (createPullRequest)"
            ));
        }
        let number = u32::try_from(self.pulls.len()).unwrap_or(u32::MAX).saturating_add(1);
        let title = if title.is_empty() { head.message.clone() } else { title.into() };
        let pull = PullRequest { number, title, source: source.into(), target: target.into(), merged: false };
        self.pulls.push(pull.clone());
        Ok(pull)
    }

    /// The files that a pull request changes.
    pub(super) fn changed_by(&self, pull: &PullRequest) -> Vec<String> {
        let (Some(head), Some(base)) = (self.find(&pull.source), self.base(&pull.source, &pull.target))
        else {
            return Vec::new();
        };
        differing(&base.files, &head.files)
    }

    /// Merges a pull request.
    ///
    /// # Errors
    /// As GitHub's command line.
    pub(super) fn merge(
        &mut self,
        number: u32,
        read: &dyn Fn(&Files) -> Arc<Vec<Arc<Definition>>>,
        now: Time,
    ) -> Result<(PullRequest, Arc<Commit>), Refusal> {
        let unknown = || format!("GraphQL: Could not resolve to a PullRequest with the number of {number}.");
        let pull = self.pulls.iter().find(|pull| pull.number == number).cloned().ok_or_else(unknown)?;
        if pull.merged {
            return Err(format!("Pull request #{number} ({}) was already merged", pull.title));
        }
        let parts = (self.find(&pull.source), self.find(&pull.target), self.base(&pull.source, &pull.target));
        let (Some(head), Some(target), Some(base)) = parts else { return Err(unknown()) };
        let mut files = Files::clone(&target.files);
        for path in differing(&base.files, &head.files) {
            let (ours, theirs) = (target.files.get(&path), head.files.get(&path));
            if ours != base.files.get(&path) && ours != theirs {
                return Err(format!(
                    "Pull request #{number} is not mergeable: the merge commit cannot be cleanly created ({path})."
                ));
            }
            match theirs {
                Some(text) => files.insert(path, text.clone()),
                None => files.remove(&path),
            };
        }
        let message = format!("Merge pull request #{number} from {}", pull.source);
        let changed = differing(&target.files, &files);
        let parents = vec![target.sha.clone(), head.sha.clone()];
        let definitions = read(&files);
        let commit = self.put(&pull.target, parents, &message, (files.into(), changed), definitions, now);
        if let Some(pull) = self.pulls.iter_mut().find(|pull| pull.number == number) {
            pull.merged = true;
        }
        Ok((pull, commit))
    }
}

/// The files that differ between two commits, by path.
fn differing(one: &Files, other: &Files) -> Vec<String> {
    let all: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    all.into_iter().filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
}
