//! YAML text to documents with source spans to typed Kubernetes objects: strict decoding, defaulting, validation.

pub mod api;
pub mod quantity;
pub mod value;
