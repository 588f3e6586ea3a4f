//! One world on one clock from one text, and what to draw of it.
//!
//! A front end holds one [`Session`]. Times are virtual ([`opscape_sim::Time`]); nothing here knows a platform.
//!
//! ```
//! use opscape_lab::{Act, Session, SessionOptions};
//! use opscape_sim::Time;
//!
//! let text = "apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec: {containers: [{name: web, image: nginx}]}
//! ";
//! let Ok(mut session) = Session::open(text, SessionOptions::default()) else { panic!("the text has errors") };
//! session.advance(Time::secs(30), &mut || true); // play; the budget is asked now and then
//! let scene = session.scene(None); // what to draw: nodes with their pods, Services, rollouts
//! let pod = &scene.nodes.iter().flat_map(|node| &node.pods).next().expect("a pod");
//! assert_eq!(&*pod.name, "web");
//!
//! session.seek(Time::secs(1)); // back, exactly
//! let changed = text.replace("nginx", "nginx:nonexistent").replace("{name: web}", "{name: other}");
//! session.act(Act::Apply { text: changed.into() }).expect("it applies"); // the known future becomes a branch
//! assert_eq!(session.branches().len(), 1);
//! ```
//!
//! - [`world`]: the cluster, what is counted of it and what was done to it, as the model that `opscape_sim` runs; acts,
//!   applying a text, the lab's script.
//! - [`census`]: pods counted by workload, revision, node and state as the store changes.
//! - [`cost`]: what the nodes cost.
//! - [`images`]: how images behave when they are run.
//! - [`logs`]: what containers write.
//! - [`pipelines`]: workflows of the text, what they run when something happens in the repository, and how that is drawn.
//! - [`traffic`]: who sends requests, which way they take, and what is measured of them.
//! - [`scene`], [`tracks`], [`inspect`]: what is drawn, as plain data.
//! - [`why`]: causes in words. [`words`]: the texts, in Korean and English.
//! - [`session`]: all of it for one person: time, branches, steps, checks.

mod act;
pub mod census;
pub mod charts;
pub mod compare;
pub mod cost;
pub mod images;
pub mod inspect;
pub mod logs;
pub mod pipelines;
mod prometheus;
pub mod scene;
pub mod session;
pub mod tracks;
pub mod traffic;
pub mod why;
pub mod words;
pub mod world;

pub use act::Act;
pub use session::{Reached, Refused, Session, SessionOptions};
pub use words::{Lang, Rich, Span, Style};
pub use world::{LabModel, LabRecord, Outcome, Runner, Running, RunningStep, World, WorldOptions};
