//! The stage as SVG: up to some 400 pods, each an element of its own that can be reached and read aloud.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use opscape_lab::scene::{Level, NodeCard, NodeHealth, PodGlyph, PodState};
use opscape_lab::words::{millicores, rate, span};
use opscape_manifest::api::{ObjectKey, Uid};
use yew::prelude::*;

use super::flows::{self, Flows};
use super::layout::{Layout, NodeBox};
use super::{front, parts};
use crate::draw::{fit, hundredths, px};
use crate::glyph::{Look, glyph};
use crate::session::View;

/// How long a change of state takes on the screen, in milliseconds.
const STATE_MS: f64 = 180.0;

/// What drawing needs to know.
pub struct Board<'a> {
    pub view: &'a View,
    pub layout: &'a Rc<Layout>,
    /// Pixels for each request per second.
    pub k: f32,
    /// Whether requests are seen to move.
    pub dashes: bool,
    /// The object that Tab reaches; the arrows move it.
    pub focus: Option<&'a ObjectKey>,
    /// Whether places glide.
    pub glides: bool,
    /// The entry or the rule that is pointed at.
    pub lit: Option<flows::Lit>,
}

/// The object of a pod.
pub fn pod_key(pod: &PodGlyph) -> ObjectKey {
    ObjectKey { kind: "Pod".into(), namespace: pod.namespace.clone(), name: pod.name.clone() }
}

/// The state in an attribute, as `ready`.
pub fn state_name(state: PodState) -> &'static str {
    state.key().trim_start_matches("state.")
}

/// An object in an attribute.
pub fn id_of(key: &ObjectKey) -> String {
    format!("{}/{}/{}", key.kind, key.namespace, key.name)
}

/// An object from an attribute.
pub fn key_of(id: &str) -> Option<ObjectKey> {
    let mut parts = id.splitn(3, '/');
    let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

/// An object's key.
pub fn key(kind: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.into() }
}

impl Board<'_> {
    /// Its classes.
    pub fn class(&self, base: &'static str, key: &ObjectKey) -> Classes {
        classes!(base, (self.view.selected.as_ref() == Some(key)).then_some("picked"))
    }

    /// 0 for the one that Tab reaches.
    pub fn tab_index(&self, key: &ObjectKey) -> &'static str {
        if self.focus == Some(key) { "0" } else { "-1" }
    }

    /// Everything.
    pub fn draw(&self) -> Html {
        let scene = &self.view.scene;
        let layout = self.layout;
        html! {
            <svg width={px(layout.width)} height={px(layout.height)} role="group" aria-label={self.view.word("ui.stage")}>
                if layout.narrow { { self.flows() } }
                { for scene.nodes.iter().zip(&layout.nodes).map(|(card, place)| self.card(card, place)) }
                if !layout.narrow { { self.flows() } }
                if let Some(rect) = layout.internet { { front::internet(self, rect) } }
                if let Some(rect) = layout.inside.filter(|rect| layout.internet != Some(*rect)) { { front::inside(self, rect) } }
                { for scene.entries.iter().zip(&layout.entries).map(|(card, place)| front::entry(self, card, place)) }
                { for scene.services.iter().zip(&layout.services).enumerate().map(|(index, (card, rect))| parts::service(self, index, card, *rect)) }
                { for scene.nodes.iter().zip(&layout.nodes).map(|(card, place)| self.pods(card, place)) }
                { self.probe() }
                { for scene.rollouts.iter().zip(&layout.rollouts).map(|(strip, rect)| parts::rollout(self, strip, *rect)) }
                if scene.counts.total() == 0 && scene.services.is_empty() && scene.rollouts.is_empty() {
                    <text x={px(layout.width / 2.0)} y={px(layout.nodes_end() + 40.0)} text-anchor="middle" class="t-2 t-13">
                        { self.view.say("ui.nothing-runs", &[("key", crate::browser::apply_key())]) }
                    </text>
                }
                if let Some(rect) = layout.tray {
                    { parts::tray(self, &scene.tray, scene.tray_more, rect) }
                }
            </svg>
        }
    }

    /// The requests on their way. All dashes share one offset, which follows the simulation's time.
    fn flows(&self) -> Html {
        let view = self.view;
        if view.scene.traffic.is_none() {
            return Html::default();
        }
        let run = -(view.at.as_secs_f64() * flows::SPEED / view.speed.max(1.0)) % 1e5;
        html! {
            <g class="flows" style={format!("--run:{}px", px(run as f32))} aria-hidden="true">
                <Flows scene={view.scene.clone()} layout={self.layout.clone()} k={self.k} dashes={self.dashes} lit={self.lit.clone()} />
            </g>
        }
    }

    /// The one request that a person sent, on its way to where it was answered.
    fn probe(&self) -> Html {
        let view = self.view;
        let Some(ask) = &view.ask else { return Html::default() };
        let (Some(sent), Some(answer)) = (&ask.sent, &ask.answer) else { return Html::default() };
        let Some(way) = flows::trip(&view.scene, self.layout, sent, answer) else { return Html::default() };
        let class = classes!("probe", answer.outcome.is_error().then_some("bad"));
        html! {
            <circle key={format!("probe{}", sent.at.0)} class={class} r="5" style={format!("offset-path:path('{way}')")} aria-hidden="true" />
        }
    }

    fn card(&self, node: &NodeCard, place: &NodeBox) -> Html {
        let view = self.view;
        let frame = place.frame;
        let key = key("Node", "", &node.name);
        let cpu = format!(
            "{} / {}",
            hundredths(node.cpu.requested as f32 / 1000.0),
            hundredths(node.cpu.allocatable as f32 / 1000.0)
        );
        let (word, bad) = self.health(node);
        let label = view.say(
            "ui.node-label",
            &[
                ("name", &node.name),
                ("n", &node.counts.total().max(node.pods.len() as u32).to_string()),
                ("cpu", &millicores(node.cpu.requested)),
                ("of", &millicores(node.cpu.allocatable)),
            ],
        );
        let word_width = if word.is_empty() {
            0.0
        } else {
            word.chars().count() as f32 * if word.is_ascii() { 6.2 } else { 11.0 } + 12.0
        };
        let name_room = match frame.w {
            240.0.. => frame.w * 0.4,
            170.0.. => frame.w - 84.0,
            _ => frame.w - 24.0,
        };
        let name = fit(&node.name, name_room, 13.0);
        let name_end = 12.0 + name.chars().count() as f32 * 7.2 + 10.0;
        // From the right: memory, numbers, cpu; what does not fit beside the name is left out.
        let mut right = frame.w - 12.0;
        let mut room = right - name_end - word_width;
        let mut take = |width: f32, needed: f32| {
            (room >= needed).then(|| {
                right -= width;
                room -= width;
                right
            })
        };
        let shares = self.shares(node);
        if !shares.is_empty() {
            take(f32::MAX, 0.0);
        }
        let memory = take(86.0, 250.0).map(|x| x + 40.0);
        let numbers = take(82.0, 130.0).map(|x| x + 74.0);
        let bar = take(46.0, 46.0).map(|x| x + 4.0);
        let cpu_word = take(26.0, 26.0).map(|x| x + 24.0);
        html! {
            <g key={node.name.to_string()} class={self.class("node", &key)} transform={format!("translate({} {})", px(frame.x), px(frame.y))}>
                <rect class={classes!("card", bad.then_some("lost"), node.cordoned.then_some("off"))} x=".5" y=".5" width={px(frame.w - 1.0)} height={px(frame.h - 1.0)} rx="6" />
                <g role="button" tabindex={self.tab_index(&key)} data-key={id_of(&key)} aria-label={format!("{label} {word}")}>
                    <rect class="head-target" x="2" y="2" width={px(frame.w - 4.0)} height="26" rx="5" />
                    <text x="12" y="19" class="t-name">{ name }</text>
                    if !word.is_empty() {
                        <text x={px(name_end)} y="19" class={if bad { "t-err t-11" } else { "t-2 t-11" }}>{ word }</text>
                    }
                    if !shares.is_empty() { <text x={px(frame.w - 12.0)} y="18" text-anchor="end" class="t-2 t-11">{ shares }</text> }
                    if let Some(x) = cpu_word { <text x={px(x)} y="18" text-anchor="end" class="t-2 t-11">{ "cpu" }</text> }
                    if let Some(x) = bar { { gauge(x, node.cpu.share(), 40.0) } }
                    if let Some(x) = numbers { <text x={px(x)} y="18" text-anchor="end" class="t-11">{ cpu }</text> }
                    if let Some(x) = memory {
                        <>
                            <text x={px(x - 6.0)} y="18" text-anchor="end" class="t-2 t-11">{ "mem" }</text>
                            { gauge(x, node.memory.share(), 46.0) }
                        </>
                    }
                </g>
            </g>
        }
    }

    /// What the pods of a node get, by version, on a phone: there it is not seen how wide the ribbons into a card are.
    fn shares(&self, node: &NodeCard) -> String {
        let Some(traffic) = self.view.scene.traffic.as_ref().filter(|_| self.layout.narrow) else {
            return String::new();
        };
        let mut versions: BTreeMap<String, f32> = BTreeMap::new();
        for pod in &node.pods {
            let flows = traffic.pods.iter().filter(|flow| flow.pod == pod.uid);
            let name = self.view.scene.version_name(&pod.namespace, &pod.workload, pod.revision);
            *versions.entry(name).or_default() += flows.map(|flow| flow.rate).sum::<f32>();
        }
        let words = versions.into_iter().filter(|(_, sent)| *sent > 0.0);
        let words: Vec<String> =
            words.map(|(name, sent)| [&name, " ", &rate(self.view.lang, sent)].concat()).collect();
        words.join(" · ")
    }

    fn health(&self, node: &NodeCard) -> (String, bool) {
        let view = self.view;
        match node.health {
            _ if node.stopped && node.health == NodeHealth::Ready => {
                (view.word("ui.node.stopped").to_owned(), true)
            }
            NodeHealth::NotReady => ("NotReady".to_owned(), true),
            NodeHealth::Unknown => (view.word("ui.node.lost").to_owned(), true),
            NodeHealth::Ready if node.cordoned => ("SchedulingDisabled".to_owned(), false),
            NodeHealth::Ready => (String::new(), false),
        }
    }

    fn pods(&self, node: &NodeCard, place: &NodeBox) -> Html {
        let places: BTreeMap<Uid, (f32, f32)> =
            place.pods.iter().map(|(uid, x, y)| (*uid, (*x, *y))).collect();
        let pods = node.pods.iter().filter_map(|pod| Some(self.pod(pod, *places.get(&pod.uid)?)));
        html! {
            <g key={node.name.to_string()} role="group" aria-label={node.name.to_string()}>{ for pods }</g>
        }
    }

    fn pod(&self, pod: &PodGlyph, (x, y): (f32, f32)) -> Html {
        let view = self.view;
        let side = self.layout.measures.side;
        let key = pod_key(pod);
        let (state, bad) = self.words_of(pod);
        let mut look = Look::of(pod, view.at);
        look.phase = view.phase(pod.since, STATE_MS);
        let picked = view.selected.as_ref() == Some(&key);
        let near = self.layout.level == Level::Near;
        let full = format!("{}, {}", pod.name, state);
        let middle = px(side / 2.0);
        html! {
            <g key={pod.uid.0.to_string()} class={classes!(self.class("pod", &key), self.glides.then_some("glides"))}
                style={format!("transform:translate({}px,{}px)", px(x), px(y))}
                role="button" tabindex={self.tab_index(&key)} data-key={id_of(&key)} aria-label={full.clone()}
                data-pod={pod.name.to_string()} data-state={state_name(pod.state)} data-revision={pod.revision.to_string()}>
                <rect class="head-target" x="-8" y="-5" width={px(side + 16.0)} height={px(if near { side + 36.0 } else { side + 8.0 })} />
                <rect class="ring" x="-3.5" y="-3.5" width={px(side + 7.0)} height={px(side + 7.0)} rx={px(side * 0.2 + 3.5)} />
                { glyph(look, side) }
                if near {
                    <text x={middle.clone()} y={px(side + 15.0)} text-anchor="middle" class={if picked { "t-11 t-b" } else { "t-11" }}>{ fit(pod.suffix(), 60.0, 11.0) }</text>
                    <text x={middle} y={px(side + 28.0)} text-anchor="middle" class={if bad { "t-11 t-err" } else { "t-11 t-2" }}>{ state }</text>
                } else {
                    <title>{ full }</title>
                }
            </g>
        }
    }

    /// What stands below a pod: a countdown if there is one, its state otherwise.
    fn words_of(&self, pod: &PodGlyph) -> (String, bool) {
        let view = self.view;
        // From ten seconds on without tenths: two of them stand side by side.
        let whole =
            |left: Duration| if left.as_secs() < 10 { left } else { Duration::from_secs(left.as_secs()) };
        let left = pod.left(view.at).map(|left| span(view.lang, whole(left)));
        if self.layout.narrow && pod.state == PodState::Ready {
            let flows = view.scene.traffic.iter().flat_map(|traffic| &traffic.pods);
            let sent: f32 = flows.filter(|flow| flow.pod == pod.uid).map(|flow| flow.rate).sum();
            if sent > 0.0 {
                return (rate(view.lang, sent), false);
            }
        }
        match (pod.state, left) {
            (PodState::Failing, Some(left)) => (view.say("ui.retry", &[("t", &left)]), true),
            (PodState::Terminating, Some(left)) => (view.say("ui.left", &[("t", &left)]), false),
            (PodState::Pulling, _) => (view.word("ui.pulling").to_owned(), false),
            (state, _) => {
                let bad = matches!(state, PodState::Failing | PodState::Unknown);
                (view.word(state.key()).to_owned(), bad)
            }
        }
    }
}

fn gauge(x: f32, share: f32, width: f32) -> Html {
    let class = if share > 0.95 { "gauge full" } else { "gauge" };
    html! {
        <>
            <rect class="gauge-back" x={px(x)} y="11.5" width={px(width)} height="5" rx="2.5" />
            <rect class={class} x={px(x)} y="11.5" width={px(width * share.clamp(0.0, 1.0))} height="5" rx="2.5" />
        </>
    }
}
