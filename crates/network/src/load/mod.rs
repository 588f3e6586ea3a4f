//! Load: who sends requests, how servers work them off, and what becomes of them.
//!
//! [`Load`] is a discrete-event simulation of its own, in nanoseconds of virtual time, that the world moves on with
//! [`Load::advance`]. Between two moves of the world nothing changes but what requests do, so that thousands of them cost
//! the world one event. What it does not know it asks a [`Network`]: where a call goes, and what serves in a pod.
//!
//! - [`arrivals`]: levels over time, and the instants of an open workload's requests.
//! - [`service`]: how a container serves; [`cpu`](self): its limit, and a node that has not enough.
//! - a server's queue: requests take places in order of arrival. Its waiting times are those of the M/M/c and M/D/1
//!   formulas (tests/queueing.rs).
//! - what goes wrong comes from there: a pod that is gone but still in the proxy's table refuses connections (the proxy
//!   tries another one, then answers 502), a process that ends breaks those it has (502), a full queue answers 503, an
//!   answer that comes too late is a 504 of the proxy or a client that has given up.
//!
//! Above [`FOLLOWED`] requests per second of an open workload one request of several is followed through all of this and
//! counts for all of them. The others still come to a server at their own instants and take places and CPU there, so that
//! queues are as they would be; tests/batching.rs compares.

mod access;
pub mod arrivals;
mod attempt;
mod clients;
mod cpu;
mod engine;
mod network;
mod node;
mod processes;
mod server;
pub mod service;
mod table;
mod workload;

pub use access::Access;
pub use arrivals::{Profile, Shape};
pub use engine::{Load, WorkloadId};
pub use network::{Backend, Balance, Call, Limit, Network, Process, ProcessState, Proxy, Route, To};
pub use service::{Serve, ServiceTime};
pub use workload::{Demand, FOLLOWED, Hop, Report, Workload};
