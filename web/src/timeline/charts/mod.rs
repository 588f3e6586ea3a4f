//! The charts: what was measured over the part of the timeline that is shown, with its playhead. Numbers as text beside each
//! line, and all of them as a table.

mod plot;
mod table;

use std::rc::Rc;

use opscape_lab::charts::{Charts as Data, Group, Line, Look, Panel, Unit};
use opscape_lab::words::{Lang, count, fill, seconds, text};
use opscape_manifest::api::ObjectKey;
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlSelectElement};
use yew::prelude::*;

use crate::browser;
use crate::session::{Session, View};
use crate::size::use_size;
use plot::Plot;

/// What the charts need.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
}

/// While it plays, lines are made anew at most this often, in milliseconds.
const PAUSE: f64 = 200.0;
/// Width that the table's lines are made for: a row for each two pixels.
const TABLE: u32 = 80;

/// What lines are made from.
#[derive(PartialEq, Clone, Default)]
struct Key {
    known: u64,
    from: Time,
    until: Time,
    picked: Option<String>,
    selected: Option<ObjectKey>,
    lang: Lang,
    branches: usize,
    width: u32,
}

#[derive(Default)]
struct Kept {
    key: Key,
    at: f64,
    data: Rc<Data>,
}

impl Kept {
    fn renew(&mut self, session: &Session, key: Key, playing: bool) -> Rc<Data> {
        let now = browser::milliseconds();
        let only_later = Key { known: self.key.known, until: self.key.until, ..key.clone() } == self.key;
        if self.key != key && !(playing && only_later && now - self.at < PAUSE) {
            let picked = key.picked.as_deref();
            self.data = Rc::new(session.charts(picked, key.from, key.until, key.width));
            (self.key, self.at) = (key, now);
        }
        self.data.clone()
    }
}

/// The charts of one thing, side by side.
#[component]
pub fn Charts(props: &Props) -> Html {
    let Props { session, view } = props;
    let lang = view.lang;
    let root = use_node_ref();
    let (width, _) = use_size(&root);
    let picked = use_state(|| None::<String>);
    let as_table = use_state(|| false);
    let pointed = use_state_eq(|| None::<f64>);
    let plot = use_mut_ref(|| None::<Plot>);
    let state = use_state(|| Loading::Not);
    let kept = use_mut_ref(Kept::default);
    {
        // Whoever selects another thing wants to see that one.
        let picked = picked.clone();
        use_effect_with(view.selected.clone(), move |_| picked.set(None));
    }
    let key = Key {
        known: view.known_until.0 / 1_000_000,
        from: view.tracks.from,
        until: view.tracks.until,
        picked: (*picked).clone(),
        selected: view.selected.clone(),
        lang,
        branches: view.branches.len(),
        width: if *as_table { TABLE } else { (width as u32 / 2).max(TABLE) },
    };
    let data = kept.borrow_mut().renew(session, key, view.playing);
    let drawn = !*as_table && !data.panels.is_empty() && *state != Loading::Failed;
    {
        let (root, session, plot, state) = (root.clone(), session.clone(), plot.clone(), state.clone());
        let pointed = pointed.setter();
        use_effect_with(drawn, move |drawn| {
            if *drawn && *state == Loading::Not {
                state.set(Loading::Begun);
                wasm_bindgen_futures::spawn_local(async move {
                    let Some(page) = root.cast::<Element>() else { return };
                    let made = Plot::load(&page, session, pointed).await;
                    state.set(if made.is_some() { Loading::Done } else { Loading::Failed });
                    *plot.borrow_mut() = made;
                });
            }
        });
    }
    {
        let (plot, root, data) = (plot.clone(), root.clone(), data.clone());
        let ready = *state == Loading::Done;
        use_effect_with((Rc::as_ptr(&data) as usize, drawn, ready), move |_| {
            if let (Some(plot), Some(root)) = (&*plot.borrow(), root.cast::<Element>()) {
                plot.show(&root, if drawn { &data.panels } else { &[] }, data.from, data.until);
            }
        });
    }
    {
        let plot = plot.clone();
        use_effect_with(
            (view.at, view.known_until, Rc::as_ptr(&data) as usize, *state),
            move |(at, known, ..)| {
                if let Some(plot) = &*plot.borrow() {
                    plot.at(*at, *known);
                }
            },
        );
    }
    let at = pointed.unwrap_or(view.at.as_secs_f64());
    let said = seconds(lang, Time::from_secs_f64(at));
    html! {
        <div class="charts" ref={root}>
            { bar(lang, &data, &picked, &as_table, &said) }
            if data.panels.is_empty() {
                <p class="coming">{ text(lang, "charts.none") }</p>
            } else if *as_table {
                { table::tables(lang, &data.panels) }
            } else {
                if *state == Loading::Failed { <p class="coming">{ text(lang, "charts.failed-to-load") }</p> }
                <div class="panels" aria-busy={(*state != Loading::Done && *state != Loading::Failed).to_string()}>
                    { for data.panels.iter().map(|panel| figure(lang, panel, at, &said)) }
                </div>
            }
        </div>
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loading {
    Not,
    Begun,
    Done,
    Failed,
}

/// What is chosen, of what there is.
fn bar(
    lang: Lang,
    data: &Data,
    picked: &UseStateHandle<Option<String>>,
    as_table: &UseStateHandle<bool>,
    said: &str,
) -> Html {
    let change = {
        let picked = picked.clone();
        Callback::from(move |event: Event| {
            if let Some(select) =
                event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok())
            {
                picked.set(Some(select.value()));
            }
        })
    };
    let toggle = {
        let as_table = as_table.clone();
        Callback::from(move |_: MouseEvent| as_table.set(!*as_table))
    };
    let mut groups: Vec<Group> = data.choices.iter().map(|choice| choice.group).collect();
    groups.dedup();
    let group = |group: Group| {
        let options = data.choices.iter().enumerate().filter(|(_, choice)| choice.group == group);
        html! {
            <optgroup label={text(lang, group.key())}>
                { for options.map(|(index, choice)| html! {
                    <option value={choice.id.clone()} selected={data.chosen == Some(index)}>{ choice.name.clone() }</option>
                }) }
            </optgroup>
        }
    };
    if data.choices.is_empty() {
        return Html::default();
    }
    html! {
        <div class="charts-bar">
            <label>{ text(lang, "charts.of") }{ " " }
                <select onchange={change}>{ for groups.into_iter().map(group) }</select>
            </label>
            <button type="button" class="plain" aria-pressed={as_table.to_string()} onclick={toggle}>{ text(lang, "charts.table") }</button>
            <span class="space"></span>
            <span class="charts-at">{ said.to_owned() }</span>
        </div>
    }
}

/// A chart with the values of its lines at an instant.
fn figure(lang: Lang, panel: &Panel, at: f64, said: &str) -> Html {
    let place = panel.at(at);
    let value = |line: &Line| {
        place
            .and_then(|place| line.values.get(place).copied().flatten())
            .map_or_else(|| "–".to_owned(), number)
    };
    let values: Vec<String> =
        panel.lines.iter().map(|line| [&*line.name, " ", &value(line)].concat()).collect();
    let (title, unit) = (text(lang, panel.title), text(lang, unit_key(panel.unit)));
    let about = fill(
        lang,
        "charts.about",
        &[("title", title), ("unit", unit), ("t", said), ("values", &values.join(", "))],
    );
    html! {
        <figure>
            <figcaption aria-hidden="true">
                <b>{ title }</b><em>{ unit }</em>
                <span class="keys">
                    { for panel.lines.iter().map(|line| html! {
                        <span class="key">
                            <svg viewBox="0 0 16 4" class={look_name(line.look)}><path d="M0 2H16" /></svg>
                            { line.name.clone() }{ " " }<b>{ value(line) }</b>
                        </span>
                    }) }
                </span>
            </figcaption>
            <div class="plot" role="img" aria-label={about}></div>
        </figure>
    }
}

/// Key of a unit's name.
fn unit_key(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "charts.unit.count",
        Unit::PerSecond => "charts.unit.per-second",
        Unit::Milliseconds => "charts.unit.milliseconds",
        Unit::Percent => "charts.unit.percent",
        Unit::Millicores => "charts.unit.millicores",
    }
}

/// What a look is called in the style sheet and in charts.ts.
fn look_name(look: Look) -> &'static str {
    match look {
        Look::Ink(1) => "ink1",
        Look::Ink(2) => "ink2",
        Look::Ink(_) => "ink3",
        Look::Revision(1) => "r1",
        Look::Revision(2) => "r2",
        Look::Revision(3) => "r3",
        Look::Revision(4) => "r4",
        Look::Revision(5) => "r5",
        Look::Revision(_) => "r6",
        Look::Failure(0) => "err0",
        Look::Failure(1) => "err1",
        Look::Failure(2) => "err2",
        Look::Failure(_) => "err3",
        Look::Target => "target",
    }
}

/// `0.25`, `4.5`, `1,204`
fn number(value: f64) -> String {
    let hundredths = (value.max(0.0) * 100.0).round() as u64;
    match hundredths {
        0..100 if !hundredths.is_multiple_of(10) => format!("0.{hundredths:02}"),
        0..10_000 => {
            let tenths = (hundredths + 5) / 10;
            if tenths.is_multiple_of(10) {
                (tenths / 10).to_string()
            } else {
                format!("{}.{}", tenths / 10, tenths % 10)
            }
        }
        _ => count((hundredths + 50) / 100),
    }
}
