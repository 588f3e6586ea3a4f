//! The value of an expression (`evaluator.ts`).

use std::sync::Arc;

use super::{Data, Expr, Failure, Operator, Stage, call};

/// What an expression can ask for.
pub trait Environment {
    /// A context (`github`, `matrix`, ...) by its name; case does not count.
    fn context(&self, name: &str) -> Option<Data>;

    /// A function that is not in every expression (`success`, `hashFiles`, ...); `None`: there is none.
    fn call(&self, name: &str, arguments: &[Data]) -> Option<Data>;
}

/// Evaluates an expression.
///
/// # Errors
/// What the official evaluator throws: a wrong format, JSON that is none.
pub fn evaluate(expression: &Expr, environment: &dyn Environment) -> Result<Data, Failure> {
    let value = |expression: &Expr| evaluate(expression, environment);
    Ok(match expression {
        Expr::Literal(data) => data.clone(),
        Expr::Group(inner) => value(inner)?,
        Expr::Not(inner) => Data::Bool(!value(inner)?.is_truthy()),
        Expr::Compare(operator, left, right) => {
            let (left, right) = (value(left)?, value(right)?);
            Data::Bool(match operator {
                Operator::Equal => left.equals(&right),
                Operator::NotEqual => !left.equals(&right),
                Operator::Greater => left.is_greater(&right),
                Operator::GreaterOrEqual => left.equals(&right) || left.is_greater(&right),
                Operator::Less => left.is_less(&right),
                Operator::LessOrEqual => left.equals(&right) || left.is_less(&right),
            })
        }
        Expr::And(parts) => first(parts, environment, false)?,
        Expr::Or(parts) => first(parts, environment, true)?,
        Expr::Context(name) => environment.context(name).unwrap_or_default(),
        Expr::Star(inner) => star(&value(inner)?),
        Expr::Index(inner, index) => {
            let index = value(index).map_err(|failure| Failure {
                message: format!("could not evaluate index for index access: {}", failure.message),
                ..failure
            })?;
            access(&value(inner)?, &index)
        }
        Expr::Call(name, arguments) => {
            let arguments = arguments.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            if let Some(data) = environment.call(name, &arguments) {
                data
            } else if let Some(result) = call::call(name, &arguments) {
                result?
            } else {
                let message = format!("Unrecognized function: '{name}'");
                return Err(Failure { message, at: None, stage: Stage::Evaluate });
            }
        }
    })
}

/// The first part that decides a chain of `&&` (a falsy one) or `||` (a truthy one), else the last.
fn first(parts: &[Expr], environment: &dyn Environment, truthy: bool) -> Result<Data, Failure> {
    let mut result = Data::Null;
    for part in parts {
        result = evaluate(part, environment)?;
        if result.is_truthy() == truthy {
            break;
        }
    }
    Ok(result)
}

fn filtered(items: Vec<Data>) -> Data {
    Data::Array(Arc::new(items), true)
}

fn members(data: &Data) -> Vec<Data> {
    match data {
        Data::Array(items, _) => items.to_vec(),
        Data::Object(object) => object.entries().map(|(_, value)| value.clone()).collect(),
        _ => Vec::new(),
    }
}

/// `a.*`: the members; of what such a filter gave, the members of its members.
fn star(data: &Data) -> Data {
    match data {
        Data::Array(items, true) => filtered(items.iter().flat_map(members).collect()),
        _ => filtered(members(data)),
    }
}

fn access(data: &Data, index: &Data) -> Data {
    match data {
        Data::Array(items, true) => filtered(items.iter().filter_map(|item| member(item, index)).collect()),
        _ => member(data, index).unwrap_or_default(),
    }
}

fn member(data: &Data, index: &Data) -> Option<Data> {
    match data {
        Data::Object(object) if index.is_primitive() => object.get(&index.to_text()).cloned(),
        Data::Array(items, _) => {
            let at = index.to_number();
            if at.is_finite() && at >= 0.0 { items.get(at.floor() as usize).cloned() } else { None }
        }
        _ => None,
    }
}
