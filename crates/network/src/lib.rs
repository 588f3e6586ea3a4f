//! Where a request goes and what becomes of it: names and Services, Ingress and Gateway routes, load, latency, errors.
//!
//! It looks at the objects of the API store and changes none of them.

mod elementary;
pub mod load;
pub mod route;
pub mod telemetry;
