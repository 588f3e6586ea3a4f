//! `kubectl wait` (k8s.io/kubectl/pkg/cmd/wait).

use opscape_manifest::value::Value;
use opscape_sim::Time;

use super::print::{list, number, text};
use super::target::{Missing, Target};
use super::{Call, Failure, Next, Outcome, Waiter, words};
use crate::output::jsonpath::{Template, shown};
use crate::process::Poll;

pub(super) const FLAGS: &str = "for= timeout~ all! A|all-namespaces! l|selector= field-selector= f|filename* \
    R|recursive! local! o|output=";

/// What is waited for.
#[derive(Clone)]
enum Goal {
    Delete,
    Create,
    Condition { kind: String, status: String },
    Path { template: Template, value: Option<String> },
}

impl Goal {
    fn parse(text: &str) -> Result<Goal, Failure> {
        if text.eq_ignore_ascii_case("delete") {
            return Ok(Goal::Delete);
        }
        if text.eq_ignore_ascii_case("create") {
            return Ok(Goal::Create);
        }
        if let Some(condition) = text.strip_prefix("condition=") {
            let (kind, status) = condition.split_once('=').unwrap_or((condition, "true"));
            return Ok(Goal::Condition { kind: kind.to_owned(), status: status.to_owned() });
        }
        if let Some(path) = text.strip_prefix("jsonpath=") {
            // The value stands behind the last brace.
            let (path, value) = match path.rsplit_once('}') {
                Some((_, "")) => (path.to_owned(), None),
                Some((path, value)) => {
                    let Some(value) = value.strip_prefix('=').filter(|value| !value.is_empty()) else {
                        return words("jsonpath wait value cannot be empty");
                    };
                    (format!("{path}}}"), Some(value.trim_matches(['"', '\'']).to_owned()))
                }
                None => match path.split_once('=') {
                    Some((path, value)) => (path.to_owned(), Some(value.to_owned())),
                    None => (path.to_owned(), None),
                },
            };
            let template = Template::relaxed(&path).map_err(Failure::Words)?;
            return Ok(Goal::Path { template, value });
        }
        words(format!("unrecognized condition: {}", opscape_manifest::golang::quote(text)))
    }

    fn is_met(&self, value: &Value) -> bool {
        match self {
            Goal::Delete => false,
            Goal::Create => true,
            Goal::Condition { kind, status } => {
                let generation = number(value, "metadata.generation");
                let stale = |observed: i64| observed > 0 && observed < generation;
                list(value, "status.conditions").iter().any(|condition| {
                    text(condition, "type").eq_ignore_ascii_case(kind)
                        && text(condition, "status").eq_ignore_ascii_case(status)
                        && !stale(number(condition, "observedGeneration"))
                }) && !stale(number(value, "status.observedGeneration"))
            }
            Goal::Path { template, value: wanted } => {
                match template.find(value).unwrap_or_default().as_slice() {
                    [] => false,
                    [found, ..] => wanted.as_ref().is_none_or(|wanted| shown(found) == *wanted),
                }
            }
        }
    }
}

#[derive(Clone)]
struct Waiting {
    goal: Goal,
    targets: Vec<Target>,
    deadline: Time,
    failures: Vec<Failure>,
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let goal = Goal::parse(call.flags.text("for").unwrap_or(""))?;
    if call.args().is_empty() && !call.flags.given("filename") {
        return words("You must provide one or more resources by argument or filename.");
    }
    let mut targets = call.given_targets(Missing::IsAnError)?.found;
    if targets.is_empty() {
        if matches!(goal, Goal::Delete) {
            return Ok(Next::Done);
        }
        return words("no matching resources found");
    }
    let mut failures = Vec::new();
    if matches!(goal, Goal::Delete) {
        // What does not exist has been deleted.
        targets.retain(|target| target.found.is_ok());
    } else if !matches!(goal, Goal::Create) {
        targets.retain(|target| match &target.found {
            Ok(_) => true,
            Err(status) => {
                failures.push(Failure::Api(status.clone()));
                false
            }
        });
    }
    let span = call.flags.duration("timeout").unwrap_or(30_000_000);
    // Zero: look once. Negative: a week.
    let span = if span < 0 { 7 * 86_400_000_000 } else { span as u64 };
    let deadline = Time(call.scope.world.now().0.saturating_add(span));
    Ok(Next::Wait(Box::new(Waiting { goal, targets, deadline, failures })))
}

impl Waiter for Waiting {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let late = call.scope.world.now() >= self.deadline;
        let mut open = Vec::new();
        for target in std::mem::take(&mut self.targets) {
            let found = call.read(target.resource, &target.namespace, &target.name);
            let met = match (&self.goal, &found) {
                (Goal::Delete, Err(_)) => true,
                (Goal::Delete, Ok(now)) => {
                    target.found.as_ref().is_ok_and(|before| before.meta().uid != now.meta().uid)
                }
                (goal, Ok(object)) => goal.is_met(&object.to_value()),
                (Goal::Create, Err(_)) => false,
                (_, Err(status)) => {
                    self.failures.push(Failure::Api(status.clone()));
                    continue;
                }
            };
            if met {
                let line = format!("{} condition met", target.label());
                call.say(&line);
            } else if late {
                let what = format!("{}/{}", target.resource.plural, target.name);
                self.failures.push(Failure::Words(format!("timed out waiting for the condition on {what}")));
            } else {
                open.push(target);
            }
        }
        self.targets = open;
        if !self.targets.is_empty() {
            return Ok(Poll::Waiting(Some(self.deadline)));
        }
        Failure::all(std::mem::take(&mut self.failures))?;
        Ok(Poll::Done(0))
    }
}
