//! A write to the API server as plain data, so that the timeline can keep it as an input and play it again.

use opscape_cluster::{Cluster, Context, DeleteOptions, Status, WriteOptions};
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, ObjectKey};

/// One request to the API server, in the name of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `POST`
    Create {
        /// The object as sent.
        object: Object,
    },
    /// `PUT`; with a resourceVersion only if nobody wrote it since.
    Update {
        /// The object as sent.
        object: Object,
    },
    /// `PUT .../scale`
    Scale {
        /// A Deployment or ReplicaSet.
        key: ObjectKey,
        /// Wanted pods.
        replicas: i32,
        /// Only if nobody wrote it since.
        resource_version: Option<u64>,
    },
    /// `DELETE`
    Delete {
        /// Which object.
        key: ObjectKey,
        /// Grace, propagation, preconditions.
        options: DeleteOptions,
    },
    /// `POST .../eviction`
    Evict {
        /// Namespace of the pod.
        namespace: Str,
        /// Name of the pod.
        pod: Str,
        /// Grace.
        options: DeleteOptions,
    },
}

impl Request {
    /// Sends it. Gives the object as the API server answers.
    pub(crate) fn send(&self, cluster: &mut Cluster, context: &mut Context<'_>) -> Result<Object, Status> {
        let options = WriteOptions::default();
        match self {
            Request::Create { object } => cluster.create(context, object.clone(), &options),
            Request::Update { object } => cluster.update(context, object.clone(), &options),
            Request::Scale { key, replicas, resource_version } => {
                cluster.scale(context, key, *replicas, *resource_version, &options)
            }
            Request::Delete { key, options } => cluster.delete(context, key, options),
            Request::Evict { namespace, pod, options } => cluster.evict(context, namespace, pod, options),
        }
    }
}
