//! GitHub Actions.

pub mod expression;
