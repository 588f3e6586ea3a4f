//! The ribbons as SVG. They are drawn anew only when something about them changed; what moves in each frame is one offset
//! that all dashes share.

use std::rc::Rc;

use opscape_lab::scene::Scene;
use yew::prelude::*;

use super::super::layout::Layout;
use super::{Lit, Plan, Stroke, plan};
use crate::draw::{colour_class, px};

/// What ribbons are drawn from.
#[derive(Properties)]
pub struct Props {
    pub scene: Rc<Scene>,
    pub layout: Rc<Layout>,
    /// Pixels for each request per second.
    pub k: f32,
    /// Whether requests are seen to move.
    pub dashes: bool,
    /// What is pointed at: its ribbons stand out.
    pub lit: Option<Lit>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.scene, &*other.scene);
        let same_scene = Rc::ptr_eq(&self.scene, &other.scene)
            || (a.traffic == b.traffic && a.services == b.services && a.entries == b.entries);
        same_scene
            && self.k.to_bits() == other.k.to_bits()
            && self.dashes == other.dashes
            && self.lit == other.lit
            && (Rc::ptr_eq(&self.layout, &other.layout) || self.layout == other.layout)
    }
}

/// All ribbons.
#[component]
pub fn Flows(props: &Props) -> Html {
    let Plan { strokes, caps, arrows } = plan(&props.scene, &props.layout, props.k);
    let narrow = props.layout.narrow;
    // Where nothing of it flows, nothing stands back for it.
    let lit = props.lit.as_ref().filter(|lit| strokes.iter().any(|stroke| lit.holds(stroke.of)));
    let one = |stroke: &Stroke| {
        let mut class = match stroke.colour {
            0 => classes!("ribbon"),
            colour => classes!("ribbon", "of-version", colour_class(colour)),
        };
        if lit.is_some_and(|lit| !lit.holds(stroke.of)) {
            class.push("back");
        }
        let dash = (stroke.width * 0.45).clamp(1.2, 2.0);
        html! {
            <g key={stroke.key.clone()} class={class}>
                if stroke.colour > 0 && !narrow { <path class="casing" d={stroke.d.clone()} stroke-width={px(stroke.width + 2.4)} /> }
                <path class="body" d={stroke.d.clone()} stroke-width={px(stroke.width)} />
                if props.dashes {
                    { for stroke.dashes.iter().enumerate().map(|(row, d)| html! {
                        <path key={row} class={if row % 2 == 0 { "dashes" } else { "dashes odd" }} d={d.clone()} stroke-width={px(dash)}
                            stroke-dasharray={format!("3 {}", px(stroke.period - 3.0))} />
                    }) }
                }
                if let Some((d, width)) = &stroke.red { <path class="red" d={d.clone()} stroke-width={px(*width)} /> }
            </g>
        }
    };
    html! {
        <>
            { for strokes.iter().map(one) }
            { for caps.iter().map(|(x, y, h, _)| {
                let (w, h, x, y) = if narrow { (*h, 3.0, x - h / 2.0, y - 1.5) } else { (3.0, *h, x - 1.5, y - h / 2.0) };
                html! { <rect class="cap" x={px(x)} y={px(y)} width={px(w)} height={px(h)} rx="1" /> }
            }) }
            { for arrows.iter().map(|(x, y, up)| {
                let d = if *up {
                    format!("M{} {}l4 7m-4 -7l-4 7", px(*x), px(y - 1.0))
                } else {
                    format!("M{} {}l7 -4m-7 4l7 4", px(x - 1.0), px(*y))
                };
                html! { <path class="arrow" d={d} /> }
            }) }
        </>
    }
}
