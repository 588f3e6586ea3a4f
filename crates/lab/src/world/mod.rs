//! The world: a cluster, what is counted of it, and what was done to it, on one clock.

mod acts;
mod apply;
mod commands;
mod diff;
mod entrances;
mod goals;
mod nodes;
mod outcome;
mod schema;
mod script;
mod webhooks;

use std::sync::Arc;

use opscape_cluster::metrics::Window;
use opscape_cluster::{Cluster, Record, Status, Store, Usage, Used};
use opscape_manifest::api::meta::{MicroTime, Str, Timestamp, Uid, unix_seconds};
use opscape_manifest::api::{Object, ObjectKey, Pod};
use opscape_manifest::lab::LabSpec;
use opscape_sim::{Context, EntryId, Model, Run, Time};

pub use diff::{FieldChange, differences, short};
pub(crate) use entrances::addresses;
pub use outcome::{Applied, ApplyResult, Outcome};
pub use schema::Migration;
pub(crate) use script::{FOREWARNING, file_of, files_of};
pub use script::{Runner, Running, Step as RunningStep, World};

use crate::Act;
use crate::census::Census;
use crate::cost::Cost;
use crate::images::LabImages;
use crate::pipelines::{CommandRecord, PipelineRecord, Pipelines};
use crate::traffic::{self, Around, LabUsage, Traffic};

/// What is scheduled.
#[derive(Debug, Clone)]
pub enum LabEvent {
    /// In the cluster.
    Cluster(opscape_cluster::Event),
    /// A step of the Lab document is due.
    Step(usize),
    /// The condition that the next step waits for may hold.
    Look,
    /// Among the requests.
    Traffic(traffic::Wake),
    /// The controllers of Ingresses and Gateways look.
    Controllers,
    /// Checks that may come to hold are looked at.
    Goals,
    /// A check is due.
    Judge(usize),
    /// A container that migrates the database when it starts begins to listen.
    Migrates {
        /// Its pod.
        pod: Uid,
        /// Which of its containers, init containers first.
        container: u8,
        /// Which of its attempts to run.
        life: u32,
    },
    /// What a run of a pipeline waits for has come.
    Pipeline(u32),
    /// A command of a job goes on: the run, and the job.
    Command(u32, opscape_pipeline::run::JobId),
    /// Commands of jobs that wait for the cluster look again.
    Commands,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum LabRecord {
    /// In the cluster.
    Cluster(Record),
    /// A person or the lab's script did something.
    Act(Arc<ActRecord>),
    /// The columns of the database changed.
    Migrated(Arc<Migration>),
    /// In a run of a pipeline.
    Pipeline(Arc<PipelineRecord>),
    /// A step of a job ran a command.
    Command(Arc<CommandRecord>),
}

/// Something a person or the lab's script did.
#[derive(Debug, Clone, PartialEq)]
pub struct ActRecord {
    /// What.
    pub act: Act,
    /// The step of the Lab document that did it; none: a person.
    pub step: Option<usize>,
}

/// An act on the timeline.
#[derive(Debug, Clone)]
pub struct ActMark {
    /// When.
    pub at: Time,
    /// The journal's entry.
    pub entry: EntryId,
    /// What.
    pub record: Arc<ActRecord>,
    /// What came of it.
    pub outcome: Arc<Outcome>,
}

/// The world as plain data: cheap to clone.
#[derive(Clone)]
pub struct LabModel {
    cluster: Cluster,
    census: Census,
    cost: Cost,
    spec: Arc<LabSpec>,
    images: Arc<LabImages>,
    runner: Option<Runner>,
    /// The text that was applied last, and which objects came from it.
    text: Str,
    from_text: Arc<Vec<ObjectKey>>,
    /// Objects of other lanes are not here.
    lane: Option<Str>,
    acts: Arc<Vec<ActMark>>,
    script: script::Script,
    goals: goals::Goals,
    traffic: Traffic,
    controllers: entrances::Controllers,
    pipelines: Arc<Pipelines>,
    /// The store's version when commands of jobs looked last.
    commands_seen: u64,
}

/// What a world is made with besides its text.
#[derive(Clone, Default)]
pub struct WorldOptions {
    /// Overrides the Lab document's seed.
    pub seed: Option<u64>,
    /// Runs the command lines of the Lab document's steps.
    pub runner: Option<Runner>,
    /// Overrides the delays of the components.
    pub latency: Option<opscape_cluster::Latency>,
    /// Which of the ways that are compared it is: objects and steps of other lanes are not in it. None: the first one, if
    /// the text has lanes.
    pub lane: Option<Str>,
}

/// The UTC instant of t=0 if the Lab document says nothing: 2026-01-05 09:00, a Monday.
pub fn default_epoch() -> Timestamp {
    Timestamp(unix_seconds(2026, 1, 5, 9, 0, 0))
}

/// The seed if the Lab document says nothing.
const DEFAULT_SEED: u64 = 1;

impl LabModel {
    /// A run of a world with its nodes, at time 0, with nothing applied.
    pub fn begin(spec: &Arc<LabSpec>, options: &WorldOptions) -> Run<LabModel> {
        let epoch = spec.start.unwrap_or_else(default_epoch);
        let images = Arc::new(
            LabImages::new(&spec.images).with_columns(&spec.schema).with_registry(spec.registry.as_ref()),
        );
        let seed = options.seed.or(spec.seed.map(i64::cast_unsigned)).unwrap_or(DEFAULT_SEED);
        let cluster = Cluster::new(opscape_cluster::Options {
            seed,
            epoch: MicroTime(epoch.0.saturating_mul(1_000_000)),
            images: images.clone(),
            usage: opscape_cluster::metrics::idle(),
            webhooks: Arc::new(webhooks::Installed),
            latency: options.latency.clone().unwrap_or_default(),
            flags: opscape_cluster::Flags {
                load_balancers: Some(nodes::load_balancers(spec)),
                cluster_autoscaler: Arc::new(nodes::autoscaler_settings(spec, epoch)),
                ..opscape_cluster::Flags::default()
            },
        });
        let model = LabModel {
            cluster,
            census: Census::default(),
            cost: Cost::default(),
            spec: spec.clone(),
            images,
            runner: options.runner,
            text: Str::default(),
            from_text: Arc::default(),
            lane: options.lane.clone(),
            acts: Arc::default(),
            script: script::Script::new(spec),
            goals: goals::Goals::new(spec),
            traffic: Traffic::new(seed),
            controllers: entrances::Controllers::default(),
            pipelines: Arc::default(),
            commands_seen: 0,
        };
        Run::new(model, |model, context| {
            model.in_cluster(context, |cluster, context| {
                cluster.start(context);
                for node in nodes::nodes(spec, epoch) {
                    // Names that are taken or invalid were found when the text was checked.
                    let _ = cluster.create(context, node, &opscape_cluster::WriteOptions::default());
                }
            });
            model.begin_script(context);
            model.begin_goals(context);
            for (at, wake) in Traffic::begins(spec) {
                context.at(at, LabEvent::Traffic(wake));
            }
            model.controllers_notice(context);
            model.count(context.now());
        })
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The counts.
    pub fn census(&self) -> &Census {
        &self.census
    }

    /// What the nodes cost.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// The requests.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Whether the text that was applied last has no objects for the cluster.
    pub fn is_without_objects(&self) -> bool {
        self.from_text.is_empty()
    }

    /// The pipelines.
    pub fn pipelines(&self) -> &Pipelines {
        &self.pipelines
    }

    /// The Lab document this world began with.
    pub fn spec(&self) -> &Arc<LabSpec> {
        &self.spec
    }

    /// How images behave here.
    pub fn images(&self) -> &LabImages {
        &self.images
    }

    /// The text that was applied last.
    pub fn text(&self) -> &Str {
        &self.text
    }

    /// Whether a node was stopped.
    pub fn is_stopped(&self, node: &str) -> bool {
        self.cluster.is_node_stopped(node)
    }

    /// When a pod leaves its present state, where that is known.
    pub fn until(&self, pod: &Pod) -> Option<Time> {
        self.cluster.gets_on_at(pod.metadata.uid)
    }

    /// The virtual instant of a time stamp of the cluster.
    pub fn time_of(&self, stamp: Timestamp) -> Time {
        let micros = stamp.0.saturating_mul(1_000_000).saturating_sub(self.cluster.options().epoch.0);
        Time(u64::try_from(micros).unwrap_or_default())
    }

    /// When a step of the Lab document happens, or happened; none: it waits for its condition.
    pub fn step_at(&self, index: usize) -> Option<Time> {
        self.script.at(index)
    }

    /// What was done so far, in order.
    pub fn acts(&self) -> &[ActMark] {
        &self.acts
    }

    fn in_cluster<R>(
        &mut self,
        context: &mut Context<'_, LabEvent, LabRecord>,
        work: impl FnOnce(&mut Cluster, &mut opscape_cluster::Context<'_>) -> R,
    ) -> Option<R> {
        let mut result = None;
        let cluster = &mut self.cluster;
        context.part(LabEvent::Cluster, LabRecord::Cluster, |context| result = Some(work(cluster, context)));
        result
    }

    fn request(
        &mut self,
        context: &mut Context<'_, LabEvent, LabRecord>,
        request: &opscape_cluster::Request,
    ) -> Result<Object, Status> {
        self.in_cluster(context, |cluster, context| cluster.request(context, request))
            .unwrap_or_else(|| Err(gone()))
    }

    /// The requests and what is around them.
    fn traffic_and_around(&mut self) -> (&mut Traffic, (Around<'_>, &LabSpec)) {
        let around = Around { cluster: &self.cluster, census: &self.census, images: &self.images };
        (&mut self.traffic, (around, &self.spec))
    }

    fn usage(&self) -> LabUsage<'_> {
        LabUsage { traffic: &self.traffic, images: &self.images }
    }

    /// Before anything happens, requests are brought up to its instant.
    fn requests_go_on(&mut self, now: Time) {
        if self.traffic.is_active() {
            let (traffic, (around, _)) = self.traffic_and_around();
            traffic.advance(now, around);
        }
    }

    /// What happened may matter to requests.
    fn requests_notice(
        &mut self,
        event: Option<&opscape_cluster::Event>,
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) {
        if !self.traffic.is_active() {
            return;
        }
        let (traffic, (around, _)) = self.traffic_and_around();
        traffic.happened(event, around);
        let before = context.because(None);
        for (at, wake) in traffic.wakes(context.now()) {
            context.at(at, LabEvent::Traffic(wake));
        }
        context.because(before);
    }

    fn count(&mut self, now: Time) {
        self.census.update(self.cluster.store(), now);
        self.cost.set(self.census.price_per_hour().saturating_add(self.cluster.cloud_price()), now);
    }

    /// Does an act and keeps a mark of it.
    fn act(&mut self, act: &Act, step: Option<usize>, context: &mut Context<'_, LabEvent, LabRecord>) {
        let record = Arc::new(ActRecord { act: act.clone(), step });
        let before = context.cause();
        let entry = context.record_as_cause(LabRecord::Act(record.clone()));
        let outcome = Arc::new(self.perform(act, context));
        context.because(before);
        Arc::make_mut(&mut self.acts).push(ActMark { at: context.now(), entry, record, outcome });
    }
}

/// For who looks at a world from outside: `kubectl top`.
impl Usage for LabModel {
    fn container(&self, pod: &Pod, container: &str, window: &Window, store: &Store) -> Option<Used> {
        self.usage().container(pod, container, window, store)
    }
}

/// Cannot happen: the part's work always runs.
fn gone() -> Status {
    Status { code: 500, reason: "InternalError", message: String::new(), details: None }
}

impl Model for LabModel {
    type Event = LabEvent;
    type Input = Arc<Act>;
    type Record = LabRecord;

    fn input(&mut self, act: &Arc<Act>, context: &mut Context<'_, LabEvent, LabRecord>) {
        self.requests_go_on(context.now());
        self.act(act, None, context);
        self.count(context.now());
        self.wait_for_next_step(context);
        self.look_at_goals(context);
        self.controllers_notice(context);
        self.commands_notice(context);
        self.requests_notice(None, context);
    }

    fn handle(&mut self, event: LabEvent, context: &mut Context<'_, LabEvent, LabRecord>) {
        self.requests_go_on(context.now());
        let seen = match event {
            LabEvent::Cluster(event) => {
                let has_database = self.images.has_database();
                let seen = (has_database || self.traffic.is_active()).then(|| event.clone());
                let LabModel { cluster, traffic, images, .. } = self;
                let usage = LabUsage { traffic, images };
                context.part(LabEvent::Cluster, LabRecord::Cluster, |context| {
                    cluster.handle_with(event, &usage, context);
                });
                if let Some(event) = seen.as_ref().filter(|_| has_database) {
                    self.database_notices(event, context);
                }
                seen
            }
            LabEvent::Step(index) => {
                self.run_step(index, context);
                None
            }
            LabEvent::Look => {
                self.look(context);
                None
            }
            LabEvent::Controllers => {
                self.controllers_look(context);
                None
            }
            LabEvent::Goals => {
                self.judge_open(context.now());
                None
            }
            LabEvent::Judge(index) => {
                self.judge(index, context.now());
                None
            }
            LabEvent::Migrates { pod, container, life } => {
                self.migrates((pod, container, life), context);
                None
            }
            LabEvent::Pipeline(run) => {
                Arc::make_mut(&mut self.pipelines).wake(run, context);
                self.commands_begin(context);
                None
            }
            LabEvent::Command(run, job) => {
                self.command_goes_on(run, job, context);
                None
            }
            LabEvent::Commands => {
                self.commands_look(context);
                None
            }
            LabEvent::Traffic(wake) => {
                let (traffic, around) = self.traffic_and_around();
                traffic.handle(wake, around.1, context.now(), around.0);
                None
            }
        };
        self.count(context.now());
        self.wait_for_next_step(context);
        self.look_at_goals(context);
        self.controllers_notice(context);
        self.commands_notice(context);
        self.requests_notice(seen.as_ref(), context);
    }

    fn is_visible(record: &LabRecord) -> bool {
        match record {
            LabRecord::Act(_) | LabRecord::Migrated(_) | LabRecord::Command(_) => true,
            LabRecord::Pipeline(record) => record.is_visible(),
            LabRecord::Cluster(Record::Kubelet(fact)) => {
                use opscape_cluster::kubelet::What;
                matches!(
                    fact.what,
                    What::Ready
                        | What::NotReady { .. }
                        | What::Unhealthy { .. }
                        | What::Started { ready: true, .. }
                        | What::Exited { .. }
                )
            }
            LabRecord::Cluster(record) => matches!(
                record,
                Record::EventRecorded(_)
                    | Record::PodDeleted(_)
                    | Record::ScaledReplicaSet(_)
                    | Record::Rollout(_)
                    | Record::ConditionChanged(_)
                    | Record::ClusterAutoscaler(_)
            ),
        }
    }
}
