//! The configurations of pipelines in a text: which of its documents they are, what is wrong with them, and what they run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Str;
use opscape_manifest::check::{self, Checked, Role};
use opscape_manifest::diagnostic::{Diagnostic, Position, Severity, Span};
use opscape_manifest::lab::pipelines::Pipelines as Settings;
use opscape_manifest::order;
use opscape_manifest::text::{self, Source};
use opscape_pipeline::System;
use opscape_pipeline::advice::Advice;
use opscape_pipeline::github::trigger::{self, Happening};
use opscape_pipeline::github::{self, Assumptions, Contexts, Protection, Workflow};
use opscape_pipeline::gitlab::run::{Options, Process};
use opscape_pipeline::gitlab::{self, Configuration, Failure, Pipeline, Place, Push, Ref, Repository};
use opscape_pipeline::run::{Failing, Fleet, Lasting, Plan, Pool, Wishes};

use super::git::Commit;
use super::{Passed, RepositoryEvent, Runs};
use crate::world::file_of;

/// A configuration of a text.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its path; that at which its system looks for it if the text does not name one.
    pub file: Str,
    /// Whose it is.
    pub system: System,
    /// What it is called; its path if nothing is said.
    pub name: Str,
    /// Its own text.
    text: Str,
    /// Where it begins in the text.
    pub start: Position,
    pub(super) content: Content,
    /// What is drawn before anything has happened.
    pub(super) preview: Arc<Plan>,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    GitHub(Arc<Workflow>, Arc<BTreeMap<String, String>>),
    GitLab(Arc<Repository>, String),
}

/// A document of a text that is a configuration.
struct Found<'a> {
    source: Source<'a>,
    system: System,
    path: String,
}

/// Checks a text, its pipelines included.
pub fn check(text: &str) -> Checked {
    let mut checked = check::check(text);
    let found = find(text, &checked);
    if !found.is_empty() {
        diagnose(text, &found, &mut checked);
    }
    checked
}

/// The configurations of a text that was checked.
pub(super) fn definitions(text: &str, checked: &Checked) -> Vec<Definition> {
    let found = find(text, checked);
    if found.is_empty() {
        return Vec::new();
    }
    found.iter().map(|found| definition(text, found)).collect()
}

/// The files of a text as those of a repository: the named ones, and those that documents of the kind `File` hold.
pub(super) fn files(text: &str, checked: &Checked) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for source in text::split(text) {
        let Some(name) = source.file.as_deref() else { continue };
        let end = source.start.offset.saturating_add(u32::try_from(source.text.len()).unwrap_or(u32::MAX));
        let first =
            checked.documents.partition_point(|other| other.root.span.start.offset < source.start.offset);
        let document = checked.documents.get(first).filter(|other| other.root.span.start.offset < end);
        // Documents of our own are no part of the file in which they stand.
        if document.is_some_and(|document| matches!(document.role, Role::File | Role::Lab)) {
            continue;
        }
        let file = files.entry(name.to_owned()).or_default();
        if !file.is_empty() {
            file.push_str("---\n");
        }
        file.push_str(source.text);
        if !file.ends_with('\n') {
            file.push('\n');
        }
    }
    for document in checked.documents.iter().filter(|document| document.role == Role::File) {
        let at = |key: &str| document.value.str_at(&[key]);
        if let (Some(path), Some(content)) = (at("path"), at("content")) {
            files.insert(path.trim_start_matches("./").to_owned(), content.to_owned());
        }
    }
    files
}

/// What is built when something happens.
pub(super) struct Built<'a> {
    pub commit: &'a Commit,
    /// The number of the run.
    pub number: u32,
    /// The files that change; none: nobody says.
    pub changed: Option<&'a [String]>,
}

/// The configurations among the files of a commit.
pub(super) fn definitions_of(files: &BTreeMap<String, String>) -> Arc<Vec<Arc<Definition>>> {
    let yaml = files.iter().filter(|(path, _)| [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending)));
    let text: String = yaml.map(|(path, text)| ["--- # ", path, "\n", text].concat()).collect();
    let checked = check(&text);
    Arc::new(definitions(&text, &checked).into_iter().map(Arc::new).collect())
}

fn find<'a>(text: &'a str, checked: &Checked) -> Vec<Found<'a>> {
    let mut found: Vec<Found<'a>> = Vec::new();
    let broken = checked.has_errors();
    if !broken && !checked.documents.iter().any(|document| document.role == Role::Workflow) {
        return found;
    }
    for source in text::split(text) {
        let end = source.start.offset.saturating_add(u32::try_from(source.text.len()).unwrap_or(u32::MAX));
        let first = checked
            .documents
            .partition_point(|document| document.root.span.start.offset < source.start.offset);
        let document = checked.documents.get(first).filter(|document| document.root.span.start.offset < end);
        let file = source.file.as_deref().unwrap_or_default();
        let yaml = file.is_empty() || [".yml", ".yaml"].iter().any(|ending| file.ends_with(ending));
        let named = file.starts_with(".github/workflows/") || file.ends_with(".gitlab-ci.yml");
        if ["action.yml", "action.yaml"].iter().any(|name| file.rsplit('/').next() == Some(name)) {
            continue;
        }
        let is_one = match document {
            Some(document) => document.role == Role::Workflow,
            None => yaml && (named || System::of_shape(source.text).is_some()),
        };
        if is_one {
            let system = System::of(file, source.text);
            let path = if file.is_empty() { system.path() } else { file }.to_owned();
            found.push(Found { source, system, path });
        }
    }
    // What looks like one of GitLab beside its file is what that includes.
    if found.iter().any(|found| found.path.ends_with(".gitlab-ci.yml")) {
        found.retain(|found| found.system == System::GitHub || found.path.ends_with(".gitlab-ci.yml"));
    }
    found
}

fn diagnose(text: &str, found: &[Found<'_>], checked: &mut Checked) {
    for one in found {
        let start = one.source.start.offset;
        let end = start.saturating_add(u32::try_from(one.source.text.len()).unwrap_or(u32::MAX));
        let inside = |diagnostic: &Diagnostic| {
            (start..end.max(start + 1)).contains(&diagnostic.span.start.offset)
                && diagnostic.file == one.source.file
        };
        let kept = checked.documents.partition_point(|document| document.root.span.start.offset < start);
        checked.diagnostics.retain(|diagnostic| !inside(diagnostic));
        for mut diagnostic in mistakes(text, found, one) {
            diagnostic.document = kept;
            checked.diagnostics.push(diagnostic);
        }
    }
    order::sort_by(&mut checked.diagnostics, |a, b| a.span.cmp(&b.span));
}

fn mistakes(text: &str, all: &[Found<'_>], one: &Found<'_>) -> Vec<Diagnostic> {
    let at = |span: Span| shifted(span, one.source.start);
    let whole = Span { start: one.source.start, end: one.source.start };
    let mut mistakes: Vec<Diagnostic> = match one.system {
        System::GitHub => {
            let workflow = read_workflow(text, all, one);
            let own = workflow.problems.iter().filter(|problem| {
                // What is wrong with one that it calls is said there.
                *problem.file == *one.path || !all.iter().any(|other| other.path == *problem.file)
            });
            own.map(|problem| {
                let place = problem.place.filter(|_| *problem.file == *one.path);
                Diagnostic::error(problem.message.as_str(), place.map_or(whole, at))
            })
            .chain(github::advice(&workflow, one.source.text).iter().map(|one| advised(one, at(one.place))))
            .collect()
        }
        System::GitLab => {
            let repository = repository(text, one);
            let push = Push::default();
            let mut advice = Vec::new();
            let (mistakes, warnings, files) = match pipeline(&repository, &one.path, &push) {
                Ok((configuration, _)) => {
                    advice = gitlab::advice(&configuration, one.source.text);
                    (Vec::new(), configuration.warnings, configuration.files)
                }
                Err(Failure { mistakes, warnings, files }) => (mistakes, warnings, files),
            };
            let errors = mistakes
                .into_iter()
                .map(|mistake| (mistake.place, Diagnostic::error(mistake.message, whole)));
            let warnings = warnings.into_iter().map(|warning| {
                let diagnostic = Diagnostic::error(warning.message, whole);
                (warning.place, diagnostic.with_severity(Severity::Warning))
            });
            errors
                .chain(warnings)
                .map(|(place, diagnostic)| Diagnostic {
                    span: place_in(text, one, &files, place),
                    ..diagnostic
                })
                .chain(advice.iter().map(|one| advised(one, at(one.place))))
                .collect()
        }
    };
    for diagnostic in &mut mistakes {
        diagnostic.file.clone_from(&one.source.file);
    }
    mistakes
}

/// Advice as a warning, with what to do.
fn advised(advice: &Advice, span: Span) -> Diagnostic {
    let warning = Diagnostic::error(advice.message.as_str(), span).with_severity(Severity::Warning);
    warning.with_hint(advice.hint, &[("name", advice.name.as_str())])
}

/// The place of a file that a configuration includes, in the whole text.
fn place_in(text: &str, one: &Found<'_>, files: &[String], place: Place) -> Span {
    if place.file == 0 {
        return shifted(place.span, one.source.start);
    }
    let path = files.get(place.file).map(String::as_str);
    let included = text::split(text).into_iter().find(|source| source.file.as_deref() == path);
    match included {
        Some(source) => shifted(place.span, source.start),
        None => Span { start: one.source.start, end: one.source.start },
    }
}

/// A place of a document, in the whole text.
fn shifted(span: Span, start: Position) -> Span {
    let moved = |position: Position| Position {
        line: position.line.saturating_add(start.line).saturating_sub(1),
        column: position.column,
        offset: position.offset.saturating_add(start.offset),
    };
    Span { start: moved(span.start), end: moved(span.end) }
}

fn read_workflow(text: &str, all: &[Found<'_>], one: &Found<'_>) -> Workflow {
    let files = |path: &str| file_of(text, path);
    // A workflow on its own cannot tell whether what it calls is there.
    let others = all.iter().filter(|other| other.system == System::GitHub).count() > 1;
    let files: Option<github::Files<'_>> = others.then_some(&files);
    github::read(&one.path, one.source.text, files)
}

/// The named files of a text.
fn named_files(whole: &str) -> BTreeMap<String, String> {
    let named = text::files(whole).into_iter().filter_map(|file| {
        let content = whole.get(file.range)?;
        Some((file.name?.to_string(), content.to_owned()))
    });
    named.collect()
}

/// The files of a text as those of a repository.
fn repository(whole: &str, one: &Found<'_>) -> Repository {
    let mut files = named_files(whole);
    files.insert(one.path.clone(), one.source.text.to_owned());
    Repository { files, elsewhere: BTreeMap::new() }
}

fn pipeline(repository: &Repository, path: &str, push: &Push) -> Result<(Configuration, Pipeline), Failure> {
    let configuration = gitlab::read(repository, path, push)?;
    match configuration.pipeline(repository, push) {
        Ok(pipeline) => Ok((configuration, pipeline)),
        Err(mistakes) => {
            let Configuration { files, warnings, .. } = configuration;
            Err(Failure { mistakes, warnings, files })
        }
    }
}

fn definition(text: &str, found: &Found<'_>) -> Definition {
    let (name, content) = match found.system {
        System::GitHub => {
            let files = |path: &str| file_of(text, path);
            let workflow = github::read(&found.path, found.source.text, Some(&files));
            let workflow = if workflow.problems.is_empty() {
                workflow
            } else {
                // What it calls is not in the text.
                github::read(&found.path, found.source.text, None)
            };
            let name = workflow.root.as_ref().and_then(|root| Some(root.get("name")?.as_str()?.to_owned()));
            (name, Content::GitHub(Arc::new(workflow), Arc::new(named_files(text))))
        }
        System::GitLab => (None, Content::GitLab(Arc::new(repository(text, found)), found.path.clone())),
    };
    let mut definition = Definition {
        preview: Arc::default(),
        file: found.path.as_str().into(),
        system: found.system,
        name: name.as_deref().unwrap_or(&found.path).into(),
        text: found.source.text.into(),
        start: found.source.start,
        content,
    };
    definition.preview = definition.usual_plan();
    definition
}

impl Definition {
    /// What it runs on something that happens in the repository. `seed` decides how long its steps take.
    ///
    /// # Errors
    /// Why it runs nothing.
    pub(super) fn runs_on(
        &self,
        event: &RepositoryEvent,
        built: &Built<'_>,
        seed: Option<u64>,
        settings: &Settings,
    ) -> Result<(Arc<Plan>, Fleet, Runs), Passed> {
        match &self.content {
            Content::GitHub(workflow, _) => {
                let mut happening = happening(event);
                happening.paths = built.changed.map(<[String]>::to_vec);
                happening.message = built.commit.message.to_string();
                happening.commit = Some(trigger::Commit {
                    sha: built.commit.sha.to_string(),
                    repository: "acme/app".to_owned(),
                    actor: "you".to_owned(),
                    run: built.number,
                });
                trigger::decide(workflow.events.as_deref().unwrap_or_default(), &happening)
                    .map_err(Passed::GitHub)?;
                let contexts = Contexts::of(workflow, &happening);
                let assumptions = Assumptions {
                    seed,
                    files: built.commit.files.clone(),
                    environments: Arc::new(protections(settings)),
                    acts: true,
                    wishes: Arc::new(wishes(settings)),
                    ..Assumptions::default()
                };
                let planned = github::plan(workflow, &contexts, &assumptions);
                let fleet = Fleet::github_hosted().with_own(runners(settings));
                Ok((planned.plan.clone(), fleet, Runs::GitHub(Box::new(planned))))
            }
            Content::GitLab(repository, path) => {
                let changed = built.changed.map(<[String]>::to_vec);
                let push = Push { sha: built.commit.sha.to_string(), changed, ..push(event) };
                let made = pipeline(repository, path, &push);
                let (_, pipeline) = made.map_err(|failure| {
                    let first = failure.mistakes.into_iter().next();
                    Passed::GitLab(first.map(|mistake| mistake.message).unwrap_or_default())
                })?;
                if let Some(message) = &pipeline.not_created {
                    return Err(Passed::GitLab(message.clone()));
                }
                let plan = Arc::new(pipeline.plan());
                let repository =
                    Repository { files: BTreeMap::clone(&built.commit.files), elsewhere: BTreeMap::new() };
                let options = Options { wishes: wishes(settings), ..Options::default() };
                let process = Process::new(pipeline.into(), repository.into(), Arc::new(options)).acting();
                let own = runners(settings);
                let fleet = if own.is_empty() { Fleet::any(None) } else { Fleet { pools: own, limit: None } };
                Ok((plan, fleet, Runs::GitLab(process)))
            }
        }
    }

    /// Puts its own text among files, if it stands in none of them.
    pub(super) fn add_to(&self, files: &mut BTreeMap<String, String>) {
        files.entry(self.file.to_string()).or_insert_with(|| self.text.to_string());
    }

    /// What it would run if nothing kept it from running.
    fn usual_plan(&self) -> Arc<Plan> {
        let event = self.usual_event();
        match &self.content {
            Content::GitHub(workflow, files) => {
                let contexts = Contexts::of(workflow, &happening(&event));
                let assumptions = Assumptions { files: files.clone(), ..Assumptions::default() };
                github::plan(workflow, &contexts, &assumptions).plan
            }
            Content::GitLab(repository, path) => pipeline(repository, path, &push(&event))
                .map(|(_, pipeline)| Arc::new(pipeline.plan()))
                .unwrap_or_default(),
        }
    }

    /// The names of the events that it runs on.
    pub fn events(&self) -> Vec<Str> {
        match &self.content {
            Content::GitHub(workflow, _) => {
                workflow.events.iter().flatten().map(|event| event.name.as_str().into()).collect()
            }
            Content::GitLab(..) => ["push", "merge_request", "schedule", "web"].map(Str::from).to_vec(),
        }
    }

    /// What makes it run most simply.
    pub fn usual_event(&self) -> RepositoryEvent {
        let names = self.events();
        let has = |name: &str| names.iter().any(|own| &**own == name);
        let first = names.first().cloned().unwrap_or_else(|| "push".into());
        let name: Str = ["push", "pull_request", "workflow_dispatch"]
            .into_iter()
            .find(|name| has(name))
            .map_or(first, Str::from);
        let mut event = RepositoryEvent { name, reference: "main".into(), tag: false };
        if let Content::GitHub(workflow, _) = &self.content
            && let Some(on) = workflow.events.iter().flatten().find(|on| *on.name == *event.name)
        {
            // A branch, else a tag, that its filters let in.
            let branch = |key: &str| on.filter(key).and_then(plain);
            if let Some(name) = on.filter("branches").and_then(|patterns| {
                if opscape_pipeline::github::lets_in(patterns, "main") { None } else { plain(patterns) }
            }) {
                event.reference = name;
            } else if on.filter("branches").is_none()
                && let Some(name) = branch("tags")
            {
                (event.reference, event.tag) = (name, true);
            }
        }
        event
    }
}

fn span(span: opscape_manifest::lab::Duration) -> Duration {
    Duration::from_micros(u64::try_from(span.0).unwrap_or_default())
}

/// The rules of protection of environments.
fn protections(settings: &Settings) -> Vec<Protection> {
    let texts = |list: &[Str]| list.iter().map(Str::to_string).collect();
    let all = settings.environments.iter().map(|environment| Protection {
        name: environment.name.to_string(),
        reviewers: texts(&environment.reviewers),
        wait: environment.wait_timer.map(span).unwrap_or_default(),
        branches: texts(&environment.branches),
    });
    all.collect()
}

/// What is said of durations and failures.
fn wishes(settings: &Settings) -> Wishes {
    let text = |text: &Option<Str>| text.as_ref().map(Str::to_string);
    let durations = settings.durations.iter();
    let durations = durations.map(|time| Lasting {
        job: text(&time.job),
        step: text(&time.step),
        takes: span(time.takes),
    });
    let failures = settings.failures.iter().map(|failure| Failing {
        job: failure.job.to_string(),
        step: text(&failure.step),
        attempts: failure.attempts.and_then(|attempts| u32::try_from(attempts).ok()),
    });
    Wishes { durations: durations.collect(), failures: failures.collect() }
}

/// Runners that somebody set up.
fn runners(settings: &Settings) -> Vec<Pool> {
    let all = settings.runners.iter().map(|runners| Pool {
        name: runners.name.to_string(),
        labels: Some(runners.labels.iter().map(Str::to_string).collect()),
        untagged: runners.untagged.unwrap_or(runners.labels.is_empty()),
        count: Some(runners.count.unwrap_or(1).max(0) as usize),
        boot: runners.boot_time.map_or(Duration::from_secs(1), span),
        speed: runners.speed.map_or(1.0, |speed| speed.nano_value() as f64 / 1e9),
    });
    all.collect()
}

/// A name that the first of some patterns lets in.
fn plain(patterns: &[String]) -> Option<Str> {
    let first = patterns.iter().find(|pattern| !pattern.starts_with('!'))?;
    let name =
        first.replace("**", "1").replace("[0-9]+", "1").replace('*', "1").replace(['[', ']', '+', '?'], "");
    Some(name.as_str().into())
}

fn happening(event: &RepositoryEvent) -> Happening {
    let name = Some(event.reference.to_string());
    let (branch, tag) = if event.tag { (None, name) } else { (name, None) };
    Happening { event: event.name.to_string(), branch, tag, ..Happening::default() }
}

fn push(event: &RepositoryEvent) -> Push {
    let default = Push::default();
    let name = event.reference.to_string();
    let source = match &*event.name {
        "merge_request" | "pull_request" => "merge_request_event",
        other => other,
    };
    let reference = if event.tag {
        Ref::Tag(name)
    } else if source == "merge_request_event" {
        Ref::MergeRequest { source: "change".to_owned(), target: name }
    } else {
        Ref::Branch(name)
    };
    Push { source: source.to_owned(), reference, ..default }
}
