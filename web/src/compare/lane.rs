//! A lane: what it is called and does, its small stage, its tracks, its numbers at the playhead.

use opscape_lab::compare::{LANE_HEIGHT, Lane, Second, failing};
use opscape_lab::words::{Lang, count, fill, text};
use yew::prelude::*;

use super::clock::State;
use crate::draw::px;

use super::small_stage::small_stage;
use super::source::Added;
use super::{Props, Source, svg};

/// The lane with this number. `(width, most)`: pixels of the tracks, and the most requests of a second in any lane.
pub fn lane(
    props: &Props,
    state: &State,
    index: usize,
    lane: &Lane,
    drawing: &AttrValue,
    (width, most): (f32, u64),
) -> Html {
    let lang = state.lang;
    let word = |key: &'static str| text(lang, key);
    let numbers = Numbers::at(lane, state);
    let about = &lane.about;
    let open = opened(&state.source, index, state.lanes.len()).map(|(written, name)| {
        let open = props.open.reform(move |_: MouseEvent| (written.clone(), Some(name.clone())));
        html! { <button type="button" class="link-button" onclick={open} aria-label={fill(lang, "compare.open-lane", &[("name", &about.title)])}>{ word("compare.open") }</button> }
    });
    let is_added = index + state.source.added().len() >= state.lanes.len();
    let remove = is_added.then(|| {
        let comparison = props.comparison.clone();
        let remove = move |_: MouseEvent| comparison.remove(index);
        html! { <button type="button" class="link-button" onclick={remove} aria-label={fill(lang, "compare.remove-lane", &[("name", &about.title)])}>{ word("compare.remove") }</button> }
    });
    let id = format!("lane-{index}");
    let value = |class: &'static str, key: &'static str, value: String, kind: &'static str| {
        html! { <div class={class}><dt>{ word(key) }</dt><dd class={kind}>{ value }</dd></div> }
    };
    html! {
        <section class="lane" aria-labelledby={id.clone()} key={index}>
            <div class="who">
                <h2 id={id}>{ &about.title }</h2>
                if !about.strategy.is_empty() { <pre class="mono">{ &about.strategy }</pre> }
                if !about.description.is_empty() { <p>{ &about.description }</p> }
                <div class="lane-acts">{ for open }{ for remove }</div>
            </div>
            { small_stage(lane, lang, most) }
            <div class="track" role="img" aria-label={numbers.said(lang, &about.title)}>{ svg(width, LANE_HEIGHT, drawing) }<span class="playhead-line" style={format!("left:{}px", px(super::x_of(state, width) - 1.0))}></span></div>
            <dl class="numbers">
                { value("versions", "compare.ready", numbers.ready(), "") }
                { value("failing", "compare.failing", numbers.failing(), if numbers.failing > 0.0005 { "bad" } else { "" }) }
                { value("met", "compare.met", count(numbers.met), if numbers.met > 0 { "new" } else { "" }) }
                { value("paid", "compare.paid", count(numbers.paid), "") }
            </dl>
        </section>
    }
}

/// The text of a lane, and its name there; none: it is a future.
fn opened(source: &Source, index: usize, lanes: usize) -> Option<(String, String)> {
    match source {
        Source::Text { text, .. } => {
            let name = opscape_lab::compare::lanes(text).get(index)?.to_string();
            Some((text.clone(), name))
        }
        Source::Runs { .. } => None,
        Source::More { base, more } => match index.checked_sub(lanes.saturating_sub(more.len())) {
            None => opened(base, index, lanes),
            Some(at) => match more.get(at)? {
                Added::Way { lane, text, .. } => Some((text.clone(), lane.clone())),
                Added::Future { .. } => None,
            },
        },
    }
}

/// What was measured up to the instant that is looked at.
struct Numbers {
    old: u32,
    new: u32,
    failing: f64,
    met: u64,
    paid: u64,
}

impl Numbers {
    fn at(lane: &Lane, state: &State) -> Numbers {
        let whole = usize::try_from(state.at.0 / 1_000_000).unwrap_or(usize::MAX).min(lane.seconds().len());
        let second = whole.checked_sub(1).and_then(|at| lane.seconds().get(at)).copied().unwrap_or_default();
        Numbers {
            old: second.old_ready,
            new: second.new_ready,
            failing: whole.checked_sub(1).map_or(0.0, |at| failing(lane, at)),
            met: lane.seconds().iter().take(whole).map(|second| second.users_new).sum(),
            paid: u64::from(Second::pods(&second)),
        }
    }

    fn ready(&self) -> String {
        format!("{} v1, {} v2", self.old, self.new)
    }

    fn failing(&self) -> String {
        let tenths = (self.failing * 1000.0).round() as u64;
        format!("{}.{}%", tenths / 10, tenths % 10)
    }

    fn said(&self, lang: Lang, title: &str) -> String {
        let values = [
            ("name", title),
            ("ready", &*self.ready()),
            ("failing", &*self.failing()),
            ("met", &*count(self.met)),
            ("paid", &*count(self.paid)),
        ];
        fill(lang, "compare.track-about", &values)
    }
}
