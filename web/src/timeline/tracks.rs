//! The tracks: replicas, events, what the user did, the axis. Dragging anywhere goes there.

use std::fmt::Write;
use std::rc::Rc;

use opscape_lab::tracks::{Ticks, WorkloadTrack};
use opscape_lab::words::{count, seconds};
use opscape_sim::Time;
use yew::prelude::*;

use super::areas::{self, Scale};
use super::transport::tenths;
use crate::draw::{colour_class, fit, px};
use crate::session::{Session, View, Window};
use crate::size::use_size;

/// What the tracks need.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    /// Without names and events: on a phone and in a widget.
    #[prop_or_default]
    pub small: bool,
}

/// Workloads drawn at most, and where there is less room; the one that is selected or moves comes first.
const LANES: (usize, usize) = (4, 3);

struct Frame {
    left: f32,
    right: f32,
    width: f32,
    /// Bottom of the areas.
    areas: f32,
    events: f32,
    you: f32,
    axis: f32,
    small: bool,
}

impl Frame {
    fn new(width: f32, height: f32, small: bool) -> Frame {
        if small || width < 620.0 {
            return Frame {
                left: 36.0,
                right: width - 14.0,
                width,
                areas: height - 25.0,
                events: 0.0,
                you: height - 23.0,
                axis: height - 10.0,
                small: true,
            };
        }
        Frame {
            left: 128.0,
            right: width - 16.0,
            width,
            areas: height - 72.0,
            events: height - 58.0,
            you: height - 34.0,
            axis: height - 10.0,
            small: false,
        }
    }
}

/// The tracks.
#[component]
pub fn Tracks(props: &Props) -> Html {
    let Props { session, view, small } = props;
    let node = use_node_ref();
    let (width, height) = use_size(&node);
    let tip = use_state(|| None::<(f32, String)>);
    {
        let session = session.clone();
        use_effect_with(width as u32, move |width| session.set_track_width(*width as f32));
    }
    let tracks = view.tracks.clone();
    let frame = Frame::new(width, height, *small);
    let scale = Scale {
        from: tracks.from,
        until: tracks.until,
        left: frame.left,
        width: frame.right - frame.left,
        bottom: frame.areas,
        unit: 1.0,
    };
    let place = {
        let node = node.clone();
        move |x: i32| {
            node.cast::<web_sys::Element>()
                .map_or(0.0, |element| (f64::from(x) - element.get_bounding_client_rect().left()) as f32)
        }
    };
    let down = {
        let (session, node, place) = (session.clone(), node.clone(), place.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(element) = node.cast::<web_sys::Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            session.drag_to(scale.time(place(event.client_x())));
        })
    };
    let moved = {
        let (session, node, view, tip) = (session.clone(), node.clone(), view.clone(), tip.clone());
        Callback::from(move |event: PointerEvent| {
            let x = place(event.client_x());
            let dragging = node
                .cast::<web_sys::Element>()
                .is_some_and(|element| element.has_pointer_capture(event.pointer_id()));
            if dragging {
                session.drag_to(scale.time(x));
                tip.set(None);
            } else if x >= scale.left {
                tip.set(Some((x, seconds(view.lang, scale.time(x)))));
            }
        })
    };
    let left = {
        let tip = tip.clone();
        Callback::from(move |_: PointerEvent| tip.set(None))
    };
    let wheel = {
        let (session, view, node) = (session.clone(), view.clone(), node.clone());
        Callback::from(move |event: WheelEvent| {
            let Some(element) = node.cast::<web_sys::Element>() else { return };
            event.prevent_default();
            let x = (f64::from(event.client_x()) - element.get_bounding_client_rect().left()) as f32;
            session.set_window(zoomed(&view, scale.time(x), event.delta_y(), event.delta_x()));
        })
    };
    let now = scale.x(view.at);
    let said = seconds(view.lang, view.at);
    html! {
        <div class="tracks" ref={node} role="slider" tabindex="0" aria-label={view.word("ui.time")} aria-valuemin="0"
            aria-valuemax={(view.known_until.0 / 1_000_000).to_string()} aria-valuenow={tenths(view.at)} aria-valuetext={said.clone()}
            onpointerdown={down} onpointermove={moved} onpointerleave={left} onwheel={wheel}>
            if width > 40.0 {
                <svg width={px(width)} height={px(height)} aria-hidden="true">
                    { hatched(view, &frame, scale) }
                    { replicas(view, &frame, scale) }
                    if !frame.small { { events(view, &frame, scale) } }
                    { flags(view, &frame, scale) }
                    { axis(view, &frame, scale) }
                    if now >= frame.left - 1.0 && now <= frame.right + 1.0 {
                        { playhead(&frame, now, &said) }
                    }
                </svg>
            }
            if let Some((x, text)) = &*tip {
                <div class="tip" style={format!("left:{}px;top:4px", (x + 10.0).min(width - 70.0) as i32)}>{ text }</div>
            }
        </div>
    }
}

/// The part of the timeline after a turn of the wheel: up and down zooms, sideways moves.
fn zoomed(view: &View, at: Time, dy: f64, dx: f64) -> Option<Window> {
    let (from, until) = (view.tracks.from.as_secs_f64(), view.tracks.until.as_secs_f64());
    let all = view.known_until.as_secs_f64().max(20.0) * 1.3;
    let span = until - from;
    let (from, span) = if dx.abs() > dy.abs() {
        (from + dx / 1000.0 * span, span)
    } else {
        let next = (span * (dy / 500.0).exp()).clamp(1.0, all);
        let at = at.as_secs_f64();
        (at - (at - from) * next / span, next)
    };
    if span >= all * 0.98 {
        return None;
    }
    let from = from.clamp(0.0, (all - span).max(0.0));
    Some(Window { from: Time::from_secs_f64(from), until: Time::from_secs_f64(from + span) })
}

/// What is not computed yet.
fn hatched(view: &View, frame: &Frame, scale: Scale) -> Html {
    let x = scale.x(view.known_until).max(frame.left);
    if x >= frame.right - 1.0 {
        return Html::default();
    }
    let bottom = frame.areas;
    let mut d = String::new();
    let mut at = x - bottom;
    while at < frame.right {
        let (x0, y0) = if at < x { (x, bottom - (x - at)) } else { (at, bottom) };
        let end = (at + bottom).min(frame.right);
        let y1 = bottom - (end - at);
        if y0 > 0.0 && end > x0 {
            let _ = write!(d, "M{} {}L{} {}", px(x0), px(y0), px(end), px(y1));
        }
        at += 7.0;
    }
    let text = view.say("ui.known-until", &[("t", &seconds(view.lang, view.known_until))]);
    html! {
        <>
            <path d={d} stroke="var(--line)" fill="none" />
            <path d={format!("M{} 0V{}", px(x), px(bottom))} stroke="var(--line-2)" stroke-dasharray="2 2" />
            if !frame.small && view.known_until > view.at && x - scale.x(view.at) > 130.0 {
                <text x={px(x - 6.0)} y="13" text-anchor="end" class="t-2 t-11">{ text }</text>
            }
        </>
    }
}

/// The workloads that get a lane.
fn lanes(view: &View, small: bool) -> Vec<&WorkloadTrack> {
    let tracks = &view.tracks.workloads;
    let moving = |track: &WorkloadTrack| {
        view.scene.rollouts.iter().any(|strip| {
            strip.workload == track.workload
                && strip.namespace == track.namespace
                && strip.state != opscape_lab::scene::RolloutState::Done
        })
    };
    let picked = |track: &WorkloadTrack| {
        view.selected.as_ref().is_some_and(|key| key.name.starts_with(&*track.workload))
    };
    let mut all: Vec<&WorkloadTrack> = tracks.iter().filter(|track| track.most > 0).collect();
    all.sort_by_key(|track| (!moving(track), !picked(track)));
    all.truncate(if small { LANES.1 } else { LANES.0 });
    all.sort_by(|a, b| (&a.namespace, &a.workload).cmp(&(&b.namespace, &b.workload)));
    all
}

fn replicas(view: &View, frame: &Frame, scale: Scale) -> Html {
    let lanes = lanes(view, frame.small);
    let pitch = frame.areas / lanes.len().max(1) as f32;
    let many = lanes.len() > 1;
    let lane = |(index, track): (usize, &&WorkloadTrack)| {
        let bottom = pitch * (index + 1) as f32;
        let room = pitch - if many { 6.0 } else { 10.0 };
        let most = track.most.max(1);
        let unit = room / most as f32;
        let scale = Scale { bottom, unit, ..scale };
        let wanted_now =
            track.wanted.iter().rev().find(|(at, _)| *at <= view.at).map_or(0, |(_, count)| *count);
        let until = view.known_until.min(scale.until);
        let at = view.at.clamp(scale.from, scale.until);
        let past = areas::areas(track, scale, scale.from, at);
        let draw = |area: &areas::Area| {
            html! {
                <path class={classes!("area", if area.ready { "ready" } else { "waiting" }, colour_class(area.colour))} d={area.path.clone()} />
            }
        };
        // Names come last, so that no line crosses them.
        let name = |area: &areas::Area| {
            let (x, y) = area.name_at.filter(|_| area.revision > 0)?;
            let state = view.word(if area.ready { "state.ready" } else { "state.notready" });
            Some(html! {
                <text x={px(x)} y={px(y)} class={classes!("area-name", (!area.ready).then_some("waiting"), colour_class(area.colour))}>
                    <tspan font-weight="600">{ &area.name }</tspan>
                    <tspan>{ format!(" {state}") }</tspan>
                </text>
            })
        };
        let outlines = view.tracks.branches.iter().flat_map(|branch| {
            branch
                .workloads
                .iter()
                .filter(|other| other.workload == track.workload && other.namespace == track.namespace)
                .flat_map(move |other| {
                    areas::areas(
                        other,
                        scale,
                        branch.left_at.max(scale.from),
                        branch.known_until.min(scale.until),
                    )
                })
        });
        let name_y =
            if frame.small { 0.0 } else { bottom - pitch + if many { pitch / 2.0 + 4.0 } else { 20.0 } };
        html! {
            <g>
                if !frame.small {
                    <>
                        if many {
                            <text x="16" y={px(name_y)} class="t-name">{ fit(&track.workload, 78.0, 12.0) }</text>
                        } else {
                            <>
                                <text x="16" y={px(name_y)} class="t-name">{ view.word("ui.replicas") }</text>
                                <text x="16" y={px(name_y + 16.0)} class="t-2 t-11">{ fit(&track.workload, 78.0, 11.0) }</text>
                            </>
                        }
                        if !many { <text x={px(frame.left - 8.0)} y={px(bottom - 1.0)} text-anchor="end" class="t-2 t-11">{ "0" }</text> }
                    </>
                }
                <text x={px(frame.left - 8.0)} y={px(scale.bottom - wanted_now as f32 * unit + 4.0)} text-anchor="end" class="t-11">{ if frame.small { brief(wanted_now) } else { count(u64::from(wanted_now)) } }</text>
                <path class="track-line" d={format!("M{} {}H{}", px(frame.left), px(bottom - 0.5), px(frame.right))} />
                { for past.iter().map(draw) }
                <g class="ahead">{ for areas::areas(track, scale, at, until).iter().map(draw) }</g>
                { for outlines.map(|area| html! { <g class={colour_class(area.colour)}><path class="area outline" d={area.path} /></g> }) }
                <path class="wanted" d={areas::wanted(track, scale, until)} />
                { for past.iter().filter_map(name) }
            </g>
        }
    };
    html! { <>{ for lanes.iter().enumerate().map(lane) }</> }
}

fn events(view: &View, frame: &Frame, scale: Scale) -> Html {
    let y = frame.events;
    let ahead = |at: Time| (at > view.at).then_some("ahead");
    let seen = |at: Time| at >= scale.from && at <= scale.until;
    let ticks = match &view.tracks.ticks {
        Ticks::Each(ticks) => ticks
            .iter()
            .filter(|tick| seen(tick.at))
            .map(|tick| {
                let x = px(scale.x(tick.at));
                if tick.warning {
                    html! {
                        <g class={ahead(tick.at)}>
                            <path class="tick warning" d={format!("M{x} {}v14", px(y - 7.0))} />
                            <path class="tick-head" d={format!("M{x} {}l-3.5 -5h7z", px(y - 4.0))} />
                        </g>
                    }
                } else {
                    html! { <path class={classes!("tick", ahead(tick.at))} d={format!("M{x} {}v13", px(y - 6.0))} /> }
                }
            })
            .collect::<Html>(),
        Ticks::Counts { width, bins } => {
            let most = bins.iter().map(|(all, _)| *all).max().unwrap_or(1).max(1) as f32;
            let step = width.as_micros() as u64;
            bins.iter()
                .enumerate()
                .filter(|(_, (all, _))| *all > 0)
                .map(|(index, (all, warnings))| {
                    let at = Time(scale.from.0 + index as u64 * step);
                    let (x, w) = (scale.x(at), (scale.x(Time(at.0 + step)) - scale.x(at) - 0.6).max(0.6));
                    let (h, bad) = ((*all as f32 / most * 16.0).max(1.0), *warnings as f32 / most * 16.0);
                    html! {
                        <g class={ahead(at)}>
                            <rect class="bin" x={px(x)} y={px(y + 7.0 - h)} width={px(w)} height={px(h)} />
                            if *warnings > 0 { <rect class="bin warning" x={px(x)} y={px(y + 7.0 - bad.max(1.0))} width={px(w)} height={px(bad.max(1.0))} /> }
                        </g>
                    }
                })
                .collect::<Html>()
        }
    };
    html! {
        <>
            <text x="16" y={px(y + 4.0)} class="t-name">{ view.word("ui.events") }</text>
            { ticks }
            <path class="track-line" d={format!("M16 {}H{}", px(y + 12.5), px(frame.right))} />
        </>
    }
}

fn flags(view: &View, frame: &Frame, scale: Scale) -> Html {
    let y = frame.you;
    let flags: Vec<_> =
        view.tracks.flags.iter().filter(|flag| flag.at >= scale.from && flag.at <= scale.until).collect();
    let drawn = flags.iter().enumerate().map(|(index, flag)| {
        let x = scale.x(flag.at);
        let end = flags.get(index + 1).map_or(frame.right, |next| scale.x(next.at));
        let room = end - x - 18.0;
        html! {
            <g class={flag.ahead.then_some("ahead")}>
                <path class="flag-pole" d={format!("M{} {}v{}", px(x), px(y - 7.0), if frame.small { "14" } else { "19" })} />
                <path class="flag-cloth" d={format!("M{} {}h8l-2 3.5 2 3.5h-8z", px(x), px(y - 7.0))} />
                if !frame.small && room > 24.0 {
                    <text x={px(x + 13.0)} y={px(y + 3.0)} class={flag.script.then_some("t-2")}>{ fit(&flag.label, room, 12.0) }</text>
                }
            </g>
        }
    });
    html! {
        <>
            if !frame.small {
                <>
                    <text x="16" y={px(y + 4.0)} class="t-name">{ view.word("ui.you") }</text>
                    <path class="track-line" d={format!("M16 {}H{}", px(y + 12.5), px(frame.right))} />
                </>
            }
            { for drawn }
        </>
    }
}

fn axis(view: &View, frame: &Frame, scale: Scale) -> Html {
    let span = scale.until.since(scale.from).as_secs_f64();
    let wanted = span / f64::from((frame.width / if frame.small { 90.0 } else { 125.0 }).max(2.0));
    let steps = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0,
        86400.0,
    ];
    let step = steps.into_iter().find(|step| *step >= wanted).unwrap_or(86400.0);
    let first = (scale.from.as_secs_f64() / step).ceil();
    let count = ((scale.until.as_secs_f64() / step) - first).floor() as i64;
    let now = scale.x(view.at);
    let marks = (0..=count).map(|index| {
        let at = (first + index as f64) * step;
        let x = scale.x(Time::from_secs_f64(at));
        let last = index == count;
        let text = if step < 1.0 { tenths(Time::from_secs_f64(at)) } else { (at.round() as i64).to_string() };
        let text = if last { seconds_short(view, &text) } else { text };
        let anchor = if x > frame.right - 14.0 { "end" } else if x < frame.left + 4.0 && !frame.small { "start" } else { "middle" };
        let middle = match anchor {
            "end" => x - 12.0,
            "start" => x + 12.0,
            _ => x,
        };
        if (middle - now).abs() < 38.0 {
            return Html::default();
        }
        html! { <text x={px(x)} y={px(frame.axis + 4.0)} text-anchor={anchor} class="t-2 t-11">{ text }</text> }
    });
    html! { <>{ for marks }</> }
}

/// A count where there is little room: `12k`.
fn brief(number: u32) -> String {
    if number < 10_000 { count(u64::from(number)) } else { format!("{}k", number / 1000) }
}

fn seconds_short(view: &View, number: &str) -> String {
    match view.lang {
        opscape_lab::words::Lang::En => format!("{number} s"),
        opscape_lab::words::Lang::Ko => format!("{number}초"),
    }
}

fn playhead(frame: &Frame, x: f32, said: &str) -> Html {
    let width = said.chars().map(|c| if c.is_ascii() { 7.0 } else { 12.0 }).sum::<f32>() + 12.0;
    let chip = (x - width / 2.0).clamp(0.0, frame.width - width);
    html! {
        <g>
            <path class="playhead" d={format!("M{} 0V{}", px(x), px(frame.axis - 8.0))} />
            <rect class="chip" x={px(chip)} y={px(frame.axis - 9.0)} width={px(width)} height="18" rx="4" />
            <text class="chip-text" x={px(chip + width / 2.0)} y={px(frame.axis + 4.5)} text-anchor="middle">{ said }</text>
        </g>
    }
}
