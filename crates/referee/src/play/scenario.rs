//! One scenario played: its commands at their times, in a world with its nodes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use opscape_cluster::{Change, Flags, Op};
use opscape_lab::Lang;
use opscape_manifest::api::meta::{ObjectMeta, Str, Timestamp};
use opscape_manifest::api::{Namespace, Object};
use opscape_shell::{Poll, Process, Shell, Stream, World};
use opscape_sim::Time;

use super::game::{Game, KUBECTL_END, KUBECTL_START};
use super::names::Translation;
use super::nodes::nodes;
use super::scores::scores;
use super::trace::{Recorder, seconds};
use crate::recording::{Command, parse_actions, read};

/// How long the cluster runs before the recorder starts. Where the nodes were made for the scenario, the recorded node
/// monitors looked about 0.5 to 1 s after each 5 s of the recorder's clock; this is such a phase.
const OLD_CLUSTER: Duration = Duration::from_mins(1);
const NEW_CLUSTER: Duration = Duration::from_millis(7_800);
/// Nodes of their own are made this long before.
const NODES: Duration = Duration::from_secs(4);
/// The namespace is made this long before.
const NAMESPACE: Duration = Duration::from_secs(1);
/// The recorders go on this long after the last command.
const TAIL: Duration = Duration::from_millis(300);
/// A command may last this much longer than the real one.
const PATIENCE: Duration = Duration::from_secs(20);
/// More events than this in one scenario: something goes round in circles.
const MOST_EVENTS: u64 = 3_000_000;

/// What a played scenario gives: the contents of its files.
pub struct Played {
    /// actions.txt
    pub actions: Vec<Command>,
    /// trace.jsonl
    pub trace: String,
    /// scores.jsonl; empty if the scheduler kept none.
    pub scores: String,
}

/// A command that runs.
struct Running {
    index: usize,
    process: Process,
    shell: Shell,
    wake: Option<Time>,
    out: String,
    err: String,
}

/// Plays the scenario of a folder.
pub fn play(folder: &Path) -> Result<Played, String> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let actions = read(&folder.join("actions.txt"));
    let commands = parse_actions(&actions);
    if commands.is_empty() {
        return Err(format!("{}: no commands", folder.join("actions.txt").display()));
    }
    let namespace = crate::score::without_repeat(&name).to_owned();
    let own_nodes = std::fs::read_to_string(folder.join("nodes.yaml")).ok();
    let warm_up = if own_nodes.is_some() { NEW_CLUSTER } else { OLD_CLUSTER };
    let zero = Time::ZERO + warm_up;
    let epoch = epoch(folder)? - i64::try_from(warm_up.as_micros()).unwrap_or(0);
    let mut game = Game::new(epoch, flags(&name), files(folder)?);
    let made = if own_nodes.is_some() { zero - NODES } else { Time::ZERO };
    game.go_to(made);
    let made = epoch.saturating_add_unsigned(made.0).div_euclid(1_000_000);
    for node in nodes(own_nodes.as_deref(), Timestamp(made))? {
        game.create(node)?;
    }
    let mut play = Play {
        recorder: Recorder::new(&namespace, zero),
        translation: Translation::of(folder)?,
        game,
        zero,
        namespace: namespace.clone(),
        running: Vec::new(),
        finished: BTreeMap::new(),
    };
    play.go_to(zero - NAMESPACE)?;
    play.game.create(Object::Namespace(std::sync::Arc::new(Namespace {
        metadata: ObjectMeta { name: Str::from(namespace), ..ObjectMeta::default() },
        ..Namespace::default()
    })))?;
    for (index, command) in commands.iter().enumerate() {
        play.go_to(play.at(command.start) + KUBECTL_START)?;
        play.start(index, command);
    }
    let last = commands.iter().map(|command| command.end).fold(0.0, f64::max);
    let end = play.at(last) + TAIL;
    play.go_to(end)?;
    play.look();
    let trace = play.recorder.text();
    // What still runs may end a little later than in the real system.
    while !play.running.is_empty() && play.game.now() < end + PATIENCE {
        let next = play.game.now() + Duration::from_millis(100);
        play.go_to(next)?;
    }
    for mut running in std::mem::take(&mut play.running) {
        running.process.interrupt();
        let now = play.game.now();
        play.finish(&running, 124, now);
    }
    let actions = commands
        .into_iter()
        .enumerate()
        .map(|(index, command)| {
            let done = play.finished.remove(&index).unwrap_or_default();
            Command {
                line: done.line,
                code: done.code,
                end: done.end,
                stdout: done.stdout,
                stderr: done.stderr,
                ..command
            }
        })
        .collect();
    Ok(Played { actions, trace, scores: scores(&play.game, &play.namespace) })
}

struct Play {
    game: Game,
    recorder: Recorder,
    translation: Translation,
    zero: Time,
    namespace: String,
    running: Vec<Running>,
    finished: BTreeMap<usize, Command>,
}

impl Play {
    /// The virtual instant of a time of the recording.
    fn at(&self, seconds: f64) -> Time {
        self.zero + Duration::from_micros((seconds.max(0.0) * 1e6).round() as u64)
    }

    /// Lets the world go on to an instant, with everything that runs in it.
    fn go_to(&mut self, until: Time) -> Result<(), String> {
        loop {
            self.look();
            self.poll_all();
            let wakes = self.running.iter().filter_map(|running| running.wake);
            let next = wakes.min().unwrap_or(Time::FAR);
            let next = next.max(self.game.now());
            if next.min(self.game.next_at().unwrap_or(Time::FAR)) > until {
                self.game.go_to(until);
                return Ok(());
            }
            self.game.go(next.min(until));
            if self.game.handled() > MOST_EVENTS {
                return Err(format!("more than {MOST_EVENTS} events at {} s", self.game.now()));
            }
        }
    }

    /// Writes down what changed, and does what annotations ask for.
    fn look(&mut self) {
        loop {
            let changes = self.game.take_changes();
            if changes.is_empty() {
                return;
            }
            for change in changes {
                self.recorder.see(&change);
                self.translation.see(&change, &self.namespace);
                self.obey(&change);
            }
        }
    }

    fn obey(&mut self, change: &Change) {
        let Object::Node(node) = &change.object else { return };
        let stopped = |object: Option<&Object>| {
            object.is_some_and(|object| object.meta().annotation("ref/stopped") == Some("true"))
        };
        let (before, after) = (stopped(change.old.as_ref()), stopped(Some(&change.object)));
        if change.op == Op::Modified && before != after {
            self.game.set_stopped(&node.metadata.name, after);
        }
    }

    fn start(&mut self, index: usize, command: &Command) {
        let line = self.translation.translate(&command.line);
        let shell = Shell::new(&self.namespace, Lang::En);
        let stdin = (!command.stdin.is_empty()).then(|| command.stdin.join("\n") + "\n");
        match shell.start(&line, stdin.as_deref()) {
            Ok(process) => {
                let (out, err) = (String::new(), String::new());
                let mut done = Command { line, start: command.start, ..Command::default() };
                done.end = seconds(self.game.now() + KUBECTL_END, self.zero);
                self.finished.insert(index, done);
                self.running.push(Running { index, process, shell, wake: None, out, err });
                self.look();
                self.poll_all();
            }
            Err(error) => {
                let end = seconds(self.game.now() + KUBECTL_END, self.zero);
                let stderr = vec![error.message];
                self.finished.insert(index, Command { line, code: 2, end, stderr, ..Command::default() });
            }
        }
    }

    /// Lets every command go on as far as it can, until none changes the world any more.
    fn poll_all(&mut self) {
        let mut waiting = std::mem::take(&mut self.running);
        let now = self.game.now();
        let mut still = Vec::new();
        for mut running in waiting.drain(..) {
            let poll = running.process.poll(&mut running.shell, &mut self.game);
            for piece in running.process.take_output() {
                match piece.stream {
                    Stream::Out => running.out.push_str(&piece.text),
                    Stream::Err => running.err.push_str(&piece.text),
                }
            }
            match poll {
                Poll::Done(code) => self.finish(&running, code, now),
                Poll::Waiting(until) => {
                    running.wake = until.map(|at| at.max(now + Duration::from_millis(1)));
                    still.push(running);
                }
            }
        }
        self.running = still;
    }

    fn finish(&mut self, running: &Running, code: i32, now: Time) {
        let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
        let entry = self.finished.entry(running.index).or_default();
        entry.code = code;
        entry.end = seconds(now + KUBECTL_END, self.zero);
        entry.stdout = lines(&running.out);
        entry.stderr = lines(&running.err);
    }
}

/// The files a command can read.
fn files(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut out = BTreeMap::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = Path::new(&name).extension().and_then(|kind| kind.to_str());
        if matches!(kind, Some("yaml" | "yml" | "json")) {
            out.insert(name, read(&entry.path()));
        }
    }
    Ok(out)
}

/// The UTC instant of t=0 in microseconds; some instant where the recording does not say.
fn epoch(folder: &Path) -> Result<i64, String> {
    const SOME_DAY: i64 = 1_795_000_000;
    let text = read(&folder.join("clock.json"));
    if text.is_empty() {
        return Ok(SOME_DAY * 1_000_000);
    }
    let clock: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("clock.json: {error}"))?;
    let zero = clock.get("t0").and_then(serde_json::Value::as_str).unwrap_or_default();
    opscape_manifest::api::meta::parse_rfc3339(zero).ok_or_else(|| format!("clock.json: {zero} is no time"))
}

/// The command-line flags of the recorded control plane (see the recordings' README).
fn flags(name: &str) -> Flags {
    let mut flags = Flags {
        lease_renew_interval: Duration::from_secs(5),
        kubelet: opscape_cluster::kubelet::Style::pretended(),
        ..Flags::default()
    };
    if name.starts_with("nodefail-") && !name.starts_with("nodefail-default-flags") {
        flags.node_monitor_grace_period = Duration::from_secs(16);
        flags.not_ready_toleration = 8;
        flags.unreachable_toleration = 8;
    }
    flags
}
