//! What was measured, as lines over time: rate, errors and duration of requests for each entry, Service, workload, version
//! and pod; utilisation and saturation of nodes; what autoscalers saw and wanted. Plain data, as far as the future is known:
//! what lies after the present instant is for the picture to fade.

mod bins;
mod choices;
mod panels;

use opscape_manifest::api::ObjectKey;
use opscape_sim::{Time, Timeline};

pub use choices::{Choice, Group};

use crate::Lang;
use crate::world::LabModel;
use bins::Frame;

/// Charts of one thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Charts {
    /// Begin of the part of the timeline.
    pub from: Time,
    /// End of the part.
    pub until: Time,
    /// How far something is known.
    pub known_until: Time,
    /// What there are charts of.
    pub choices: Vec<Choice>,
    /// Which of them this is; none: there is nothing.
    pub chosen: Option<usize>,
    /// The charts.
    pub panels: Vec<Panel>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Key of its title.
    pub title: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// Values hold until the next ones: no line leads from one to the other.
    pub stepped: bool,
    /// The instants of the values, in seconds.
    pub times: Vec<f64>,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Panel {
    /// The place of the values that hold at an instant in seconds; none: there were none yet.
    pub fn at(&self, seconds: f64) -> Option<usize> {
        self.times.partition_point(|time| *time <= seconds).checked_sub(1)
    }
}

/// Unit of the values of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Numbers.
    #[default]
    Count,
    /// Per second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Per cent.
    Percent,
    /// Thousandths of a core.
    Millicores,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its name in the language asked for.
    pub name: String,
    /// How it looks.
    pub look: Look,
    /// One for each instant; none: nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// How a line looks. Those of one kind are told apart by their dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// The first is the strongest.
    Ink(u8),
    /// The colour of a revision, 1 to 6.
    Revision(u8),
    /// A failure; numbered.
    Failure(u8),
    /// What something shall be.
    #[default]
    Target,
}

/// Charts of the thing with this id between two instants, for a picture this many pixels wide. Without an id: of what is
/// selected, or of the first thing that requests go through.
pub fn build(
    timeline: &Timeline<LabModel>,
    wanted: (Option<&str>, Option<&ObjectKey>),
    from: Time,
    until: Time,
    width: u32,
    lang: Lang,
) -> Charts {
    let (id, selected) = wanted;
    let known = timeline.known().model();
    let choices = choices::all(known, timeline.present().model());
    let by_id = |id: &str| choices.iter().position(|choice| choice.id == id);
    let chosen = id.and_then(by_id).or_else(|| selected.and_then(|key| by_id(&choices::id_of(key))));
    let chosen = chosen.or((!choices.is_empty()).then_some(0));
    let frame = Frame { from, until, width, known_until: timeline.known_until(), lang };
    let choice = chosen.and_then(|chosen| choices.get(chosen));
    let panels = choice.map(|choice| panels::of(choice, known, frame)).unwrap_or_default();
    Charts { from, until, known_until: timeline.known_until(), choices, chosen, panels }
}
