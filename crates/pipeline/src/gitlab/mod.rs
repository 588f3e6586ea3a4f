//! GitLab CI: what GitLab makes of a `.gitlab-ci.yml`.
//!
//! [`read`] is `Gitlab::Ci::YamlProcessor` (include, inputs, extends, references, the configuration's shape, the jobs'
//! references to each other), [`Configuration::pipeline`] is the creation of a pipeline (workflow, rules, only and except,
//! needs that are there), [`run`] its processing. Source: gitlab `lib/gitlab/ci`, `app/services/ci`, read, not run; what a
//! module follows is named at its top. Messages are GitLab's.

mod advice;
mod check;
mod duration;
mod entry;
mod evaluate;
mod expression;
mod extend;
pub(crate) mod glob;
mod include;
mod inputs;
mod job;
mod load;
mod normalize;
mod output;
pub(crate) mod pattern;
mod pipeline;
mod predefined;
mod rules;
pub mod run;
mod value;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use opscape_manifest::diagnostic::Span;

pub use advice::advice;
pub use extend::Absent;
pub use job::{Job, Need, NeedOf, Trigger};
pub use output::{failure_json, pipeline_json, refused_json};
pub use pipeline::{Pipeline, PipelineJob};
pub use rules::{Changes, Policy, Rule};
pub use value::{Data, Key, Map, Place, Value};
pub use variables::Variables;

use crate::yaml;

/// What is wrong, where.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// GitLab's words.
    pub message: String,
    /// Where it stands.
    pub place: Place,
}

impl Mistake {
    fn new(message: impl Into<String>, place: Place) -> Mistake {
        Mistake { message: message.into(), place }
    }
}

/// What is accepted and hardly meant, or not known here.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// In words.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// The files of a commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repository {
    /// Texts by path.
    pub files: BTreeMap<String, String>,
    /// Files that are not of this repository, by `template:NAME`, `remote:URL`, `project:PATH:FILE` or `component:NAME`.
    pub elsewhere: BTreeMap<String, String>,
}

/// What a pipeline is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ref {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A merge request of a branch into another.
    MergeRequest {
        /// The branch with the changes.
        source: String,
        /// The branch that shall get them.
        target: String,
    },
}

impl Ref {
    /// `CI_COMMIT_REF_NAME`.
    pub fn name(&self) -> &str {
        match self {
            Ref::Branch(name) | Ref::Tag(name) | Ref::MergeRequest { source: name, .. } => name,
        }
    }
}

/// What starts a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// `CI_PIPELINE_SOURCE`: `push`, `web`, `schedule`, `api`, `trigger`, `pipeline`, `parent_pipeline`,
    /// `merge_request_event`.
    pub source: String,
    /// Where.
    pub reference: Ref,
    /// `CI_DEFAULT_BRANCH`.
    pub default_branch: String,
    /// `CI_PROJECT_PATH`.
    pub project: String,
    /// `CI_COMMIT_SHA`.
    pub sha: String,
    /// Which files the push changed. Not known, as for a new branch, `changes` always holds.
    pub changed: Option<Vec<String>>,
    /// Variables given for this pipeline or in the project's settings: they win over all in the files.
    pub variables: Variables,
}

impl Default for Push {
    fn default() -> Self {
        Push {
            source: "push".to_owned(),
            reference: Ref::Branch("main".to_owned()),
            default_branch: "main".to_owned(),
            project: "acme/app".to_owned(),
            sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            changed: None,
            variables: Variables::default(),
        }
    }
}

/// Why a configuration is refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// What is wrong, GitLab's first message first.
    pub mistakes: Vec<Mistake>,
    /// What else was noticed.
    pub warnings: Vec<Warning>,
    /// Names of the files read; [`Place::file`] counts in there.
    pub files: Vec<String>,
}

/// A configuration that GitLab accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// Names of the files read; [`Place::file`] counts in there.
    pub files: Vec<String>,
    /// Stages in order, `.pre` first and `.post` last.
    pub stages: Vec<String>,
    /// Jobs in order, copies of `parallel` included.
    pub jobs: Vec<Job>,
    /// `variables` of the configuration.
    pub variables: Variables,
    /// `workflow:rules`, if there are any.
    pub workflow_rules: Option<Vec<Rule>>,
    /// `workflow:name`.
    pub workflow_name: Option<String>,
    /// `workflow:auto_cancel:on_new_commit`.
    pub auto_cancel: Option<String>,
    /// All of it after `include`, `extends` and `!reference`.
    pub merged: Map,
    /// What was noticed.
    pub warnings: Vec<Warning>,
    /// Included files that were not there to be read.
    pub absent: Vec<Absent>,
}

/// Reads the configuration of a commit.
///
/// # Errors
/// What GitLab refuses, in its words.
pub fn read(repository: &Repository, path: &str, push: &Push) -> Result<Configuration, Failure> {
    let start = Place { file: 0, span: Span::at(yaml::START) };
    let predefined = predefined::of_pipeline(push);
    let mut known = predefined;
    known.extend(&push.variables);
    let known = known.expanded();
    let mut includes = include::Includes {
        repository,
        push,
        variables: &known,
        files: vec![path.to_owned()],
        absent: Vec::new(),
        warnings: Vec::new(),
        count: 0,
    };
    let merged = merge(repository, path, &mut includes, start);
    let include::Includes { files, absent, mut warnings, .. } = includes;
    let (merged, place, incomplete) = match merged {
        Ok(merged) => merged,
        Err(mistake) => return Err(Failure { mistakes: vec![mistake], warnings, files }),
    };
    let open = entry::Open { lenient: !absent.is_empty(), incomplete };
    let (mistakes, more) = entry::check(&merged, place, &open);
    warnings.extend(more);
    if !mistakes.is_empty() {
        return Err(Failure { mistakes, warnings, files });
    }
    let configuration = job::configuration(merged, &open, files, warnings, absent);
    match check::check(&configuration) {
        Ok(()) => Ok(configuration),
        Err(mistake) => Err(Failure {
            mistakes: vec![mistake],
            warnings: configuration.warnings,
            files: configuration.files,
        }),
    }
}

fn merge(
    repository: &Repository,
    path: &str,
    includes: &mut include::Includes<'_>,
    start: Place,
) -> Result<(Map, Place, BTreeSet<String>), Mistake> {
    let Some(text) = repository.files.get(path) else {
        return Err(Mistake::new(format!("Local file `{path}` does not exist!"), start));
    };
    if text.trim().is_empty() {
        return Err(Mistake::new("Please provide content of .gitlab-ci.yml", start));
    }
    let loaded = load::load(text, 0, &Map::default(), includes.variables, &mut includes.warnings)?;
    let mut config = includes.process(loaded.config)?;
    let lenient = !includes.absent.is_empty();
    let mut incomplete = extend::extend(&mut config, lenient)?;
    let config = extend::resolve(&config, lenient, &mut incomplete)?;
    Ok((config, loaded.place, incomplete))
}
