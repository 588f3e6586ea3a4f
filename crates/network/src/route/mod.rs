//! Which way a request takes: Services, Ingresses (as the API promises, as ingress-nginx does, as an AWS Application Load
//! Balancer does) and the Gateway API.
//!
//! [`Objects`] sorts out the objects of the API, [`Table::compile`] makes the routes of them once, [`Table::answer`] says
//! what becomes of a [`Request`], and [`Table::explain`] says also why, rule by rule. Random splits are given as weights;
//! who asks draws. Who serves a Service changes more often than the routes: [`Table::refresh_service`].

pub mod admission;
mod alb;
mod backend;
mod class;
mod decision;
pub mod dns;
pub mod entrance;
mod gateway;
mod ingress;
mod nginx;
mod objects;
pub mod policy;
mod reason;
pub mod regex;
pub mod report;
mod request;
pub mod service;
mod table;

pub use backend::{Backend, Endpoint, Endpoints, State};
pub use decision::{Answer, BackendId, Change, Decision, Forward, HealthCheck, Mirror, Policy, Share};
pub use gateway::statuses as gateway_statuses;
pub use objects::Objects;
pub use reason::{Origin, Reason, Verdict};
pub use request::{Request, UrlError};
pub use service::Services;
pub use table::Table;
