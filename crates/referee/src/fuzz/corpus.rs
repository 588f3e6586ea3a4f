//! Good texts to begin with: the manifests and commands of the recordings, and some of our own with a Lab document.

use std::path::Path;

use serde_json::Value as Json;

use crate::recording::{parse_actions, read};

const LAB: &str = "\
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: x}
spec:
  title: {ko: 롤링, en: Rolling}
  seed: 3
  until: 2m
  nodes:
  - {name: big, count: 2, cpu: 8, memory: 16Gi, zones: [a, b], labels: {disk: ssd}, taints: [{key: k, value: v, effect: NoSchedule}]}
  - {count: 3, cpu: 500m, memory: 1Gi, pods: 5}
  images:
  - {name: \"web:1\", pullTime: 1s, startTime: 500ms, readyAfter: 2s, memory: 64Mi}
  - {name: \"web:2*\", readyAfter: 1s, exitAfter: 10s, exitCode: 3, exitTimes: 2}
  - {name: \"bad*\", notFound: true}
  steps:
  - {at: 5s, run: kubectl set image deploy/web c=web:2}
  - {at: 20s, run: kubectl scale deploy/web --replicas=7, pause: true, say: {ko: 늘립니다, en: scale up}}
  checks:
  - {that: deployment/web, is: \"{.status.readyReplicas} == 3\", within: 60s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: c
        image: web:1
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}
--- # k8s/service.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
kind: File
path: Dockerfile
content: |
  FROM scratch
";

/// All texts to begin with.
pub fn corpus(recordings: &Path) -> Result<Vec<String>, String> {
    let scenarios = recordings.join("kubernetes");
    let entries =
        std::fs::read_dir(&scenarios).map_err(|error| format!("{}: {error}", scenarios.display()))?;
    let mut folders: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    let mut out = vec![LAB.to_owned(), LAB.to_owned()];
    for folder in folders {
        for name in ["manifest.yaml", "nodes.yaml"] {
            out.push(read(&folder.join(name)));
        }
        for command in parse_actions(&read(&folder.join("actions.txt"))).into_iter().take(5) {
            out.push(command.stdin.join("\n"));
        }
    }
    let cases: Vec<Json> = serde_json::from_str(&read(&recordings.join("validation/cases.json")))
        .map_err(|error| format!("cases.json: {error}"))?;
    for case in cases {
        out.push(case.get("stdin").and_then(Json::as_str).unwrap_or_default().to_owned());
    }
    out.retain(|text| !text.trim().is_empty());
    Ok(out)
}
