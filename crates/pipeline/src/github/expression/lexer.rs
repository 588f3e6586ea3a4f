//! An expression cut into symbols (`lexer.ts`).

use super::{Failure, Stage, number};

/// The longest expression, in characters.
const MAX_LENGTH: usize = 21_000;

/// What a symbol is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Dot,
    Bang,
    BangEqual,
    EqualEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    And,
    Or,
    Star,
    Number(f64),
    String(String),
    Identifier,
    True,
    False,
    Null,
    End,
}

/// A symbol and its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub lexeme: String,
    pub at: (u32, u32),
}

impl Token {
    /// How messages name it.
    pub(super) fn shown(&self) -> &str {
        match &self.kind {
            Kind::End => "EOF",
            Kind::String(value) => value,
            _ => &self.lexeme,
        }
    }
}

/// The symbols of an expression; the last one is its end.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, Failure> {
    let mut lexer = Lexer {
        text,
        input: text.chars().collect(),
        start: 0,
        offset: 0,
        line: 0,
        line_start: 0,
        tokens: Vec::new(),
    };
    if lexer.input.len() > MAX_LENGTH {
        return Err(Failure { message: "ErrorExceededMaxLength".to_owned(), at: None, stage: Stage::Lex });
    }
    while let Some(c) = lexer.peek(0) {
        lexer.start = lexer.offset;
        lexer.offset += 1;
        lexer.symbol(c)?;
    }
    lexer.add(Kind::End);
    if let Some(end) = lexer.tokens.last_mut() {
        end.lexeme.clear();
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    input: Vec<char>,
    start: usize,
    offset: usize,
    line: u32,
    line_start: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.input.get(self.offset + ahead).copied()
    }

    fn lexeme(&self) -> String {
        self.input.get(self.start..self.offset).unwrap_or_default().iter().collect()
    }

    fn add(&mut self, kind: Kind) {
        let at = (self.line, self.start.saturating_sub(self.line_start) as u32);
        let lexeme = self.lexeme();
        self.tokens.push(Token { kind, lexeme, at });
    }

    fn previous(&self) -> &Kind {
        self.tokens.last().map_or(&Kind::End, |token| &token.kind)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek(0) == Some(wanted);
        self.offset += usize::from(there);
        there
    }

    fn unexpected(&self, lexeme: &str) -> Failure {
        let message = format!(
            "Unexpected symbol: '{lexeme}'. Located at position {} within expression: {}",
            self.start + 1,
            self.text
        );
        Failure { message, at: None, stage: Stage::Lex }
    }

    fn symbol(&mut self, c: char) -> Result<(), Failure> {
        let kind = match c {
            '(' => Kind::LeftParen,
            ')' => Kind::RightParen,
            '[' => Kind::LeftBracket,
            ']' => Kind::RightBracket,
            ',' => Kind::Comma,
            '*' => Kind::Star,
            '.' => {
                let behind = matches!(
                    self.previous(),
                    Kind::Identifier | Kind::RightBracket | Kind::RightParen | Kind::Star
                );
                if !behind {
                    return self.number();
                }
                Kind::Dot
            }
            '-' | '+' | '0'..='9' => return self.number(),
            '!' => {
                if self.eat('=') {
                    Kind::BangEqual
                } else {
                    Kind::Bang
                }
            }
            '<' => {
                if self.eat('=') {
                    Kind::LessEqual
                } else {
                    Kind::Less
                }
            }
            '>' => {
                if self.eat('=') {
                    Kind::GreaterEqual
                } else {
                    Kind::Greater
                }
            }
            '=' if self.eat('=') => Kind::EqualEqual,
            '&' if self.eat('&') => Kind::And,
            '|' if self.eat('|') => Kind::Or,
            ' ' | '\r' | '\t' => return Ok(()),
            '\n' => {
                self.line += 1;
                self.line_start = self.offset;
                return Ok(());
            }
            '\'' => return self.string(),
            _ => return self.identifier(),
        };
        self.add(kind);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Failure> {
        while self.peek(0).is_some_and(|c| !is_boundary(c) || c == '.') {
            self.offset += 1;
        }
        let lexeme = self.lexeme();
        let value = number::parse(&lexeme);
        if value.is_nan() {
            return Err(self.unexpected(&lexeme));
        }
        self.add(Kind::Number(value));
        Ok(())
    }

    fn string(&mut self) -> Result<(), Failure> {
        let mut value = String::new();
        loop {
            match self.peek(0) {
                None => {
                    let rest: String = self.input.get(self.start..).unwrap_or_default().iter().collect();
                    return Err(self.unexpected(&rest));
                }
                Some('\'') if self.peek(1) == Some('\'') => {
                    value.push('\'');
                    self.offset += 2;
                }
                Some('\'') => break,
                Some(c) => {
                    self.line += u32::from(c == '\n');
                    value.push(c);
                    self.offset += 1;
                }
            }
        }
        self.offset += 1;
        self.add(Kind::String(value));
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), Failure> {
        while self.peek(0).is_some_and(|c| !is_boundary(c)) {
            self.offset += 1;
        }
        let lexeme = self.lexeme();
        let kind = if *self.previous() == Kind::Dot {
            Kind::Identifier
        } else {
            match lexeme.as_str() {
                "true" => Kind::True,
                "false" => Kind::False,
                "null" => Kind::Null,
                "NaN" => Kind::Number(f64::NAN),
                "Infinity" => Kind::Number(f64::INFINITY),
                _ => Kind::Identifier,
            }
        };
        let legal = lexeme.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && lexeme.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !legal {
            return Err(self.unexpected(&lexeme));
        }
        self.add(kind);
        Ok(())
    }
}

fn is_boundary(c: char) -> bool {
    "([)],.!><=&|".contains(c) || c.is_whitespace()
}
