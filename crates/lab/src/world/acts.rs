//! Acts as requests to the API server: what kubectl does for the same words.

use std::sync::Arc;

use opscape_cluster::{DeleteOptions, Request, Status, WriteOptions};
use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::api::{Deployment, Node, Object, ObjectKey, ReplicaSet};
use opscape_sim::Context;

use super::script::file_of;
use super::{LabEvent, LabModel, LabRecord, Outcome};
use crate::Act;
use crate::census;
use crate::pipelines::GitAct;
use crate::traffic::{Sending, WorkloadId};
use opscape_manifest::order;

type LabContext<'a> = Context<'a, LabEvent, LabRecord>;

impl LabModel {
    pub(super) fn perform(&mut self, act: &Act, context: &mut LabContext<'_>) -> Outcome {
        let request = match act {
            Act::Apply { text } => {
                let outcome = Outcome { applied: self.apply(text, true, context), ..Outcome::default() };
                self.text = text.clone();
                return outcome;
            }
            Act::ApplyFile { file } => {
                let text = file_of(&self.text, file).unwrap_or_default();
                return Outcome { applied: self.apply(&text, false, context), ..Outcome::default() };
            }
            Act::Run { line } => {
                return Outcome { output: self.run_command(line, context), ..Outcome::default() };
            }
            Act::StopNode { node } => {
                self.in_cluster(context, |cluster, context| cluster.stop_node(context, node));
                let (traffic, (around, _)) = self.traffic_and_around();
                traffic.node_changed(node, around);
                return Outcome::default();
            }
            Act::StartNode { node } => {
                self.in_cluster(context, |cluster, context| cluster.start_node(context, node));
                let (traffic, (around, _)) = self.traffic_and_around();
                traffic.node_changed(node, around);
                return Outcome::default();
            }
            Act::Send { sending, .. } => {
                let sending = self.send(sending, context);
                return Outcome { sending: Some(sending), ..Outcome::default() };
            }
            Act::StopSending { workload, .. } => {
                self.traffic.end(*workload);
                return Outcome::default();
            }
            Act::Happen { event } => {
                let seed = self.cluster.options().seed;
                let begun = Arc::make_mut(&mut self.pipelines).happen(event, seed, context);
                self.commands_begin(context);
                return Outcome { begun: Some(begun), ..Outcome::default() };
            }
            Act::Git { act, .. } => return self.git(act, context),
            Act::Pipeline { run, act } => {
                Arc::make_mut(&mut self.pipelines).act(*run, *act, context);
                self.commands_begin(context);
                return Outcome::default();
            }
            Act::Request { request, .. } => Ok(Request::clone(request)),
            Act::RemoveNode { node } => Ok(Request::Delete(node_key(node), DeleteOptions::default())),
            Act::Scale { workload, replicas } => Ok(Request::Scale {
                key: workload.clone(),
                replicas: *replicas,
                resource_version: None,
                options: WriteOptions::default(),
            }),
            Act::Delete { object, grace } => Ok(Request::Delete(
                object.clone(),
                DeleteOptions { grace: *grace, ..DeleteOptions::default() },
            )),
            Act::Cordon { node, on } => self.cordon(node, *on),
            Act::RollBack { deployment, to } => self.roll_back(deployment, *to),
            Act::Pause { deployment, on } => {
                self.change_deployment(deployment, |deployment| deployment.spec.paused = *on)
            }
            Act::Restart { deployment } => {
                let now = Timestamp(
                    self.cluster
                        .options()
                        .epoch
                        .0
                        .saturating_add_unsigned(context.now().0)
                        .div_euclid(1_000_000),
                );
                self.change_deployment(deployment, |deployment| {
                    Arc::make_mut(&mut deployment.spec.template)
                        .metadata
                        .set_annotation("kubectl.kubernetes.io/restartedAt", &now.to_string());
                })
            }
        };
        let answer = request.and_then(|request| self.request(context, &request));
        Outcome { answer: Some(answer), ..Outcome::default() }
    }

    pub(super) fn git(&mut self, act: &GitAct, context: &mut LabContext<'_>) -> Outcome {
        let seed = self.cluster.options().seed;
        let (begun, said) = Arc::make_mut(&mut self.pipelines).git_act(act, seed, context);
        self.commands_begin(context);
        let (output, refused) = match said {
            Ok(output) => (output, false),
            Err(refusal) => (refusal + "\n", true),
        };
        Outcome { begun: Some(begun), output, refused, ..Outcome::default() }
    }

    pub(super) fn send(&mut self, sending: &Sending, context: &mut LabContext<'_>) -> WorkloadId {
        let now = context.now();
        let (traffic, (around, _)) = self.traffic_and_around();
        traffic.begin(sending.workload(now), now, around)
    }

    fn cordon(&self, node: &str, on: bool) -> Result<Request, Status> {
        let found = self.cluster.store().get::<Node>("", node).ok_or_else(|| not_found("nodes", node))?;
        let mut changed = Node::clone(found);
        changed.spec.unschedulable = on;
        Ok(Request::Update(Object::Node(Arc::new(changed)), WriteOptions::default()))
    }

    fn change_deployment(
        &self,
        key: &ObjectKey,
        change: impl FnOnce(&mut Deployment),
    ) -> Result<Request, Status> {
        let found = self.cluster.store().get::<Deployment>(&key.namespace, &key.name);
        let mut changed = Deployment::clone(found.ok_or_else(|| not_found("deployments.apps", &key.name))?);
        change(&mut changed);
        Ok(Request::Update(Object::Deployment(Arc::new(changed)), WriteOptions::default()))
    }

    /// `kubectl rollout undo` (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go).
    fn roll_back(&self, key: &ObjectKey, to: Option<u32>) -> Result<Request, Status> {
        let store = self.cluster.store();
        let deployment = store.get::<Deployment>(&key.namespace, &key.name);
        let deployment = deployment.ok_or_else(|| not_found("deployments.apps", &key.name))?;
        if deployment.spec.paused {
            return Err(bad_request(&format!(
                "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/{}' and try again",
                key.name
            )));
        }
        let mut sets: Vec<(u32, &Arc<ReplicaSet>)> = store
            .owned_by(deployment.metadata.uid)
            .filter_map(|object| if let Object::ReplicaSet(set) = object { Some(set) } else { None })
            .map(|set| (census::of_replica_set(set).revision, set))
            .collect();
        order::sort_by(&mut sets, |a, b| b.0.cmp(&a.0));
        let found = match to {
            Some(revision) => sets.iter().find(|(number, _)| *number == revision),
            None => sets.get(1),
        };
        let (_, set) = found.ok_or_else(|| match to {
            Some(revision) => {
                bad_request(&format!("unable to find specified revision {revision} in history"))
            }
            None => bad_request(&format!("no rollout history found for deployment \"{}\"", key.name)),
        })?;
        let mut template = set.spec.template.clone();
        let labels = &mut Arc::make_mut(&mut template).metadata.labels;
        Arc::make_mut(labels).remove("pod-template-hash");
        self.change_deployment(key, |deployment| deployment.spec.template = template)
    }
}

fn node_key(node: &str) -> ObjectKey {
    ObjectKey { kind: "Node".into(), namespace: "".into(), name: node.into() }
}

fn not_found(resource: &str, name: &str) -> Status {
    Status {
        code: 404,
        reason: "NotFound",
        message: [resource, " \"", name, "\" not found"].concat(),
        details: None,
    }
}

fn bad_request(message: &str) -> Status {
    Status { code: 400, reason: "BadRequest", message: message.to_owned(), details: None }
}
