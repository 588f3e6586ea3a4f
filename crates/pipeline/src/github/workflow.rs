//! A workflow, read and checked.

use super::convert;
use super::events::events;
use super::problem::{Context, Phase, Problem};
use super::schema;
use super::template;
use super::token::Token;

/// A workflow; what is there of it if it has problems depends on the phase that found them.
#[derive(Debug, Default)]
pub struct Workflow {
    /// The whole document.
    pub root: Option<Token>,
    /// What it runs on, in the order of the text.
    pub events: Option<Vec<Event>>,
    /// Its jobs, in the order of the text.
    pub jobs: Option<Vec<Job>>,
    /// Of the whole workflow.
    pub concurrency: Option<Token>,
    /// Of the whole workflow.
    pub env: Option<Token>,
    /// What is wrong; nothing: it is valid.
    pub problems: Vec<Problem>,
}

/// An event that it runs on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Like `push`.
    pub name: String,
    /// Patterns and words by key (`branches`, `paths-ignore`, `types`, ...), in the order of the official model.
    pub filters: Vec<(&'static str, Vec<String>)>,
    /// Of `schedule`: cron expressions and their time zones.
    pub schedule: Vec<(String, Option<String>)>,
    /// Of `workflow_dispatch` and `workflow_call`.
    pub inputs: Option<Vec<Input>>,
    /// Of `workflow_call`: name, description, and whether it is required.
    pub secrets: Option<Vec<Secret>>,
}

impl Event {
    /// The patterns or words of a key.
    pub fn filter(&self, key: &str) -> Option<&[String]> {
        self.filters.iter().find(|(name, _)| *name == key).map(|(_, patterns)| patterns.as_slice())
    }
}

/// An input of a workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `string` if nothing is said.
    pub kind: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: Option<bool>,
    /// If it is not given.
    pub default: Option<InputDefault>,
    /// Of a `choice`.
    pub options: Option<Vec<String>>,
}

/// The default of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum InputDefault {
    /// Of a `boolean`.
    Bool(bool),
    /// Of any other type.
    Text(String),
}

/// A secret that a workflow takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: Option<bool>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: Token,
    /// What people see; the id if nothing else is said.
    pub name: Token,
    /// The jobs before it.
    pub needs: Vec<Token>,
    /// The condition, in which a function of the status is always asked.
    pub condition: String,
    /// As written.
    pub strategy: Option<Token>,
    /// As written.
    pub concurrency: Option<Token>,
    /// The whole job as written.
    pub written: Token,
    /// What it does.
    pub work: Work,
}

/// What a job does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Steps on a runner.
    Steps(Vec<Step>),
    /// The jobs of another workflow.
    Call(Box<Call>),
}

/// A call of a workflow.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which.
    pub uses: Token,
    /// `with`.
    pub inputs: Option<Token>,
    /// `secrets`.
    pub secrets: Option<Token>,
    /// Whether all secrets are passed on.
    pub inherits: bool,
    /// Its jobs, if its file is there.
    pub jobs: Option<Vec<Job>>,
    /// What it gives, if its file is there and says so.
    pub outputs: Option<Token>,
    /// What it takes, if its file is there and says so.
    pub definitions: Option<Token>,
    /// `env` of its file.
    pub env: Option<Token>,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id, generated if none is given: `__run`, `__actions_checkout`.
    pub id: String,
    /// For people.
    pub name: Option<Token>,
    /// The condition; none for groups of steps.
    pub condition: Option<String>,
    /// A truth value or an expression.
    pub continue_on_error: Option<Token>,
    /// As written.
    pub env: Option<Token>,
    /// The whole step as written.
    pub written: Token,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Commands.
    Run(Token),
    /// An action.
    Uses(Token),
    /// Steps side by side.
    Parallel(Vec<Step>),
}

impl Job {
    /// The id as a text.
    pub fn id(&self) -> &str {
        self.id.as_str().unwrap_or("")
    }

    /// The value of a key of the job as written.
    pub fn get(&self, key: &str) -> Option<&Token> {
        self.written.get(key)
    }

    /// A value of its strategy.
    pub fn strategy(&self, key: &str) -> Option<&Token> {
        self.strategy.as_ref()?.get(key)
    }

    /// Its steps; none if it calls a workflow.
    pub fn steps(&self) -> &[Step] {
        if let Work::Steps(steps) = &self.work { steps } else { &[] }
    }

    /// The call of a workflow.
    pub fn call(&self) -> Option<&Call> {
        if let Work::Call(call) = &self.work { Some(call) } else { None }
    }
}

/// Other files of the repository: the text of a path, if it is there.
pub type Files<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a workflow as the official parser does. Workflows that it calls are looked for in `files`; without any, calls are
/// not followed.
pub fn read(path: &str, text: &str, files: Option<Files<'_>>) -> Workflow {
    let mut context = Context::new();
    let root = parse(&mut context, path, text);
    let mut workflow = Workflow::default();
    if let Some(root) = &root
        && context.problems.is_empty()
    {
        context.phase = Phase::Convert;
        convert::workflow(&mut context, root, files, &mut workflow);
    }
    workflow.root = root;
    workflow.problems = context.problems;
    workflow
}

/// A file as a token that fits the schema. None: it could not be read, and the problems are told.
pub(super) fn parse(context: &mut Context, path: &str, text: &str) -> Option<Token> {
    let file = context.file(path);
    let phase = std::mem::replace(&mut context.phase, Phase::Yaml);
    let events = events(context, file, text);
    context.phase = Phase::Parse;
    let root = events
        .and_then(|events| template::read(context, schema::workflow(), "workflow-root-strict", file, events));
    context.phase = phase;
    root
}
