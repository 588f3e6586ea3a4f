//! A link that holds the text, the seed, and what was done: the fragment `#t=...` is the text, deflated by the browser, as
//! base64url; `o` is the text that the world was opened with, where that is another one, `a` the acts since, and `at` the
//! instant that was looked at. The fragment never leaves the page.

use js_sys::{ArrayBuffer, Uint8Array};
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableWritablePair, Response};

use crate::compare::{Added, Source};

#[wasm_bindgen]
extern "C" {
    // Not in web-sys yet.
    type CompressionStream;
    #[wasm_bindgen(catch, constructor)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
    type DecompressionStream;
    #[wasm_bindgen(catch, constructor)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// The largest text that a link is taken for, in characters of the link.
const LONGEST: usize = 200_000;
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a link holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The text.
    pub text: String,
    /// The seed; none: the text's own.
    pub seed: Option<u64>,
    /// Which of the text's lanes it is; none: the first one.
    pub lane: Option<String>,
    /// What was done; none: nothing.
    pub done: Option<Done>,
}

/// What was done in a world, and which instant of it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The text that the world was opened with.
    pub opened: String,
    /// The acts since, as [`opscape_lab::Session::acts_text`] has them.
    pub acts: String,
    /// The instant.
    pub at: Time,
}

/// The text as a fragment. None: the browser cannot.
pub async fn fragment(shared: &Shared) -> Option<String> {
    let mut out = format!("#t={}", packed(&shared.text).await?);
    if let Some(seed) = shared.seed {
        out = [out, "&seed=".to_owned(), seed.to_string()].concat();
    }
    if let Some(lane) = &shared.lane {
        out = [out, "&lane=".to_owned(), packed(lane).await?].concat();
    }
    if let Some(done) = &shared.done {
        let acts = packed(&done.acts).await?;
        let opened = if done.opened == shared.text { String::new() } else { packed(&done.opened).await? };
        // What is too long for a link is left out: the text alone is something, too.
        if acts.len() + opened.len() <= LONGEST {
            out = [out, "&a=".to_owned(), acts, format!("&at={}", done.at.0)].concat();
            if !opened.is_empty() {
                out = [out, "&o=".to_owned(), opened].concat();
            }
        }
    }
    Some(out)
}

async fn packed(text: &str) -> Option<String> {
    Some(encode(&through(text.as_bytes(), true).await?))
}

async fn unpacked(value: &str) -> Option<String> {
    String::from_utf8(through(&decode(value)?, false).await?).ok()
}

/// The address of this page with the text in it, which the page's address becomes. None: the browser cannot.
pub async fn link(shared: &Shared) -> Option<String> {
    let fragment = fragment(shared).await?;
    let location = web_sys::window()?.location();
    let href = location.href().ok()?;
    let page = href.split('#').next()?;
    let _ = web_sys::window()?.history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&fragment));
    Some(format!("{page}{fragment}"))
}

/// What this page's address holds, as `#t=...`.
fn hash() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

fn part_of<'a>(hash: &'a str, name: &str) -> Option<&'a str> {
    let found = hash.split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
    found.map(|(_, value)| value).filter(|value| value.len() <= LONGEST)
}

/// The address of this page for a comparison, which the page's address becomes: `#compare=NAME` for a built-in one,
/// `#compare=lanes&t=...` for the lanes of a text, `#compare=runs&t=...&r=...` for futures; `with` are the lanes that
/// were added, `at` is the instant.
pub async fn compare_link(source: &Source, at: Time) -> Option<String> {
    let base = if let Source::More { base, .. } = source { base } else { source };
    let mut out = match base {
        Source::More { .. } => return None,
        Source::Text { name: Some(name), .. } => ["#compare=", name].concat(),
        Source::Text { text, .. } => ["#compare=lanes&t=", &packed(text).await?].concat(),
        Source::Runs { text, runs, until, .. } => {
            let runs = packed(&Source::runs_text(runs)).await?;
            ["#compare=runs&t=", &packed(text).await?, "&r=", &runs, "&until=", &until.0.to_string()].concat()
        }
    };
    if !source.added().is_empty() {
        out = [out, "&with=".to_owned(), packed(&Added::text_of(source.added())).await?].concat();
    }
    if let Some(seed) = source.seed() {
        out = [out, "&seed=".to_owned(), seed.to_string()].concat();
    }
    if at > Time::ZERO {
        out = [out, "&at=".to_owned(), at.0.to_string()].concat();
    }
    let window = web_sys::window()?;
    let href = window.location().href().ok()?;
    let page = href.split('#').next()?;
    let _ = window.history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&out));
    Some([page, &out].concat())
}

/// Lets the address name a built-in comparison, so that loading the page again shows it.
pub fn show_compared(source: &Source) {
    let Source::Text { name: Some(name), .. } = source else { return };
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&["#compare=", name].concat()));
    }
}

/// The comparison that this page's address asks for, and the instant.
pub async fn comparison_of_address() -> Option<(Source, Time)> {
    let hash = hash();
    let at = part_of(&hash, "at").and_then(|at| at.parse().ok()).map_or(Time::ZERO, Time);
    let seed = part_of(&hash, "seed").and_then(|seed| seed.parse().ok());
    let source = match part_of(&hash, "compare")? {
        "lanes" => Source::Text { text: unpacked(part_of(&hash, "t")?).await?, seed, name: None },
        "runs" => Source::Runs {
            text: unpacked(part_of(&hash, "t")?).await?,
            seed,
            runs: Source::runs_of(&unpacked(part_of(&hash, "r")?).await?)?,
            until: Time(part_of(&hash, "until")?.parse().ok()?),
        },
        name => {
            let text = crate::compare::load("", name).await?;
            Source::Text { text, seed, name: Some(name.to_owned()) }
        }
    };
    let Some(with) = part_of(&hash, "with") else { return Some((source, at)) };
    let mut more = Added::of_text(&unpacked(with).await?)?;
    for added in &mut more {
        if let Added::Way { name, text, .. } = added {
            *text = crate::compare::load("", name).await?;
        }
    }
    Some((source.with(more), at))
}

/// What this page's address holds.
pub async fn of_address() -> Option<Shared> {
    let hash = hash();
    let part = |name: &str| part_of(&hash, name);
    let text = unpacked(part("t")?).await?;
    let seed = part("seed").and_then(|seed| seed.parse().ok());
    let mut done = None;
    if let (Some(acts), Some(at)) = (part("a"), part("at").and_then(|at| at.parse().ok())) {
        let opened = match part("o") {
            Some(opened) => unpacked(opened).await,
            None => Some(text.clone()),
        };
        if let (Some(acts), Some(opened)) = (unpacked(acts).await, opened) {
            done = Some(Done { opened, acts, at: Time(at) });
        }
    }
    let lane = match part("lane") {
        Some(lane) => unpacked(lane).await,
        None => None,
    };
    Some(Shared { text, seed, lane, done })
}

/// Takes the text out of the address: it is another one now.
pub fn clear() {
    let Some(window) = web_sys::window() else { return };
    if window.location().hash().is_ok_and(|hash| !hash.is_empty())
        && let Ok(history) = window.history()
    {
        let path = window.location().pathname().unwrap_or_default();
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// Deflates or inflates.
async fn through(bytes: &[u8], deflate: bool) -> Option<Vec<u8>> {
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    let stream: ReadableStream = web_sys::Blob::new_with_u8_array_sequence(&parts).ok()?.stream();
    let pair: JsValue = if deflate {
        CompressionStream::new("deflate-raw").ok()?.into()
    } else {
        DecompressionStream::new("deflate-raw").ok()?.into()
    };
    let out = stream.pipe_through(pair.unchecked_ref::<ReadableWritablePair>());
    let answer = Response::new_with_opt_readable_stream(Some(&out)).ok()?;
    let buffer: ArrayBuffer = JsFuture::from(answer.array_buffer().ok()?).await.ok()?.dyn_into().ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 4);
    for part in bytes.chunks(3) {
        let word = part
            .iter()
            .enumerate()
            .fold(0_u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
        for index in 0..=part.len() {
            let sign = SIGNS.get((word >> (18 - 6 * index) & 63) as usize).copied().unwrap_or(b'A');
            out.push(char::from(sign));
        }
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for part in text.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for (index, sign) in part.iter().enumerate() {
            let value = SIGNS.iter().position(|other| other == sign)? as u32;
            word |= value << (18 - 6 * index);
        }
        for index in 0..part.len().saturating_sub(1) {
            out.push((word >> (16 - 8 * index)) as u8);
        }
    }
    Some(out)
}
