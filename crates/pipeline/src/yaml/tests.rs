#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opscape_manifest::diagnostic::Position;
use proptest::prelude::*;

use super::{Broken, Content, Node, START, Style, parse};

fn one(text: &str) -> Node {
    let mut documents = parse(text, START).unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn broken(text: &str) -> Broken {
    parse(text, START).unwrap_err()
}

/// Text and style of every scalar, and its place as `line:column-line:column`.
fn scalars(node: &Node) -> Vec<(String, Style, String)> {
    match &node.content {
        Content::Scalar(text, style) => {
            let (start, end) = (node.span.start, node.span.end);
            let place = format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column);
            vec![(text.clone(), *style, place)]
        }
        Content::List(items) => items.iter().flat_map(scalars).collect(),
        Content::Map(entries) => {
            entries.iter().flat_map(|(key, value)| [scalars(key), scalars(value)].concat()).collect()
        }
    }
}

fn written(text: &str) -> Vec<(String, Style, String)> {
    scalars(&one(text))
}

fn row(text: &str, style: Style, place: &str) -> (String, Style, String) {
    (text.to_owned(), style, place.to_owned())
}

#[test]
fn scalars_keep_their_style_and_place() {
    use Style::{Block, Plain, Quoted};
    let text = "on: yes # a comment\nname: \"a: b\"\n한글: '값'\nrun: |\n  one\n  two\nlast: x\n";
    let expected = [
        row("on", Plain, "1:1-1:3"),
        row("yes", Plain, "1:5-1:8"),
        row("name", Plain, "2:1-2:5"),
        row("a: b", Quoted, "2:7-2:13"),
        row("한글", Plain, "3:1-3:3"),
        row("값", Quoted, "3:5-3:8"),
        row("run", Plain, "4:1-4:4"),
        row("one\ntwo\n", Block, "4:6-6:6"),
        row("last", Plain, "7:1-7:5"),
        row("x", Plain, "7:7-7:8"),
    ];
    assert_eq!(written(text), expected);
}

#[test]
fn a_collection_stands_where_its_first_part_or_its_bracket_stands() {
    let start = |text: &str| {
        let start = one(text).get("a").unwrap().span.start;
        (start.line, start.column)
    };
    assert_eq!(start("a:\n  b: c\n"), (2, 3));
    assert_eq!(start("a: &x\n  b: c\n"), (2, 3));
    assert_eq!(start("a: { b: c }\n"), (1, 4));
    assert_eq!(start("a: &x { b: c }\n"), (1, 7));
    assert_eq!(start("a:\n- b\n"), (2, 1));
    assert_eq!(start("a: &x # c\n- b\n"), (2, 1));
    assert_eq!(start("a:\n  - b\n"), (2, 3));
    assert_eq!(start("a: !reference [b]\n"), (1, 15));
    assert_eq!(start("a:\n  ? b\n  : c\n"), (2, 3));
    assert_eq!(start("a:\n  &x b: c\n"), (2, 6));
}

#[test]
fn a_block_stands_where_its_sign_stands() {
    let start = |text: &str| {
        let node = one(text);
        let start = node.get("run").unwrap().span.start;
        (start.line, start.column, start.offset)
    };
    assert_eq!(start("a: 1\nrun:  |- # a | b\n\n  one\n"), (2, 7, 11));
    assert_eq!(start("run: !t >2\n    one\n\n\nb: |\n c\n"), (1, 9, 8));
    assert_eq!(start("run: |\nb: c\n"), (1, 6, 5));
    assert_eq!(start("'한': &x 1\nrun: &y |+\n\n"), (2, 9, 20));
}

#[test]
fn a_value_that_is_not_there_stands_behind_its_colon() {
    use Style::{Absent, Plain};
    assert_eq!(written("a:\nb:   # c\n")[1], row("", Plain, "1:3-1:3"));
    assert_eq!(written("a: !t &x  # c\n")[1], row("", Plain, "1:11-1:11"));
    assert_eq!(written("a:\nb:   # c\n")[3], row("", Plain, "2:6-2:6"));
    assert_eq!(written("{a: , b}")[1], row("", Plain, "1:5-1:5"));
    assert_eq!(written("{a: , b}")[3].1, Absent);
    assert_eq!(
        written("? a\n? b\n: c\n").iter().map(|(_, style, _)| *style).collect::<Vec<_>>(),
        [Plain, Absent, Plain, Plain]
    );
}

#[test]
fn tags_are_kept_unless_they_are_yamls_own() {
    let node = one("a: !reference [.job, script]\nb: !!str 3\nc: !<tag:example.com,2026:x> y\n");
    assert_eq!(node.get("a").unwrap().tag.as_deref(), Some("!reference"));
    let b = node.get("b").unwrap();
    assert_eq!((b.tag.as_deref(), &b.content), (None, &Content::Scalar("3".to_owned(), Style::Quoted)));
    assert_eq!(node.get("c").unwrap().tag.as_deref(), Some("tag:example.com,2026:x"));
    assert_eq!(written("a: !t  # c\n  &x b\n")[1], row("b", Style::Plain, "2:6-2:7"));
    assert_eq!(written("a: &x b\n")[1], row("b", Style::Plain, "1:7-1:8"));
}

#[test]
fn an_alias_is_what_its_anchor_names_and_stands_where_it_stands() {
    let node = one("a: &x [1, 2]\nb: *x\n<<: {c: d}\n");
    assert_eq!(node.get("a"), node.get("b"));
    assert!(node.get("<<").is_some(), "what a merge key means is decided later");
}

#[test]
fn repeated_keys_are_all_there_and_the_last_one_is_found() {
    let node = one("a: 1\nb: 2\na: 3\n");
    let Content::Map(entries) = &node.content else { panic!() };
    assert_eq!(entries.len(), 3);
    assert_eq!(node.get("a").and_then(Node::text), Some("3"));
}

#[test]
fn places_are_those_of_the_larger_text() {
    let base = Position { line: 11, column: 5, offset: 100 };
    let node = parse("a: b\nc: d\n", base).unwrap().remove(0);
    let b = node.get("a").unwrap().span.start;
    let d = node.get("c").unwrap().span.start;
    assert_eq!((b.line, b.column, b.offset), (11, 8, 103));
    assert_eq!((d.line, d.column, d.offset), (12, 4, 108));
}

#[test]
fn several_documents_are_several_nodes_and_none_is_none() {
    assert_eq!(parse("a: 1\n---\nb: 2\n", START).unwrap().len(), 2);
    assert_eq!(parse("# nothing\n", START).unwrap().len(), 0);
}

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    assert_eq!(broken("a: b\nc: [1, 2\nd: e\n").position.line, 3);
    let alias = broken("a: b\nc: [1, *nothing]\n");
    assert_eq!((alias.position.line, alias.position.column), (2, 8));
    assert_eq!(alias.alias.as_deref(), Some("nothing"));
    assert_eq!(broken("a: &x [*x]\n").position.column, 8);
}

#[test]
fn aliases_of_aliases_do_not_grow_without_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        text = format!("{text}a{n}: &a{n} [{items}]\n");
    }
    assert_eq!(broken(&text).message, "document contains excessive aliasing");
    assert_eq!(broken(&"- ".repeat(150)).message, "exceeded max depth of 100");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "a", ": ", ":\n", "- ", "  ", "\n", "&x ", "*x", "*y", "{", "}", "[", "]", ", ", "? ", "|\n", ">-\n", "'", "\"", "# c",
        "!t ", "!!str ", "---\n", "...\n", "한", "\u{feff}", "\t", "\r\n", "<<: ", "%YAML 1.1\n",
    ]), 0..30)) {
        let text = parts.concat();
        if let Ok(documents) = parse(&text, START) {
            for document in &documents {
                prop_assert!(document.span.start.offset <= text.len() as u32);
            }
        }
    }
}
