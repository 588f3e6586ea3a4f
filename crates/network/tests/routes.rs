//! Texts and requests, and where these go: `routes/*.yaml`. Behind the line `# requests` each line is
//! `METHOD URL [Header: value]... => DECISION`; the decision is `NAMESPACE/SERVICE:PORT PATH`, shares as `a 80, b 20`, a
//! status with its `Location`, or a status with the word for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use opscape_manifest::check::check;
use opscape_network::route::{Decision, Objects, Request, Table};

fn decide(table: &Table, line: &str) -> String {
    let mut parts = line.split(" [");
    let (method, url) = parts.next().unwrap().trim().split_once(' ').unwrap();
    let headers = parts.map(|header| {
        let (name, value) = header.trim().trim_end_matches(']').split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    });
    let request = Request::new(method, url, headers.collect()).unwrap();
    let (decision, reasons) = table.explain(&request);
    assert_eq!(table.answer(&request), decision, "{line}: asked why, it is another decision");
    assert!(!reasons.is_empty(), "{line}: no reason");
    match &decision {
        Decision::Forward(forward) => {
            let total: u32 = forward.shares.iter().map(|share| share.weight).sum();
            let mut out = forward.shares.iter().map(|share| {
                let backend = share.backend.map(|id| table.backend(id));
                match (backend, forward.shares.len()) {
                    (Some(backend), 1) => {
                        format!("{}/{}:{}", backend.namespace, backend.service, backend.port)
                    }
                    (Some(backend), _) => format!("{} {}", backend.service, share.weight * 100 / total),
                    (None, _) => format!("500 {}", share.weight * 100 / total),
                }
            });
            let mut text = out.next().unwrap();
            for more in out {
                text = format!("{text}, {more}");
            }
            let mark = if forward.query.is_empty() { "" } else { "?" };
            text = format!("{text} {}{mark}{}", forward.path, forward.query);
            for (name, value) in forward.headers(&request, forward.shares.first()) {
                let changed = request.header(&name) != Some(&value) && !name.starts_with("X-Forwarded-");
                if changed && !name.starts_with("X-Scheme") && !(name == "Host" && value == request.host()) {
                    text = format!("{text} [{name}: {value}]");
                }
                if name == "X-Forwarded-Prefix" {
                    text = format!("{text} [{name}: {value}]");
                }
            }
            if let Some(cookie) = &forward.set_cookie {
                text = format!("{text} sets {cookie}");
            }
            text
        }
        Decision::Redirect { status, location } => format!("{status} {location}"),
        Decision::Answer { status, .. } => format!("{status} {}", decision.word()),
        Decision::Dropped => "dropped".to_owned(),
    }
}

#[test]
fn requests_go_where_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 3);
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (text, requests) = text.split_once("# requests\n").unwrap();
        let table = Table::compile(&Objects::of_text(check(text).objects()));
        for line in requests.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (request, want) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
            let got = decide(&table, request);
            if got != want {
                wrong.push(format!("{}: {request}\n  want {want}\n  got  {got}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
