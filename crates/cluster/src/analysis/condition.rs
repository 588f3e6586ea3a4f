//! Conditions of metrics, as `result[0] >= 0.95` (utils/evaluate/evaluate.go, which uses expr-lang). The part of that
//! language that conditions are made of: numbers, texts, `result`, indexes, arithmetic, comparisons, `&&` `||` `!` (also as
//! words), `len` `all` `any` `none`, `asInt` `asFloat` `isNaN` `isInf` `isNil` `default`.

use super::Answer;

/// A value of the language.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<f64>),
}

/// What can be called.
const FUNCTIONS: &[&str] =
    &["len", "all", "any", "none", "asInt", "asFloat", "isNaN", "isInf", "isNil", "default"];

/// Deeper nesting is refused.
const DEEPEST: u32 = 64;

/// Whether a condition holds for what was answered.
///
/// # Errors
/// What expr-lang says of a text that is no condition, or cannot be computed.
pub fn holds(condition: &str, answer: &Answer) -> Result<bool, String> {
    let tokens = tokens(condition)?;
    let result = match answer {
        Answer::Scalar(number) => Value::Number(*number),
        Answer::Vector(list) => Value::List(list.clone()),
    };
    let mut parser = Parser { tokens: &tokens, at: 0, result: &result, element: None, depth: 0 };
    let value = parser.either()?;
    if let Some(token) = parser.tokens.get(parser.at) {
        return Err(format!("unexpected token {}", token.words()));
    }
    match value {
        Value::Bool(bool) => Ok(bool),
        other => Err(format!("expected bool, but got {}", other.go_type())),
    }
}

impl Value {
    fn go_type(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Number(_) => "float64",
            Value::Text(_) => "string",
            Value::List(_) => "[]float64",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

impl Token {
    fn words(&self) -> String {
        match self {
            Token::Number(number) => format!("Number(\"{number}\")"),
            Token::Text(text) => format!("String(\"{text}\")"),
            Token::Name(name) => format!("Identifier(\"{name}\")"),
            Token::Sign(sign) => format!("Operator(\"{sign}\")"),
        }
    }
}

const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "(", ")", "[", "]", "{", "}",
    ",", "#", "?", ":",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() || (first == '.' && rest.len() > 1) {
            let end = rest
                .char_indices()
                .find(|(at, letter)| {
                    let sign = matches!(letter, '+' | '-')
                        && rest.get(..*at).is_some_and(|t| t.ends_with(['e', 'E']));
                    !(letter.is_ascii_digit() || matches!(letter, '.' | 'e' | 'E' | '_') || sign)
                })
                .map_or(rest.len(), |(at, _)| at);
            let digits = rest.get(..end).unwrap_or_default().replace('_', "");
            let number = digits.parse().map_err(|_| format!("bad number syntax: \"{digits}\""))?;
            found.push(Token::Number(number));
            end
        } else if first == '"' || first == '\'' {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find(first).ok_or("literal not terminated")?;
            found.push(Token::Text(inner.get(..end).unwrap_or_default().to_owned()));
            end + 2
        } else if first.is_alphabetic() || first == '_' {
            let end = rest
                .char_indices()
                .find(|(_, letter)| !(letter.is_alphanumeric() || *letter == '_'))
                .map_or(rest.len(), |(at, _)| at);
            found.push(Token::Name(rest.get(..end).unwrap_or_default().to_owned()));
            end
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(format!("unrecognized character: U+{:04X} '{first}'", u32::from(first)));
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    result: &'a Value,
    /// `#`, inside of `all`, `any` and `none`.
    element: Option<f64>,
    depth: u32,
}

type Answered = Result<Value, String>;

impl Parser<'_> {
    fn take(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let found = match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) => signs.iter().find(|known| *known == sign).copied(),
            Some(Token::Name(name)) => {
                let sign = match name.as_str() {
                    "and" => "&&",
                    "or" => "||",
                    "not" => "!",
                    _ => return None,
                };
                signs.iter().find(|known| **known == sign).copied()
            }
            _ => None,
        };
        if found.is_some() {
            self.at += 1;
        }
        found
    }

    fn need(&mut self, sign: &'static str) -> Result<(), String> {
        match self.take(&[sign]) {
            Some(_) => Ok(()),
            None => Err(match self.tokens.get(self.at) {
                Some(token) => format!("unexpected token {}", token.words()),
                None => "unexpected token EOF".to_owned(),
            }),
        }
    }

    fn either(&mut self) -> Answered {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the condition is nested too deeply".to_owned());
        }
        let mut value = self.both()?;
        while self.take(&["||"]).is_some() {
            let other = self.both()?;
            value = Value::Bool(bool_of(&value, "||")? | bool_of(&other, "||")?);
        }
        self.depth -= 1;
        Ok(value)
    }

    fn both(&mut self) -> Answered {
        let mut value = self.compared()?;
        while self.take(&["&&"]).is_some() {
            let other = self.compared()?;
            value = Value::Bool(bool_of(&value, "&&")? & bool_of(&other, "&&")?);
        }
        Ok(value)
    }

    fn compared(&mut self) -> Answered {
        let mut value = self.sum()?;
        while let Some(sign) = self.take(&["==", "!=", "<=", ">=", "<", ">"]) {
            let other = self.sum()?;
            value = Value::Bool(match sign {
                "==" => value == other,
                "!=" => value != other,
                _ => {
                    let (a, b) = numbers(&value, &other, sign)?;
                    match sign {
                        "<" => a < b,
                        "<=" => a <= b,
                        ">" => a > b,
                        _ => a >= b,
                    }
                }
            });
        }
        Ok(value)
    }

    fn sum(&mut self) -> Answered {
        let mut value = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let other = self.product()?;
            let (a, b) = numbers(&value, &other, sign)?;
            value = Value::Number(if sign == "+" { a + b } else { a - b });
        }
        Ok(value)
    }

    fn product(&mut self) -> Answered {
        let mut value = self.signed()?;
        while let Some(sign) = self.take(&["*", "/", "%"]) {
            let other = self.signed()?;
            let (a, b) = numbers(&value, &other, sign)?;
            value = Value::Number(match sign {
                "*" => a * b,
                "/" => a / b,
                _ => a % b,
            });
        }
        Ok(value)
    }

    fn signed(&mut self) -> Answered {
        let mut signs = Vec::new();
        while let Some(sign) = self.take(&["!", "-", "+"]) {
            signs.push(sign);
        }
        let mut value = self.indexed()?;
        for sign in signs.into_iter().rev() {
            value = match (sign, value) {
                ("!", Value::Bool(bool)) => Value::Bool(!bool),
                ("-", Value::Number(number)) => Value::Number(-number),
                ("+", Value::Number(number)) => Value::Number(number),
                (sign, value) => {
                    return Err(format!("invalid operation: {sign} (mismatched type {})", value.go_type()));
                }
            };
        }
        Ok(value)
    }

    fn indexed(&mut self) -> Answered {
        let mut value = self.simple()?;
        while self.take(&["["]).is_some() {
            let index = self.either()?;
            self.need("]")?;
            value = match (&value, &index) {
                (Value::List(list), Value::Number(number)) => {
                    let length = list.len();
                    let at = if *number < 0.0 { *number + length as f64 } else { *number };
                    match list.get(at as usize).filter(|_| at >= 0.0) {
                        Some(number) => Value::Number(*number),
                        None => {
                            return Err(format!("index out of range: {number} (array length is {length})"));
                        }
                    }
                }
                _ => return Err(format!("cannot fetch {} from {}", index.go_type(), value.go_type())),
            };
        }
        Ok(value)
    }

    fn simple(&mut self) -> Answered {
        if self.take(&["("]).is_some() {
            let value = self.either()?;
            self.need(")")?;
            return Ok(value);
        }
        if self.take(&["#"]).is_some() {
            return self
                .element
                .map(Value::Number)
                .ok_or_else(|| "cannot use pointer accessor outside closure".into());
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Text(text)) => Ok(Value::Text(text)),
            Some(Token::Name(name)) => self.named(&name),
            Some(token) => Err(format!("unexpected token {}", token.words())),
            None => Err("unexpected token EOF".to_owned()),
        }
    }

    fn named(&mut self, name: &str) -> Answered {
        match name {
            "result" => return Ok(self.result.clone()),
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "nil" => return Ok(Value::Nil),
            _ => {}
        }
        if !FUNCTIONS.contains(&name) {
            return Err(format!("unknown name {name}"));
        }
        self.need("(")?;
        let first = self.either()?;
        let value = match (name, &first) {
            ("all" | "any" | "none", Value::List(list)) => {
                self.need(",")?;
                self.each(name, list)?
            }
            ("default", _) => {
                self.need(",")?;
                let other = self.either()?;
                if first == Value::Nil { other } else { first }
            }
            ("len", Value::List(list)) => Value::Number(list.len() as f64),
            ("len", Value::Text(text)) => Value::Number(text.len() as f64),
            ("isNil", value) => Value::Bool(*value == Value::Nil),
            ("isNaN", Value::Number(number)) => Value::Bool(number.is_nan()),
            ("isInf", Value::Number(number)) => Value::Bool(number.is_infinite()),
            ("asInt", Value::Number(number)) => Value::Number(number.trunc()),
            ("asFloat", Value::Number(number)) => Value::Number(*number),
            ("asInt" | "asFloat", Value::Text(text)) => match text.parse::<f64>() {
                Ok(number) => Value::Number(if name == "asInt" { number.trunc() } else { number }),
                Err(_) => return Err(format!("{name}() not supported on string {text}")),
            },
            (name, value) => return Err(format!("invalid argument for {name} (type {})", value.go_type())),
        };
        self.need(")")?;
        Ok(value)
    }

    /// `all(result, {# > 1})` and its like: the condition is read once for each element.
    fn each(&mut self, name: &str, list: &[f64]) -> Answered {
        let start = self.at;
        let mut found = Vec::new();
        // Also an empty list needs its condition to be passed over.
        let elements = if list.is_empty() { &[0.0][..] } else { list };
        for element in elements {
            self.at = start;
            let before = self.element.replace(*element);
            let braces = self.take(&["{"]).is_some();
            let value = self.either();
            self.element = before;
            if braces {
                self.need("}")?;
            }
            found.push(bool_of(&value?, name)?);
        }
        if list.is_empty() {
            found.clear();
        }
        Ok(Value::Bool(match name {
            "all" => found.iter().all(|bool| *bool),
            "any" => found.iter().any(|bool| *bool),
            _ => !found.iter().any(|bool| *bool),
        }))
    }
}

fn bool_of(value: &Value, sign: &str) -> Result<bool, String> {
    match value {
        Value::Bool(bool) => Ok(*bool),
        other => Err(format!("invalid operation: {sign} (mismatched type {})", other.go_type())),
    }
}

fn numbers(a: &Value, b: &Value, sign: &str) -> Result<(f64, f64), String> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Ok((*a, *b)),
        _ => Err(format!("invalid operation: {sign} (mismatched types {} and {})", a.go_type(), b.go_type())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_computed() {
        let vector = Answer::Vector(vec![0.97, 0.5]);
        for (text, wanted) in [
            ("result[0] >= 0.95", true),
            ("result[1] > 0.5", false),
            ("result[-1] == 0.5", true),
            ("len(result) == 2 && result[0] < 1", true),
            ("len(result) == 0 || isNaN(result[0])", false),
            ("not (result[0] > 1) and true", true),
            ("all(result, {# > 0.6})", false),
            ("any(result, # > 0.6)", true),
            ("none(result, # > 1e3)", true),
            ("default(result, 0)[0] * 100 - 7 == 90", true),
            ("(result[0] + result[1]) / 2 < 0.8", true),
        ] {
            assert_eq!(holds(text, &vector), Ok(wanted), "{text}");
        }
        assert_eq!(holds("result < 5", &Answer::Scalar(2.0)), Ok(true));
        assert_eq!(holds("isNaN(result) || result > 0", &Answer::Scalar(f64::NAN)), Ok(true));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let empty = Answer::Vector(Vec::new());
        let error = |text: &str| holds(text, &empty).unwrap_err();
        assert_eq!(error("result[0] > 1"), "index out of range: 0 (array length is 0)");
        assert_eq!(error("result"), "expected bool, but got []float64");
        assert_eq!(error("result > 1"), "invalid operation: > (mismatched types []float64 and float64)");
        assert_eq!(error("sum(result) > 1"), "unknown name sum");
        assert_eq!(error("1 <"), "unexpected token EOF");
        assert!(error(&"(".repeat(5_000)).contains("deeply"));
        assert_eq!(error("1 > §"), "unrecognized character: U+00A7 '§'");
    }
}
