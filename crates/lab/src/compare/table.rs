//! The numbers of all lanes side by side, for the page and to be copied.

use super::{Lane, Measures};
use crate::words::{Lang, count, dollars, fill, text};

/// One measure of all lanes.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Which: `failed`, `met`, `risk`, `full`, `back`, `pods`, `cost`.
    pub key: &'static str,
    /// What it is called, with its unit.
    pub title: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    /// As people read it, a cell for each lane.
    pub cells: Vec<String>,
    /// As numbers in the title's unit; none: it did not happen.
    pub values: Vec<Option<f64>>,
    /// Whether the smallest is the best.
    pub less_is_better: bool,
}

impl Column {
    /// The largest value; 0 if there is none.
    pub fn most(&self) -> f64 {
        self.values.iter().flatten().copied().fold(0.0, f64::max)
    }

    /// Whether a lane has the best value, and not all have it.
    pub fn is_best(&self, lane: usize) -> bool {
        let known = || self.values.iter().flatten().copied();
        let least = known().fold(f64::INFINITY, f64::min);
        let own = self.values.get(lane).copied().flatten();
        self.less_is_better && own.is_some_and(|own| own <= least) && known().any(|other| other > least)
    }
}

/// A row for each lane, a column for each measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What lanes are called.
    pub lanes: Vec<String>,
    /// The measures.
    pub columns: Vec<Column>,
    corner: &'static str,
}

/// A measure: its key, the texts of its title and meaning, its value.
type Kind = (&'static str, &'static str, &'static str, fn(&Measures) -> Option<f64>);

const KINDS: [Kind; 7] = [
    ("met", "compare.met", "compare.met-about", |of| Some(of.users_new as f64)),
    ("failed", "compare.failed", "compare.failed-about", |of| Some(of.failed as f64)),
    ("risk", "compare.risk", "compare.risk-about", |of| Some(f64::from(of.at_risk))),
    ("full", "compare.full", "compare.full-about", |of| of.full_after.map(f64::from)),
    ("back", "compare.back", "compare.back-about", |of| of.back_after.map(f64::from)),
    ("pods", "compare.pods", "compare.pods-about", |of| Some(of.extra_pod_seconds as f64 / 60.0)),
    ("cost", "compare.cost", "compare.cost-about", |of| Some(of.cost / 1e6)),
];

impl Table {
    /// Of what was measured so far.
    pub fn of(lanes: &[Lane], lang: Lang) -> Table {
        let measures: Vec<Measures> = lanes.iter().map(Lane::measures).collect();
        let priced = measures.iter().any(|of| of.cost > 0.0);
        let column = |(key, title, about, value): Kind| {
            let values: Vec<Option<f64>> = measures.iter().map(value).collect();
            Column {
                key,
                title: text(lang, title),
                about: text(lang, about),
                cells: values.iter().map(|value| cell(lang, key, *value)).collect(),
                values,
                // Who comes to the whole of a good version soonest is best, of a bad one latest: nobody knows which it is.
                less_is_better: key != "full",
            }
        };
        Table {
            lanes: lanes.iter().map(|lane| lane.about.title.clone()).collect(),
            // Without prices there is no cost.
            columns: KINDS.into_iter().filter(|kind| priced || kind.0 != "cost").map(column).collect(),
            corner: text(lang, "compare.lane"),
        }
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let escaped = |cell: &str| cell.replace('|', "\\|");
        let mut out = format!("| {} |", self.corner);
        for column in &self.columns {
            out = [&out, " ", &escaped(column.title), " |"].concat();
        }
        out.push_str("\n| --- |");
        out.push_str(&" ---: |".repeat(self.columns.len()));
        for (index, lane) in self.lanes.iter().enumerate() {
            out = [&out, "\n| ", &escaped(lane), " |"].concat();
            for column in &self.columns {
                let cell = column.cells.get(index).map(String::as_str).unwrap_or_default();
                out = [&out, " ", &escaped(cell), " |"].concat();
            }
        }
        out.push('\n');
        out
    }

    /// As lines of cells with tabs between them, numbers as a spreadsheet reads them.
    pub fn tsv(&self) -> String {
        let clean = |cell: &str| cell.replace(['\t', '\n'], " ");
        let mut out = clean(self.corner);
        for column in &self.columns {
            out = [&out, "\t", &clean(column.title)].concat();
        }
        for (index, lane) in self.lanes.iter().enumerate() {
            out = [&out, "\n", &clean(lane)].concat();
            for column in &self.columns {
                out.push('\t');
                let value = column.values.get(index).copied().flatten();
                out.push_str(&value.map(plain).unwrap_or_default());
            }
        }
        out.push('\n');
        out
    }
}

/// Up to four digits behind the point, none that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cell(lang: Lang, key: &str, value: Option<f64>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    match key {
        "cost" => dollars(value * 1e6),
        "pods" => {
            let tenths = (value * 10.0).round() as u64;
            if tenths >= 1_000 {
                count(tenths.div_ceil(10))
            } else {
                format!("{}.{}", tenths / 10, tenths % 10)
            }
        }
        "risk" | "full" | "back" => fill(lang, "compare.seconds", &[("count", &count(value.round() as u64))]),
        _ => count(value.round() as u64),
    }
}
