//! Everything a person reads, in Korean and English.

mod rich;

pub use rich::{Rich, Span, Style};
