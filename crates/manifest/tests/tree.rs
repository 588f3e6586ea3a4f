//! Texts to nodes: places, YAML 1.1, kubectl's complaints, hostile input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    reason = "a broken case should fail the test"
)]

use opscape_manifest::diagnostic::{Position, Severity};
use opscape_manifest::tree::{Limits, Parsed, parse};
use proptest::prelude::*;

fn read(text: &str) -> Parsed {
    parse(text, Position { line: 1, column: 1, offset: 0 }, Limits::default())
}

fn json(text: &str) -> String {
    let parsed = read(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    serde_json::to_string(&parsed.root.unwrap().to_value()).unwrap()
}

fn complaint(text: &str) -> (String, u32, u32) {
    let parsed = read(text);
    let first = parsed.diagnostics.first().unwrap_or_else(|| panic!("no complaint about {text:?}"));
    (
        first.message.replace("error converting YAML to JSON: ", ""),
        first.span.start.line,
        first.span.start.column,
    )
}

#[test]
fn values_are_those_of_kubectl() {
    assert_eq!(json("on: yes\nn: 0644\n한: 값\n"), r#"{"false":420,"true":true,"한":"값"}"#);
    assert_eq!(json("a: &x {b: 1}\nc: *x\n"), r#"{"a":{"b":1},"c":{"b":1}}"#);
    assert_eq!(
        json("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n"),
        r#"{"a":{"b":1,"c":2},"d":{"b":3,"c":2}}"#
    );
    assert_eq!(json("a: |\n  x\n  y\nb: >-\n  x\n  y\n"), r#"{"a":"x\ny\n","b":"x y"}"#);
    assert_eq!(json("a: !!str 1\nb: '1'\nc: \"\\u00e9\"\n"), r#"{"a":"1","b":"1","c":"é"}"#);
    assert_eq!(json("a:\n- 1\n- {b: }\n"), r#"{"a":[1,{"b":null}]}"#);
    assert_eq!(json("{\"a\": [1, 2.5, null]}"), r#"{"a":[1,2.5,null]}"#);
}

#[test]
fn places_are_those_of_the_text() {
    let text = "# 주석\nspec:\n  이름: \"한글\"   # more\n  list:\n    - name: a\n      image: nginx\n    - name: b\n";
    let root = read(text).root.unwrap();
    let cut = |path: &str| {
        let place = root.locate(path);
        assert!(place.exact, "{path}");
        let span = place.value;
        text[span.start.offset as usize..span.end.offset as usize].to_owned()
    };
    assert_eq!(cut("spec.이름"), "\"한글\"");
    assert_eq!(cut("spec.list[0].image"), "nginx");
    assert_eq!(cut("spec.list[1]"), "name: b");
    let at = text.find("b\n").unwrap() as u32;
    assert_eq!(root.locate("spec.list[1].name").value.start, Position { line: 7, column: 13, offset: at });
    let missing = root.locate("spec.list[1].image.tag");
    assert!(!missing.exact);
    assert_eq!(root.path_at(at), "spec.list[1].name");
    assert_eq!(&text[root.locate("spec.list").key.unwrap().start.offset as usize..][..4], "list");
}

#[test]
fn places_follow_carriage_returns_and_anchors() {
    let text = "a: 1\r\nb: &x\r\n  c: 2\r\nd: *x\r\n";
    let root = read(text).root.unwrap();
    let span = root.locate("d").value;
    assert_eq!(&text[span.start.offset as usize..span.end.offset as usize], "*x");
    assert_eq!(span.start.line, 4);
    let span = root.locate("b.c").value;
    assert_eq!(&text[span.start.offset as usize..span.end.offset as usize], "2");
}

#[test]
fn complaints_are_those_of_kubectl() {
    for (text, message, line, column) in [
        (
            "apiVersion: v1\nkind: Pod\n metadata: {name: x}\n",
            "yaml: line 3: mapping values are not allowed in this context",
            3,
            10,
        ),
        ("a: b: c\n", "yaml: mapping values are not allowed in this context", 1, 5),
        ("a:\n\tb: c\n", "yaml: line 2: found character that cannot start any token", 2, 1),
        ("a: 1\nb: @x\n", "yaml: line 2: found character that cannot start any token", 2, 4),
        ("a: b\nfoo\nc: d\n", "yaml: line 3: could not find expected ':'", 3, 1),
        ("a: 1\nb: [1, 2\nc: 3\n", "yaml: line 2: did not find expected ',' or ']'", 3, 2),
        ("a: 1\nb: \"x\nc: 3\n", "yaml: line 4: found unexpected end of stream", 2, 4),
        ("a: 1\nb: \"\\q\"\n", "yaml: line 2: found unknown escape character", 2, 4),
        ("a:\n  - b\n c: 1\n", "yaml: line 2: did not find expected key", 3, 2),
        ("a: *nope\n", "yaml: unknown anchor 'nope' referenced", 1, 4),
        ("a: 1\n<<: 2\n", "yaml: map merge requires map or sequence of maps as the value", 3, 1),
    ] {
        assert_eq!(complaint(text), (message.to_owned(), line, column), "{text:?}");
    }
}

#[test]
fn repeated_keys_are_pointed_at() {
    let parsed = read("a: 1\nb: 2\na: 3\n");
    let [warning] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!(warning.message, "line 3: key \"a\" already set in map");
    assert_eq!(warning.span.start.line, 3);
    assert_eq!(serde_json::to_string(&parsed.root.unwrap().to_value()).unwrap(), r#"{"a":3,"b":2}"#);
}

#[test]
fn hostile_texts_are_refused_with_a_message() {
    use std::fmt::Write;
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let last = i - 1;
        writeln!(
            bomb,
            "a{i}: &a{i} [*a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]"
        )
        .unwrap();
    }
    assert_eq!(complaint(&bomb).0, "yaml: document contains excessive aliasing");
    assert_eq!(complaint(&"[".repeat(100_000)).0, "yaml: exceeded max depth of 100");
    let deep: String = (0..500).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert_eq!(complaint(&deep).0, "yaml: exceeded max depth of 100");
    let long = format!("a: [{}]", "1,".repeat(400_000));
    assert_eq!(complaint(&long).0, "yaml: document has more than 300000 values");
    let wide = format!("a: \"{}\"", "한".repeat(1_000_000));
    assert!(read(&wide).root.is_some());
}

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web # 이름\nspec: &s\n  list:\n  - {a: 1, b: [x, \"y\"]}\n  - |\n    text\n  other: *s\n";

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC*") {
        let _ = read(&text);
    }

    #[test]
    fn any_yaml_like_text_is_answered(text in "[a-c:\\-\\[\\]{},&*!|>'\"#%@ \t\n\r?~<0-9.]{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn any_change_of_a_manifest_is_answered(at in 0..BASE.len(), cut in 0..20usize, put in "[a:\\-\\[{},&*|\"# \n\t]{0,6}") {
        let mut text = BASE.to_owned();
        let start = (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap();
        let end = (at + cut..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        text.replace_range(start..end.max(start), &put);
        let parsed = read(&text);
        if let Some(root) = parsed.root {
            prop_assert!(root.span.end.offset as usize <= text.len());
            let _ = root.path_at(at as u32);
        }
    }
}
