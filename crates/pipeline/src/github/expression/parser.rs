//! From symbols to an expression (`parser.ts`).

use super::call::{Function, WELL_KNOWN};
use super::lexer::{Kind, Token, lex};
use super::{Data, Expr, Failure, Operator, Stage};

/// The deepest nesting.
const MAX_DEPTH: usize = 50;

/// Reads an expression in which the named contexts and functions are there. `None`: it is empty.
///
/// # Errors
/// The first thing that is wrong, in the official words.
pub fn parse(text: &str, contexts: &[&str], functions: &[Function]) -> Result<Option<Expr>, Failure> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, offset: 0, depth: 0, contexts, functions };
    if parser.at_end() {
        return Ok(None);
    }
    let expression = parser.expression()?;
    if !parser.at_end() {
        return Err(parser.unexpected());
    }
    Ok(Some(expression))
}

struct Parser<'a> {
    tokens: Vec<Token>,
    offset: usize,
    depth: usize,
    contexts: &'a [&'a str],
    functions: &'a [Function],
}

impl Parser<'_> {
    fn kind(&self) -> &Kind {
        self.tokens.get(self.offset).map_or(&Kind::End, |token| &token.kind)
    }

    fn at_end(&self) -> bool {
        *self.kind() == Kind::End
    }

    fn eat(&mut self, kind: &Kind) -> bool {
        let there = self.kind() == kind && !self.at_end();
        self.offset += usize::from(there);
        there
    }

    fn failure(&self, words: &str, token: usize) -> Failure {
        let token = self.tokens.get(token);
        let shown = token.map_or("", Token::shown);
        Failure {
            message: format!("{words}: '{shown}'"),
            at: token.map(|token| token.at),
            stage: Stage::Parse,
        }
    }

    fn unexpected(&self) -> Failure {
        self.failure("Unexpected symbol", self.offset)
    }

    fn deeper(&mut self) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.failure("Exceeded max expression depth 50", self.offset));
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Expr, Failure> {
        self.deeper()?;
        let expression = self.or()?;
        self.depth -= 1;
        Ok(expression)
    }

    fn or(&mut self) -> Result<Expr, Failure> {
        let first = self.and()?;
        if *self.kind() != Kind::Or {
            return Ok(first);
        }
        self.deeper()?;
        let mut parts = vec![first];
        while self.eat(&Kind::Or) {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Ok(Expr::Or(parts))
    }

    fn and(&mut self) -> Result<Expr, Failure> {
        let first = self.equality()?;
        if *self.kind() != Kind::And {
            return Ok(first);
        }
        self.deeper()?;
        let mut parts = vec![first];
        while self.eat(&Kind::And) {
            parts.push(self.equality()?);
        }
        self.depth -= 1;
        Ok(Expr::And(parts))
    }

    fn equality(&mut self) -> Result<Expr, Failure> {
        let mut left = self.comparison()?;
        loop {
            let operator = match self.kind() {
                Kind::BangEqual => Operator::NotEqual,
                Kind::EqualEqual => Operator::Equal,
                _ => return Ok(left),
            };
            self.offset += 1;
            left = Expr::Compare(operator, Box::new(left), Box::new(self.comparison()?));
        }
    }

    fn comparison(&mut self) -> Result<Expr, Failure> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.kind() {
                Kind::Greater => Operator::Greater,
                Kind::GreaterEqual => Operator::GreaterOrEqual,
                Kind::Less => Operator::Less,
                Kind::LessEqual => Operator::LessOrEqual,
                _ => return Ok(left),
            };
            self.offset += 1;
            left = Expr::Compare(operator, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expr, Failure> {
        if self.eat(&Kind::Bang) {
            self.deeper()?;
            let operand = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(operand)));
        }
        self.index()
    }

    fn index(&mut self) -> Result<Expr, Failure> {
        let mut expression = self.call()?;
        if !matches!(expression, Expr::Group(_) | Expr::Call(..) | Expr::Context(_)) {
            return Ok(expression);
        }
        let before = self.depth;
        loop {
            if self.eat(&Kind::LeftBracket) {
                let index = if self.eat(&Kind::Star) { None } else { Some(self.expression()?) };
                if !self.eat(&Kind::RightBracket) {
                    return Err(self.unexpected());
                }
                self.deeper()?;
                expression = match index {
                    None => Expr::Star(Box::new(expression)),
                    Some(index) => Expr::Index(Box::new(expression), Box::new(index)),
                };
            } else if self.eat(&Kind::Dot) {
                self.deeper()?;
                let name = self.tokens.get(self.offset).map(|token| token.lexeme.clone()).unwrap_or_default();
                if self.eat(&Kind::Identifier) {
                    let index = Expr::Literal(name.into());
                    expression = Expr::Index(Box::new(expression), Box::new(index));
                } else if self.eat(&Kind::Star) {
                    expression = Expr::Star(Box::new(expression));
                } else {
                    return Err(self.unexpected());
                }
            } else {
                self.depth = before;
                return Ok(expression);
            }
        }
    }

    fn call(&mut self) -> Result<Expr, Failure> {
        if *self.kind() != Kind::Identifier {
            return self.primary();
        }
        let identifier = self.offset;
        let name = self.tokens.get(identifier).map(|token| token.lexeme.clone()).unwrap_or_default();
        self.offset += 1;
        if !self.eat(&Kind::LeftParen) {
            if !self.contexts.iter().any(|context| context.eq_ignore_ascii_case(&name)) {
                return Err(self.failure("Unrecognized named-value", identifier));
            }
            return Ok(Expr::Context(name));
        }
        let mut arguments = Vec::new();
        while !self.eat(&Kind::RightParen) {
            arguments.push(self.expression()?);
            if *self.kind() != Kind::RightParen && !self.eat(&Kind::Comma) {
                return Err(self.unexpected());
            }
        }
        self.check(&name, arguments.len(), identifier)?;
        Ok(Expr::Call(name, arguments))
    }

    fn check(&self, name: &str, count: usize, token: usize) -> Result<(), Failure> {
        let known = WELL_KNOWN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        let given = self.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name));
        let Some((least, most)) = known
            .map(|(_, least, most)| (*least, *most))
            .or_else(|| given.map(|function| (function.least, function.most)))
        else {
            return Err(self.failure("Unrecognized function", token));
        };
        if count < least {
            return Err(self.failure("Too few parameters supplied", token));
        }
        if count > most {
            return Err(self.failure("Too many parameters supplied", token));
        }
        if name.eq_ignore_ascii_case("case") && count.is_multiple_of(2) {
            let words = "Even number of parameters supplied, requires an odd number of parameters";
            return Err(self.failure(words, token));
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<Expr, Failure> {
        let literal = match self.kind() {
            Kind::False => Data::Bool(false),
            Kind::True => Data::Bool(true),
            Kind::Null => Data::Null,
            Kind::Number(value) => Data::Number(*value),
            Kind::String(value) => value.as_str().into(),
            Kind::LeftParen => {
                self.offset += 1;
                let inner = self.expression()?;
                if self.at_end() {
                    return Err(self.failure("Unexpected end of expression", self.offset.saturating_sub(1)));
                }
                if !self.eat(&Kind::RightParen) {
                    return Err(self.unexpected());
                }
                return Ok(Expr::Group(Box::new(inner)));
            }
            Kind::End => {
                return Err(self.failure("Unexpected end of expression", self.offset.saturating_sub(1)));
            }
            _ => return Err(self.unexpected()),
        };
        self.offset += 1;
        Ok(Expr::Literal(literal))
    }
}
