//! What is no YAML, in the words and at the places that GitHub's parser gives: a port of the checks of the npm package `yaml`
//! 2.9.1 (`parse/lexer`, `parse/parser`, `compose`), which it reads workflows with.
//!
//! Only the errors are made here; [`crate::yaml`] makes the values.
//!
//! > Copyright Eemeli Aro <eemeli@gmail.com>
//! >
//! > Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
//! > provided that the above copyright notice and this permission notice appear in all copies.
//! >
//! > THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
//! > IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
//! > INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
//! > ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
//! > THIS SOFTWARE.

mod block;
mod collection;
mod compose;
mod cst;
mod flow;
mod lexer;
mod parser;
mod scalar;

use opscape_manifest::diagnostic::{Position, Span};

/// An error: bytes from and to, and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Error {
    from: usize,
    to: usize,
    message: String,
}

/// What is wrong with a text that should be one document, in the order in which the package tells it.
pub(super) fn errors(text: &str) -> Vec<(Span, String)> {
    let (errors, starts) = compose::errors(text);
    let place = |offset: usize| {
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        // Behind the end there is nothing to count.
        let beyond = offset.saturating_sub(text.len());
        let before = text.get(start..offset.min(text.len())).unwrap_or("");
        let column = before.chars().count() + beyond + 1;
        Position { line: line as u32, column: column as u32, offset: offset as u32 }
    };
    let told = errors.into_iter().map(|Error { from, to, message }| {
        let start = place(from);
        (Span { start, end: place(to).max(start) }, message)
    });
    told.collect()
}

#[cfg(test)]
mod tests;
