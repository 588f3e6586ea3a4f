//! The expression language of GitHub Actions: `${{ ... }}` and `if`.
//!
//! Source: actions/languageservices, package `@actions/expressions` 0.3.61, and the runner's C# (`Sdk/DTExpressions2`)
//! where the package is known to differ from it: escaped quotes of literals, comparison of texts character by character,
//! objects' keys.

mod ast;
mod call;
mod evaluate;
mod json;
mod lexer;
mod number;
mod parser;
mod value;

pub use ast::{Expr, Operator};
pub use call::{Function, WELL_KNOWN};
pub use evaluate::{Environment, evaluate};
pub use json::{from_json, to_json};
pub use number::text as number_text;
pub use parser::parse;
pub use value::{Data, Object};

/// Why an expression is none, or has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The official words.
    pub message: String,
    /// Line and column in the expression, both from 0, where the parser gives them.
    pub at: Option<(u32, u32)>,
    /// What found it.
    pub stage: Stage,
}

/// What finds a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Cutting into symbols.
    Lex,
    /// Reading.
    Parse,
    /// Evaluating.
    Evaluate,
}

impl Stage {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Lex => "lex",
            Stage::Parse => "parse",
            Stage::Evaluate => "evaluate",
        }
    }
}
