//! The validating webhooks that controllers register with the API server.

use std::sync::Arc;

use opscape_manifest::api::Object;

use crate::Store;

/// Whom the API server asks about what somebody writes.
pub trait Webhooks: Send + Sync {
    /// What one of them says against an object, after the API server has validated it.
    ///
    /// # Errors
    /// The one that refuses it first.
    fn review(&self, object: &Object, store: &Store) -> Result<(), Refusal>;
}

/// What a webhook says against an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As `validate.nginx.ingress.kubernetes.io`.
    pub webhook: &'static str,
    /// Its own words.
    pub message: String,
}

/// None are registered.
pub fn none() -> Arc<dyn Webhooks> {
    Arc::new(None)
}

struct None;

impl Webhooks for None {
    fn review(&self, _: &Object, _: &Store) -> Result<(), Refusal> {
        Ok(())
    }
}
