//! Admission of objects that a person writes, and validation (plugin/pkg/admission, pkg/apis/*/validation).

use std::sync::Arc;

use opscape_manifest::api::Object;

use super::Api;
use crate::Status;

impl Api {
    pub(super) fn admit(&mut self, object: &mut Object) -> Result<(), Status> {
        if let Object::Pod(pod) = object {
            let spec = self.admitted_spec(pod)?;
            Arc::make_mut(pod).spec = spec;
        }
        Ok(())
    }

    pub(super) fn validate(_object: &Object) -> Result<(), Status> {
        Ok(())
    }

    pub(super) fn validate_update(_old: &Object, _new: &Object) -> Result<(), Status> {
        Ok(())
    }
}
