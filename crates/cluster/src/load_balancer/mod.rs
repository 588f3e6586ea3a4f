//! The service controller of a cloud (k8s.io/cloud-provider/controllers/service/controller.go, Kubernetes v1.36): makes load
//! balancers for Services of type `LoadBalancer`, gives them addresses of a pool, and takes them away again. Where
//! the pool has no addresses at all there is no such controller, and such Services stay pending. Services of the class
//! `service.k8s.aws/nlb` get a Network Load Balancer of the AWS Load Balancer Controller, which has a name.
//!
//! Nodes that come and go do not change a load balancer here: what it sends goes on by the Service's endpoints.

mod aws;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Object, Resource, Service};
use opscape_sim::{IdMap, Time};

pub use aws::alb_hostname;
pub use pool::{Pool, points, status};

use crate::{Api, Change, Component, Context, Event, Message, Op, Options, Reporter, Weight, WorkQueue};

/// Holds a Service until its load balancer is gone (`LoadBalancerCleanupFinalizer`).
pub const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// `minRetryDelay`, `maxRetryDelay`
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// The service controller.
#[derive(Clone)]
pub(crate) struct LoadBalancers {
    queue: WorkQueue,
    latency: Duration,
    pool: Option<Arc<Pool>>,
    /// What the cloud is busy with.
    busy: IdMap<Uid, Busy>,
    failures: IdMap<Uid, u32>,
}

/// What the cloud does for a Service, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Busy {
    making: bool,
    until: Time,
}

impl LoadBalancers {
    pub(crate) fn new(options: &Options) -> Self {
        LoadBalancers {
            queue: WorkQueue::new(Event::LoadBalancer),
            latency: options.latency.service,
            pool: options.flags.load_balancers.clone(),
            busy: IdMap::new(),
            failures: IdMap::new(),
        }
    }

    /// The cloud begins to do something.
    fn begin(&mut self, service: &Service, making: bool, pool: &Pool, context: &mut Context<'_>) {
        let uid = service.metadata.uid;
        self.busy.insert(uid, Busy { making, until: context.now() + pool.create_time });
        self.queue.add_after(uid, pool.create_time, context);
    }

    fn ensure(&mut self, service: &Arc<Service>, pool: &Pool, api: &mut Api, context: &mut Context<'_>) {
        let meta = &service.metadata;
        let of_aws = is_of_aws(service);
        let done = self.busy.get(&meta.uid).filter(|busy| busy.making);
        match done.map(|busy| busy.until) {
            None => {
                if !of_aws {
                    tell("EnsuringLoadBalancer", "Ensuring load balancer", service, api, context);
                }
                set_finalizer(service, true, api, context);
                self.begin(service, true, pool, context);
            }
            Some(until) if until > context.now() => {
                self.queue.add_after(meta.uid, until.since(context.now()), context);
            }
            Some(_) => {
                self.busy.remove(&meta.uid);
                let kept = points(&service.status).next().map(Str::from);
                let wanted = wanted(service);
                let kept = kept.filter(|kept| wanted.is_empty() || &**kept == wanted);
                let address = match kept {
                    Some(address) => Ok(address),
                    None if of_aws => Ok(aws::nlb_hostname(&meta.namespace, &meta.name).into()),
                    None => pool.allocate(wanted, api.store()).map(|address| address.to_string().into()),
                };
                match address {
                    Ok(address) => self.ensured(service, &address, api, context),
                    Err(why) => self.failed(service, &why, api, context),
                }
            }
        }
    }

    fn ensured(&mut self, service: &Arc<Service>, address: &Str, api: &mut Api, context: &mut Context<'_>) {
        self.failures.remove(&service.metadata.uid);
        let (reason, said) = if is_of_aws(service) {
            ("SuccessfullyReconciled", "Successfully reconciled")
        } else {
            ("EnsuredLoadBalancer", "Ensured load balancer")
        };
        tell(reason, said, service, api, context);
        set_status(service, std::slice::from_ref(address), api, context);
    }

    fn failed(&mut self, service: &Arc<Service>, why: &str, api: &mut Api, context: &mut Context<'_>) {
        let uid = service.metadata.uid;
        let said = format!("Error syncing load balancer: failed to ensure load balancer: {why}");
        let message = Message::warning("SyncLoadBalancerFailed", &said);
        api.tell(&reporter(service), &Object::Service(service.clone()), &message, context);
        let failures = self.failures.get(&uid).copied().unwrap_or_default();
        self.failures.insert(uid, failures + 1);
        let delay = RETRY.0.saturating_mul(1 << failures.min(16)).min(RETRY.1);
        self.queue.add_after(uid, delay, context);
    }

    fn clean_up(&mut self, service: &Arc<Service>, pool: &Pool, api: &mut Api, context: &mut Context<'_>) {
        let uid = service.metadata.uid;
        match self.busy.get(&uid).filter(|busy| !busy.making).map(|busy| busy.until) {
            None => {
                tell("DeletingLoadBalancer", "Deleting load balancer", service, api, context);
                self.begin(service, false, pool, context);
            }
            Some(until) if until > context.now() => {
                self.queue.add_after(uid, until.since(context.now()), context);
            }
            Some(_) => {
                self.busy.remove(&uid);
                self.failures.remove(&uid);
                tell("DeletedLoadBalancer", "Deleted load balancer", service, api, context);
                set_status(service, &[], api, context);
                set_finalizer(service, false, api, context);
            }
        }
    }
}

impl Component for LoadBalancers {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, _: &Api, context: &mut Context<'_>) {
        let (Some(pool), Object::Service(service)) = (&self.pool, &change.object) else { return };
        let uid = service.metadata.uid;
        if change.op == Op::Deleted {
            self.busy.remove(&uid);
            self.failures.remove(&uid);
            return;
        }
        let old = change.old.as_ref().and_then(Service::from_object);
        let concerns = |service: &Service| is_wanted(service, pool) || has_finalizer(service);
        if !concerns(service) && old.is_none_or(|old| !concerns(old)) {
            return;
        }
        let changed = old.is_none_or(|old| {
            old.spec != service.spec
                || old.metadata.annotations != service.metadata.annotations
                || old.metadata.deletion_timestamp != service.metadata.deletion_timestamp
        });
        if changed {
            self.queue.add(uid, Weight::Spec, self.latency, context);
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(pool) = self.pool.clone() else { return };
        let Some(service) = api.store().typed_by_uid::<Service>(uid).cloned() else { return };
        if is_wanted(&service, &pool) && service.metadata.deletion_timestamp.is_none() {
            self.ensure(&service, &pool, api, context);
        } else if has_finalizer(&service) {
            self.clean_up(&service, &pool, api, context);
        }
    }
}

/// `wantsLoadBalancer`: one with a class is somebody else's.
fn is_wanted(service: &Service, pool: &Pool) -> bool {
    let anybodys = || service.spec.load_balancer_class.is_none() && !pool.ranges.is_empty();
    &*service.spec.kind == "LoadBalancer" && (is_of_aws(service) || anybodys())
}

fn is_of_aws(service: &Service) -> bool {
    service.spec.load_balancer_class.as_deref() == Some(aws::NLB_CLASS)
}

/// Annotations with the address that a load balancer shall have, of MetalLB (two groups) and of kube-vip; the field that they
/// stand for is deprecated.
const ADDRESS_ANNOTATIONS: [&str; 3] =
    ["metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs", "kube-vip.io/loadbalancerIPs"];

/// The address that a Service asks for; empty: any.
fn wanted(service: &Service) -> &str {
    let annotated = ADDRESS_ANNOTATIONS.iter().find_map(|name| service.metadata.annotation(name));
    annotated.map_or(&*service.spec.load_balancer_ip, str::trim)
}

fn has_finalizer(service: &Service) -> bool {
    service.metadata.finalizers.iter().any(|name| &**name == FINALIZER)
}

/// Who speaks of a Service.
fn reporter(service: &Service) -> Reporter {
    Reporter::new(if is_of_aws(service) { "service" } else { "service-controller" })
}

fn tell(reason: &str, said: &str, service: &Arc<Service>, api: &mut Api, context: &mut Context<'_>) {
    let regarding = Object::Service(service.clone());
    api.tell(&reporter(service), &regarding, &Message::normal(reason, said), context);
}

fn set_finalizer(service: &Service, has: bool, api: &mut Api, context: &mut Context<'_>) {
    let meta = &service.metadata;
    // A Service that has gone meanwhile needs none.
    let _ = api.modify::<Service>(&meta.namespace, &meta.name, context, |service| {
        service.metadata.finalizers.retain(|name| &**name != FINALIZER);
        if has {
            service.metadata.finalizers.push(FINALIZER.into());
        }
    });
}

fn set_status(service: &Service, addresses: &[Str], api: &mut Api, context: &mut Context<'_>) {
    let meta = &service.metadata;
    let status = status(addresses, true);
    // As above.
    let _ = api.modify::<Service>(&meta.namespace, &meta.name, context, |service| service.status = status);
}
