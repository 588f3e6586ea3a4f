//! What kubectl v1.36.2 printed with `-o yaml` and `-o json`, read and printed again.
#![allow(clippy::unwrap_used, reason = "a broken recording should fail the test")]

use opscape_manifest::print::{to_json_pretty, to_yaml};
use opscape_manifest::{check, text};

fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/print/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn yaml_comes_back_to_the_letter() {
    for source in text::split(&recorded("kubectl.yaml")) {
        let parsed = opscape_manifest::tree::parse(
            source.text,
            source.start,
            opscape_manifest::tree::Limits::default(),
        );
        let text = source.text.strip_prefix("---\n").unwrap_or(source.text);
        assert_eq!(to_yaml(&parsed.root.unwrap().to_value()), text);
    }
}

#[test]
fn json_comes_back_to_the_letter() {
    let recorded = recorded("kubectl.json");
    let checked = check(&recorded);
    assert_eq!(to_json_pretty(&checked.documents.first().unwrap().value) + "\n", recorded);
}
