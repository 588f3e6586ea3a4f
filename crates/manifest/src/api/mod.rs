//! Typed objects: the kinds that are simulated, as hand-written structs (the official ones are far too large for a
//! browser), and [`Object`], which holds any of them.

pub mod analysis;
pub mod apps;
pub mod autoscaling;
pub mod core;
pub mod discovery;
pub mod gateway;
pub mod ingress;
pub mod meta;
pub mod network_policy;
mod object;
pub mod pod;
pub mod rollout;

pub use analysis::{AnalysisRun, AnalysisTemplate};
pub use apps::{Deployment, ReplicaSet};
pub use autoscaling::HorizontalPodAutoscaler;
pub use core::{ConfigMap, Event, Namespace, Node, Secret, Service};
pub use discovery::EndpointSlice;
pub use meta::{ObjectMeta, Str, StrMap, Timestamp, Uid};
pub use object::{Kind, Object, ObjectKey, Other, Resource};
pub use pod::Pod;
pub use rollout::Rollout;
