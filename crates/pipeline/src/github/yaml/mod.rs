//! YAML as GitHub's parser reads it, with its errors: a port of the npm package `yaml` 2.9.1 (`parse/lexer`, `parse/parser`,
//! `compose`), which it reads workflows with. Others read a text by other parsers ([`crate::yaml`]), which differ in what
//! they let pass.
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

use opscape_manifest::diagnostic::Span;

use crate::yaml::Node;

/// An error: bytes from and to, and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Error {
    from: usize,
    to: usize,
    message: String,
}

/// The document that a text is; none if there is nothing in it. An alias that names nothing is a scalar that is not there.
///
/// # Errors
/// What is wrong with it, in the order in which the package tells it.
pub(super) fn document(text: &str) -> Result<Option<Node>, Vec<(Span, String)>> {
    let composed = compose::compose(text);
    if composed.errors.is_empty() {
        return Ok(composed.document);
    }
    let ascii = text.is_ascii();
    let place = |offset: usize| compose::position(text, &composed.starts, ascii, offset);
    let told = composed.errors.into_iter().map(|Error { from, to, message }| {
        let start = place(from);
        (Span { start, end: place(to).max(start) }, message)
    });
    Err(told.collect())
}

#[cfg(test)]
mod tests;
