//! What expressions know before and between jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use opscape_sim::Rng;

use super::action::hexadecimal;
use super::expression::{Data, Environment, Expr, Failure, Object, evaluate, parse};
use super::matrix::Unknown;
use super::token::{Expression, Token, Value};
use super::trigger::Happening;
use super::workflow::{InputDefault, Workflow};
use crate::gitlab::glob;
use crate::run::Outcome;
use crate::script::{Files, UNKNOWN};

/// The contexts, and what became of the jobs before.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    values: Object,
    /// Results of all jobs that must end before; none: nobody may ask yet.
    before: Option<Vec<Outcome>>,
    /// Values that nobody knows, by their paths: `needs`, `build`, `outputs`.
    unknown: BTreeSet<Vec<String>>,
    /// The files of the repository, which `hashFiles` asks for.
    files: Option<Arc<Files>>,
    /// Which of them changed.
    changed: Option<Arc<Vec<String>>>,
}

impl Contexts {
    /// What expressions know before any job runs. What nobody said is not there, so that nobody takes it for nothing.
    pub fn of(workflow: &Workflow, happening: &Happening) -> Contexts {
        let mut github = Object::default();
        github.insert("event_name", happening.event.as_str().into());
        let reference = match (&happening.tag, &happening.branch) {
            (Some(tag), _) => Some((format!("refs/tags/{tag}"), tag, "tag")),
            (None, Some(branch)) => Some((format!("refs/heads/{branch}"), branch, "branch")),
            (None, None) => None,
        };
        if let Some((reference, name, kind)) = reference {
            github.insert("ref", reference.into());
            github.insert("ref_name", name.as_str().into());
            github.insert("ref_type", kind.into());
        }
        // What nothing in a text decides is always the same.
        let name = workflow.root.as_ref().and_then(|root| root.get("name")?.as_str());
        for (key, value) in [
            ("sha", "0123456789abcdef0123456789abcdef01234567"),
            ("repository", "acme/app"),
            ("repository_owner", "acme"),
            ("actor", "dev"),
            ("triggering_actor", "dev"),
            ("workflow", name.unwrap_or("workflow")),
            ("run_id", "1"),
            ("run_number", "1"),
            ("run_attempt", "1"),
            ("server_url", "https://github.com"),
            ("workspace", "/home/runner/work/app/app"),
        ] {
            github.insert(key, value.into());
        }
        if let Some(commit) = &happening.commit {
            let run = commit.run.to_string();
            let owner = commit.repository.split('/').next().unwrap_or("");
            for (key, value) in [
                ("sha", commit.sha.as_str()),
                ("repository", &commit.repository),
                ("repository_owner", owner),
                ("actor", &commit.actor),
                ("triggering_actor", &commit.actor),
                ("run_id", &run),
                ("run_number", &run),
            ] {
                github.set(key, value.into());
            }
        }
        // What comes with an event, as far as conditions usually ask for it.
        if ["pull_request", "pull_request_target"].contains(&happening.event.as_str()) {
            let base = happening.branch.as_deref().unwrap_or("main");
            let reference = |name: &str| Data::from(Object::from_iter([("ref", name.into())]));
            let pull_request = Object::from_iter([
                ("number", Data::from(1.0)),
                ("draft", false.into()),
                ("merged", false.into()),
                ("head", reference("change")),
                ("base", reference(base)),
            ]);
            let event = [("number", Data::from(1.0)), ("pull_request", pull_request.into())];
            github.insert("event", Object::from_iter(event).into());
            github.insert("head_ref", "change".into());
            github.insert("base_ref", base.into());
        }
        let unknown: &[&str] = match happening.event.as_str() {
            "workflow_run" => &["workflow_run"],
            "repository_dispatch" => &["client_payload"],
            "release" => &["release"],
            "issues" => &["issue"],
            "issue_comment" => &["issue", "comment"],
            _ => &[],
        };
        let mut inputs = Object::default();
        let event = workflow.events.iter().flatten().find(|event| event.name == happening.event);
        for input in event.and_then(|event| event.inputs.as_ref()).into_iter().flatten() {
            let value = match &input.default {
                Some(InputDefault::Bool(bool)) => Data::Bool(*bool),
                Some(InputDefault::Text(text)) => text.as_str().into(),
                None => "".into(),
            };
            inputs.insert(input.name.as_str(), value);
        }
        let contexts: [(&str, Data); 3] =
            [("github", github.into()), ("inputs", inputs.into()), ("vars", Object::default().into())];
        let changed = happening.paths.clone().map(Arc::new);
        let mut contexts = Contexts { changed, ..Contexts::new(Object::from_iter(contexts)) };
        for part in unknown {
            contexts.forget(&["github", "event", part]);
        }
        contexts
    }

    /// The files that changed; none: nobody says.
    pub(super) fn changed(&self) -> Option<&[String]> {
        self.changed.as_ref().map(|paths| paths.as_slice())
    }

    /// The files of the repository, as far as they are known.
    pub(super) fn files(&self) -> Arc<Files> {
        self.files.clone().unwrap_or_default()
    }

    /// These contexts, by name.
    pub fn new(contexts: Object) -> Contexts {
        Contexts { values: contexts, ..Contexts::default() }
    }

    /// The value of a context.
    pub fn get(&self, name: &str) -> Option<&Data> {
        self.values.get(name)
    }

    /// The same where nobody knows the value at a path; expressions that ask for it, or for what it stands in, have none.
    #[must_use]
    pub fn without(&self, path: &[&str]) -> Contexts {
        let mut contexts = self.clone();
        contexts.forget(path);
        contexts
    }

    /// Nobody knows the value at a path.
    pub(super) fn forget(&mut self, path: &[&str]) {
        self.unknown.insert(path.iter().map(|part| part.to_lowercase()).collect());
    }

    /// Puts a context in place of the one there.
    pub(super) fn set(&mut self, name: &str, data: Data) {
        self.values.set(name, data);
    }

    fn meets_unknown(&self, path: &[String]) -> bool {
        self.unknown.iter().any(|unknown| unknown.iter().zip(path).all(|(one, other)| one == other))
    }

    /// The same with the files of a repository.
    #[must_use]
    pub(super) fn among(&self, files: Arc<Files>) -> Contexts {
        Contexts { files: Some(files), ..self.clone() }
    }

    /// The same with one context more.
    #[must_use]
    pub fn with(&self, name: &str, data: Data) -> Contexts {
        let mut contexts = self.clone();
        contexts.values.set(name, data);
        contexts
    }

    /// The same behind jobs with these results, which the functions of the status ask for.
    #[must_use]
    pub fn behind(&self, results: Vec<Outcome>) -> Contexts {
        Contexts { before: Some(results), ..self.clone() }
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// It has none, or not yet.
    pub fn evaluate(&self, text: &str, allowed: &Token) -> Result<Data, Unknown> {
        let wrong = |message: String| Unknown::Wrong(message);
        let parsed = parse(text, &allowed.allowed.contexts, &allowed.allowed.functions);
        let Some(expression) = parsed.map_err(|failure| wrong(failure.message))? else {
            return Ok(Data::Null);
        };
        if self.is_later(&expression) {
            return Err(Unknown::Later);
        }
        evaluate(&expression, self).map_err(|failure| wrong(failure.message))
    }

    /// The value of a token; expressions in it are evaluated.
    ///
    /// # Errors
    /// As [`Contexts::evaluate`].
    pub fn value(&self, token: &Token) -> Result<Data, Unknown> {
        Ok(match &token.value {
            Value::Null | Value::Insert => Data::Null,
            Value::Bool(bool) => Data::Bool(*bool),
            Value::Number(number) => Data::Number(*number),
            Value::String(text) => text.as_str().into(),
            Value::Expression(expression) => self.evaluate(&expression.text, token)?,
            Value::Sequence(items) => {
                items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?.into()
            }
            Value::Mapping(entries) => {
                let mut object = Object::default();
                for (key, value) in entries {
                    let value = self.value(value)?;
                    match (&key.value, value) {
                        (Value::Insert, Data::Object(inserted)) => {
                            for (key, value) in inserted.entries() {
                                object.insert(key, value.clone());
                            }
                        }
                        (_, value) => object.insert(self.value(key)?.to_text(), value),
                    }
                }
                object.into()
            }
        })
    }

    /// A text, where [`UNKNOWN`] stands for what nobody knows.
    pub(super) fn text(&self, token: &Token) -> String {
        if let Ok(value) = self.value(token) {
            return value.to_text().into_owned();
        }
        let Value::Expression(Expression { source: Some(source), .. }) = &token.value else {
            return UNKNOWN.to_owned();
        };
        let mut text = String::new();
        let mut rest = source.as_str();
        while let Some((before, after)) = rest.split_once("${{") {
            text.push_str(before);
            let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
            match self.evaluate(inner.trim(), token) {
                Ok(value) => text.push_str(&value.to_text()),
                Err(_) => text.push_str(UNKNOWN),
            }
            rest = after;
        }
        text + rest
    }

    /// Whether a condition holds, as far as that can be said: what is not there yet, and the outputs of jobs and steps, are
    /// neither true nor false.
    ///
    /// # Errors
    /// The condition is no expression or has no value, in the official words.
    pub fn truth(&self, text: &str, allowed: &Token) -> Result<Option<bool>, Failure> {
        match parse(text, &allowed.allowed.contexts, &allowed.allowed.functions)? {
            Some(expression) => self.truth_of(&expression),
            None => Ok(Some(false)),
        }
    }

    fn truth_of(&self, expression: &Expr) -> Result<Option<bool>, Failure> {
        let parts = |parts: &[Expr], decides: bool| {
            let truths = parts.iter().map(|part| self.truth_of(part)).collect::<Result<Vec<_>, _>>()?;
            if truths.contains(&Some(decides)) {
                return Ok(Some(decides));
            }
            Ok(truths.iter().all(Option::is_some).then_some(!decides))
        };
        match expression {
            Expr::Group(inner) => self.truth_of(inner),
            Expr::Not(inner) => Ok(self.truth_of(inner)?.map(|truth| !truth)),
            Expr::And(all) => parts(all, false),
            Expr::Or(all) => parts(all, true),
            other if self.is_later(other) => Ok(None),
            other => Ok(Some(evaluate(other, self)?.is_truthy())),
        }
    }

    /// Whether it asks for a context that is not there yet, or for a value that nobody knows.
    fn is_later(&self, expression: &Expr) -> bool {
        if let Some(path) = path_of(expression) {
            let there = path.first().is_some_and(|name| self.values.get(name).is_some());
            return !there || self.meets_unknown(&path) || self.index_is_later(expression);
        }
        match expression {
            Expr::Literal(_) | Expr::Context(_) => false,
            Expr::Not(inner) | Expr::Group(inner) | Expr::Star(inner) => self.is_later(inner),
            Expr::Compare(_, left, right) | Expr::Index(left, right) => {
                self.is_later(left) || self.is_later(right)
            }
            Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => {
                parts.iter().any(|part| self.is_later(part))
            }
        }
    }

    /// Whether what stands in the brackets of a path is not known.
    fn index_is_later(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Index(inner, index) => self.is_later(index) || self.index_is_later(inner),
            Expr::Star(inner) => self.index_is_later(inner),
            _ => false,
        }
    }
}

/// The path of a value in its context, as far as it is written out.
fn path_of(expression: &Expr) -> Option<Vec<String>> {
    match expression {
        Expr::Context(name) => Some(vec![name.to_lowercase()]),
        Expr::Star(inner) => path_of(inner),
        Expr::Index(inner, index) => {
            let mut path = path_of(inner)?;
            let written = !matches!(&**inner, Expr::Star(_)) && is_written(inner);
            if let (true, Expr::Literal(name)) = (written, &**index) {
                path.push(name.to_text().to_lowercase());
            }
            Some(path)
        }
        _ => None,
    }
}

fn is_written(expression: &Expr) -> bool {
    match expression {
        Expr::Context(_) => true,
        Expr::Index(inner, index) => matches!(&**index, Expr::Literal(_)) && is_written(inner),
        _ => false,
    }
}

impl Environment for Contexts {
    fn context(&self, name: &str) -> Option<Data> {
        self.values.get(name).cloned()
    }

    fn call(&self, name: &str, arguments: &[Data]) -> Option<Data> {
        if name.eq_ignore_ascii_case("hashFiles") {
            return Some(hash(self.files.as_ref()?, arguments).into());
        }
        let before = self.before.as_deref()?;
        let result = match name.to_ascii_lowercase().as_str() {
            "always" => true,
            "cancelled" => before.contains(&Outcome::Cancelled),
            "failure" => before.contains(&Outcome::Failure),
            "success" => before.iter().all(|outcome| *outcome == Outcome::Success),
            _ => return None,
        };
        Some(result.into())
    }
}

/// What `hashFiles` gives: another text for other files. It is no SHA-256. Files that are not in the text are taken for some
/// that never change.
fn hash(files: &Files, patterns: &[Data]) -> String {
    let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_text().into_owned()).collect();
    let fits = |path: &str| patterns.iter().any(|pattern| glob::fits(pattern.trim_start_matches("./"), path));
    let found = files.iter().filter(|(path, _)| fits(path)).flat_map(|(path, text)| [path, text]);
    let mut state = 0_u64;
    for text in patterns.iter().chain(found) {
        state = Rng::stream(state, text).bits();
    }
    hexadecimal(&mut Rng::stream(state, "hash"))
}
