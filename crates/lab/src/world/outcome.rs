//! What came of an act.

use opscape_cluster::Status;
use opscape_manifest::api::{Object, ObjectKey};

use super::FieldChange;
use crate::traffic::WorkloadId;

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// For [`crate::Act::Apply`]: one per object, in the order of the text; then those that were deleted.
    pub applied: Vec<ApplyResult>,
    /// For a single request: the API server's answer.
    pub answer: Option<Result<Object, Status>>,
    /// For [`crate::Act::Send`]: by which its report is found.
    pub sending: Option<WorkloadId>,
    /// For [`crate::Act::Happen`]: how many pipelines began.
    pub begun: Option<usize>,
    /// What a command of the lab's script printed, or what git says.
    pub output: String,
    /// For [`crate::Act::Git`]: whether that says why nothing was done.
    pub refused: bool,
}

impl Outcome {
    /// The first refusal.
    pub fn error(&self) -> Option<&Status> {
        let answer = self.answer.as_ref().and_then(|answer| answer.as_ref().err());
        answer.or_else(|| {
            self.applied.iter().find_map(|result| match &result.done {
                Applied::Refused(status) => Some(status),
                _ => None,
            })
        })
    }
}

/// What applying did to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplyResult {
    /// Which object.
    pub key: ObjectKey,
    /// The document of the text; none: it is no longer in the text.
    pub document: Option<usize>,
    /// What was done.
    pub done: Applied,
    /// Fields that changed since the text was applied before.
    pub changes: Vec<FieldChange>,
}

/// What applying did, in kubectl's words.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// `created`
    Created,
    /// `configured`
    Configured,
    /// `unchanged`
    Unchanged,
    /// `pruned`: it came from the text and is no longer in it.
    Pruned,
    /// The API server's error.
    Refused(Status),
}

impl Applied {
    /// As kubectl prints it.
    pub fn word(&self) -> &'static str {
        match self {
            Applied::Created => "created",
            Applied::Configured => "configured",
            Applied::Unchanged => "unchanged",
            Applied::Pruned => "pruned",
            Applied::Refused(_) => "error",
        }
    }
}
