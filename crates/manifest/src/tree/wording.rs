//! The words of kubectl's YAML parser (libyaml's, through Go) for what ours complains about.

/// Who of libyaml's two stages complains: their line numbers are counted differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Scanner,
    Parser,
}

/// libyaml's problem for one of saphyr-parser's messages, and the key of the hint that goes with it.
fn problem(info: &str) -> (&'static str, Stage, &'static str) {
    use Stage::{Parser, Scanner};
    const KEY: (&str, Stage, &str) = ("did not find expected key", Parser, "hint.yaml-indentation");
    const TABLE: &[(&str, &str, Stage, &str)] = &[
        (
            "mapping values are not allowed",
            "mapping values are not allowed in this context",
            Scanner,
            "hint.yaml-colon",
        ),
        ("illegal placement of ':'", "did not find expected ',' or ']'", Parser, "hint.yaml-bracket"),
        ("simple key expect", "could not find expected ':'", Scanner, "hint.yaml-missing-colon"),
        (
            "block scalar content cannot start with a tab",
            "found a tab character where an indentation space is expected",
            Scanner,
            "hint.yaml-tab",
        ),
        (
            "plain scalar, found a tab",
            "found a tab character that violates indentation",
            Scanner,
            "hint.yaml-tab",
        ),
        ("tab", "found character that cannot start any token", Scanner, "hint.yaml-tab"),
        (
            "unexpected character",
            "found character that cannot start any token",
            Scanner,
            "hint.yaml-character",
        ),
        (
            "plain scalar cannot start",
            "block sequence entries are not allowed in this context",
            Scanner,
            "hint.yaml-dash",
        ),
        ("unprintable", "control characters are not allowed", Scanner, "hint.yaml-character"),
        ("unexpected end of stream", "found unexpected end of stream", Scanner, "hint.yaml-quote"),
        ("unexpected eof", "found unexpected end of stream", Scanner, "hint.yaml-quote"),
        ("unexpected document indicator", "found unexpected document indicator", Scanner, "hint.yaml-quote"),
        ("unknown escape character", "found unknown escape character", Scanner, "hint.yaml-escape"),
        ("hexadecimal number", "did not find expected hexdecimal number", Scanner, "hint.yaml-escape"),
        (
            "invalid Unicode character",
            "found invalid Unicode character escape code",
            Scanner,
            "hint.yaml-escape",
        ),
        ("trailing content after double-quoted", "did not find expected key", Parser, "hint.yaml-quote"),
        (
            "expected comment or line break",
            "did not find expected comment or line break",
            Scanner,
            "hint.yaml-block",
        ),
        (
            "indentation indicator equal to 0",
            "found an indentation indicator equal to 0",
            Scanner,
            "hint.yaml-block",
        ),
        ("wrongly indented line in block scalar", "did not find expected key", Parser, "hint.yaml-block"),
        (
            "alphabetic or numeric character",
            "did not find expected alphabetic or numeric character",
            Scanner,
            "hint.yaml-character",
        ),
        ("expected '-' indicator", "did not find expected '-' indicator", Parser, "hint.yaml-indentation"),
        ("expected key", "did not find expected key", Parser, "hint.yaml-indentation"),
        ("',' or '}'", "did not find expected ',' or '}'", Parser, "hint.yaml-bracket"),
        ("',' or ']'", "did not find expected ',' or ']'", Parser, "hint.yaml-bracket"),
        ("expected node content", "did not find expected node content", Parser, "hint.yaml-bracket"),
        ("misplaced bracket", "did not find expected node content", Parser, "hint.yaml-bracket"),
        ("recursion limit", "exceeded max depth of 100", Scanner, "hint.too-deep"),
        ("handle wasn't declared", "found undefined tag handle", Parser, "hint.yaml-character"),
        ("document start", "did not find expected <document start>", Parser, "hint.yaml-indentation"),
        ("document-start", "did not find expected <document start>", Parser, "hint.yaml-indentation"),
    ];
    for (part, words, stage, hint) in TABLE {
        if info.contains(part) {
            return (words, *stage, hint);
        }
    }
    KEY
}

/// The message of `sigs.k8s.io/yaml` and the key of a hint. `line` counts from 0 within the document.
pub(super) fn message(info: &str, line: usize) -> (String, &'static str) {
    let (words, stage, hint) = problem(info);
    // Go's yaml.v2: no line for the first one; the scanner's count from 1, the parser's from 0.
    let shown = if line == 0 { 0 } else { line + usize::from(stage == Stage::Scanner) };
    (go_message(words, shown), hint)
}

/// The message with a line number; 0: without one.
pub(super) fn go_message(words: &str, line: usize) -> String {
    if line == 0 {
        format!("error converting YAML to JSON: yaml: {words}")
    } else {
        format!("error converting YAML to JSON: yaml: line {line}: {words}")
    }
}
