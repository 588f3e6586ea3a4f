//! `if` (`converter/if-condition.ts`).

use super::super::expression;
use super::super::problem::Context;
use super::super::token::{Token, Unexpected, Value};

/// What holds where nothing is said.
pub(super) const SUCCESS: &str = "success()";

/// A condition in which a function of the status is asked: `success() && (...)` if it does not ask for itself. None: it is
/// no expression, and that is told.
pub(super) fn condition(context: &mut Context, token: &Token) -> Result<Option<String>, Unexpected> {
    let scalar = token.assert_scalar("if condition")?;
    let text = match &scalar.value {
        Value::Expression(expression) => expression.text.as_str(),
        _ => scalar.assert_string("if condition")?.trim(),
    };
    if text.is_empty() {
        return Ok(Some(SUCCESS.to_owned()));
    }
    let parsed = expression::parse(text, &token.allowed.contexts, &token.allowed.functions);
    Ok(match parsed {
        Ok(Some(expression)) if expression.asks_for_status() => Some(text.to_owned()),
        Ok(_) => {
            let whole = format!("{SUCCESS} && ({text})");
            // What is wrapped may be too long or too deep.
            match expression::parse(&whole, &token.allowed.contexts, &token.allowed.functions) {
                Ok(_) => Some(whole),
                Err(failure) => {
                    context.failure(token, failure);
                    None
                }
            }
        }
        Err(failure) => {
            context.failure(token, failure);
            None
        }
    })
}
