//! Containers of jobs and their services (`converter/container.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected};

/// Checks the container of a job.
pub(super) fn container(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    check(context, token, false)
}

/// Checks the services of a job.
pub(super) fn services(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    for (key, value) in token.assert_mapping("services")? {
        key.assert_string("service key")?;
        check(context, value, true)?;
    }
    Ok(())
}

fn check(context: &mut Context, token: &Token, service: bool) -> Result<(), Unexpected> {
    // The other parsers do not look at what has expressions in it, either.
    if token.any(&Token::is_expression) || token.as_str().is_some() {
        return Ok(());
    }
    let mut image = false;
    for (key, value) in token.assert_mapping("container item")? {
        match key.assert_string("container item key")? {
            "image" => {
                value.assert_string("container image")?;
                image = true;
            }
            "credentials" => credentials(context, value)?,
            "env" => {
                for (key, _) in value.assert_mapping("container env")? {
                    key.assert_string("container env value")?;
                }
            }
            "ports" => {
                for port in value.assert_sequence("container ports")? {
                    port.assert_string("container port")?;
                }
            }
            "volumes" => {
                for volume in value.assert_sequence("container volumes")? {
                    volume.assert_string("container volume")?;
                }
            }
            "options" => drop(value.assert_string("container options")?),
            "entrypoint" if service => drop(value.assert_string("container entrypoint")?),
            "command" if service => drop(value.assert_string("container command")?),
            other => context.error(key, format!("Unexpected container item key: {other}")),
        }
    }
    if !image {
        context.error(token, "Container image cannot be empty");
    }
    Ok(())
}

fn credentials(context: &mut Context, token: &Token) -> Result<(), Unexpected> {
    for (key, value) in token.assert_mapping("credentials")? {
        match key.assert_string("credentials item")? {
            "username" => drop(value.assert_string("credentials username")?),
            "password" => drop(value.assert_string("credentials password")?),
            other => context.error(key, format!("credentials key {other}")),
        }
    }
    Ok(())
}
