//! Built-in labs and their solutions.
#![allow(dead_code, reason = "each test binary needs a part of it")]

use std::path::{Path, PathBuf};

use opscape_lab::pipelines::GitAct;
use opscape_lab::session::{CheckReport, end_of};
use opscape_lab::{Act, Session, SessionOptions, WorldOptions};
use opscape_manifest::api::ObjectKey;
use opscape_manifest::check::check;
use opscape_manifest::duration::parse_go;
use opscape_manifest::value::Value;
use opscape_sim::Time;

/// What leads `http://shop.example.com/` to the Service `web`.
pub const INGRESS: &str = "---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
";

/// The Service `web` for containers that listen on 8080.
pub const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/labs")
}

/// Names and texts of all built-in labs.
pub fn labs() -> Vec<(String, String)> {
    let mut labs: Vec<(String, String)> = std::fs::read_dir(folder())
        .expect("static/labs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    labs.sort();
    labs
}

/// The text of one of them.
pub fn lab(name: &str) -> String {
    std::fs::read_to_string(folder().join(name).with_extension("yaml")).expect("a built-in lab")
}

/// A session that runs the command lines of the lab's script.
pub fn open(text: &str) -> Session {
    let options = SessionOptions {
        world: WorldOptions { runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() },
        ..SessionOptions::default()
    };
    match Session::open(text, options) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// What a learner does, from the file in `static/labs/solutions`.
pub fn solution(name: &str, text: &str) -> Vec<(Time, Act)> {
    let path = folder().join("solutions").join(name).with_extension("yaml");
    let Ok(file) = std::fs::read_to_string(&path) else { return Vec::new() };
    let value = check(&file).documents.into_iter().next().expect("a solution").value;
    let mut text = text.to_owned();
    let mut replace = |change: &Value| {
        let (from, to) = (change.str_at(&["from"]).expect("from"), change.str_at(&["to"]).expect("to"));
        assert!(text.contains(from), "{name}: there is no {from:?}");
        text = text.replacen(from, to, 1);
        text.clone()
    };
    let entries = value.as_list().expect("a list");
    let acts = entries.iter().map(|entry| {
        let at = Time(parse_go(entry.str_at(&["at"]).expect("at")).expect("a time").unsigned_abs());
        let act = if let Some(change) = entry.get("replace") {
            let mut text = replace(change);
            if let Some(change) = entry.get("also") {
                let list = change.as_list().unwrap_or(std::slice::from_ref(change));
                for change in list {
                    text = replace(change);
                }
            }
            match entry.str_at(&["push"]) {
                Some(branch) => {
                    let push = GitAct::Push {
                        branch: branch.into(),
                        message: "A change".into(),
                        text: Some(text.into()),
                    };
                    Act::Git { line: "".into(), act: push }
                }
                None => Act::Apply { text: text.into() },
            }
        } else if let Some(line) = entry.str_at(&["run"]) {
            Act::Run { line: line.into() }
        } else {
            let name = entry.str_at(&["rollBack"]).expect("replace, run or rollBack");
            let deployment =
                ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: name.into() };
            Act::RollBack { deployment, to: None }
        };
        (at, act)
    });
    acts.collect()
}

/// Plays a lab with these acts to its end.
pub fn play(text: &str, acts: &[(Time, Act)]) -> Session {
    let mut session = open(text);
    for (at, act) in acts {
        // Past the pauses of the script.
        while session.now() < *at {
            session.advance(*at, &mut || true);
        }
        if let Err(refused) = session.act(act.clone()) {
            panic!("{refused:#?}");
        }
    }
    let end = end_of(session.spec());
    while session.now() < end {
        session.advance(end, &mut || true);
    }
    session
}

/// The checks of a lab that was played.
pub fn checks(session: &mut Session) -> Vec<CheckReport> {
    session.seek(Time::ZERO);
    session.run_checks()
}
