//! Requests to the API server as plain data: what a timeline keeps as a person's input and can play again.

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, ObjectKey};

use crate::{Cluster, Context, DeleteOptions, Status, WriteOptions};

/// A write that a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `POST`: creates an object.
    Create(Object, WriteOptions),
    /// `PUT`: replaces an object. What `PATCH` makes of an object comes this way, too.
    Update(Object, WriteOptions),
    /// `PUT .../status`: replaces the status only, as `kubectl argo rollouts` does.
    Status(Object, WriteOptions),
    /// `PUT .../scale`.
    Scale {
        /// A Deployment or ReplicaSet.
        key: ObjectKey,
        /// Wanted.
        replicas: i32,
        /// Only if nobody wrote it since.
        resource_version: Option<u64>,
        /// How to write.
        options: WriteOptions,
    },
    /// `DELETE`.
    Delete(ObjectKey, DeleteOptions),
    /// The command that somebody runs as a pod's first process has ended (`kubectl run -i`). No request to the API server, but
    /// something that a person does to the cluster all the same.
    Exit {
        /// Of the pod.
        namespace: Str,
        /// Of the pod.
        name: Str,
        /// The command's exit code.
        code: i32,
    },
    /// `POST pods/NAME/eviction`.
    Evict {
        /// Of the pod.
        namespace: Str,
        /// Of the pod.
        name: Str,
        /// How to delete it.
        options: DeleteOptions,
    },
}

impl Cluster {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// As the single methods say.
    pub fn request(&mut self, context: &mut Context<'_>, request: &Request) -> Result<Object, Status> {
        match request {
            Request::Create(object, options) => self.create(context, object.clone(), options),
            Request::Update(object, options) => self.update(context, object.clone(), options),
            Request::Status(object, options) => self.update_status(context, object, options),
            Request::Scale { key, replicas, resource_version, options } => {
                self.scale(context, key, *replicas, *resource_version, options)
            }
            Request::Delete(key, options) => self.delete(context, key, options),
            Request::Exit { namespace, name, code } => self.end_process(context, namespace, name, *code),
            Request::Evict { namespace, name, options } => self.evict(context, namespace, name, options),
        }
    }
}
