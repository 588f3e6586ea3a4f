//! Workflows of GitHub Actions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opscape_lab::Lang;
use opscape_manifest::diagnostic::{Diagnostic, Span};
use opscape_pipeline::github::trigger::{Happening, Passed, decide};
use opscape_pipeline::github::{
    self, Assumptions, Contexts, Files, Planned, Problem, Protection, Unknown, Workflow, expand,
};
use opscape_pipeline::run::json::beginning_order;
use opscape_pipeline::run::{Engine, Fleet, Plan, Run};
use opscape_pipeline::yaml::START;
use opscape_sim::Time;
use serde_json::{Value as Json, json};

use super::Asked;
use crate::findings;
use crate::say::say;

/// Where workflows of a repository are.
const FOLDER: &str = ".github/workflows";

pub(super) fn ci(file: &str, text: &str, asked: &Asked, lang: Lang) -> bool {
    let root = root(file);
    let files = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    // A workflow on its own cannot tell whether what it calls is there.
    let files: Option<Files<'_>> = has_others(&root, file).then_some(&files);
    let workflow = github::read(file, text, files);
    let happening = happening(asked);
    let contexts = Contexts::of(&workflow, &happening);
    let decision =
        asked.event.is_some().then(|| decide(workflow.events.as_deref().unwrap_or_default(), &happening));
    let runs = asked.run && workflow.problems.is_empty() && !matches!(decision, Some(Err(_)));
    let run = runs.then(|| {
        let mut files = BTreeMap::new();
        if file != "-" {
            super::gitlab::collect(&root, "", 0, &mut files);
        }
        on_the_clock(&workflow, &contexts, Arc::new(files), asked)
    });
    if asked.json {
        let mut out = github::json::workflow(&workflow, &contexts);
        if let (Some(out), Some(decision)) = (out.as_object_mut(), &decision) {
            out.insert("runs".to_owned(), decision.is_ok().into());
            if let Err(passed) = decision {
                out.insert("passed".to_owned(), passed_json(passed, &happening, lang));
            }
        }
        if let (Some(out), Some(engine)) = (out.as_object_mut(), run) {
            out.insert("run".to_owned(), run_json(engine));
        }
        println!("{out:#}");
    } else {
        let shown: Vec<Diagnostic> =
            workflow.problems.iter().filter(|problem| &*problem.file == file).map(finding).collect();
        let advice = github::advice(&workflow, text);
        let shown: Vec<Diagnostic> = shown.into_iter().chain(advice.iter().map(super::advised)).collect();
        eprint!("{}", findings::print(file, text, &shown, lang));
        for problem in workflow.problems.iter().filter(|problem| &*problem.file != file) {
            let line = problem.place.map_or(1, |place| place.start.line);
            eprintln!("{}:{line}: {}", problem.file, problem.message);
        }
        print!("{}", table(&workflow, &contexts, lang));
        match decision {
            Some(Ok(_)) => println!("{}", say(lang, "ci.runs", &[("event", &happening.event)])),
            Some(Err(passed)) => println!("{}", sentence(&passed, &happening, lang)),
            None => {}
        }
        if let Some(engine) = run {
            let plan = engine.plan().clone();
            print!("{}", course(&plan, &engine.into_run(), lang));
        }
    }
    workflow.problems.is_empty()
}

fn on_the_clock(
    workflow: &Workflow,
    contexts: &Contexts,
    files: Arc<BTreeMap<String, String>>,
    asked: &Asked,
) -> Engine<Planned> {
    let environments = asked.reviews.iter().map(|(name, _)| Protection {
        name: name.clone(),
        reviewers: vec!["reviewer".to_owned()],
        ..Protection::default()
    });
    let assumptions = Assumptions {
        fails: asked.fails.clone(),
        seed: asked.seed,
        environments: Arc::new(environments.collect()),
        files,
        acts: false,
        ..Assumptions::default()
    };
    let planned = github::plan(workflow, contexts, &assumptions);
    let fleet = match asked.runners {
        Some(count) => Fleet::any(Some(count)),
        None => Fleet::github_hosted(),
    };
    let mut engine = Engine::new(planned.plan.clone(), Arc::new(fleet), planned);
    loop {
        review(&mut engine, asked);
        let Some(next) = engine.next_at() else { return engine };
        engine.advance(next);
    }
}

/// Lets jobs through or not that wait for somebody.
fn review(engine: &mut Engine<Planned>, asked: &Asked) {
    for job in 0..engine.jobs().len() {
        let planned = engine.plan().jobs.get(job).and_then(|job| job.gate.as_ref());
        let environment = planned.map(|gate| gate.environment.clone()).unwrap_or_default();
        let found = asked.reviews.iter().find(|(name, _)| name.eq_ignore_ascii_case(&environment));
        match found.and_then(|(_, lets)| *lets) {
            Some(true) => engine.approve(job),
            Some(false) => engine.reject(job),
            None => false,
        };
    }
}

/// How it went, and what each job gave.
fn run_json(engine: Engine<Planned>) -> Json {
    let (plan, fleet) = (engine.plan().clone(), engine.fleet().clone());
    let outputs: Vec<Json> = (0..plan.jobs.len())
        .map(|job| engine.system().outputs(job, engine.so_far()).into_iter().collect::<BTreeMap<_, _>>())
        .map(|outputs| json!(outputs))
        .collect();
    let mut out = opscape_pipeline::run::json::run(&plan, &fleet, &engine.into_run());
    let jobs = out.get_mut("jobs").and_then(Json::as_array_mut);
    for (job, outputs) in jobs.into_iter().flatten().zip(outputs) {
        if let Some(job) = job.as_object_mut() {
            job.insert("outputs".to_owned(), outputs);
        }
    }
    out
}

/// A line for each job in the order in which they began: from when to when, how it ended, and its name; then those that never
/// began, and the critical path.
fn course(plan: &Plan, run: &Run, lang: Lang) -> String {
    let mut out = String::new();
    let begun = beginning_order(run);
    let never = (0..plan.jobs.len()).filter(|id| !begun.contains(id));
    for id in begun.iter().copied().chain(never) {
        let (Some(planned), Some(job)) = (plan.jobs.get(id), run.jobs.get(id)) else { continue };
        let time =
            |time: Option<Time>| time.map_or(String::new(), |time| format!("{:.0}s", time.as_secs_f64()));
        let outcome =
            job.outcome.map_or_else(|| say(lang, "ci.waits", &[]), |outcome| outcome.name().to_owned());
        let end = time(job.end.filter(|_| job.start.is_some()));
        out = format!("{out}{:>7} {end:>7}  {outcome:9}  {}\n", time(job.start), planned.name);
    }
    let path: Vec<&str> = run
        .critical_path()
        .iter()
        .filter_map(|job| plan.jobs.get(*job))
        .map(|job| job.name.as_str())
        .collect();
    if path.is_empty() {
        return out;
    }
    let seconds = format!("{:.0}", run.end.as_secs_f64());
    format!("{out}{}\n", say(lang, "ci.path", &[("seconds", &seconds), ("jobs", &path.join(" → "))]))
}

/// The folder of the repository.
fn root(file: &str) -> PathBuf {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    if folder.ends_with(FOLDER) { folder.join("../..") } else { folder.to_owned() }
}

fn has_others(root: &Path, file: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(root.join(FOLDER)) else { return false };
    let name = Path::new(file).file_name();
    entries.filter_map(Result::ok).any(|entry| Some(entry.file_name().as_os_str()) != name)
}

fn happening(asked: &Asked) -> Happening {
    Happening {
        event: asked.event.clone().unwrap_or_else(|| "push".to_owned()),
        branch: asked.branch.clone(),
        tag: asked.tag.clone(),
        action: asked.action.clone(),
        paths: (!asked.changed.is_empty()).then(|| asked.changed.clone()),
        workflow: None,
        message: asked.message.clone().unwrap_or_default(),
        commit: None,
    }
}

fn finding(problem: &Problem) -> Diagnostic {
    Diagnostic::error(problem.message.as_str(), problem.place.unwrap_or(Span::at(START)))
}

/// A line for each job: its name, how many a matrix makes of it, what it needs, and its condition.
fn table(workflow: &Workflow, contexts: &Contexts, lang: Lang) -> String {
    let mut out = String::new();
    for job in workflow.jobs.iter().flatten() {
        let count = match expand(job, contexts) {
            None => String::new(),
            Some(Ok(combinations)) => format!(" ×{}", combinations.len()),
            Some(Err(Unknown::TooMany)) => format!(" >{}", github::MAX_COMBINATIONS),
            Some(Err(_)) => " ×?".to_owned(),
        };
        let needs: Vec<&str> = job.needs.iter().filter_map(|need| need.as_str()).collect();
        let needs = match needs.as_slice() {
            [] => String::new(),
            needs => say(lang, "ci.needs", &[("jobs", &needs.join(", "))]),
        };
        let condition = if job.get("if").is_some() { format!("if {}", job.condition) } else { String::new() };
        let parts = [format!("{}{count}", job.id()), needs, condition];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        out = format!("{out}{}\n", parts.join("  "));
    }
    out
}

fn passed_json(passed: &Passed, happening: &Happening, lang: Lang) -> Json {
    let words = sentence(passed, happening, lang);
    let (reason, value) = match passed {
        Passed::NoEvent => ("event", Some(&happening.event)),
        Passed::Paths => ("paths", None),
        Passed::Message => ("message", None),
        Passed::Branch(name) => ("branch", Some(name)),
        Passed::Tag(name) => ("tag", Some(name)),
        Passed::Action(name) => ("type", Some(name)),
        Passed::Workflow(name) => ("workflow", Some(name)),
    };
    json!({ "reason": reason, "value": value, "text": words })
}

fn sentence(passed: &Passed, happening: &Happening, lang: Lang) -> String {
    let named = |key: &str, name: &str| say(lang, key, &[("name", name)]);
    match passed {
        Passed::NoEvent => say(lang, "ci.passed.event", &[("event", &happening.event)]),
        Passed::Branch(name) => named("ci.passed.branch", name),
        Passed::Tag(name) => named("ci.passed.tag", name),
        Passed::Action(name) => named("ci.passed.type", name),
        Passed::Workflow(name) => named("ci.passed.workflow", name),
        Passed::Paths => say(lang, "ci.passed.paths", &[]),
        Passed::Message => say(lang, "ci.passed.message", &[]),
    }
}
