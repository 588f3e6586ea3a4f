//! `opscape compare`: the same change in different ways, side by side.

use std::path::Path;

use opscape_lab::Lang;
use opscape_lab::compare::{About, Lane, MOST, Measures, lanes};
use opscape_lab::session::end_of;
use opscape_lab::words::{count, dollars, span};
use opscape_sim::Time;
use serde_json::{Value as Json, json};

use crate::say::say;
use crate::world::{Stopped, options, read, refused};

/// Runs all lanes on one clock and prints their numbers.
pub fn compare(
    files: &[String],
    until: Option<Time>,
    json: bool,
    lang: Lang,
    seed: Option<u64>,
) -> Result<(), Stopped> {
    let mut ways = open(files, lang, seed)?;
    if !(2..=MOST).contains(&ways.len()) {
        let values = [("most", MOST.to_string()), ("count", ways.len().to_string())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        eprintln!("{}", say(lang, "error.lanes", &values));
        return Err(Stopped(1));
    }
    let until =
        until.or_else(|| ways.iter().map(|lane| end_of(lane.session().spec())).max()).unwrap_or_default();
    for lane in &mut ways {
        lane.advance(until, &mut || true);
    }
    if json {
        println!("{:#}", Json::Array(ways.iter().map(report).collect()));
    } else {
        print!("{}", table(&ways, until, lang));
    }
    Ok(())
}

/// The lanes that a file names, or one per file.
fn open(files: &[String], lang: Lang, seed: Option<u64>) -> Result<Vec<Lane>, Stopped> {
    let mut ways = Vec::new();
    for file in files {
        let text = read(file, lang)?;
        if lanes(&text).is_empty() {
            let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let name = stem.unwrap_or_else(|| file.clone());
            let about = About { title: name, ..About::default() };
            let lane = Lane::open(about, &text, options(lang, seed));
            ways.push(lane.map_err(|findings| refused(file, &text, &findings, lang))?);
        } else {
            let all = Lane::all(&text, &options(lang, seed));
            ways.extend(all.map_err(|findings| refused(file, &text, &findings, lang))?);
        }
    }
    Ok(ways)
}

/// A row per lane, in columns as wide as their widest cell.
fn table(ways: &[Lane], until: Time, lang: Lang) -> String {
    let head = ["lane", "requests", "failed", "met", "risk", "full", "back", "pods", "cost"].map(|column| {
        say(lang, &format!("compare.{column}"), &[("at", &span(lang, until.since(Time::ZERO)))])
    });
    let secs = |secs: u32| say(lang, "compare.seconds", &[("count", &secs.to_string())]);
    let row = |lane: &Lane| {
        let Measures {
            requests,
            failed,
            users_new,
            at_risk,
            extra_pod_seconds,
            cost,
            full_after,
            back_after,
            ..
        } = lane.measures();
        [
            lane.about.title.clone(),
            count(requests),
            count(failed),
            count(users_new),
            secs(at_risk),
            full_after.map_or_else(|| "-".to_owned(), secs),
            back_after.map_or_else(|| "-".to_owned(), secs),
            format!("{:.1}", extra_pod_seconds as f64 / 60.0),
            dollars(cost),
        ]
    };
    let rows: Vec<[String; 9]> = std::iter::once(head).chain(ways.iter().map(row)).collect();
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = wide(cell).max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            if index == 0 {
                out.push_str(cell);
            }
            out.push_str(&" ".repeat(width - wide(cell)));
            if index > 0 {
                out.push_str(cell);
            }
            out.push_str(if index + 1 < row.len() { "   " } else { "\n" });
        }
    }
    out
}

/// Columns of a terminal that a text takes: letters of Korean take two.
fn wide(text: &str) -> usize {
    text.chars().map(|letter| if ('\u{1100}'..='\u{ffdc}').contains(&letter) { 2 } else { 1 }).sum()
}

/// Everything of a lane, for programs.
fn report(lane: &Lane) -> Json {
    let measures = lane.measures();
    let seconds: Vec<Json> = lane
        .seconds()
        .iter()
        .enumerate()
        .map(|(at, second)| {
            json!({
                "at": at, "oldReady": second.old_ready, "newReady": second.new_ready,
                "oldWaiting": second.old_waiting, "newWaiting": second.new_waiting, "requests": second.requests, "failed": second.failed,
                "metOld": second.met_old, "metNew": second.met_new,
                "usersNew": second.users_new,
            })
        })
        .collect();
    json!({
        "lane": lane.about.title, "requests": measures.requests, "failed": measures.failed, "metNew": measures.met_new,
        "usersNew": measures.users_new,
        "atRisk": measures.at_risk, "extraPodSeconds": measures.extra_pod_seconds, "cost": measures.cost / 1e6,
        "fullAfter": measures.full_after, "backAfter": measures.back_after, "seconds": seconds,
    })
}
