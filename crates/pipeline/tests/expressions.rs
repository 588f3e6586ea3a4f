//! What holds for every expression. Single values are compared with the official evaluator's in `opscape-referee`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opscape_pipeline::github::expression::{
    Data, Environment, Function, Object, evaluate, from_json, parse, to_json,
};
use proptest::prelude::*;

struct Empty;

impl Environment for Empty {
    fn context(&self, name: &str) -> Option<Data> {
        name.eq_ignore_ascii_case("github")
            .then(|| Object::from_iter([("ref", "refs/heads/main".into())]).into())
    }

    fn call(&self, _name: &str, _arguments: &[Data]) -> Option<Data> {
        None
    }
}

fn asks_for_status(text: &str) -> bool {
    let functions = [Function { name: "always".to_owned(), least: 0, most: 0 }];
    parse(text, &["github"], &functions).unwrap().unwrap().asks_for_status()
}

#[test]
fn a_condition_asks_for_the_status_only_by_calling_its_functions() {
    assert!(asks_for_status("github.ref == 'x' && !(always())"));
    assert!(asks_for_status("contains(github[format('{0}', ALWAYS())], 'x')"));
    assert!(!asks_for_status("contains(github.ref, 'always()')"));
    assert!(!asks_for_status("github.always"));
}

#[test]
fn an_expression_without_symbols_is_none() {
    assert!(parse(" \n\t", &[], &[]).unwrap().is_none());
}

fn json() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        (-1e15..1e15).prop_map(Data::Number),
        ".{0,12}".prop_map(Data::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Data::from),
            prop::collection::vec((".{0,6}", inner), 0..5)
                .prop_map(|entries| Object::from_iter(entries).into()),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}") {
        if let Ok(Some(expression)) = parse(&text, &["github"], &[]) {
            let _ = evaluate(&expression, &Empty);
        }
    }

    #[test]
    fn no_order_of_symbols_makes_it_panic(
        symbols in prop::collection::vec(
            prop::sample::select(vec![
                "github", ".", "*", "[", "]", "(", ")", "'a''b'", "-1.5e3", "0x1F", "!", "==", "<", ">=", "&&", "||",
                ",", "format", "contains", "'{0} }}'", "toJSON", "fromJSON", "null", "true", " ", "case", "join",
            ]),
            0..24,
        )
    ) {
        if let Ok(Some(expression)) = parse(&symbols.concat(), &["github"], &[]) {
            let _ = evaluate(&expression, &Empty);
        }
    }

    #[test]
    fn json_is_read_as_it_was_written(data in json()) {
        let text = to_json(&data);
        prop_assert_eq!(to_json(&from_json(&text).unwrap()), text);
    }

    #[test]
    fn equality_is_the_same_both_ways_and_excludes_order(one in json(), two in json()) {
        prop_assert_eq!(one.equals(&two), two.equals(&one));
        prop_assert_eq!(one.is_less(&two), two.is_greater(&one));
        prop_assert!(!(one.equals(&two) && one.is_less(&two)));
    }
}
