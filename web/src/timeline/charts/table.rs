//! The charts as tables.

use opscape_lab::charts::Panel;
use opscape_lab::words::{Lang, text};
use opscape_sim::Time;
use yew::prelude::*;

use super::{number, unit_key};
use crate::timeline::transport::tenths;

/// A table for each chart: a row for each instant, a column for each line.
pub(super) fn tables(lang: Lang, panels: &[Panel]) -> Html {
    html! { <div class="tables">{ for panels.iter().map(|panel| table(lang, panel)) }</div> }
}

fn table(lang: Lang, panel: &Panel) -> Html {
    let row = |(index, at): (usize, &f64)| {
        html! {
            <tr>
                <th scope="row">{ tenths(Time::from_secs_f64(*at)) }</th>
                { for panel.lines.iter().map(|line| {
                    let value = line.values.get(index).copied().flatten();
                    html! { <td>{ value.map_or_else(|| "–".to_owned(), number) }</td> }
                }) }
            </tr>
        }
    };
    html! {
        <table>
            <caption>{ text(lang, panel.title) }{ ", " }{ text(lang, unit_key(panel.unit)) }</caption>
            <thead><tr>
                <th scope="col">{ text(lang, "charts.time") }</th>
                { for panel.lines.iter().map(|line| html! { <th scope="col">{ line.name.clone() }</th> }) }
            </tr></thead>
            <tbody>{ for panel.times.iter().enumerate().map(row) }</tbody>
        </table>
    }
}
