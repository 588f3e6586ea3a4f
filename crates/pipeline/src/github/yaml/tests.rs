use proptest::prelude::*;

use super::document;

/// Line, column and words of each error.
fn told(text: &str) -> Vec<(u32, u32, String)> {
    document(text)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|(span, message)| (span.start.line, span.start.column, message))
        .collect()
}

fn one(text: &str) -> (u32, u32, String) {
    let mut errors = told(text);
    assert_eq!(errors.len(), 1, "{text:?} {errors:?}");
    errors.remove(0)
}

#[test]
fn what_is_yaml_has_no_errors() {
    for text in [
        "",
        "# nothing\n",
        "on: push\njobs:\n  a: { b: [c, d], e }\n",
        "a: |\n  x\n\n  y\nb: >-2\n    z\n",
        "? a\n: b\n",
        "- &x a\n- *x\n- !t b\n- !!str c\n",
        "---\na: 'it''s'\n...\n",
        "a: \"x \\u00e9 \\\n  y\"\n",
        "a:\n- b\n-\n  - c\n",
        "%YAML 1.2\n---\na: b\n",
        "한글: [값, '값']\n",
        "a: [\n  b,\n]\n",
    ] {
        assert_eq!(told(text), Vec::new(), "{text:?}");
    }
}

#[test]
fn errors_have_the_words_and_places_of_the_package() {
    let cases = [
        (
            "on: [push\njobs:\n",
            (2, 1, "Flow sequence in block collection must be sufficiently indented and end with a ]"),
        ),
        ("a: b\nc\n", (2, 1, "Implicit map keys need to be followed by map values")),
        ("a: b: c\n", (1, 4, "Nested mappings are not allowed in compact mappings")),
        ("a: 'b\n", (2, 1, "Missing closing 'quote")),
        ("a: @b\n", (1, 4, "Plain value cannot start with reserved character @")),
        ("a:\n\tb: c\n", (2, 1, "Tabs are not allowed as indentation")),
        ("a: \"\\q\"\n", (1, 5, "Invalid escape sequence \\q")),
        ("a: &x &y b\n", (1, 7, "A node can have at most one anchor")),
        (
            "a: b\n---\nc: d\n",
            (2, 1, "Source contains multiple documents; please use YAML.parseAllDocuments()"),
        ),
        ("a: [b]#c\n", (1, 7, "Comments must be separated from other tokens by white space characters")),
        ("a: !x!y b\n", (1, 4, "Could not resolve tag: !x!y")),
        ("a: [b, , c]\n", (1, 8, "Unexpected , in flow sequence")),
    ];
    for (text, (line, column, words)) in cases {
        assert_eq!(one(text), (line, column, words.to_owned()), "{text:?}");
    }
}

#[test]
fn deep_texts_end_in_an_error() {
    for part in ["[", "- ", "{a: ", "? "] {
        assert!(!told(&part.repeat(20_000)).is_empty(), "{part}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "a", ": ", ":\n", "- ", "  ", "\n", "&x ", "*x", "*", "{", "}", "[", "]", ", ", "? ", "|\n", ">-\n", "|2", "'", "\"", "#", " # c",
        "!t ", "!!str ", "!<", "---\n", "...\n", "한", "\u{feff}", "\t", "\r\n", "\r", "%YAML 1.1\n", "%TAG ! x\n", "\\x", "\\", "😀",
    ]), 0..40)) {
        let text = parts.concat();
        for (span, _) in document(&text).err().unwrap_or_default() {
            prop_assert!(span.start.line >= 1 && span.start.column >= 1);
        }
    }
}
