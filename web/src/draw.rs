//! Small things that drawing needs everywhere: numbers for attributes, classes of revisions, rich text.

use opscape_lab::words::{Rich, Style};
use yew::prelude::*;

/// A length in pixels for an attribute, to a tenth.
pub fn px(value: f32) -> String {
    let tenths = (value * 10.0).round() as i64;
    let (sign, tenths) = if tenths < 0 { ("-", -tenths) } else { ("", tenths) };
    if tenths % 10 == 0 {
        format!("{sign}{}", tenths / 10)
    } else {
        format!("{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

/// A number to a hundredth, as it is: `0.50`. Numbers are written from whole ones: the formatting of floats is a large
/// part of what a page would begin with.
pub fn hundredths(value: f32) -> String {
    let hundredths = (value * 100.0).round() as i64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The class that sets the colours of a revision (1 to 6).
pub fn colour_class(colour: u8) -> &'static str {
    match colour {
        2 => "v2",
        3 => "v3",
        4 => "v4",
        5 => "v5",
        6 => "v6",
        _ => "v1",
    }
}

/// A sentence with its strong parts and code.
pub fn rich(text: &Rich) -> Html {
    text.0
        .iter()
        .map(|span| match span.style {
            Style::Plain => html! { { span.text.clone() } },
            Style::Strong => html! { <b>{ span.text.clone() }</b> },
            Style::Code => html! { <code>{ span.text.clone() }</code> },
        })
        .collect()
}

/// `text` cut to fit a width at the given size of type, with an ellipsis; Hangul counts double.
pub fn fit(text: &str, width: f32, size: f32) -> String {
    let wide = |c: char| if c >= '\u{1100}' { size * 0.95 } else { size * 0.56 };
    let mut used = 0.0;
    let all: f32 = text.chars().map(wide).sum();
    if all <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        used += wide(c);
        if used > width - size * 0.7 {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
