//! A world of our own that commands can be run in, without the lab around it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::{Change, Cluster, Context, Event, Flags, Latency, Options, Record, Request, Status};
use opscape_manifest::api::Object;
use opscape_manifest::api::meta::MicroTime;
use opscape_shell::World;
use opscape_sim::{Model, Run, Time};

use super::kubelet::PretendKubelet;
use super::usage::PretendMetrics;

/// The simulated world: a cluster, and the answer to the last request.
#[derive(Clone)]
struct Board {
    cluster: Cluster,
    answer: Option<Result<Object, Status>>,
}

/// What comes from outside.
#[derive(Debug, Clone)]
enum Input {
    Request(Request),
    StopNode(String),
    StartNode(String),
}

impl Model for Board {
    type Event = Event;
    type Input = Input;
    type Record = Record;

    fn input(&mut self, input: &Input, context: &mut Context<'_>) {
        match input {
            Input::Request(request) => self.answer = Some(self.cluster.request(context, request)),
            Input::StopNode(node) => self.cluster.stop_node(context, node),
            Input::StartNode(node) => self.cluster.start_node(context, node),
        }
    }

    fn handle(&mut self, event: Event, context: &mut Context<'_>) {
        self.cluster.handle(event, context);
    }

    fn is_visible(_record: &Record) -> bool {
        true
    }
}

/// A running world with files for commands to read. A clone is another future of it.
#[derive(Clone)]
pub struct Game {
    run: Run<Board>,
    files: BTreeMap<String, String>,
    seen: u64,
}

impl Game {
    /// A cluster whose clock shows `epoch` (microseconds since 1970, UTC) when virtual time begins.
    pub fn new(epoch: i64, flags: Flags, files: BTreeMap<String, String>) -> Self {
        let options = Options {
            seed: 1,
            epoch: MicroTime(epoch),
            images: Arc::new(PretendKubelet),
            usage: Arc::new(PretendMetrics),
            webhooks: opscape_cluster::webhooks::none(),
            latency: Latency::default(),
            flags,
        };
        let board = Board { cluster: Cluster::new(options), answer: None };
        Game { run: Run::new(board, |board, context| board.cluster.start(context)), files, seen: 0 }
    }

    /// What was written since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let store = self.run.model().cluster.store();
        let changes: Vec<Change> = store.changes_since(self.seen).cloned().collect();
        self.seen = store.version();
        changes
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Time> {
        self.run.next_at()
    }

    /// How many events were handled.
    pub fn handled(&self) -> u64 {
        self.run.handled()
    }

    /// Goes to an instant, or only to the next event if that is earlier. True if there was an event.
    pub fn go(&mut self, until: Time) -> bool {
        if self.run.handle_next(until) {
            return true;
        }
        self.run.wait_until(until);
        false
    }

    /// Goes to an instant.
    pub fn go_to(&mut self, until: Time) {
        while self.go(until) {}
    }

    /// Makes an object that is there from the start.
    pub fn create(&mut self, object: Object) -> Result<Object, String> {
        let name = format!("{} {}", object.kind_name(), object.meta().name);
        self.request(Request::Create(object, opscape_cluster::WriteOptions::default()))
            .map_err(|status| format!("{name}: {}", status.message))
    }

    /// Stops the kubelet of a node with its pods, or starts it again.
    pub fn set_stopped(&mut self, node: &str, stopped: bool) {
        let node = node.to_owned();
        self.run.input(&if stopped { Input::StopNode(node) } else { Input::StartNode(node) });
    }

    /// What happened, with its causes.
    pub fn journal(&self) -> &opscape_sim::Journal<Record> {
        self.run.journal()
    }
}

impl World for Game {
    fn cluster(&self) -> &Cluster {
        &self.run.model().cluster
    }

    fn request(&mut self, request: Request) -> Result<Object, Status> {
        self.run.input(&Input::Request(request));
        let answer = self.run.model().answer.clone();
        answer.unwrap_or_else(|| Err(Status::bad_request("no answer")))
    }

    fn now(&self) -> Time {
        self.run.now()
    }

    fn file(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn files(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn field_docs(&self, group: &str) -> Option<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../static/fields");
        std::fs::read_to_string(format!("{folder}/{group}.json")).ok()
    }
}

/// The latency of kubectl itself, from its start to its first request.
pub const KUBECTL_START: Duration = Duration::from_millis(40);
/// From the last answer to the end of kubectl.
pub const KUBECTL_END: Duration = Duration::from_millis(5);
