//! `opscape route`: which way a request takes through what a text says, and why.

use opscape_lab::{Lang, words};
use opscape_manifest::check::{Checked, Document, check};
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_manifest::print::to_json;
use opscape_manifest::value::Value;
use opscape_network::route::{Decision, Objects, Reason, Request, Table, Verdict, policy, report};
use opscape_sim::Time;

use crate::findings;
use crate::say::say;
use crate::world::{Stopped, go_to, open, read};

/// A request as the command line has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The whole URL.
    pub url: String,
    /// Default `GET`.
    pub method: Option<String>,
    /// As `Name: value`.
    pub headers: Vec<String>,
    /// The instant, in the world of the text; none: by the text alone.
    pub at: Option<Time>,
    /// For programs.
    pub json: bool,
}

/// Prints what becomes of a request.
pub fn route(file: &str, asked: &Asked, lang: Lang, seed: Option<u64>) -> Result<(), Stopped> {
    let request = request(asked, lang)?;
    let text;
    let objects = if let Some(at) = asked.at {
        text = read(file, lang)?;
        let mut session = open(file, lang, seed)?;
        go_to(&mut session, at);
        let store = session.cluster().store();
        let kinds: Vec<String> = store.kinds().map(ToString::to_string).collect();
        Objects::of_cluster(kinds.iter().flat_map(|kind| store.objects(kind, None)))
    } else {
        text = read(file, lang)?;
        let checked = check(&text);
        // Whether a kind acts in the world does not matter here.
        let shown: Vec<Diagnostic> = checked
            .diagnostics
            .iter()
            .filter(|finding| finding.severity != Severity::NotSimulated)
            .cloned()
            .collect();
        eprint!("{}", findings::print(file, &text, &shown, lang));
        Objects::of_text(checked.objects())
    };
    let table = Table::compile(&objects);
    let (decision, mut reasons) = table.explain(&request);
    reasons.extend(policy::explain(&table, &objects, &decision));
    if asked.json {
        println!("{}", json(&table, &request, &decision, &reasons, lang));
        return Ok(());
    }
    println!("{} {}", request.method, asked.url);
    println!("{}", headline(&table, &request, &decision, lang));
    let checked = check(&text);
    for reason in &reasons {
        let mark = match reason.verdict {
            Verdict::Taken => "✓",
            Verdict::Passed => "✗",
            Verdict::Note => "·",
        };
        let place = place(&checked, reason).map(|line| format!("  {file}:{line}")).unwrap_or_default();
        println!("  {mark} {}{place}", sentence(reason, lang));
    }
    Ok(())
}

fn request(asked: &Asked, lang: Lang) -> Result<Request, Stopped> {
    let stop = |message: String| {
        eprintln!("{message}");
        Stopped(2)
    };
    let mut headers = Vec::new();
    for header in &asked.headers {
        let (name, value) =
            header.split_once(':').ok_or_else(|| stop(say(lang, "error.header", &[("value", header)])))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let method = asked.method.as_deref().unwrap_or("GET");
    Request::new(method, &asked.url, headers)
        .map_err(|error| stop(words::rich(lang, error.key(), &[("url", &asked.url)]).plain()))
}

fn sentence(reason: &Reason, lang: Lang) -> String {
    let values: Vec<(&str, &str)> =
        reason.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    words::rich(lang, reason.key, &values).plain()
}

/// The line of the text that a reason comes from.
fn place(checked: &Checked, reason: &Reason) -> Option<u32> {
    let (origin, field) = reason.at.as_ref()?;
    let namespace = |document: &Document| {
        let namespace = document.value.str_at(&["metadata", "namespace"]).unwrap_or_default();
        if namespace.is_empty() { "default".to_owned() } else { namespace.to_owned() }
    };
    let document = checked.documents.iter().find(|document| {
        document.kind() == &*origin.kind
            && document.name() == &*origin.name
            && namespace(document) == *origin.namespace
    })?;
    Some(document.locate(field).best().start.line)
}

/// The decision in one line.
fn headline(table: &Table, request: &Request, decision: &Decision<'_>, lang: Lang) -> String {
    let status = decision.status().map(|status| status.to_string()).unwrap_or_default();
    match decision {
        Decision::Forward(forward) => {
            let mut target = forward.path.to_string();
            if !forward.query.is_empty() {
                target.push('?');
                target.push_str(&forward.query);
            }
            let host = forward.headers(request, None).into_iter().find(|(name, _)| name == "Host");
            let host = host.map(|(_, host)| host).unwrap_or_default();
            say(
                lang,
                "route.forward",
                &[("to", &report::targets(table, forward)), ("path", &target), ("host", &host)],
            )
        }
        Decision::Redirect { location, .. } => {
            say(lang, "route.redirect", &[("status", &status), ("location", location)])
        }
        Decision::Dropped => say(lang, "route.dropped", &[]),
        Decision::Answer { .. } => {
            say(lang, "route.answer", &[("status", &status), ("word", decision.word())])
        }
    }
}

fn json(table: &Table, request: &Request, decision: &Decision<'_>, reasons: &[Reason], lang: Lang) -> String {
    let mut value = report::decision(table, request, decision);
    let reasons = reasons.iter().map(|reason| Value::String(sentence(reason, lang))).collect();
    if let Some(map) = value.as_map_mut() {
        map.insert("reasons".to_owned(), Value::List(reasons));
    }
    serde_json::to_string_pretty(&value).unwrap_or_else(|_| to_json(&value))
}
