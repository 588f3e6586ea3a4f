//! What people paste: `tests/pasted/cases.txt` says what is found where, and which hint goes with it. With
//! `UPDATE_SNAPSHOTS=1` the findings are written anew, to be read again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken case should fail the test")]

use std::fmt::Write;
use std::path::Path;

use opscape_manifest::check;
use opscape_manifest::diagnostic::Severity;

/// `<U+00A0>` as the character it names.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<U+") {
        let (code, after) = after.split_once('>').unwrap();
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = after;
    }
    out + rest
}

fn found(text: &str) -> String {
    let mut out = String::new();
    for diagnostic in check(text).diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::NotSimulated => continue,
        };
        let start = diagnostic.span.start;
        let hint = diagnostic.hint.as_ref().map_or("-", |hint| hint.key);
        let message: String = diagnostic.message.chars().take(70).collect();
        let _ =
            writeln!(out, "{}:{} {severity} {hint} {}", start.line, start.column, message.escape_default());
        for lang in ["en", "ko"] {
            let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../static/texts/{lang}.txt"));
            let texts = std::fs::read_to_string(texts).unwrap();
            assert!(hint == "-" || texts.contains(&format!("\n{hint} = ")), "{hint} in {lang}");
        }
        if let Some(fix) = &diagnostic.fix {
            let mut mended = text.to_owned();
            mended.replace_range(fix.span.start.offset as usize..fix.span.end.offset as usize, &fix.text);
            let errors = |text: &str| check(text).diagnostics.len();
            assert!(errors(&mended) <= errors(text), "the fix makes it worse: {mended}");
        }
    }
    out
}

#[test]
fn what_is_pasted_is_told_apart() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pasted/cases.txt");
    let cases = std::fs::read_to_string(&path).unwrap();
    let (head, cases) = cases.split_once("=== ").unwrap();
    let (mut anew, mut wrong) = (head.to_owned(), Vec::new());
    for case in cases.split("\n=== ") {
        let case = case.trim_end_matches('\n');
        let (name, rest) = case.split_once('\n').unwrap();
        let (expected, text) = rest.split_once(".\n").unwrap();
        let found = found(&format!("{}\n", decoded(text)));
        if found != expected {
            wrong.push(format!("{name}:\n{found}instead of\n{expected}"));
        }
        let _ = write!(anew, "=== {name}\n{found}.\n{text}\n");
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, anew).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
