//! The lanes of a text: which there are, what they are called, and what makes each of them another way.

use opscape_manifest::api::Str;
use opscape_manifest::check::{Checked, Document, check};
use opscape_manifest::lab::{LANE, Text};

use crate::Lang;
use crate::session::lab_of;

/// Lines of a strategy that are shown.
const LINES: usize = 7;

/// The lane that a document is in; none: it is in each.
pub(crate) fn lane_of(document: &Document) -> Option<&str> {
    document.value.str_at(&["metadata", "annotations", LANE])
}

/// The lanes that a text names: those that the Lab document lists, then those of its objects and steps, in order.
pub(crate) fn lanes_of(checked: &Checked) -> Vec<Str> {
    let mut names: Vec<Str> = Vec::new();
    let spec = lab_of(checked).unwrap_or_default();
    let listed = spec.lanes.iter().map(|lane| &*lane.name);
    let objects = checked.documents.iter().filter_map(lane_of);
    let steps = spec.steps.iter().filter_map(|step| step.lane.as_deref());
    for name in listed.chain(objects).chain(steps) {
        if !names.iter().any(|known| &**known == name) {
            names.push(name.into());
        }
    }
    names
}

/// The lanes that a text names, in order; none: the text is one way.
pub fn lanes(text: &str) -> Vec<Str> {
    lanes_of(&check(text))
}

/// What a lane is called and does, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// What it is called.
    pub title: String,
    /// What it does; empty: nobody said.
    pub description: String,
    /// How its workload says that versions are replaced, as it is written; empty: there is nothing to say.
    pub strategy: String,
}

impl About {
    /// Of a lane of a text.
    pub fn of(text: &str, lane: &str, lang: Lang) -> About {
        let checked = check(text);
        let spec = lab_of(&checked).unwrap_or_default();
        let listed = spec.lanes.iter().find(|listed| &*listed.name == lane);
        let say = |text: Option<&Text>| text.map(|text| text.in_language(lang.tag()).to_owned());
        let mut own = checked.documents.iter().filter(|document| lane_of(document) == Some(lane));
        About {
            title: say(listed.and_then(|listed| listed.title.as_ref())).unwrap_or_else(|| lane.to_owned()),
            description: say(listed.and_then(|listed| listed.description.as_ref())).unwrap_or_default(),
            strategy: own.find_map(|document| strategy(text, document)).unwrap_or_default(),
        }
    }
}

/// The innermost part of a workload's strategy that tells it apart.
fn strategy(text: &str, document: &Document) -> Option<String> {
    if !matches!(document.kind(), "Deployment" | "Rollout") {
        return None;
    }
    let paths = ["spec.strategy.canary.steps", "spec.strategy.blueGreen", "spec.strategy"];
    let place = paths.iter().map(|path| document.locate(path)).find(|place| place.exact)?;
    let start = place.key.unwrap_or(place.value).start;
    let written = text.get(start.offset as usize..place.value.end.offset as usize)?;
    let indent = start.column.saturating_sub(1) as usize;
    let mut lines: Vec<&str> = written
        .trim_end()
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            line.get(if index == 0 { 0 } else { blanks.min(indent) }..).unwrap_or_default()
        })
        .collect();
    let more = lines.len() > LINES;
    lines.truncate(if more { LINES - 1 } else { LINES });
    if more {
        lines.push("…");
    }
    Some(lines.join("\n"))
}
