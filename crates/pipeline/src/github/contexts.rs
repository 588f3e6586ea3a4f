//! What expressions know before and between jobs.

use super::expression::{Data, Environment, Expr, Failure, Object, evaluate, parse};
use super::matrix::Unknown;
use super::token::{Token, Value};
use super::trigger::Happening;
use super::workflow::{InputDefault, Workflow};
use crate::run::Outcome;

/// The contexts, and what became of the jobs before.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    contexts: Object,
    /// Results of all jobs that must end before; none: nobody may ask yet.
    before: Option<Vec<Outcome>>,
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
        Contexts::new(Object::from_iter(contexts))
    }

    /// These contexts, by name.
    pub fn new(contexts: Object) -> Contexts {
        Contexts { contexts, before: None }
    }

    /// The same with one context more.
    #[must_use]
    pub fn with(&self, name: &str, data: Data) -> Contexts {
        let mut contexts = self.clone();
        contexts.contexts.set(name, data);
        contexts
    }

    /// The same behind jobs with these results, which the functions of the status ask for.
    #[must_use]
    pub fn behind(&self, results: Vec<Outcome>) -> Contexts {
        Contexts { contexts: self.contexts.clone(), before: Some(results) }
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
            other if self.is_later(other) || asks_for_outputs(other) => Ok(None),
            other => Ok(Some(evaluate(other, self)?.is_truthy())),
        }
    }

    /// Whether it asks for a context that is not there yet.
    fn is_later(&self, expression: &Expr) -> bool {
        expression.any(&|part| matches!(part, Expr::Context(name) if self.contexts.get(name).is_none()))
    }
}

/// Whether it asks for the outputs of something.
fn asks_for_outputs(expression: &Expr) -> bool {
    expression.any(&|part| {
        matches!(part, Expr::Index(_, name) if matches!(&**name, Expr::Literal(Data::String(name)) if name.eq_ignore_ascii_case("outputs")))
    })
}

impl Environment for Contexts {
    fn context(&self, name: &str) -> Option<Data> {
        self.contexts.get(name).cloned()
    }

    fn call(&self, name: &str, _arguments: &[Data]) -> Option<Data> {
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
