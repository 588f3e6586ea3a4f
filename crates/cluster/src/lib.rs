//! A Kubernetes control plane in virtual time: store and watch, API server, controllers, scheduler, kubelets.
//!
//! [`Cluster`] is the whole of it. Its parts talk only through the [`Store`]: a write makes a [`Change`], each
//! [`Component`] looks at it and puts what it has to do into its [`WorkQueue`], and acts a little later.
//! Every write carries its cause, so that each fact in the journal leads back to what a person did.

pub mod analysis;
mod api;
pub mod autoscaler;
pub mod bench;
mod cluster;
pub mod cluster_autoscaler;
mod component;
mod conditions;
mod deployment;
mod disruption;
mod endpoint_slice;
mod event;
mod garbage;
pub mod images;
pub mod kubelet;
pub mod load_balancer;
pub mod metrics;
mod namespaces;
pub mod node_lifecycle;
mod options;
mod queue;
pub mod record;
mod recorder;
mod replica_set;
mod request;
pub mod rollouts;
pub mod scheduler;
mod status;
mod store;
pub mod webhooks;
pub mod words;

pub use api::{Api, DeleteOptions, Propagation, Scale, WriteOptions, kind_called};
pub use cluster::Cluster;
pub use component::Component;
pub use event::Event;
pub use images::{Images, Plan};
pub use metrics::{Usage, Used};
pub use options::{Flags, Latency, Options};
pub use queue::{Weight, WorkQueue};
pub use record::{Record, Subject};
pub use recorder::{Message, Reporter};
pub use request::Request;
pub use status::{Cause, Details, ResourceName, Status};
pub use store::{Change, Name, Op, Store};

/// What a component may do while it handles something: the clock, the queue and the journal.
pub type Context<'a> = opscape_sim::Context<'a, Event, Record>;
