//! The `Lab` document: everything around the manifests that makes a text a lesson or a test.
//!
//! ```yaml
//! apiVersion: opscape.dev/v1alpha1
//! kind: Lab
//! metadata: {name: rolling-update}
//! spec:
//!   title: {en: A rolling update, ko: 롤링 업데이트}
//!   seed: 7                        # same text, same seed, same run; default 1
//!   start: 2026-01-05T09:00:00Z    # the UTC instant of t=0
//!   until: 5m                      # how long a run goes on when nobody stops it
//!   nodes:                         # default: three nodes of 4 CPUs and 8 GiB
//!   - {name: worker, count: 3, cpu: 4, memory: 8Gi, pods: 110, zones: [a, b], labels: {disk: ssd}}
//!   - {name: gpu, cpu: 16, memory: 64Gi, price: 1.2, taints: [{key: gpu, effect: NoSchedule}]}
//!   - {name: pool, min: 1, max: 5, instanceType: m5.large, cpu: 2, memory: 8Gi, price: 0.096, bootTime: 40s}  # a node group
//!   clusterAutoscaler: {expander: price, scaleDownUnneededTime: 2m}   # its flags, where groups have a `max`
//!   loadBalancers: {addresses: [198.51.100.10-198.51.100.19], createTime: 20s}   # `addresses: []`: pending for ever
//!   images:                        # the first entry whose name matches counts; `*` stands for any letters
//!   - {name: "shop:2.*", pullTime: 4s, startTime: 300ms, readyAfter: 3s}
//!   - {name: "shop:bad", exitAfter: 2s, exitCode: 1}
//!   - {name: "shop:hung", unhealthyAfter: 30s, hangs: true, unhealthyTimes: 1}   # its probes fail until it is restarted
//!   - {name: "greedy", memory: 84Mi, memoryTo: 108Mi}    # each container takes an amount between the two
//!   - {name: "leak:*", memory: 64Mi, memoryOverTime: [{after: 1m, use: 600Mi}]}
//!   - {name: "nowhere/*", notFound: true}
//!   - name: "api:*"
//!     serve: {concurrency: 8, queue: 100, time: 20ms, p99: 80ms, cpuPerRequest: 5ms, errorRate: 0.01}
//!   - {name: "shop/web:1.*", schema: {needs: [customers.name]}}   # a column that is not there: its requests fail
//!   - {name: "shop/migrate:2", exitAfter: 5s, schema: {adds: [customers.full_name], drops: [customers.name]}}
//!   pipelines:                     # what workflows of the text run on, and what becomes of them
//!     environments: [{name: production, reviewers: [ops], waitTimer: 5m, branches: [main, "release/*"]}]
//!     runners: [{name: big, labels: [self-hosted, big], count: 2, bootTime: 10s, speed: 2}]
//!     durations: [{job: test, step: npm ci, takes: 40s}]
//!     failures: [{job: test, step: npm test, attempts: 1}]   # it goes well when it is run again
//!   registry:                      # of images under this host it has only these, and what pipelines push
//!     host: ghcr.io
//!     images: ["ghcr.io/acme/shop:1.0"]
//!     builds: [{file: src/server.js, contains: FIXME, behavesAs: "shop:bad"}]   # an image that is built from such a file
//!   schema: [customers.name]       # the columns of the database at t=0
//!   load:                          # who sends requests
//!   - {name: shoppers, url: "http://shop.example.com/", rate: 200, ramp: {to: 800, after: 1m, over: 2m}}
//!   - {name: crawler, url: "http://shop.example.com/", rate: 50, addresses: 1}   # as one machine: limits and affinity count it
//!   - name: staff                  # a closed workload: each waits for its answer, then thinks
//!     clients: 30
//!     thinkTime: 2s
//!     requests: [{url: "http://shop.example.com/admin", weight: 3}, {url: "http://shop.example.com/", weight: 1}]
//!   steps:                         # what happens by itself, and what is told about it
//!   - at: 10s
//!     title: {en: Roll out, ko: 배포}
//!     text: {en: Watch the new pods., ko: 새 파드를 보세요.}
//!     focus: deployment/web
//!     pause: true
//!     actions:
//!     - run: kubectl set image deployment/web web=shop:2.0
//!     - apply: k8s/canary.yaml     # a named file of the same text
//!     - stopNode: worker-1
//!   - when: {get: deployment/web, jsonPath: "{.status.readyReplicas}", value: 3}   # once this holds
//!     after: 2s                    # so long after that; default: half a second
//!     title: {en: All ready, ko: 모두 준비됨}
//!   checks:
//!   - text: {en: All pods are ready., ko: 모든 파드가 준비되었습니다.}
//!     get: deployment/web
//!     jsonPath: "{.status.readyReplicas}"
//!     op: "=="
//!     value: 3
//!     within: 2m
//!   - {get: pods, selector: app=web, op: ">=", value: 2, at: 30s}   # without jsonPath: how many there are
//!   - {measure: errors, of: load/shoppers, since: 40s, value: 0, at: 90s}      # what became of requests
//!   - {measure: p99, of: service/web, over: 30s, op: "<", value: 200, at: 90s}
//!   - {route: "http://shop.example.com/api/items", value: "default/api:80 /api/items", at: 30s}   # where one goes
//! ```
//!
//! Unknown fields are refused as in any manifest, with the field that is probably meant; the table of fields is
//! `schema/lab.txt`.

mod condition;
mod document;
pub mod load;
mod load_balancers;
mod nodes;
pub mod pipelines;
mod registry;
mod scalars;
mod schema;
mod validate;
mod validate_load;
mod validate_nodes;

pub use condition::{Check, Op};
pub use document::{Action, File, Image, Lab, LabSpec, Lane, Memory, Step};
pub use load_balancers::LoadBalancers;
pub use nodes::{ClusterAutoscaler, EXPANDERS, MAX_PRICE, NodeGroup};
pub use registry::{Build, Registry};
pub use scalars::{Duration, Text};
pub use schema::ImageSchema;
pub use validate::validate;

/// The annotation of an object that is only in one of the lanes of its text.
pub const LANE: &str = "opscape.dev/lane";

/// The `apiVersion` of the `Lab` and `File` documents.
pub const API_VERSION: &str = "opscape.dev/v1alpha1";

/// The most nodes a lab may have.
pub const MAX_NODES: i64 = 10_000;
/// The most steps and the most checks a lab may have.
pub const MAX_STEPS: usize = 1_000;
/// The most workloads a lab may have.
pub const MAX_LOADS: usize = 100;
/// The most requests per second of a workload.
pub const MAX_RATE: i64 = 1_000_000;
/// The most clients of a workload.
pub const MAX_CLIENTS: i64 = 100_000;
