//! What an expression is made of.

use super::Data;

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A value written out.
    Literal(Data),
    /// `!a`
    Not(Box<Expr>),
    /// `a == b` and the other comparisons.
    Compare(Operator, Box<Expr>, Box<Expr>),
    /// `a && b && ...`
    And(Vec<Expr>),
    /// `a || b || ...`
    Or(Vec<Expr>),
    /// `(a)`
    Group(Box<Expr>),
    /// `github`
    Context(String),
    /// `a.b`, `a[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `a.*`, `a[*]`
    Star(Box<Expr>),
    /// `f(a, b)`
    Call(String, Vec<Expr>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Expr {
    /// Whether one of the status functions is called anywhere in it: then a condition is not wrapped in `success()`.
    pub fn asks_for_status(&self) -> bool {
        match self {
            Expr::Literal(_) | Expr::Context(_) => false,
            Expr::Not(inner) | Expr::Group(inner) | Expr::Star(inner) => inner.asks_for_status(),
            Expr::Compare(_, left, right) | Expr::Index(left, right) => {
                left.asks_for_status() || right.asks_for_status()
            }
            Expr::And(parts) | Expr::Or(parts) => parts.iter().any(Expr::asks_for_status),
            Expr::Call(name, arguments) => {
                let status = ["success", "failure", "cancelled", "always"];
                status.iter().any(|status| name.eq_ignore_ascii_case(status))
                    || arguments.iter().any(Expr::asks_for_status)
            }
        }
    }
}
