//! YAML text to documents with source spans to typed Kubernetes objects: strict decoding, defaulting, validation.
//!
//! The way of a text:
//!
//! 1. [`tree`] reads YAML into nodes with spans, [`text`] cuts it into files and documents;
//! 2. [`schema`] decodes strictly over a table of the official fields, [`client`] refuses what kubectl refuses;
//! 3. [`codec`] makes typed [`api`] objects, [`defaults`] fills them in, [`validation`] judges them in the API
//!    server's words;
//! 4. [`patch`] changes objects as `kubectl apply` and `kubectl patch` do, [`mod@print`] writes them as kubectl prints.
//!
//! [`fn@check`] does 1 to 3 for an editor on every key stroke and tells each finding with its place and a
//! way out. [`lab`] is the format of the lab documents.

pub mod api;
pub mod check;
pub mod cidr;
pub mod client;
pub mod codec;
pub mod complete;
pub mod convert;
pub mod defaults;
pub mod diagnostic;
pub mod duration;
pub mod golang;
pub mod image;
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
