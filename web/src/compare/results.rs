//! The numbers of all lanes as a table with bars, and buttons that copy it and the chart.

use opscape_lab::compare::{Column, Table};
use opscape_lab::words::{Lang, text};
use yew::prelude::*;

use super::{Comparison, copying};
use crate::browser;
use crate::draw::px;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub comparison: Comparison,
    pub lang: Lang,
    /// Seconds measured, and the edition: the table is another one when they are.
    pub measured: usize,
    pub edition: u32,
    pub narrow: bool,
    pub dark: bool,
    /// Says something aloud.
    pub tell: Callback<AttrValue>,
}

/// The table.
#[component]
pub fn Results(props: &Props) -> Html {
    let Props { comparison, lang, narrow, tell, .. } = props;
    let word = |key: &'static str| text(*lang, key);
    let node = use_node_ref();
    let done = use_state(|| None::<&'static str>);
    let table = comparison.state().table();
    let finish = {
        let (done, tell, lang) = (done.clone(), tell.clone(), *lang);
        move |key: &'static str| {
            done.set(Some(key));
            tell.emit(text(lang, key).into());
            let done = done.clone();
            browser::after(4_000, move || done.set(None));
        }
    };
    let copy_text = |make: fn(&Table) -> String| {
        let (comparison, finish) = (comparison.clone(), finish.clone());
        Callback::from(move |_: MouseEvent| {
            let (written, finish) = (make(&comparison.state().table()), finish.clone());
            wasm_bindgen_futures::spawn_local(async move {
                finish(if browser::copy(&written).await { "compare.copied" } else { "compare.not-copied" });
            });
        })
    };
    let copy_picture = |kind: copying::Kind| {
        let (comparison, finish, node) = (comparison.clone(), finish.clone(), node.clone());
        Callback::from(move |_: MouseEvent| {
            let (comparison, finish, node) = (comparison.clone(), finish.clone(), node.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let Some(element) = node.cast::<web_sys::Element>() else { return };
                finish(copying::picture(&comparison, &element, kind).await);
            });
        })
    };
    let button = |key: &'static str, act: Callback<MouseEvent>| {
        html! { <button type="button" class="button small" onclick={act}>{ word(key) }</button> }
    };
    html! {
        <section class="results" aria-label={word("compare.results")} ref={node.clone()}>
            <header>
                <h2>{ word("compare.results") }</h2>
                <span class="space"></span>
                if let Some(key) = *done { <span class="done">{ word(key) }</span> }
                <span class="copy" role="group" aria-label={word("compare.copy-table")}>
                    <span class="quiet">{ word("compare.copy-table") }</span>
                    { button("compare.as-markdown", copy_text(Table::markdown)) }
                    { button("compare.as-tsv", copy_text(Table::tsv)) }
                </span>
                <span class="copy" role="group" aria-label={word("compare.copy-chart")}>
                    <span class="quiet">{ word("compare.copy-chart") }</span>
                    { button("compare.as-svg", copy_picture(copying::Kind::Svg)) }
                    { button("compare.as-png", copy_picture(copying::Kind::Png)) }
                    { button("compare.save", copy_picture(copying::Kind::File)) }
                </span>
            </header>
            { if *narrow { upright(&table, *lang) } else { flat(&table, *lang) } }
        </section>
    }
}

/// A row for each lane.
fn flat(table: &Table, lang: Lang) -> Html {
    html! {
        <table>
            <thead><tr>
                <th scope="col"><span class="spoken">{ text(lang, "compare.lane") }</span></th>
                { for table.columns.iter().map(|column| html! { <th scope="col" title={column.about}>{ column.title }</th> }) }
            </tr></thead>
            <tbody>{ for table.lanes.iter().enumerate().map(|(index, name)| html! {
                <tr><th scope="row">{ name }</th>{ for table.columns.iter().map(|column| cell(column, index, true)) }</tr>
            }) }</tbody>
        </table>
    }
}

/// A row for each measure, where there is little room.
fn upright(table: &Table, lang: Lang) -> Html {
    html! {
        <table class="upright">
            <thead><tr>
                <th scope="col"><span class="spoken">{ text(lang, "compare.measure") }</span></th>
                { for table.lanes.iter().map(|name| html! { <th scope="col">{ name }</th> }) }
            </tr></thead>
            <tbody>{ for table.columns.iter().map(|column| html! {
                <tr><th scope="row">{ column.title }</th>{ for (0..table.lanes.len()).map(|index| cell(column, index, false)) }</tr>
            }) }</tbody>
        </table>
    }
}

fn cell(column: &Column, index: usize, bar: bool) -> Html {
    let value = column.values.get(index).copied().flatten();
    let share = value.map_or(0.0, |value| value / column.most().max(f64::MIN_POSITIVE));
    let written = column.cells.get(index).cloned().unwrap_or_default();
    html! {
        <td class={classes!(column.key, column.is_best(index).then_some("best"))}>
            <span class="cell"><span class="value">{ written }</span>
                if bar { <span class="meter" aria-hidden="true"><i style={format!("width:{}%", px((share * 100.0) as f32))}></i></span> }
            </span>
        </td>
    }
}
