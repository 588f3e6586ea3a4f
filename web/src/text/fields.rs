//! The documentation of API fields, from the files that are loaded when first asked for.

use js_sys::Reflect;
use opscape_manifest::schema::Type;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The files there are.
pub const GROUPS: [&str; 12] = [
    "apps",
    "autoscaling",
    "batch",
    "coordination",
    "core",
    "discovery",
    "meta",
    "networking",
    "policy",
    "rbac",
    "scheduling",
    "storage",
];

/// The text of the file of a group.
pub async fn load(base: &str, group: &str) -> Option<String> {
    crate::browser::fetched(&format!("{base}fields/{group}.json")).await
}

/// The documentation of `Type.field`, from the file of its group. What is our own is there in each language (`lang`).
pub async fn about(base: &str, name: &str, lang: &str) -> Option<JsValue> {
    let (ty, field) = name.split_once('.')?;
    let group_version = Type::named(ty)?.group_version;
    let group = match group_version.split_once('/') {
        None => "core",
        Some((group, _)) => group.split('.').next().unwrap_or(group),
    };
    let group = if group == "opscape" { [group, ".", lang].concat() } else { group.to_owned() };
    let window = web_sys::window()?;
    let answer = JsFuture::from(window.fetch_with_str(&format!("{base}fields/{group}.json"))).await.ok()?;
    let answer: web_sys::Response = answer.dyn_into().ok()?;
    let all = JsFuture::from(answer.json().ok()?).await.ok()?;
    let of_type = Reflect::get(&all, &ty.split('@').next().unwrap_or(ty).into()).ok()?;
    let text = Reflect::get(&of_type, &field.into()).ok()?;
    text.is_string().then_some(text)
}
