//! Widths of the panels, and the hairlines between them that can be dragged.

use yew::prelude::*;

use crate::browser;

/// A side that resizes and folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left.
    Text,
    /// Right.
    Inspector,
    /// Below.
    Dock,
}

impl Side {
    /// Key of its name.
    pub fn label(self) -> &'static str {
        match self {
            Side::Text => "ui.resize-text",
            Side::Inspector => "ui.resize-inspector",
            Side::Dock => "ui.resize-dock",
        }
    }

    fn limits(self) -> (f64, f64) {
        match self {
            Side::Text => (220.0, 900.0),
            Side::Inspector => (240.0, 640.0),
            Side::Dock => (220.0, 620.0),
        }
    }
}

/// Sizes in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panels {
    pub text: f64,
    pub inspector: f64,
    pub dock: f64,
    pub text_folded: bool,
    pub inspector_folded: bool,
    pub drawer_folded: bool,
}

impl Default for Panels {
    fn default() -> Self {
        Panels {
            text: 344.0,
            inspector: 328.0,
            dock: 268.0,
            text_folded: false,
            inspector_folded: false,
            drawer_folded: false,
        }
    }
}

/// Width of a folded panel.
const RAIL: f64 = 40.0;
/// Height of the dock without its drawer.
const DOCK_FOLDED: f64 = 191.0;

impl Panels {
    /// As the visitor left them.
    pub fn stored() -> Panels {
        let mut panels = Panels::default();
        let Some(stored) = browser::stored("panels") else { return panels };
        let numbers: Vec<f64> = stored.split(' ').filter_map(|number| number.parse().ok()).collect();
        if let [text, inspector, dock, folded] = numbers[..] {
            let within = |side: Side, size: f64| size.clamp(side.limits().0, side.limits().1);
            panels.text = within(Side::Text, text);
            panels.inspector = within(Side::Inspector, inspector);
            panels.dock = within(Side::Dock, dock);
            panels.text_folded = folded as u32 & 1 != 0;
            panels.inspector_folded = folded as u32 & 2 != 0;
        }
        panels
    }

    /// Remembers them.
    pub fn store(&self) {
        let folded = u32::from(self.text_folded) + 2 * u32::from(self.inspector_folded);
        browser::store(
            "panels",
            &format!("{:.0} {:.0} {:.0} {folded}", self.text, self.inspector, self.dock),
        );
    }

    /// With one side folded or unfolded.
    pub fn toggled(mut self, side: Side) -> Panels {
        match side {
            Side::Text => self.text_folded = !self.text_folded,
            Side::Inspector => self.inspector_folded = !self.inspector_folded,
            Side::Dock => self.drawer_folded = !self.drawer_folded,
        }
        self
    }

    fn size(&self, side: Side) -> f64 {
        match side {
            Side::Text => self.text,
            Side::Inspector => self.inspector,
            Side::Dock => self.dock,
        }
    }

    fn with(mut self, side: Side, size: f64) -> Panels {
        let size = size.clamp(side.limits().0, side.limits().1);
        match side {
            Side::Text => self.text = size,
            Side::Inspector => self.inspector = size,
            Side::Dock => self.dock = size,
        }
        self
    }

    /// As custom properties of the page.
    pub fn style(&self, drawer: bool, roomy: bool) -> String {
        let text = if self.text_folded { RAIL } else { self.text };
        let inspector = if self.inspector_folded { RAIL } else { self.inspector };
        // A terminal of three lines is none.
        let dock = if drawer { self.dock.max(if roomy { 360.0 } else { 0.0 }) } else { DOCK_FOLDED };
        // Beyond its first height the dock gives half of what it gains to the tracks.
        let tracks = if drawer && !roomy { 150.0 + ((self.dock - 268.0) / 2.0).max(0.0) } else { 150.0 };
        format!("--text:{text}px;--inspector:{inspector}px;--dock:{dock}px;--tracks:{tracks}px")
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub side: Side,
    pub panels: Panels,
    pub set: Callback<Panels>,
    pub label: &'static str,
}

/// A hairline with a wider hit area.
#[component]
pub fn Splitter(props: &Props) -> Html {
    let Props { side, panels, set, label } = props;
    let node = use_node_ref();
    let from = use_mut_ref(|| None::<(f64, f64)>);
    let moving = use_state(|| false);
    let (side, panels) = (*side, *panels);
    let hidden = match side {
        Side::Text => panels.text_folded,
        Side::Inspector => panels.inspector_folded,
        Side::Dock => panels.drawer_folded,
    };
    if hidden {
        return Html::default();
    }
    let along = move |event: &PointerEvent| {
        f64::from(if side == Side::Dock { event.client_y() } else { event.client_x() })
    };
    let down = {
        let (node, from, moving) = (node.clone(), from.clone(), moving.clone());
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            if let Some(element) = node.cast::<web_sys::Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            *from.borrow_mut() = Some((along(&event), panels.size(side)));
            moving.set(true);
        })
    };
    let drag = {
        let (from, set) = (from.clone(), set.clone());
        Callback::from(move |event: PointerEvent| {
            let Some((start, size)) = *from.borrow() else { return };
            let by = along(&event) - start;
            set.emit(panels.with(side, if side == Side::Text { size + by } else { size - by }));
        })
    };
    let up = {
        let (from, moving) = (from.clone(), moving.clone());
        Callback::from(move |_: PointerEvent| {
            from.borrow_mut().take();
            moving.set(false);
        })
    };
    let twice = {
        let set = set.clone();
        Callback::from(move |_: MouseEvent| set.emit(panels.with(side, Panels::default().size(side))))
    };
    let keyed = {
        let set = set.clone();
        Callback::from(move |event: KeyboardEvent| {
            let grow = if side == Side::Text { 1.0 } else { -1.0 };
            let by = match event.key().as_str() {
                "ArrowRight" | "ArrowDown" => 16.0 * grow,
                "ArrowLeft" | "ArrowUp" => -16.0 * grow,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            set.emit(panels.with(side, panels.size(side) + by));
        })
    };
    let (axis, name, orientation) = match side {
        Side::Text => ("v", "at-text", "vertical"),
        Side::Inspector => ("v", "at-inspector", "vertical"),
        Side::Dock => ("h", "at-dock", "horizontal"),
    };
    let (least, most) = side.limits();
    html! {
        <div ref={node} class={classes!("splitter", axis, name, moving.then_some("moving"))} role="separator" tabindex="0" aria-orientation={orientation}
            aria-label={*label} aria-valuenow={(panels.size(side) as i64).to_string()} aria-valuemin={least.to_string()} aria-valuemax={most.to_string()}
            onpointerdown={down} onpointermove={drag} onpointerup={up.clone()} onpointercancel={up} ondblclick={twice} onkeydown={keyed}></div>
    }
}
