//! The icons, each with a job. They take the colour of the text around them.

use yew::prelude::*;

fn outline(path: &'static str) -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d={path} /></svg>
    }
}

fn solid(path: &'static str) -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true"><path d={path} /></svg>
    }
}

/// The mark of the project: four pods, one of them pending.
pub fn logo() -> Html {
    html! {
        <svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
            <rect x="1.3" y="1.3" width="7" height="7" rx="1.6" fill="currentColor" />
            <rect x="11.7" y="1.3" width="7" height="7" rx="1.6" fill="currentColor" />
            <rect x="1.3" y="11.7" width="7" height="7" rx="1.6" stroke-dasharray="2.6 1.8" />
            <rect x="11.7" y="11.7" width="7" height="7" rx="1.6" fill="currentColor" />
        </svg>
    }
}

/// Start the clock.
pub fn play() -> Html {
    solid("M4.5 2.6v10.8c0 .5.5.8.9.5l8-5.4c.4-.2.4-.8 0-1l-8-5.4c-.4-.3-.9 0-.9.5z")
}

/// Stop the clock.
pub fn pause() -> Html {
    solid("M4 3h3v10H4zM9 3h3v10H9z")
}

/// To the beginning.
pub fn to_start() -> Html {
    outline("M8.5 3.5L4 8l4.5 4.5M13 3.5L8.5 8l4.5 4.5")
}

/// To the event before.
pub fn step_back() -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
            <path d="M3 3h1.8v10H3zM13 3.4v9.2c0 .4-.4.6-.7.4L6 8.4a.5.5 0 010-.8l6.3-4.6c.3-.2.7 0 .7.4z" />
        </svg>
    }
}

/// To the next event.
pub fn step() -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
            <path d="M11.2 3H13v10h-1.8zM3 3.4v9.2c0 .4.4.6.7.4L10 8.4a.5.5 0 000-.8L3.7 3c-.3-.2-.7 0-.7.4z" />
        </svg>
    }
}

/// To the end.
pub fn to_end() -> Html {
    outline("M7.5 3.5L12 8l-4.5 4.5M3 3.5L7.5 8 3 12.5")
}

/// Ways side by side.
pub fn lanes() -> Html {
    outline("M2 3.5h12M2 8h12M2 12.5h12M9.5 2v3M5.5 6.5v3M11.5 11v3")
}

/// Another future from here.
pub fn branch() -> Html {
    outline("M3.5 14V4M1.5 6l2-2.2 2 2.2M3.5 10c0-4 3-5 8-5M9.5 3l2.2 2-2.2 2")
}

/// Lessons.
pub fn book() -> Html {
    outline(
        "M8 3.6C6.5 2.6 4.5 2.4 1.8 2.5v10c2.7-.1 4.7.1 6.2 1.1 1.5-1 3.5-1.2 6.2-1.1v-10C11.5 2.4 9.5 2.6 8 3.6zM8 3.6v10",
    )
}

/// Light theme.
pub fn sun() -> Html {
    outline(
        "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3.1 3.1l1 1M11.9 11.9l1 1M3.1 12.9l1-1M11.9 4.1l1-1",
    )
}

/// Dark theme.
pub fn moon() -> Html {
    outline("M13.5 9.6A6 6 0 016.4 2.5a6 6 0 107.1 7.1z")
}

/// Share.
pub fn share() -> Html {
    outline("M8 10V1.8M5 4.5l3-2.8 3 2.8M3 8v5.5h10V8")
}

/// Close.
pub fn close() -> Html {
    outline("M3.5 3.5l9 9M12.5 3.5l-9 9")
}

/// Fold downwards.
pub fn down() -> Html {
    outline("M3.5 6l4.5 4.5L12.5 6")
}

/// Unfold upwards.
pub fn up() -> Html {
    outline("M3.5 10L8 5.5l4.5 4.5")
}

/// Fold to the left.
pub fn left() -> Html {
    outline("M10 3.5L5.5 8l4.5 4.5")
}

/// The text.
pub fn lines() -> Html {
    outline("M2.5 4h11M2.5 8h7M2.5 12h9")
}

/// The inspector.
pub fn lens() -> Html {
    outline("M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.4 3.4")
}

/// A problem.
pub fn wrong() -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
            stroke-linecap="round" aria-hidden="true">
            <circle cx="8" cy="8" r="6.5" /><path d="M8 4.5v4M8 11.2v.1" />
        </svg>
    }
}

/// The full view.
pub fn full() -> Html {
    outline("M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4")
}

/// Opens elsewhere.
pub fn elsewhere() -> Html {
    outline("M6.5 3H3v10h10V9.5M9 2.5h4.5V7M13.5 2.5L7.5 8.5")
}

/// What a person did: a flag.
pub fn flag() -> Html {
    html! {
        <svg width="12" height="14" viewBox="0 0 12 14" fill="currentColor" aria-hidden="true">
            <path d="M1 1h1.4v12.5H1zM2.4 1h8l-2 2.7 2 2.7h-8z" />
        </svg>
    }
}
