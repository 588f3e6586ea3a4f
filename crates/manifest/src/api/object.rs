//! Any object, its kind and its key.

use std::fmt;
use std::sync::Arc;

use super::meta::{ObjectMeta, Str};
use super::{
    AnalysisRun, AnalysisTemplate, ConfigMap, Deployment, EndpointSlice, Event, HorizontalPodAutoscaler,
    Namespace, Node, Pod, ReplicaSet, Rollout, Secret, Service,
};

macro_rules! kinds {
    ($($kind:ident $plural:literal $short:literal $group:literal $namespaced:literal;)*) => {
        /// The kinds that have a type of their own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("`", $plural, "`")] $kind,)*
            /// Any other kind: its fields are known, its behaviour is not simulated.
            Other,
        }

        impl Kind {
            /// All kinds with a type of their own.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// As in `kind: Deployment`; empty for [`Kind::Other`], whose object knows it.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind),)* Kind::Other => "" }
            }

            /// As in `kubectl get deployments`.
            pub fn plural(self) -> &'static str {
                match self { $(Kind::$kind => $plural,)* Kind::Other => "" }
            }

            /// Short names, separated by commas, as in `kubectl api-resources`.
            pub fn short_names(self) -> &'static str {
                match self { $(Kind::$kind => $short,)* Kind::Other => "" }
            }

            /// As in `apiVersion: apps/v1`.
            pub fn api_version(self) -> &'static str {
                match self { $(Kind::$kind => $group,)* Kind::Other => "" }
            }

            /// Whether its objects live in a namespace.
            pub fn namespaced(self) -> bool {
                match self { $(Kind::$kind => $namespaced,)* Kind::Other => true }
            }

            /// The kind of an `apiVersion` and `kind`.
            pub fn of(api_version: &str, kind: &str) -> Kind {
                $(if kind == stringify!($kind) && api_version == $group { return Kind::$kind; })*
                Kind::Other
            }
        }

        /// An object of any kind, cheap to clone.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Object {
            $(#[doc = concat!("One of `", $plural, "`.")] $kind(Arc<$kind>),)*
            /// An object of a kind that is not simulated.
            Other(Arc<Other>),
        }

        impl Object {
            /// Which kind it is.
            pub fn kind(&self) -> Kind {
                match self { $(Object::$kind(_) => Kind::$kind,)* Object::Other(_) => Kind::Other }
            }

            /// Its metadata.
            pub fn meta(&self) -> &ObjectMeta {
                match self { $(Object::$kind(object) => &object.metadata,)* Object::Other(object) => &object.metadata }
            }

            /// Its metadata, to change.
            pub fn meta_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $(Object::$kind(object) => &mut Arc::make_mut(object).metadata,)*
                    Object::Other(object) => &mut Arc::make_mut(object).metadata,
                }
            }
        }

        $(
            impl Resource for $kind {
                const KIND: Kind = Kind::$kind;

                fn meta(&self) -> &ObjectMeta {
                    &self.metadata
                }

                fn meta_mut(&mut self) -> &mut ObjectMeta {
                    &mut self.metadata
                }

                fn into_object(this: Arc<Self>) -> Object {
                    Object::$kind(this)
                }

                fn from_object(object: &Object) -> Option<&Arc<Self>> {
                    if let Object::$kind(this) = object { Some(this) } else { None }
                }
            }
        )*
    };
}

kinds! {
    Namespace "namespaces" "ns" "v1" false;
    Node "nodes" "no" "v1" false;
    ConfigMap "configmaps" "cm" "v1" true;
    Secret "secrets" "" "v1" true;
    Service "services" "svc" "v1" true;
    Pod "pods" "po" "v1" true;
    Event "events" "ev" "v1" true;
    ReplicaSet "replicasets" "rs" "apps/v1" true;
    Deployment "deployments" "deploy" "apps/v1" true;
    EndpointSlice "endpointslices" "" "discovery.k8s.io/v1" true;
    HorizontalPodAutoscaler "horizontalpodautoscalers" "hpa" "autoscaling/v2" true;
    Rollout "rollouts" "ro" "argoproj.io/v1alpha1" true;
    AnalysisTemplate "analysistemplates" "at" "argoproj.io/v1alpha1" true;
    AnalysisRun "analysisruns" "ar" "argoproj.io/v1alpha1" true;
}

/// What the typed objects have in common.
pub trait Resource: Clone + fmt::Debug + PartialEq + 'static {
    /// Their kind.
    const KIND: Kind;
    /// Their metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Their metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// As an object of any kind.
    fn into_object(this: Arc<Self>) -> Object;
    /// From an object of any kind.
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
}

/// An object of a kind that is not simulated: stored, printed and patched like the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Other {
    /// As in `apiVersion: networking.k8s.io/v1`.
    pub api_version: Str,
    /// As in `kind: Ingress`.
    pub kind: Str,
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// All other top-level fields.
    pub body: crate::value::Map,
}

impl Object {
    /// As in `kind: Deployment`.
    pub fn kind_name(&self) -> &str {
        if let Object::Other(other) = self { &other.kind } else { self.kind().name() }
    }

    /// As in `apiVersion: apps/v1`.
    pub fn api_version(&self) -> &str {
        if let Object::Other(other) = self { &other.api_version } else { self.kind().api_version() }
    }

    /// Its kind, namespace and name.
    pub fn key(&self) -> ObjectKey {
        let meta = self.meta();
        ObjectKey {
            kind: self.kind_name().into(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
        }
    }
}

/// What names an object for a person: kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ObjectKey {
    /// As in `kind: Deployment`.
    pub kind: Str,
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.kind, self.name)
    }
}
