//! YAML text to documents with source spans to typed Kubernetes objects: strict decoding, defaulting, validation.

pub mod api;
pub mod check;
pub mod client;
pub mod codec;
pub mod complete;
pub mod defaults;
pub mod diagnostic;
pub mod duration;
pub mod golang;
pub mod intorpercent;
pub mod lab;
pub mod names;
pub mod order;
pub mod patch;
pub mod print;
pub mod quantity;
pub mod schema;
pub mod selector;
pub mod text;
pub mod tree;
pub mod validation;
pub mod value;

pub use check::{Checked, Document, Role, check};
