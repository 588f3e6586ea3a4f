//! A text and the documents and files in it.
//!
//! Documents are separated by lines of `---`, as kubectl separates them. `--- # path/name.yaml` starts a named file
//! that reaches to the next named separator.

use std::sync::Arc;

use crate::diagnostic::Position;

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 10_000_000;
/// The most documents that are read.
pub const MAX_DOCUMENTS: usize = 20_000;

/// One document as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The named file it belongs to.
    pub file: Option<Arc<str>>,
    /// Its text, without the separator before it (which a leading separator of the whole text is an exception to:
    /// kubectl counts it as the document's first line).
    pub text: &'a str,
    /// Where it starts.
    pub start: Position,
}

/// A named file, or the unnamed part before the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path; `None` for the part before the first named separator.
    pub name: Option<Arc<str>>,
    /// Byte offsets of its content in the text, from behind its separator to the next named one.
    pub range: std::ops::Range<usize>,
}

/// The documents of a text in order, empty ones left out.
pub fn split(text: &str) -> Vec<Source<'_>> {
    let mut sources = Vec::new();
    let mut file: Option<Arc<str>> = None;
    let mut next_file = None;
    let (mut start, mut start_line) = (0, 1);
    let mut cut = |from: usize, to: usize, line: u32, file: &Option<Arc<str>>| {
        let part = text.get(from..to).unwrap_or("");
        if !is_blank(part) && sources.len() < MAX_DOCUMENTS {
            let start = Position { line, column: 1, offset: from as u32 };
            sources.push(Source { file: file.clone(), text: part, start });
        }
    };
    let (mut offset, mut line) = (0, 1_u32);
    for content in text.split_inclusive('\n') {
        let next = offset + content.len();
        if let Some(comment) = separator(content) {
            if offset > start {
                cut(start, offset, start_line, &file);
            }
            if let Some(name) = file_name(comment) {
                next_file = Some(name);
            }
            // With nothing before it, the separator stays the first line of its document.
            (start, start_line) = if offset == start { (offset, line) } else { (next, line + 1) };
            if let Some(name) = next_file.take() {
                file = Some(name.into());
                (start, start_line) = (next, line + 1);
            }
        }
        offset = next;
        line += 1;
    }
    cut(start, text.len(), start_line, &file);
    sources
}

/// The files of a text in order. The unnamed part is there only if it holds more than blank lines.
pub fn files(text: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let (mut name, mut start, mut offset) = (None, 0, 0);
    let mut close = |name: Option<Arc<str>>, range: std::ops::Range<usize>| {
        let blank = text.get(range.clone()).is_none_or(|part| part.trim().is_empty());
        if name.is_some() || !blank {
            files.push(File { name, range });
        }
    };
    for content in text.split_inclusive('\n') {
        let next = offset + content.len();
        if let Some(found) = separator(content).and_then(file_name) {
            close(name.take(), start..offset);
            name = Some(found.into());
            start = next;
        }
        offset = next;
    }
    close(name, start..text.len());
    files
}

/// What follows the dashes if a line is a separator: nothing or a comment.
fn separator(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("---")?.trim();
    (rest.is_empty() || rest.starts_with('#')).then_some(rest)
}

/// The path in a separator's comment. A comment in words is no path: a path has no spaces, and a dot or a slash.
fn file_name(comment: &str) -> Option<&str> {
    let name = comment.strip_prefix('#')?.trim();
    let last = name.rsplit('/').next().unwrap_or(name);
    let plain = |c: char| c.is_alphanumeric() || "._-/@+".contains(c);
    let named = matches!(last, "Dockerfile" | "Makefile" | "Jenkinsfile")
        || last.rsplit_once('.').is_some_and(|(_, end)| !end.is_empty() && end.len() <= 10);
    (named && name.chars().all(plain)).then_some(name)
}

/// Whether there is nothing but blanks, comments and separators.
fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || separator(line).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(Option<String>, &str, u32)> {
        split(text)
            .into_iter()
            .map(|source| (source.file.map(|f| f.to_string()), source.text, source.start.line))
            .collect()
    }

    #[test]
    fn documents_and_files() {
        let text = "a: 1\n--- # Deployment of the web\nb: 2\n--- # k8s/web.yaml\nc: 3\n---\nd: 4\n--- # Dockerfile\ne: 5";
        let web = || Some("k8s/web.yaml".to_owned());
        assert_eq!(
            texts(text),
            [
                (None, "a: 1\n", 1),
                (None, "b: 2\n", 3),
                (web(), "c: 3\n", 5),
                (web(), "d: 4\n", 7),
                (Some("Dockerfile".to_owned()), "e: 5", 9),
            ]
        );
        let names: Vec<_> =
            files(text).into_iter().map(|f| (f.name, text[f.range].lines().count())).collect();
        assert_eq!(names, [(None, 3), (Some("k8s/web.yaml".into()), 3), (Some("Dockerfile".into()), 1)]);
    }

    #[test]
    fn empty_documents_are_left_out() {
        assert_eq!(texts("# nothing\n---\n\n---\na: 1\n---\n"), [(None, "a: 1\n", 5)]);
        assert_eq!(texts("---\na: 1\n"), [(None, "---\na: 1\n", 1)]);
        assert_eq!(texts(""), []);
    }

    #[test]
    fn dashes_inside_block_scalars_are_content() {
        assert_eq!(split("a: |\n  ---\n  x\n").len(), 1);
    }
}
