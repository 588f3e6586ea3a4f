//! The marks of a job's state: shape says it, not colour alone.

use opscape_lab::pipelines::JobState;
use yew::prelude::*;

use crate::draw::px;

/// A mark as an image of its own.
pub fn icon(state: JobState) -> Html {
    html! { <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{ mark(state, 8.0, 8.0) }</svg> }
}

/// A mark around a point, for a drawing.
pub fn mark(state: JobState, x: f32, y: f32) -> Html {
    let (ring, path) = match state {
        JobState::Planned | JobState::Waiting => ("ring open", ""),
        JobState::Manual => ("ring", "M-1.6-3l4.6 3-4.6 3z"),
        JobState::Delayed | JobState::Queued => ("ring", "M0-3.2V0l2.4 1.6"),
        JobState::Running => ("ring part", ""),
        JobState::Succeeded => ("disc", "M-3 .2l2.1 2.1L3.1-2.2"),
        JobState::Failed => ("disc bad", "M-2.4-2.4l4.8 4.8M2.4-2.4l-4.8 4.8"),
        JobState::Excused => ("disc warn", "M0-3.2v3.6M0 2.9v.2"),
        JobState::Cancelled => ("disc", "M-3 0h6"),
        JobState::Skipped => ("ring dashed", "M-2.6 2.6l5.2-5.2"),
    };
    html! {
        <g class={classes!("job-mark", state.name())} transform={format!("translate({} {})", px(x), px(y))}>
            <circle class={ring} r="6.5" />
            if !path.is_empty() { <path d={path} /> }
        </g>
    }
}
