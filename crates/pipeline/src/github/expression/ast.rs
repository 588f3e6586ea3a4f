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
    /// Whether a test holds for it or a part of it.
    pub fn any(&self, test: &dyn Fn(&Expr) -> bool) -> bool {
        test(self)
            || match self {
                Expr::Literal(_) | Expr::Context(_) => false,
                Expr::Not(inner) | Expr::Group(inner) | Expr::Star(inner) => inner.any(test),
                Expr::Compare(_, left, right) | Expr::Index(left, right) => left.any(test) || right.any(test),
                Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => {
                    parts.iter().any(|part| part.any(test))
                }
            }
    }

    /// Whether one of the status functions is called anywhere in it: then a condition is not wrapped in `success()`.
    pub fn asks_for_status(&self) -> bool {
        const STATUS: [&str; 4] = ["success", "failure", "cancelled", "always"];
        self.any(&|part| {
            matches!(part, Expr::Call(name, _) if STATUS.iter().any(|status| name.eq_ignore_ascii_case(status)))
        })
    }
}
