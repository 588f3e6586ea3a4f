//! What a workflow takes (`converter/workflow-dispatch.ts`, `converter/workflow-call.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected};
use super::super::workflow::{Event, Input, InputDefault, Secret};
use super::on::list;

type Entries<'a> = &'a [(Token, Token)];

/// `workflow_dispatch`
pub(super) fn dispatch(
    context: &mut Context,
    event: &mut Event,
    entries: Entries<'_>,
) -> Result<(), Unexpected> {
    for (key, value) in entries {
        if key.assert_string("workflow dispatch input key")? == "inputs" {
            let entries = value.assert_mapping("workflow dispatch inputs")?;
            event.inputs = Some(inputs(context, entries, false)?);
        }
    }
    Ok(())
}

/// `workflow_call`
pub(super) fn call(context: &mut Context, event: &mut Event, entries: Entries<'_>) -> Result<(), Unexpected> {
    for (key, value) in entries {
        match key.assert_string("workflow dispatch input key")? {
            "inputs" => {
                let entries = value.assert_mapping("workflow dispatch inputs")?;
                event.inputs = Some(inputs(context, entries, true)?);
            }
            "secrets" => {
                let entries = value.assert_mapping("workflow dispatch inputs")?;
                event.secrets = Some(entries.iter().map(secret).collect::<Result<_, _>>()?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn inputs(context: &mut Context, entries: Entries<'_>, call: bool) -> Result<Vec<Input>, Unexpected> {
    let mut inputs = Vec::new();
    for (key, value) in entries {
        let name = key.assert_string("input name")?;
        value.assert_mapping("input configuration")?;
        inputs.push(input(context, name, value, call)?);
    }
    Ok(inputs)
}

fn input(context: &mut Context, name: &str, token: &Token, call: bool) -> Result<Input, Unexpected> {
    let mut input = Input { name: name.to_owned(), kind: "string".to_owned(), ..Input::default() };
    let mut default = None;
    for (key, value) in token.entries() {
        match key.assert_string("workflow dispatch input key")? {
            "description" => input.description = Some(value.assert_string("input description")?.to_owned()),
            "required" => input.required = Some(value.assert_bool("input required")?),
            "default" => default = Some(value.assert_scalar("input default")?),
            "type" => value.assert_string("input type")?.clone_into(&mut input.kind),
            "options" => {
                let items = value.assert_sequence("input options")?;
                input.options = Some(list("input options", items)?);
            }
            other => context.error(key, format!("Invalid key '{other}'")),
        }
    }
    // What a call takes may be computed.
    if let Some(default) = default.filter(|default| !(call && default.is_expression())) {
        let result = match input.kind.as_str() {
            "boolean" => default.assert_bool("input default").map(|bool| Some(InputDefault::Bool(bool))),
            "string" | "choice" | "environment" => {
                default.assert_string("input default").map(|text| Some(InputDefault::Text(text.to_owned())))
            }
            _ => Ok(None),
        };
        input.default = context.caught(result).flatten();
    }
    if input.kind == "choice" {
        if input.options.as_ref().is_none_or(Vec::is_empty) {
            context.error(token, "Missing 'options' for choice input");
        }
    } else if input.options.is_some() {
        context.error(token, "Input type is not 'choice', but 'options' is defined");
    }
    Ok(input)
}

fn secret((key, value): &(Token, Token)) -> Result<Secret, Unexpected> {
    let mut secret = Secret { name: key.assert_string("secret name")?.to_owned(), ..Secret::default() };
    for (key, value) in value.entries() {
        match key.assert_string("workflow call secret key")? {
            "description" => secret.description = Some(value.assert_string("secret description")?.to_owned()),
            "required" => secret.required = Some(value.assert_bool("secret required")?),
            _ => {}
        }
    }
    Ok(secret)
}
