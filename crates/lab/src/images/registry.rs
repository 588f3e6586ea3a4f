//! The registry of a lab: which images were pushed to it, and as what those behave that were built from certain files.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::Str;
use opscape_manifest::lab::{self, Build};

use super::LabImages;
use super::known::Reference;

/// An image as somebody built it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Built {
    /// `sha256:...`.
    pub digest: Str,
    /// The image of the Lab document as which it behaves; none: as its name says.
    pub behaves_as: Option<Str>,
    /// The commit that it was built from; empty: nobody knows.
    pub commit: Str,
}

/// What a registry has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registry {
    /// The host whose images it has; none: any image can be pulled, and what is pushed is only noted.
    host: Option<Str>,
    builds: Arc<[Build]>,
    /// By the full name with its tag.
    images: Arc<BTreeMap<Str, Built>>,
}

impl Registry {
    /// As a Lab document says.
    pub(crate) fn new(said: Option<&lab::Registry>) -> Registry {
        let Some(said) = said else { return Registry::default() };
        let images = said.images.iter().map(|image| {
            let digest = digest(image);
            (full(image), Built { digest, ..Built::default() })
        });
        Registry {
            host: Some(said.host.clone()),
            builds: said.builds.as_slice().into(),
            images: Arc::new(images.collect()),
        }
    }

    /// An image that was pushed, or was there from the beginning.
    pub fn get(&self, image: &str) -> Option<&Built> {
        self.images.get(&full(image))
    }

    /// All of them, by name.
    pub fn images(&self) -> impl Iterator<Item = (&Str, &Built)> {
        self.images.iter()
    }

    /// Whether it would have this image if it was there.
    pub fn serves(&self, image: &str) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        let full = full(image);
        !host.is_empty() && full.strip_prefix(host).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether it does not have an image that it would have.
    pub fn lacks(&self, image: &str) -> bool {
        self.serves(image) && self.get(image).is_none()
    }

    /// An image was pushed.
    pub(crate) fn push(&mut self, image: &str, built: Built) {
        Arc::make_mut(&mut self.images).insert(full(image), built);
    }

    /// As which image one behaves that is built from these files.
    pub(crate) fn behaves_as(&self, image: &str, files: &BTreeMap<String, String>) -> Option<Str> {
        let repository = Reference::parse(image).repository;
        let fits = |build: &&Build| {
            build.image.as_deref().is_none_or(|wanted| wanted == repository)
                && build.file.as_deref().is_none_or(|file| {
                    let text = files.get(file);
                    text.is_some_and(|text| text.contains(build.contains.as_deref().unwrap_or_default()))
                })
        };
        self.builds.iter().find(fits).map(|build| build.behaves_as.clone())
    }
}

/// The name with registry and tag, as in the registry.
pub(crate) fn full(image: &str) -> Str {
    Reference::parse(image).full().as_str().into()
}

/// The host of an image's registry.
pub(crate) fn host_of(image: &str) -> Str {
    full(image).split('/').next().unwrap_or_default().into()
}

/// A digest that follows from a text: FNV-1a, four times over, each with another beginning.
pub(crate) fn digest(text: &str) -> Str {
    ["sha256:", &hexadecimal(text, 64)].concat().as_str().into()
}

/// So many hexadecimal digits that follow from a text.
pub(crate) fn hexadecimal(text: &str, digits: usize) -> String {
    let mut result = String::new();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    while result.len() < digits {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // The high bits of FNV are the better ones.
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        result.extend([format!("{:016x}", mixed ^ (mixed >> 32))]);
    }
    result.truncate(digits);
    result
}

impl LabImages {
    /// With the registry of a Lab document.
    #[must_use]
    pub fn with_registry(self, said: Option<&lab::Registry>) -> Self {
        LabImages { registry: Registry::new(said), ..self }
    }

    /// What was pushed.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The same after somebody pushed an image.
    pub(crate) fn pushed(&self, image: &str, built: Built) -> LabImages {
        let mut images = self.clone();
        images.registry.push(image, built);
        images
    }

    /// The name by which an image's behaviour is found.
    pub(super) fn named<'a>(&'a self, image: &'a str) -> &'a str {
        self.registry.get(image).and_then(|built| built.behaves_as.as_deref()).unwrap_or(image)
    }
}
