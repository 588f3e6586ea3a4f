//! The registry of a lab: which images are there from the beginning, and how those behave that its pipelines build.

use super::LabSpec;
use crate::api::Str;
use crate::codec::fields;
use crate::validation::FieldError;

/// A registry that has only what was pushed to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registry {
    /// The host that its images' names begin with.
    pub host: Str,
    /// Images that are there from the beginning, with their tags.
    pub images: Vec<Str>,
    /// How images behave that are built; the first entry that fits counts.
    pub builds: Vec<Build>,
}

fields! {
    Registry:
    host "!host",
    images "images",
    builds "builds",
}

/// How an image behaves that is built from certain files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Build {
    /// Only images of this repository.
    pub image: Option<Str>,
    /// A file of the working directory; with `contains`.
    pub file: Option<Str>,
    /// A text in that file.
    pub contains: Option<Str>,
    /// The image of `images` as which it behaves.
    pub behaves_as: Str,
}

fields! {
    Build:
    image "image",
    file "file",
    contains "contains",
    behaves_as "!behavesAs",
}

pub(super) fn validate(spec: &LabSpec, errors: &mut Vec<FieldError>) {
    let Some(registry) = &spec.registry else { return };
    if registry.host.is_empty() {
        errors.push(FieldError::required("spec.registry.host".to_owned(), ""));
    }
    for (i, build) in registry.builds.iter().enumerate() {
        let path = format!("spec.registry.builds[{i}]");
        if build.behaves_as.is_empty() {
            errors.push(FieldError::required(format!("{path}.behavesAs"), ""));
        }
        if build.contains.is_some() && build.file.is_none() {
            errors.push(FieldError::required(format!("{path}.file"), "`contains` looks into this file"));
        }
    }
}
