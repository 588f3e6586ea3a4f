//! Workflows that are called (`converter/referencedWorkflow.ts`, `converter/job/inputs.ts`, `converter/job/secrets.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected, Value};
use super::super::workflow::Call;
use super::job;

/// Takes over the jobs of the workflow that is called, and checks what it is given.
pub(super) fn referenced(context: &mut Context, root: &Token, call: &mut Call) {
    for (key, value) in root.entries() {
        match key.as_str() {
            Some("on") => {
                let result = on(context, value, call);
                context.caught(result);
            }
            Some("jobs") => {
                let jobs = job::jobs(context, value);
                call.jobs = Some(context.caught(jobs).unwrap_or_default());
            }
            Some("env") => call.env = Some(value.clone()),
            _ => {}
        }
    }
}

fn on(context: &mut Context, on: &Token, call: &mut Call) -> Result<(), Unexpected> {
    const EVENT: &str = "workflow_call";
    let (mut inputs, mut secrets) = (None, None);
    let callable = match &on.value {
        Value::String(event) => event == EVENT,
        Value::Sequence(events) => events.iter().any(|event| event.as_str() == Some(EVENT)),
        Value::Mapping(_) => match on.get(EVENT) {
            None => false,
            Some(definitions) => {
                if !matches!(definitions.value, Value::Null) {
                    definitions.assert_mapping("Reference workflow on value workflow_call")?;
                }
                for (key, value) in definitions.entries() {
                    match key.as_str() {
                        Some("inputs") => {
                            value.assert_mapping("on-workflow_call-inputs")?;
                            inputs = Some(value);
                        }
                        Some("outputs") => {
                            value.assert_mapping("on-workflow_call-outputs")?;
                            call.outputs = Some(value.clone());
                        }
                        Some("secrets") => {
                            value.assert_mapping("on-workflow_call-secrets")?;
                            secrets = Some(value);
                        }
                        _ => {}
                    }
                }
                true
            }
        },
        _ => false,
    };
    if !callable {
        context.error(&call.uses, "workflow_call key is not defined in the referenced workflow.");
        return Ok(());
    }
    call.definitions = inputs.cloned();
    let result = check_inputs(context, call, inputs);
    context.caught(result);
    let result = check_secrets(context, call, secrets);
    context.caught(result);
    Ok(())
}

/// The value of a key without regard to case; the last one counts.
fn find<'a>(mapping: Option<&'a Token>, name: &str) -> Option<&'a Token> {
    let mut entries = mapping?.entries().iter().rev();
    entries
        .find(|(key, _)| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

fn check_inputs(context: &mut Context, call: &Call, definitions: Option<&Token>) -> Result<(), Unexpected> {
    let values = call.inputs.as_ref();
    for (key, definition) in definitions.map_or(&[][..], Token::entries) {
        let name = key.assert_string("inputs key")?;
        definition.assert_mapping(&format!("input {name}"))?;
        if find(Some(definition), "type").is_none() {
            continue;
        }
        let required = match find(Some(definition), "required") {
            Some(required) => required.assert_bool(&format!("input {name} required"))?,
            None => false,
        };
        if required && find(values, name).is_none() {
            context.error(&call.uses, format!("Input {name} is required, but not provided while calling."));
        }
    }
    for (key, value) in values.map_or(&[][..], Token::entries) {
        let name = key.assert_string("with key")?;
        if find(definitions, name).is_none() {
            context.error(value, format!("Invalid input, {name} is not defined in the referenced workflow."));
        }
    }
    Ok(())
}

fn check_secrets(context: &mut Context, call: &Call, definitions: Option<&Token>) -> Result<(), Unexpected> {
    if call.inherits {
        return Ok(());
    }
    let values = call.secrets.as_ref();
    for (key, definition) in definitions.map_or(&[][..], Token::entries) {
        let name = key.assert_string("secrets key")?;
        if matches!(definition.value, Value::Null) {
            continue;
        }
        definition.assert_mapping(&format!("secret {name}"))?;
        let required = match find(Some(definition), "required") {
            Some(required) => required.assert_bool(&format!("secret {name} required"))?,
            None => false,
        };
        if required && find(values, name).is_none() {
            context.error(&call.uses, format!("Secret {name} is required, but not provided while calling."));
        }
    }
    for (key, value) in values.map_or(&[][..], Token::entries) {
        let name = key.assert_string("secrets key")?;
        if find(definitions, name).is_none() {
            context
                .error(value, format!("Invalid secret, {name} is not defined in the referenced workflow."));
        }
    }
    Ok(())
}
