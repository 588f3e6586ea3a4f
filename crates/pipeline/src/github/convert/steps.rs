//! Steps (`converter/steps.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected, Value};
use super::super::workflow::{Action, Step};
use super::condition::{SUCCESS, condition};
use super::ids::Ids;

/// The steps of a job.
pub(super) fn steps(context: &mut Context, token: &Token) -> Result<Vec<Step>, Unexpected> {
    let Value::Sequence(items) = &token.value else {
        context.error(token, "Invalid format for steps");
        return Ok(Vec::new());
    };
    let mut ids = Ids::default();
    let mut steps = Vec::new();
    for item in items {
        let step = step(context, &mut ids, item);
        steps.extend(context.caught(step).flatten());
    }
    for step in steps.iter_mut().filter(|step| step.id.is_empty()) {
        let name = match &step.action {
            Action::Run(_) => String::new(),
            Action::Uses(uses) => name_of_action(uses.as_str().unwrap_or("")),
            Action::Parallel(_) => "parallel".to_owned(),
        };
        let name = if name.is_empty() { "run" } else { &name };
        let Some(id) = ids.generate(name) else {
            let message = "Unable to create a unique name".to_owned();
            return Err(Unexpected { message, file: token.file, place: token.place });
        };
        step.id = id;
    }
    Ok(steps)
}

fn step(context: &mut Context, ids: &mut Ids, token: &Token) -> Result<Option<Step>, Unexpected> {
    let (mut id, mut name, mut run, mut uses, mut parallel) = (String::new(), None, None, None, None);
    let (mut asked, mut continue_on_error, mut env) = (None, None, None);
    for (key, value) in token.assert_mapping("steps item")? {
        match key.assert_string("steps item key")? {
            "id" => {
                value.assert_string("steps item id")?.clone_into(&mut id);
                if let Err(message) = ids.add(&id) {
                    context.error(value, message);
                }
            }
            "name" => name = Some(value.assert_scalar("steps item name")?.clone()),
            "run" => run = Some(value.assert_scalar("steps item run")?.clone()),
            "uses" => {
                value.assert_string("steps item uses")?;
                uses = Some(value.clone());
            }
            "parallel" => parallel = Some(value),
            "env" => {
                value.assert_mapping("step env")?;
                env = Some(value.clone());
            }
            "if" => asked = condition(context, value)?,
            "continue-on-error" => {
                if !value.is_expression() {
                    value.assert_bool("steps item continue-on-error")?;
                }
                continue_on_error = Some(value.clone());
            }
            _ => {}
        }
    }
    let action = match (run, uses, parallel) {
        (Some(run), ..) => Action::Run(run),
        (None, Some(uses), _) => Action::Uses(uses),
        (None, None, Some(parallel)) => {
            let inner = steps(context, parallel)?;
            for _ in inner.iter().filter(|step| matches!(step.action, Action::Parallel(_))) {
                context.error(token, "Nested 'parallel' blocks are not allowed.");
            }
            Action::Parallel(inner)
        }
        (None, None, None) => {
            context.error(token, "Expected one of uses or run to be defined");
            return Ok(None);
        }
    };
    let condition = match action {
        Action::Parallel(_) => None,
        _ => Some(asked.unwrap_or_else(|| SUCCESS.to_owned())),
    };
    Ok(Some(Step { id, name, condition, continue_on_error, env, written: token.clone(), action }))
}

/// What a step's id is made of that uses an action.
fn name_of_action(uses: &str) -> String {
    if let Some(image) = uses.strip_prefix("docker://") {
        return image.to_owned();
    }
    if ["./", ".\\", "$/"].iter().any(|own| uses.starts_with(own)) {
        return "self".to_owned();
    }
    let Some((path, version)) = uses.split_once('@') else { return String::new() };
    let mut segments = path.split(['/', '\\']).filter(|segment| !segment.is_empty());
    match (segments.next(), segments.next()) {
        (Some(owner), Some(name)) if !version.is_empty() && !version.contains('@') => {
            format!("{owner}/{name}")
        }
        _ => String::new(),
    }
}
