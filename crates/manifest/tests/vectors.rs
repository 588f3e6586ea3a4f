//! Outputs of the real functions of Kubernetes v1.36.2 over chosen inputs.

#![allow(clippy::unwrap_used, reason = "a broken vector file should fail the test")]

use opscape_manifest::quantity::{Format, Quantity};
use opscape_manifest::{duration, intorpercent, names, selector::Selector};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/vec_{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn ages() {
    for case in items(&vectors("human_duration")) {
        let seconds = case["seconds"].as_f64().unwrap();
        assert_eq!(duration::age(seconds), case["age"], "{seconds}");
        assert_eq!(duration::short_age(seconds), case["short"], "{seconds}");
    }
}

#[test]
fn percentages() {
    for case in items(&vectors("intorpercent")) {
        let (text, total) = (case["in"].as_str().unwrap(), case["total"].as_i64().unwrap());
        if text.parse::<i64>().is_ok() {
            continue; // a plain number is itself
        }
        for (key, up) in [("up", true), ("down", false)] {
            match intorpercent::scaled_percent(text, total, up) {
                Ok(share) => assert_eq!(share, case[key], "{case}"),
                Err(message) => assert_eq!(message, case["error"], "{case}"),
            }
        }
    }
}

#[test]
fn label_selectors() {
    let vectors = vectors("label_selector");
    let sets: Vec<std::collections::BTreeMap<String, String>> =
        serde_json::from_value(vectors["sets"].clone()).unwrap();
    for case in items(&vectors["cases"]) {
        match Selector::parse(case["selector"].as_str().unwrap()) {
            Ok(selector) => {
                assert_eq!(selector.to_string(), case["string"], "{case}");
                let matches: Vec<bool> = sets.iter().map(|set| selector.matches(set)).collect();
                assert_eq!(serde_json::json!(matches), case["matches"], "{case}");
            }
            Err(message) => assert_eq!(message, case["error"], "{case}"),
        }
    }
}

#[test]
fn names_and_labels() {
    let wanted =
        |value: &Value| items(value).iter().map(|m| m.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    for case in items(&vectors("names")) {
        let text = case["in"].as_str().unwrap();
        assert_eq!(names::dns1123_label(text), wanted(&case["dns1123label"]), "{text}");
        assert_eq!(names::dns1123_subdomain(text), wanted(&case["dns1123subdomain"]), "{text}");
        assert_eq!(names::dns1035_label(text), wanted(&case["dns1035label"]), "{text}");
        assert_eq!(names::label_value(text), wanted(&case["labelValue"]), "{text}");
        assert_eq!(names::qualified_name(text), wanted(&case["qualifiedName"]), "{text}");
        assert_eq!(names::port_name(text), wanted(&case["portName"]), "{text}");
    }
}

/// Upstream prints these back as they were written (a fast path of its parser keeps the text); we print them in
/// canonical form.
const KEPT_TEXTS: &[(&str, &str)] =
    &[("1E3", "1e3"), ("+5", "5"), ("5.", "5"), ("005", "5"), ("5e0", "5"), ("5E0", "5")];

#[test]
fn quantities() {
    let vectors = vectors("quantity");
    for case in items(&vectors["parse"]) {
        let text = case["in"].as_str().unwrap();
        match Quantity::parse(text) {
            Ok(quantity) => {
                let printed = KEPT_TEXTS.iter().find(|(kept, _)| *kept == text).map(|(_, printed)| *printed);
                assert_eq!(
                    quantity.to_string(),
                    printed.unwrap_or(case["string"].as_str().unwrap()),
                    "{text}"
                );
                assert_eq!(quantity.value(), case["value"].as_i64().unwrap(), "{text}");
                // An exabyte in thousandths does not fit 64 bits: upstream's fast path answers 0, its slow one wraps.
                if text != "1E" {
                    assert_eq!(quantity.milli_value(), case["milliValue"].as_i64().unwrap(), "{text}");
                }
                let format = match quantity.format() {
                    Format::DecimalSi => "DecimalSI",
                    Format::BinarySi => "BinarySI",
                    Format::DecimalExponent => "DecimalExponent",
                };
                assert_eq!(format, case["format"], "{text}");
            }
            Err(error) => assert_eq!(error.to_string(), case["error"], "{text}"),
        }
    }
    for case in items(&vectors["arith"]) {
        let quantity = |key: &str| Quantity::parse(case[key].as_str().unwrap()).unwrap();
        let (a, b) = (quantity("a"), quantity("b"));
        assert_eq!(a.plus(&b).to_string(), case["add"], "{case}");
        assert_eq!(a.minus(&b).to_string(), case["sub"], "{case}");
        assert_eq!(a.cmp(&b) as i64, case["cmp"].as_i64().unwrap(), "{case}");
    }
}
