//! The stage: what runs where at this instant.

mod ask;
mod board;
mod cells;
mod far;
mod flows;
mod front;
mod keys;
mod layout;
mod links;
mod menu;
mod painter;
mod parts;
mod rivers;
mod routes;
mod slots;

use std::rc::Rc;

use opscape_lab::scene::{Level, PodState};
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use yew::prelude::*;

pub use ask::ask_panel;
pub use board::pod_key;
use front::{object_of, route_key, send_key};
pub use routes::url_of;

use crate::browser;
use crate::draw::colour_class;
use crate::glyph::{Look, icon};
use crate::pipelines::Board;
use crate::session::{Detail, Session, View};
use crate::size::use_size;
use board::key_of;
use layout::Layout;
use slots::Slots;

/// The stage with its header and legend.
pub fn stage(session: &Session, view: &Rc<View>) -> Html {
    html! {
        <section class="panel stage" aria-label={view.word("ui.stage")}>
            { header(session, view) }
            if view.detail == Detail::Pipelines && !view.scene.pipelines.is_empty() {
                <Board session={session.clone()} view={view.clone()} />
            } else {
                <Picture session={session.clone()} view={view.clone()} />
                { ask_panel(session, view) }
                { legend(view) }
            }
        </section>
    }
}

fn header(session: &Session, view: &View) -> Html {
    let namespaces: Vec<&str> = view.scene.namespaces.iter().map(|name| &**name).collect();
    let segment = |detail: Detail, key: &'static str| {
        let session = session.clone();
        html! {
            <button type="button" aria-pressed={(view.detail == detail).to_string()} onclick={move |_| session.set_detail(detail)}>
                { view.word(key) }
            </button>
        }
    };
    html! {
        <header>
            if !namespaces.is_empty() {
                <><span class="faint label">{ "namespace" }</span><span class="name">{ namespaces.join(", ") }</span></>
            }
            if !view.scene.versions.is_empty() {
                <span class="rule"></span>
                <span class="versions">{ for versions(view).into_iter().map(|shown| html! {
                    <span class={colour_class(shown.colour)}>
                        <i class="swatch"></i><b class="rev-text">{ shown.name }</b><span class="quiet">{ shown.labels }</span>
                    </span>
                }) }</span>
            }
            <span class="space"></span>
            <span class="segments" role="group" aria-label={view.word("ui.show")}>
                { segment(Detail::Pods, "ui.pods") }
                { segment(Detail::Nodes, "ui.nodes") }
                { segment(Detail::Zones, "ui.zones") }
                if !view.scene.pipelines.is_empty() { { segment(Detail::Pipelines, "ui.pipelines") } }
            </span>
        </header>
    }
}

/// A version in the header: its colour, its name and the images that have it.
struct Shown {
    revision: u32,
    colour: u8,
    name: String,
    labels: String,
}

/// Those of one name and colour are one. Where the images are the names, there is nothing more to say.
fn versions(view: &View) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for version in view.scene.versions.iter().filter(|version| version.revision > 0) {
        let (revision, colour) = (version.revision, version.colour);
        let (mut name, mut labels) = (version.name.clone(), version.label.clone());
        // Where the tag is the name, the image says it.
        if labels.rsplit_once(':').is_some_and(|(_, tag)| *tag == *name) {
            name = std::mem::take(&mut labels);
        }
        match found.iter_mut().find(|shown| shown.name == name && shown.colour == colour) {
            Some(shown) if shown.labels.split(", ").any(|label| label == labels) => {}
            Some(shown) => shown.labels = [&*shown.labels, ", ", &labels].concat(),
            None => found.push(Shown { revision, colour, name, labels }),
        }
    }
    found.sort_by_key(|shown| (shown.revision, shown.colour));
    found
}

fn legend(view: &View) -> Html {
    let lost = view.scene.counts.of(PodState::Unknown) > 0;
    let entry = |state: PodState| {
        let look = Look { state, colour: 1, pulled: 0.4, phase: 1.0 };
        let word = match state {
            PodState::NotReady => view.word("ui.running-not-ready"),
            // With one more there is less room.
            PodState::Pulling if lost => view.word("ui.pulling"),
            _ => view.word(state.key()),
        };
        html! { <span>{ icon(look, 14.0) }{ word }</span> }
    };
    html! {
        <div class="legend" aria-hidden="true">
            { for PodState::ALL.into_iter().filter(|state| *state != PodState::Unknown || lost).map(entry) }
        </div>
    }
}

/// What the picture needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// To act.
    pub session: Session,
    /// To draw.
    pub view: Rc<View>,
}

/// The picture itself.
#[component]
pub fn Picture(props: &Props) -> Html {
    let Props { session, view } = props;
    let node = use_node_ref();
    let (width, height) = use_size(&node);
    let slots = use_mut_ref(Slots::default);
    let scale = use_mut_ref(flows::Scale::default);
    let focus = use_state(|| None::<ObjectKey>);
    let menu = use_state(|| None::<menu::Opened>);
    let route = use_state(|| None::<(ObjectKey, routes::At)>);

    let clicked = {
        let (session, focus, view) = (session.clone(), focus.clone(), view.clone());
        Callback::from(move |event: MouseEvent| {
            let key = target_key(&event);
            if key.is_some() {
                focus.set(key.clone());
            }
            if key.as_ref() == Some(&send_key()) {
                session.ask_for(routes::first_url(&view).filter(|_| view.ask.is_none()));
                return;
            }
            session.select(key.map(|key| object_of(&key).0));
        })
    };
    let context = {
        let (session, menu, node) = (session.clone(), menu.clone(), node.clone());
        Callback::from(move |event: MouseEvent| {
            let Some(key) = target_key(&event) else { return };
            event.prevent_default();
            let (key, _) = object_of(&key);
            session.select(Some(key.clone()));
            let (x, y) = within(&node, f64::from(event.client_x()), f64::from(event.client_y()));
            menu.set(Some(menu::Opened { key, x, y }));
        })
    };
    let keyed = {
        let (session, view, focus, menu, node) =
            (session.clone(), view.clone(), focus.clone(), menu.clone(), node.clone());
        Callback::from(move |event: KeyboardEvent| {
            let from = event.target_dyn_into::<web_sys::Element>();
            match keys::pressed(&session, &view, &node, from.as_ref(), &event) {
                keys::Answer::Focus(key) => focus.set(Some(key)),
                keys::Answer::Menu(opened) => menu.set(Some(opened)),
                keys::Answer::Nothing => {}
            }
        })
    };
    // What is pointed at, or has the focus: of a rule it is said what it matches.
    let pointed = {
        let (route, node) = (route.clone(), node.clone());
        move |event: &Event| {
            let row = event.target_dyn_into::<web_sys::Element>();
            let row = row.and_then(|element| element.closest("[data-route], .entry > [data-key]").ok()?);
            let found = row.and_then(|row| {
                let key = key_of(&row.get_attribute("data-key")?)?;
                let frame = row.get_bounding_client_rect();
                let stage = node.cast::<web_sys::Element>()?.get_bounding_client_rect();
                // Where there is no room below, the card stands above.
                let above = frame.bottom() + routes::CARD > stage.bottom();
                let edge = if above { frame.top() - 6.0 } else { frame.bottom() + 6.0 };
                let (x, y) = within(&node, frame.left() + 8.0, edge);
                Some((key, routes::At { x, y, above }))
            });
            if found != *route {
                route.set(found);
            }
        }
    };
    let (hovered, focused) = {
        let (by_mouse, by_focus) = (pointed.clone(), pointed);
        (
            Callback::from(move |event: MouseEvent| by_mouse(&event)),
            Callback::from(move |event: FocusEvent| by_focus(&event)),
        )
    };
    let left = {
        let route = route.clone();
        Callback::from(move |_: MouseEvent| route.set(None))
    };
    let close = {
        let menu = menu.clone();
        Callback::from(move |()| menu.set(None))
    };

    let scene = &view.scene;
    let canvas = matches!(scene.level, Level::Far | Level::Bars);
    let lit = route.as_ref().and_then(|(key, ..)| {
        let (object, field) = object_of(key);
        flows::Lit::of(scene, &object, field)
    });
    let content = if width < 10.0 {
        Html::default()
    } else if scene.nodes.is_empty() && scene.tray.is_empty() && scene.services.is_empty() {
        empty(view, width, height)
    } else if canvas {
        html! { <cells::Cells session={session.clone()} view={view.clone()} width={width} height={height} lit={lit} /> }
    } else {
        let mut slots = slots.borrow_mut();
        slots.update(scene, view.playing, browser::milliseconds());
        let layout = Rc::new(Layout::new(scene, &slots, width, height));
        let k = scale.borrow_mut().update(scene, &layout);
        let still = view.speed >= 20.0 || browser::reduced_motion();
        let first = scene.nodes.first().map(|node| ObjectKey {
            kind: "Node".into(),
            namespace: "".into(),
            name: node.name.clone(),
        });
        let focus =
            (*focus).clone().or_else(|| view.selected.clone()).filter(|key| known(view, key)).or(first);
        let dashes = !browser::reduced_motion();
        let glides = view.playing && !still;
        board::Board { view, layout: &layout, k, dashes, focus: focus.as_ref(), glides, lit }.draw()
    };
    html! {
        <div class="scroll" ref={node} onclick={clicked} oncontextmenu={context} onkeydown={keyed}
            onmouseover={hovered} onfocusin={focused} onmouseleave={left} data-time={view.at.0.to_string()}>
            { content }
            { routes::table(view) }
            if let Some((key, at)) = &*route { { routes::card(view, key, *at) } }
            if let Some(opened) = &*menu {
                <menu::ActMenu session={session.clone()} view={view.clone()} opened={opened.clone()} {close} />
            }
        </div>
    }
}

/// Whether the scene draws this object.
fn known(view: &View, key: &ObjectKey) -> bool {
    let scene = &view.scene;
    match &*key.kind {
        "Send" => true,
        "Node" => scene.nodes.iter().any(|node| node.name == key.name),
        "Pod" => {
            let mut pods =
                scene.nodes.iter().flat_map(|node| &node.pods).chain(scene.tray.iter().map(|pod| &pod.pod));
            pods.any(|pod| pod.name == key.name && pod.namespace == key.namespace)
        }
        "Deployment" | "Rollout" | "ReplicaSet" => {
            scene.rollouts.iter().any(|strip| strip.workload == key.name && strip.namespace == key.namespace)
        }
        "Service" => {
            scene.services.iter().any(|card| card.name == key.name && card.namespace == key.namespace)
        }
        _ => scene.entries.iter().any(|card| {
            let same = card.name == key.name && card.namespace == key.namespace;
            same && (*card.kind == *key.kind || card.routes.iter().any(|row| route_key(card, row) == *key))
        }),
    }
}

fn target_key(event: &MouseEvent) -> Option<ObjectKey> {
    let element = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    key_of(&element.closest("[data-key]").ok()??.get_attribute("data-key")?)
}

/// A point of the window inside the scrolled content.
fn within(node: &NodeRef, x: f64, y: f64) -> (f64, f64) {
    let Some(element) = node.cast::<web_sys::Element>() else { return (x, y) };
    let frame = element.get_bounding_client_rect();
    (x - frame.left() + f64::from(element.scroll_left()), y - frame.top() + f64::from(element.scroll_top()))
}

/// Nothing is applied: the outline of one node and a line that says what to do.
fn empty(view: &View, width: f32, height: f32) -> Html {
    let (w, h) = (width.min(304.0) - 32.0, 122.0);
    let (x, y) = ((width - w) / 2.0, (height / 2.0 - h).max(16.0));
    html! {
        <>
            <svg width={crate::draw::px(width)} height={crate::draw::px(height - 4.0)} aria-hidden="true">
                <rect class="empty-outline" x={crate::draw::px(x)} y={crate::draw::px(y)} width={crate::draw::px(w)} height={crate::draw::px(h)} rx="6" />
            </svg>
            <p class="empty" style={format!("top:{}px", (y + h + 16.0) as i32)}>{ view.say("ui.empty", &[("key", browser::apply_key())]) }</p>
        </>
    }
}
