//! The built-in labs: texts of `static/labs`. The first one is part of the program, because the page shows it when there is
//! nothing else; the others are loaded when they are asked for.

use opscape_lab::session::lab_of;
use opscape_lab::words::Lang;
use opscape_manifest::lab::Text;

use crate::browser;

/// Names of all of them, in the order of the menu.
pub const NAMES: &[&str] = &[
    "first-deployment",
    "rolling-update",
    "scaling",
    "bad-image",
    "crash-loop",
    "no-readiness",
    "liveness",
    "out-of-memory",
    "node-failure",
    "ingress-routing",
    "rollout-errors",
    "zero-downtime",
    "recreate",
    "blue-green",
    "argo-blue-green",
    "canary-replicas",
    "nginx-canary",
    "route-weights",
    "canary",
    "rollback-race",
    "choose-strategy",
    "expand-contract",
    "hpa",
    "cluster-autoscaler",
    "alb-group",
    "ingress-to-gateway",
    "ci-deploy",
    "push-to-canary",
];

const FIRST: &str = include_str!("../../static/labs/first-deployment.yaml");

/// What is shown when there is nothing else.
pub fn first() -> &'static str {
    FIRST
}

/// The text of a built-in lab. None: there is none of this name, or it could not be loaded.
pub async fn load(base: &str, name: &str) -> Option<String> {
    let (at, name) = NAMES.iter().enumerate().find(|(_, other)| **other == name)?;
    if at == 0 {
        return Some(FIRST.to_owned());
    }
    browser::fetched(&format!("{base}labs/{name}.yaml")).await
}

/// A text in a menu.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its text.
    pub text: String,
    title: Option<Text>,
    about: Option<Text>,
}

impl Entry {
    /// Of a text: what its Lab document says of it.
    pub fn new(text: String) -> Entry {
        let spec = lab_of(&opscape_manifest::check(&text)).unwrap_or_default();
        Entry { text, title: spec.title, about: spec.description }
    }

    /// Title and a sentence about it.
    pub fn words(&self, lang: Lang) -> (&str, &str) {
        fn get(text: Option<&Text>, lang: Lang) -> &str {
            text.map_or("", |text| text.in_language(lang.tag()))
        }
        (get(self.title.as_ref(), lang), get(self.about.as_ref(), lang))
    }
}

/// All labs with their titles, for the menu.
pub async fn entries(base: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for name in NAMES {
        if let Some(text) = load(base, name).await {
            entries.push(Entry::new(text));
        }
    }
    entries
}
