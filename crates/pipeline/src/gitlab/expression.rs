//! The expressions of `rules:if`, `workflow`, `include` and `only:variables`.
//!
//! Source: gitlab `lib/gitlab/ci/pipeline/expression` (lexer, parser, lexemes), read, not run. An empty text is true to
//! `&&` and `||`, as any text is to Ruby; only the result of the whole expression has to have something in it.

use super::pattern::{Pattern, split};
use super::variables::Variables;

/// The most symbols of an expression.
const MAX_TOKENS: usize = 100;

/// An expression that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    Text(String),
    Variable(String),
    Pattern(Box<Pattern>),
    Not(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Equals,
    NotEquals,
    Matches,
    NotMatches,
    And,
    Or,
}

impl Operator {
    /// As in Ruby; a lower number binds more tightly.
    fn precedence(self) -> u32 {
        match self {
            Operator::And => 11,
            Operator::Or => 12,
            _ => 10,
        }
    }
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
enum Evaluated {
    Null,
    Bool(bool),
    Text(String),
    Pattern(Box<Pattern>),
}

impl Evaluated {
    /// Whether Ruby takes it for true.
    fn is_true(&self) -> bool {
        !matches!(self, Evaluated::Null | Evaluated::Bool(false))
    }

    /// Whether there is something in it (`present?`).
    fn is_present(&self) -> bool {
        match self {
            Evaluated::Text(text) => !text.trim().is_empty(),
            other => other.is_true(),
        }
    }

    fn text(&self) -> String {
        match self {
            Evaluated::Text(text) => text.clone(),
            Evaluated::Bool(truth) => truth.to_string(),
            Evaluated::Null | Evaluated::Pattern(_) => String::new(),
        }
    }
}

enum Token {
    Value(Node),
    Operator(Operator),
    Not,
    Open,
    Close,
}

impl Expression {
    /// Reads an expression; nothing for what is none.
    pub fn parse(text: &str) -> Option<Expression> {
        let mut output: Vec<Token> = Vec::new();
        let mut waiting: Vec<Token> = Vec::new();
        for token in tokens(text)? {
            match token {
                Token::Value(_) => output.push(token),
                Token::Operator(operator) => {
                    while let Some(top) = waiting.pop_if(|top| match top {
                        Token::Operator(other) => operator.precedence() >= other.precedence(),
                        Token::Not => true,
                        _ => false,
                    }) {
                        output.push(top);
                    }
                    waiting.push(token);
                }
                Token::Open | Token::Not => waiting.push(token),
                Token::Close => {
                    while let Some(top) = waiting.pop_if(|top| !matches!(top, Token::Open)) {
                        output.push(top);
                    }
                    waiting.pop()?;
                }
            }
        }
        output.extend(waiting.into_iter().rev());
        let mut results: Vec<Node> = Vec::new();
        for token in output {
            let node = match token {
                Token::Value(node) => node,
                Token::Not => Node::Not(Box::new(results.pop()?)),
                Token::Operator(operator) => {
                    let right = Box::new(results.pop()?);
                    Node::Binary(operator, Box::new(results.pop()?), right)
                }
                Token::Open | Token::Close => return None,
            };
            results.push(node);
        }
        let node = results.pop()?;
        results.is_empty().then_some(Expression(node))
    }

    /// Whether it holds.
    pub fn holds(&self, variables: &Variables) -> bool {
        self.0.evaluate(variables).is_present()
    }
}

impl Node {
    fn evaluate(&self, variables: &Variables) -> Evaluated {
        match self {
            Node::Null => Evaluated::Null,
            Node::Bool(truth) => Evaluated::Bool(*truth),
            Node::Text(text) => Evaluated::Text(text.clone()),
            Node::Variable(name) => {
                variables.get(name).map_or(Evaluated::Null, |value| Evaluated::Text(value.to_owned()))
            }
            Node::Pattern(pattern) => Evaluated::Pattern(pattern.clone()),
            Node::Not(inner) => Evaluated::Bool(!inner.evaluate(variables).is_present()),
            Node::Binary(operator, left, right) => {
                let left = left.evaluate(variables);
                match operator {
                    Operator::And if !left.is_true() => left,
                    Operator::Or if left.is_true() => left,
                    Operator::And | Operator::Or => right.evaluate(variables),
                    Operator::Equals => Evaluated::Bool(left == right.evaluate(variables)),
                    Operator::NotEquals => Evaluated::Bool(left != right.evaluate(variables)),
                    Operator::Matches => Evaluated::Bool(matches(&left, right.evaluate(variables))),
                    Operator::NotMatches => Evaluated::Bool(!matches(&left, right.evaluate(variables))),
                }
            }
        }
    }
}

fn matches(text: &Evaluated, regexp: Evaluated) -> bool {
    let text = text.text();
    match regexp {
        Evaluated::Null | Evaluated::Bool(_) => false,
        Evaluated::Pattern(pattern) => pattern.is_match(&text),
        // A text is an expression if it looks like one, else it is searched for what should have matched it.
        Evaluated::Text(regexp) => match Pattern::delimited(&regexp.replace("\\/", "/")) {
            Some(pattern) => pattern.is_match(&text),
            None => regexp.contains(&text),
        },
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if tokens.len() == MAX_TOKENS {
            return None;
        }
        let (token, length) = token(rest)?;
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// The symbol at the beginning of a text and its length.
fn token(text: &str) -> Option<(Token, usize)> {
    let first = text.chars().next()?;
    match first {
        '(' => return Some((Token::Open, 1)),
        ')' => return Some((Token::Close, 1)),
        '$' => {
            let word = text.get(1..)?;
            let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
            let name = word.get(..end)?;
            return (!name.is_empty()).then(|| (Token::Value(Node::Variable(name.to_owned())), 1 + end));
        }
        '"' | '\'' => {
            let inside = text.get(1..)?;
            let end = inside.find(first)?;
            let content = inside.get(..end)?;
            return (!content.contains('\n'))
                .then(|| (Token::Value(Node::Text(content.to_owned())), end + 2));
        }
        '/' => {
            let length = pattern_length(text)?;
            let written = text.get(..length)?.replace("\\/", "/");
            split(&written)?;
            return Some((Token::Value(Node::Pattern(Box::new(Pattern::delimited(&written)?))), length));
        }
        _ => {}
    }
    if text.starts_with("null") {
        return Some((Token::Value(Node::Null), 4));
    }
    for (word, truth) in [("true", true), ("false", false)] {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if text.strip_prefix(word).is_some_and(ends) {
            return Some((Token::Value(Node::Bool(truth)), word.len()));
        }
    }
    for (word, operator) in [
        ("==", Operator::Equals),
        ("=~", Operator::Matches),
        ("!=", Operator::NotEquals),
        ("!~", Operator::NotMatches),
        ("&&", Operator::And),
        ("||", Operator::Or),
    ] {
        if text.starts_with(word) {
            return Some((Token::Operator(operator), word.len()));
        }
    }
    (first == '!').then_some((Token::Not, 1))
}

/// How long the expression at the beginning of a text is: `/^\/([^\/]|\\/)+[^\\]\/[ismU]*/` of Ruby.
fn pattern_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // Where the repeated part may end, each way once: any byte but a slash, or a backslash with the slash behind it.
    let mut reached = vec![false; bytes.len() + 1];
    *reached.get_mut(1)? = true;
    for at in 1..bytes.len() {
        if !reached.get(at).copied().unwrap_or(false) {
            continue;
        }
        if bytes.get(at) != Some(&b'/')
            && let Some(place) = reached.get_mut(at + 1)
        {
            *place = true;
        }
        if bytes.get(at) == Some(&b'\\')
            && bytes.get(at + 1) == Some(&b'/')
            && let Some(place) = reached.get_mut(at + 2)
        {
            *place = true;
        }
    }
    let last = |at: usize| -> Option<usize> {
        let c = text.get(at..)?.chars().next()?;
        let slash = at + c.len_utf8();
        (c != '\\' && bytes.get(slash) == Some(&b'/')).then_some(slash + 1)
    };
    let end = (2..bytes.len()).rev().filter(|at| reached.get(*at) == Some(&true)).find_map(last)?;
    let flags = text.get(end..)?.chars().take_while(|c| "ismU".contains(*c)).count();
    Some(end + flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        for (name, value) in
            [("FAST", "1"), ("EMPTY", ""), ("NAME", "turbo"), ("RE", "/^tur/"), ("BRANCH", "release/1.2")]
        {
            variables.set(name, value);
        }
        variables
    }

    #[test]
    fn expressions_hold_as_in_gitlab() {
        for (text, want) in [
            ("$FAST", true),
            ("$EMPTY", false),
            ("$NOPE", false),
            ("$NOPE == null", true),
            ("$EMPTY == null", false),
            ("$EMPTY == ''", true),
            ("$NAME == \"turbo\" || $NAME == \"x\" && $FAST == \"9\"", true),
            ("($NAME == 'turbo' || $NAME == 'x') && $FAST == '9'", false),
            ("$NAME =~ /^tu/", true),
            ("$NAME !~ /^tu/", false),
            ("$NAME =~ /TURBO/i && $FAST =~ /\\d$/", true),
            ("$NAME =~ $RE", true),
            ("$BRANCH =~ /^release\\/\\d+/", true),
            ("$NOPE =~ /xx/", false),
            ("$NOPE !~ /xx/", true),
            ("$EMPTY && $FAST", true),
            ("$EMPTY || $FAST", false),
            ("!$NOPE && $FAST", true),
            ("$FAST == true", false),
        ] {
            let expression = Expression::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(expression.holds(&variables()), want, "{text}");
        }
    }

    #[test]
    fn what_gitlab_does_not_read_is_no_expression() {
        for text in [
            "",
            "${FAST} == '1'",
            "$A = 'x'",
            "$A == x",
            "($A",
            "$A)",
            "$A $B",
            "==",
            "$A &&",
            "$A =~ /(?=x)/",
            "$A & $B",
        ] {
            assert!(Expression::parse(text).is_none(), "{text}");
        }
    }
}
