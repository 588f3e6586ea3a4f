//! Configurations of GitLab CI.

use std::collections::BTreeMap;
use std::path::Path;

use opscape_lab::Lang;
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_pipeline::gitlab::run::{Options, Run, Status};
use opscape_pipeline::gitlab::{
    Configuration, Failure, Need, Pipeline, Place, Push, Ref, Repository, Variables, Warning, advice,
    failure_json, pipeline_json, read,
};

use super::Asked;
use crate::findings;
use crate::say::say;

/// The most files of a repository that are looked at, the deepest folders, and the longest text that is read.
const MAX_FILES: usize = 5_000;
const MAX_DEPTH: usize = 12;
const MAX_TEXT: u64 = 256 * 1024;

pub(super) fn ci(file: &str, text: &str, asked: &Asked, lang: Lang) -> bool {
    let (repository, path) = repository(file, text);
    let push = push(asked);
    let made = read(&repository, &path, &push).and_then(|configuration| {
        match configuration.pipeline(&repository, &push) {
            Ok(pipeline) => Ok((configuration, pipeline)),
            Err(mistakes) => {
                let Configuration { files, warnings, .. } = configuration;
                Err(Failure { mistakes, warnings, files })
            }
        }
    });
    let run = made.as_ref().ok().filter(|(_, pipeline)| asked.run && pipeline.not_created.is_none());
    let run = run.map(|(_, pipeline)| pipeline.run(&repository, &options(pipeline, asked)));
    if asked.json {
        let json = match &made {
            Ok((configuration, pipeline)) => pipeline_json(configuration, pipeline, run.as_ref()),
            Err(failure) => failure_json(failure),
        };
        println!("{json:#}");
        return made.is_ok();
    }
    match &made {
        Ok((configuration, pipeline)) => {
            let mut shown = found(&[], &configuration.warnings);
            shown.extend(advice(configuration, text).iter().map(|one| (0, super::advised(one))));
            show(file, text, &shown, &configuration.files, lang);
            print!("{}", table(pipeline, lang));
            if let Some(message) = &pipeline.not_created {
                println!("{message}");
            }
            if let Some(run) = &run {
                print!("{}", course(run, lang));
            }
        }
        Err(failure) => {
            let mistakes: Vec<(&str, Place)> =
                failure.mistakes.iter().map(|mistake| (mistake.message.as_str(), mistake.place)).collect();
            show(file, text, &found(&mistakes, &failure.warnings), &failure.files, lang);
        }
    }
    made.is_ok()
}

/// What is in the folder of a configuration, and where the configuration is in it.
fn repository(file: &str, text: &str) -> (Repository, String) {
    let at = Path::new(file);
    let name = at.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut files = BTreeMap::new();
    if file != "-" {
        let root = at.parent().filter(|root| !root.as_os_str().is_empty()).unwrap_or(Path::new("."));
        collect(root, "", 0, &mut files);
    }
    files.insert(name.clone(), text.to_owned());
    (Repository { files, elsewhere: BTreeMap::new() }, name)
}

pub(super) fn collect(root: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, String>) {
    let Ok(entries) = std::fs::read_dir(root.join(prefix)) else { return };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let Ok(about) = std::fs::symlink_metadata(root.join(&path)) else { continue };
        if files.len() >= MAX_FILES {
            return;
        }
        if about.is_dir() {
            if depth < MAX_DEPTH && ![".git", "node_modules", "target"].contains(&name.as_str()) {
                collect(root, &path, depth + 1, files);
            }
        } else if about.is_file() {
            let short = about.len() <= MAX_TEXT;
            let text = short.then(|| std::fs::read_to_string(root.join(&path)).ok()).flatten();
            files.insert(path, text.unwrap_or_default());
        }
    }
}

fn push(asked: &Asked) -> Push {
    let default = Push::default();
    let branch = asked.branch.clone().unwrap_or_else(|| default.default_branch.clone());
    let source = match asked.event.as_deref() {
        None | Some("tag") => "push".to_owned(),
        Some("merge_request" | "pull_request") => "merge_request_event".to_owned(),
        Some(event) => event.to_owned(),
    };
    let reference = match &asked.tag {
        Some(tag) => Ref::Tag(tag.clone()),
        None if source == "merge_request_event" => {
            Ref::MergeRequest { source: "change".to_owned(), target: branch }
        }
        None => Ref::Branch(branch),
    };
    let mut variables = Variables::default();
    if let Some(message) = &asked.message {
        variables.set("CI_COMMIT_MESSAGE", message.as_str());
        variables.set("CI_COMMIT_TITLE", message.lines().next().unwrap_or_default());
    }
    for (name, value) in &asked.variables {
        variables.set(name, value.as_str());
    }
    Push {
        source,
        reference,
        changed: (!asked.changed.is_empty()).then(|| asked.changed.clone()),
        variables,
        ..default
    }
}

fn options(pipeline: &Pipeline, asked: &Asked) -> Options {
    let failing = pipeline
        .jobs
        .iter()
        .map(|job| &job.job)
        .filter(|job| asked.fails.iter().any(|name| *name == job.name || *name == job.base));
    Options {
        play: asked.plays.iter().cloned().collect(),
        exit_codes: failing.map(|job| (job.name.clone(), 1)).collect(),
        runners: asked.runners,
        ..Options::default()
    }
}

/// Mistakes and warnings with the files that they are in.
fn found(mistakes: &[(&str, Place)], warnings: &[Warning]) -> Vec<(usize, Diagnostic)> {
    let mistakes =
        mistakes.iter().map(|(message, place)| (place.file, Diagnostic::error(*message, place.span)));
    let warnings = warnings.iter().map(|Warning { message, place }| {
        let warning = Diagnostic::error(message.as_str(), place.span);
        (place.file, Diagnostic { severity: Severity::Warning, ..warning })
    });
    mistakes.chain(warnings).collect()
}

fn show(file: &str, text: &str, found: &[(usize, Diagnostic)], files: &[String], lang: Lang) {
    let (own, others): (Vec<_>, Vec<_>) = found.iter().partition(|(file, _)| *file == 0);
    let own: Vec<Diagnostic> = own.into_iter().map(|(_, diagnostic)| diagnostic.clone()).collect();
    eprint!("{}", findings::print(file, text, &own, lang));
    for (file, diagnostic) in others {
        let name = files.get(*file).map_or("", String::as_str);
        eprintln!("{name}:{}: {}", diagnostic.span.start.line, diagnostic.message);
    }
}

/// A line for each job, by stages: its stage, its name, what it needs, and how it starts.
fn table(pipeline: &Pipeline, lang: Lang) -> String {
    let mut out = String::new();
    for stage in &pipeline.stages {
        for job in pipeline.jobs.iter().filter(|job| job.job.stage == *stage) {
            let needs: Vec<&str> =
                job.needs.iter().flatten().flat_map(Need::jobs).map(String::as_str).collect();
            let needs = match (&job.needs, needs.as_slice()) {
                (None, _) => String::new(),
                (Some(_), []) => say(lang, "ci.needs-nothing", &[]),
                (Some(_), needs) => say(lang, "ci.needs", &[("jobs", &needs.join(", "))]),
            };
            let when = if job.when == "on_success" { String::new() } else { format!("when {}", job.when) };
            let parts = [stage.clone(), job.job.name.clone(), needs, when];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            out = format!("{out}{}\n", parts.join("  "));
        }
    }
    out
}

/// A line for each job in the order in which they began: from when to when, how it stands, and its name.
fn course(run: &Run, lang: Lang) -> String {
    let mut jobs: Vec<_> = run.jobs.iter().collect();
    jobs.sort_by_key(|job| (job.start.is_none(), job.start));
    let mut out = String::new();
    for job in jobs {
        let time = |time: Option<u64>| time.map_or(String::new(), |time| format!("{time}s"));
        let status = match job.status {
            Status::Failed if job.allow_failure => say(lang, "ci.failed-allowed", &[]),
            status => status.name().to_owned(),
        };
        let (start, end) = (time(job.start), time(job.end));
        out = format!("{out}{start:>7} {end:>7}  {status:9}  {}\n", job.name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_told_in_gitlabs_words() {
        let asked = |event: &str| Asked { event: Some(event.to_owned()), ..Asked::default() };
        assert_eq!(push(&asked("push")).reference, Ref::Branch("main".to_owned()));
        assert_eq!(push(&asked("schedule")).source, "schedule");
        let request = push(&asked("merge_request"));
        assert_eq!(request.source, "merge_request_event");
        assert!(matches!(request.reference, Ref::MergeRequest { target, .. } if target == "main"));
        let tagged = push(&Asked { tag: Some("v1".to_owned()), ..Asked::default() });
        assert_eq!(tagged.reference, Ref::Tag("v1".to_owned()));
    }
}
