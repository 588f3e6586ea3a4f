//! A job of GitHub that runs: its steps one after the other, what each gives, and how long it takes.
//!
//! Source: GitHub's documentation, "Workflow syntax" (`jobs.<id>.steps`), "Contexts reference" (`steps`, `job`, `env`,
//! `strategy`, `runner`), "Workflow commands" and "Metadata syntax" (composite actions). What commands do is what
//! [`crate::script`] understands of them; files that are not in the text may be there, and what nobody knows is unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action;
use super::contexts::Contexts;
use super::expression::{Data, Object};
use super::outputs::{Outputs, commands};
use super::plan::{Made, minutes, title, usual};
use super::token::Token;
use super::workflow::{Action, Step};
use crate::run::{Course, Ends, Outcome, PlannedJob, PlannedStep, Talk, Told, outside};
use crate::script::{self, Files, Shell, UNKNOWN};

/// How deep actions may use others (the runner's `CompositeActionsMaxDepth`).
const MAX_DEPTH: usize = 9;
/// Where a step writes what it gives, in its files.
const OUTPUT: &str = "home/runner/work/_temp/output";
const ENV: &str = "home/runner/work/_temp/env";

/// What became of the steps of a job.
#[derive(Clone, Debug)]
pub(super) struct Performed {
    steps: Vec<Ended>,
    contexts: Contexts,
    /// What was printed, each line since the first step began.
    pub log: Vec<(Duration, String)>,
    /// What was asked of the world.
    pub told: Vec<Told>,
    /// Commands that nobody knows, by the step of the job.
    pub unknown: Vec<(usize, String)>,
}

/// A step that has ended.
#[derive(Clone, Debug)]
struct Ended {
    id: String,
    at: Duration,
    outputs: Outputs,
    outcome: Outcome,
    conclusion: Outcome,
}

impl Performed {
    /// What expressions of the job know once it has run for so long.
    pub(super) fn contexts_at(&self, length: Duration) -> Contexts {
        with_steps(&self.contexts, self.steps.iter().filter(|step| step.at <= length))
    }
}

/// How a job goes on a runner that is so much faster than usual; `env` of its workflow and its own.
/// `talk`: with a world that its commands act on.
pub(super) fn job(
    (planned, made): (&PlannedJob, &Made),
    steps: &[Step],
    contexts: &Contexts,
    env: [Option<&Token>; 2],
    speed: f64,
    talk: Option<Talk>,
) -> (Course, Performed) {
    let mut contexts = contexts.with("matrix", made.matrix.clone());
    let (at, total) = (made.at.0 as f64, made.at.1 as f64);
    let strategy = [("job-index", Data::from(at)), ("job-total", total.into())];
    contexts.set("strategy", Object::from_iter(strategy).into());
    let os = system(&planned.labels);
    let runner = [("os", os), ("arch", "X64"), ("temp", "/home/runner/work/_temp"), ("name", "runner")];
    contexts.set(
        "runner",
        runner.map(|(key, value)| (key, Data::from(value))).into_iter().collect::<Object>().into(),
    );
    contexts.set("env", Object::default().into());
    for env in env.into_iter().flatten() {
        contexts = with_env(contexts, env);
    }
    let mut walk = Walk {
        // Where commands act, nothing is there before it is checked out.
        files: if talk.is_some() { Files::new() } else { (*contexts.files()).clone() },
        talk,
        unknown: Vec::new(),
        contexts,
        windows: os == "Windows",
        status: Outcome::Success,
        at: Duration::ZERO,
        limit: planned.timeout.unwrap_or(Duration::MAX),
        speed: if speed > 0.0 && speed.is_finite() { speed } else { 1.0 },
        ended: Vec::new(),
        log: Vec::new(),
        depth: 0,
    };
    let spans = walk.all(steps, Some((&planned.steps, &made.spreads)));
    let mut course = Course { steps: spans, length: walk.at, outcome: walk.status, ..Course::default() };
    let mut talk = walk.talk.unwrap_or_default();
    if let Some(asked) = talk.open.take() {
        course.length = asked.at;
        course.asks = Some(Box::new(asked));
        course.until = planned.timeout.map(|limit| (limit, Outcome::Cancelled));
    }
    let told = talk.told;
    let Walk { ended: steps, contexts, log, unknown, .. } = walk;
    (course, Performed { steps, contexts, log, told, unknown })
}

/// The system of a runner, by what is asked of it.
fn system(labels: &[String]) -> &'static str {
    let has = |name: &str| labels.iter().any(|label| label.to_ascii_lowercase().contains(name));
    match () {
        () if has("windows") => "Windows",
        () if has("macos") => "macOS",
        () => "Linux",
    }
}

/// The same with some variables more; values that are not known stand for themselves.
fn with_env(contexts: Contexts, env: &Token) -> Contexts {
    let entries = env.entries().iter().map(|(key, value)| (key.shown(), contexts.text(value)));
    let entries: Vec<(String, String)> = entries.collect();
    with_variables(contexts, entries)
}

fn with_variables(mut contexts: Contexts, variables: Vec<(String, String)>) -> Contexts {
    let mut all = match contexts.get("env") {
        Some(Data::Object(object)) => (**object).clone(),
        _ => Object::default(),
    };
    for (name, value) in variables {
        if value.contains(UNKNOWN) {
            contexts.forget(&["env", &name]);
        }
        all.set(&name, value.into());
    }
    contexts.set("env", all.into());
    contexts
}

fn with_steps<'a>(contexts: &Contexts, ended: impl Iterator<Item = &'a Ended>) -> Contexts {
    let mut contexts = contexts.clone();
    let mut steps = Object::default();
    for step in ended {
        step.outputs.forget(&mut contexts, &["steps", &step.id, "outputs"]);
        let entry = [
            ("outputs", Data::from(step.outputs.values.clone())),
            ("outcome", step.outcome.name().into()),
            ("conclusion", step.conclusion.name().into()),
        ];
        steps.set(&step.id, Object::from_iter(entry).into());
    }
    contexts.set("steps", steps.into());
    contexts
}

/// Steps on their way.
struct Walk {
    files: Files,
    /// With the world that commands act on.
    talk: Option<Talk>,
    unknown: Vec<(usize, String)>,
    contexts: Contexts,
    windows: bool,
    status: Outcome,
    at: Duration,
    limit: Duration,
    speed: f64,
    ended: Vec<Ended>,
    log: Vec<(Duration, String)>,
    depth: usize,
}

/// What a step did.
struct Done {
    outputs: Outputs,
    failed: bool,
    /// The exit code of its commands.
    code: i32,
    /// When it ended, if what is in it says so.
    until: Option<Duration>,
}

impl Walk {
    /// Walks through steps; gives from when to when each runs, none for those that do not. With what was planned for them, if
    /// they are those of the job itself.
    fn all(
        &mut self,
        steps: &[Step],
        planned: Option<(&[PlannedStep], &[f64])>,
    ) -> Vec<Option<(Duration, Duration)>> {
        let mut spans = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let plan = planned.and_then(|(planned, _)| planned.get(at));
            let ends = plan.map_or(Ends::Well, |step| step.ends);
            let takes = plan.and_then(|step| step.takes);
            let spread = planned.and_then(|(_, spreads)| spreads.get(at)).copied().unwrap_or(1.0);
            if let Some(talk) = self.talk.as_mut().filter(|_| planned.is_some()) {
                talk.step = at;
            }
            // One that did not end in time was the last, and so is one that waits for the world.
            let over = self.status == Outcome::Cancelled || self.waits();
            let span = if over { None } else { self.step(step, ends, spread, takes) };
            spans.push(span);
        }
        spans
    }

    fn step(
        &mut self,
        step: &Step,
        ends: Ends,
        spread: f64,
        takes: Option<Duration>,
    ) -> Option<(Duration, Duration)> {
        let begin = self.at;
        let mut contexts = with_steps(&self.contexts, self.ended.iter());
        let job = Object::from_iter([("status", Data::from(self.status.name()))]);
        contexts.set("job", job.into());
        if let Some(env) = &step.env {
            contexts = with_env(contexts, env);
        }
        let runs = match (&step.condition, step.written.get("if")) {
            (Some(condition), Some(written)) => {
                let truth = contexts.behind(vec![self.status]).truth(condition, written);
                truth.is_ok_and(|truth| truth.unwrap_or(true))
            }
            _ => self.status == Outcome::Success,
        };
        if !runs {
            let skipped = Outcome::Skipped;
            self.end(step, Outputs::default(), skipped, skipped);
            return None;
        }
        self.log.push((begin, title(step, &contexts)));
        let done = match &step.action {
            Action::Run(run) => self.run(step, &contexts.text(run), &contexts),
            Action::Uses(uses) => self.uses(step, &uses.shown(), &contexts),
            Action::Parallel(steps) => self.beside(steps),
        };
        if let Some(asked) = self.talk.as_ref().and_then(|talk| talk.open.as_ref()) {
            let at = asked.at;
            self.log.retain(|(at, _)| *at != Duration::MAX);
            return Some((begin, at));
        }
        let (usual, _) = usual(step, &contexts, &self.files);
        let until = done.until.filter(|_| takes.is_none());
        let takes = takes.map_or(usual.mul_f64(spread / self.speed), |takes| takes.div_f64(self.speed));
        let mut until = until.unwrap_or(begin.saturating_add(takes));
        let mut failed = done.failed || ends == Ends::Failing;
        let own = minutes(step.written.get("timeout-minutes"), &contexts).map(|limit| begin + limit);
        if let Some(limit) = own.filter(|limit| *limit < until) {
            (until, failed) = (limit, true);
            let minutes = limit.saturating_sub(begin).as_secs() / 60;
            self.log.push((limit, format!("Error: The action has timed out after {minutes} minutes.")));
        }
        if until > self.limit {
            self.at = self.limit;
            self.status = Outcome::Cancelled;
            self.end(step, Outputs::default(), Outcome::Cancelled, Outcome::Cancelled);
            return Some((begin, self.limit));
        }
        let excused = step.continue_on_error.as_ref().and_then(|token| contexts.value(token).ok());
        let excused = ends == Ends::Excused || excused.is_some_and(|value| value.is_truthy());
        let outcome = if failed { Outcome::Failure } else { Outcome::Success };
        let conclusion = if excused { Outcome::Success } else { outcome };
        self.at = until;
        self.spread_log(begin);
        if failed && own.is_none_or(|limit| limit != until) {
            let code = done.code.max(1);
            self.log.push((until, format!("Error: Process completed with exit code {code}.")));
        }
        self.end(step, done.outputs, outcome, conclusion);
        if conclusion == Outcome::Failure {
            self.status = Outcome::Failure;
        }
        Some((begin, until))
    }

    fn end(&mut self, step: &Step, outputs: Outputs, outcome: Outcome, conclusion: Outcome) {
        let id = step.id.clone();
        self.ended.push(Ended { id, at: self.at, outputs, outcome, conclusion });
    }

    /// What the commands of a step printed comes while it runs, not all at its end.
    fn spread_log(&mut self, begin: Duration) {
        let first = self.log.iter().rposition(|(at, _)| *at != Duration::MAX).map_or(0, |at| at + 1);
        let lines = self.log.get_mut(first..).unwrap_or_default();
        let part = self.at.saturating_sub(begin) / (lines.len() as u32 + 1);
        for (line, (at, _)) in lines.iter_mut().enumerate() {
            *at = begin + part * (line as u32 + 1);
        }
    }

    fn run(&mut self, step: &Step, text: &str, contexts: &Contexts) -> Done {
        let shell = step.written.get("shell").map(Token::shown).unwrap_or_default();
        let is_posix =
            if shell.is_empty() { !self.windows } else { shell.starts_with("bash") || shell == "sh" };
        if !is_posix {
            // Nobody knows what another shell makes of it.
            return Done { outputs: Outputs::unknown(), failed: false, code: 0, until: None };
        }
        let folder = step.written.get("working-directory").map(|folder| contexts.text(folder));
        let text = match folder {
            Some(folder) => format!("cd \"{folder}\"\n{text}"),
            None => text.to_owned(),
        };
        self.script(text, contexts)
    }

    /// Runs commands.
    fn script(&mut self, text: String, contexts: &Contexts) -> Done {
        let mut talk = self.talk.take();
        let (mut step, mut before) = (0, 0);
        if let Some(talk) = &mut talk {
            (step, before) = (talk.step, talk.told.len());
            talk.before = self.at;
        }
        let mut shell = Shell::new(std::mem::take(&mut self.files), variables(contexts)).talking(talk);
        shell.assumes = true;
        shell.files.insert(OUTPUT.to_owned(), String::new());
        shell.files.insert(ENV.to_owned(), String::new());
        let (code, _) = script::run_items(&mut shell, &[text], step);
        self.talk = shell.talk.take();
        self.unknown.extend(shell.unknown.iter().map(|name| (step, name.clone())));
        // What a program writes there may be anything.
        let opaque = |line: &str| line.contains(UNKNOWN) && !line.contains(['=', '<']);
        let unseen = shell.files.get(OUTPUT).is_some_and(|text| text.lines().any(opaque));
        let written = |shell: &mut Shell, path: &str| commands(&shell.files.remove(path).unwrap_or_default());
        let mut outputs = Outputs { open: shell.guessed || unseen, ..Outputs::default() };
        for (name, value) in written(&mut shell, OUTPUT) {
            outputs.put(&name, &value);
        }
        let variables = written(&mut shell, ENV);
        self.contexts = with_variables(self.contexts.clone(), variables);
        let told = self.talk.as_ref().map_or(&[][..], |talk| &talk.told);
        let until = (told.len() > before).then(|| self.at + shell.elapsed);
        // A marker that `spread_log` puts in its place.
        let mut at = if until.is_some() { self.at } else { Duration::MAX };
        for line in shell.output {
            let Some(told) = outside::marked(&line).and_then(|index| told.get(index)) else {
                self.log.push((at, line));
                continue;
            };
            self.log.push((told.begin, ["$ ", &told.line].concat()));
            at = told.end;
        }
        // What the world says is no guess.
        let guessed = shell.guessed && told.last().is_none_or(|told| told.code != code);
        self.files = shell.files;
        Done { outputs, failed: code != 0 && !guessed, code, until }
    }

    /// Whether a command waits for the world.
    fn waits(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.open.is_some())
    }

    fn uses(&mut self, step: &Step, uses: &str, contexts: &Contexts) -> Done {
        let given = step.written.get("with").map_or(&[][..], Token::entries);
        let given: BTreeMap<String, String> =
            given.iter().map(|(key, value)| (key.shown(), contexts.text(value))).collect();
        if self.talk.is_some() {
            if uses.to_ascii_lowercase().starts_with("actions/checkout@") {
                let folder = given.get("path").map_or("", |path| path.trim_matches(['/', '.']));
                let place = |path: &String| {
                    if folder.is_empty() { path.clone() } else { [folder, "/", path].concat() }
                };
                self.files.extend(contexts.files().iter().map(|(path, text)| (place(path), text.clone())));
            }
            if let Some(command) = action::command(uses, &given) {
                let done = self.script(command, contexts);
                return Done { outputs: action::outputs(uses, &given, contexts), ..done };
            }
        }
        let Some(composite) = action::composite(uses, &contexts.files()).filter(|_| self.depth < MAX_DEPTH)
        else {
            let outputs = action::outputs(uses, &given, contexts);
            return Done { outputs, failed: false, code: 0, until: None };
        };
        let mut inner = contexts.clone();
        let mut inputs = Object::default();
        for (name, default) in &composite.inputs {
            let value = given.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            let value = value.unwrap_or(default);
            if value.contains(UNKNOWN) || value.contains("${{") {
                inner.forget(&["inputs", name]);
            }
            inputs.set(name, value.as_str().into());
        }
        inner.set("inputs", inputs.into());
        let mut walk = Walk {
            files: std::mem::take(&mut self.files),
            contexts: inner,
            windows: self.windows,
            status: Outcome::Success,
            at: self.at,
            limit: self.limit,
            speed: self.speed,
            ended: Vec::new(),
            log: std::mem::take(&mut self.log),
            depth: self.depth + 1,
            talk: self.talk.take(),
            unknown: std::mem::take(&mut self.unknown),
        };
        walk.all(&composite.steps, None);
        let known = with_steps(&walk.contexts, walk.ended.iter());
        let mut outputs = Outputs::default();
        for (name, value) in &composite.outputs {
            outputs.put(name, &known.text(value));
        }
        self.files = walk.files;
        self.log = walk.log;
        self.talk = walk.talk;
        self.unknown = walk.unknown;
        // What it writes for later steps (`GITHUB_ENV`) is for those of the job, too.
        if let Some(env) = walk.contexts.get("env").filter(|_| step.env.is_none()) {
            self.contexts.set("env", env.clone());
        }
        let until = if walk.status == Outcome::Cancelled { Duration::MAX } else { walk.at };
        Done { outputs, failed: walk.status == Outcome::Failure, code: 1, until: Some(until) }
    }

    /// Steps side by side: they end with the last of them.
    fn beside(&mut self, steps: &[Step]) -> Done {
        let (begin, status) = (self.at, self.status);
        let (mut until, mut failed) = (begin, false);
        for step in steps {
            (self.at, self.status) = (begin, status);
            self.step(step, Ends::Well, 1.0, None);
            until = until.max(self.at);
            failed |= self.status == Outcome::Failure;
        }
        (self.at, self.status) = (begin, status);
        Done { outputs: Outputs::default(), failed, code: 1, until: Some(until) }
    }
}

/// The variables of a step's commands.
fn variables(contexts: &Contexts) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let github = [
        "sha",
        "ref",
        "ref_name",
        "ref_type",
        "repository",
        "repository_owner",
        "actor",
        "event_name",
        "run_id",
        "run_number",
        "workspace",
        "workflow",
    ];
    if let Some(Data::Object(object)) = contexts.get("github") {
        for key in github {
            let value = object.get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
            variables.insert(format!("GITHUB_{}", key.to_uppercase()), value);
        }
    }
    if let Some(Data::Object(object)) = contexts.get("runner") {
        let os = object.get("os").map(|os| os.to_text().into_owned()).unwrap_or_default();
        variables.insert("RUNNER_OS".to_owned(), os);
    }
    for (key, value) in [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_OUTPUT", OUTPUT),
        ("GITHUB_ENV", ENV),
        ("GITHUB_PATH", "home/runner/work/_temp/path"),
        ("GITHUB_STEP_SUMMARY", "home/runner/work/_temp/summary"),
    ] {
        let value = if key.starts_with("GITHUB_") && value.starts_with("home") {
            ["/", value].concat()
        } else {
            value.to_owned()
        };
        variables.insert(key.to_owned(), value);
    }
    if let Some(Data::Object(env)) = contexts.get("env") {
        variables.extend(env.entries().map(|(name, value)| (name.to_owned(), value.to_text().into_owned())));
    }
    variables
}
