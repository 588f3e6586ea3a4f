//! The processes that serve and their nodes: they come, change, are lost, and share what CPU there is.

use opscape_manifest::api::meta::Uid;

use super::cpu::PERIOD;
use super::engine::{State, What};
use super::node::{Node, shares};
use super::server::{NEVER, Server};
use super::table::GONE;
use super::{Network, Process, ProcessState};
use crate::telemetry::Subject;

impl State {
    pub fn server_of(&mut self, pod: Uid, network: &dyn Network) -> u32 {
        if let Some(number) = self.by_pod.get(&pod) {
            return *number;
        }
        match network.process(pod) {
            Some(process) => self.add_server(pod, &process),
            None => GONE,
        }
    }

    fn add_server(&mut self, pod: Uid, process: &Process) -> u32 {
        let subjects =
            (self.telemetry.subject(Subject::Pod(pod)), self.telemetry.subject(process.version.clone()));
        let node = self.node_of(process);
        let number = self.servers.len() as u32;
        let mut server = Server::new(pod, process, node, subjects);
        if process.state != ProcessState::Running {
            server.lost_at = self.now;
        }
        self.servers.push(server);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.members.push(number);
        }
        self.by_pod.insert(pod, number);
        number
    }

    fn node_of(&mut self, process: &Process) -> u32 {
        if let Some(at) = self.node_names.iter().position(|name| *name == process.node) {
            return at as u32;
        }
        let subject = self.telemetry.subject(Subject::Node(process.node.clone()));
        let capacity = process.node_cpu * (PERIOD / 1_000);
        self.nodes.push(Node::new(capacity, subject));
        self.node_names.push(process.node.clone());
        self.nodes.len() as u32 - 1
    }

    pub fn process_changed(&mut self, pod: Uid, network: &dyn Network) {
        let Some(number) = self.by_pod.get(&pod).copied() else { return };
        let process = network.process(pod);
        let Some(server) = self.servers.get_mut(number as usize) else { return };
        let running = process.as_ref().is_some_and(|process| process.state == ProcessState::Running);
        let same = process.as_ref().is_some_and(|process| process.life == server.life);
        if let Some(process) = process.as_ref().filter(|_| same) {
            server.follow(process);
        }
        if !(running && same) && server.lost_at == NEVER {
            let silent = process.as_ref().is_some_and(|process| process.state == ProcessState::Silent);
            self.lose(number, silent, network);
        }
        match process {
            // Another life: a server of its own.
            Some(process) if running && (!same || self.was_lost(number)) => {
                self.retire(number);
                self.add_server(pod, &process);
                self.tables.fill(None);
            }
            Some(_) => {}
            None => {
                self.retire(number);
                self.by_pod.remove(&pod);
                self.tables.fill(None);
            }
        }
    }

    fn was_lost(&self, number: u32) -> bool {
        self.servers.get(number as usize).is_some_and(|server| server.lost_at != NEVER)
    }

    fn retire(&mut self, number: u32) {
        let Some(server) = self.servers.get(number as usize) else { return };
        if let Some(node) = self.nodes.get_mut(server.node as usize) {
            node.members.retain(|member| *member != number);
        }
    }

    /// A node had less CPU than was asked for: each process on it gets its share of the next period.
    pub fn give_out_cpu(&mut self, number: u32) {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(number as usize) else { return };
        let capacity = node.capacity;
        let wants: Vec<(u64, u64)> = node
            .members
            .iter()
            .filter_map(|member| self.servers.get(*member as usize))
            .map(|server| (server.wants(now, capacity), server.weight))
            .collect();
        let weights: u64 = wants.iter().filter(|(want, _)| *want > 0).map(|(_, weight)| weight).sum();
        let given = shares(capacity, &wants);
        node.watched = given.is_some();
        for (at, member) in node.members.iter().enumerate() {
            let Some(server) = self.servers.get_mut(*member as usize) else { continue };
            let share = given.as_ref().and_then(|given| given.get(at)).map_or(0, |share| {
                let fair = u128::from(capacity) * u128::from(server.weight) / u128::from(weights.max(1));
                (*share).max(fair as u64).max(1)
            });
            server.cpu.set_share(share);
        }
        if node.watched {
            self.schedule((now / PERIOD + 1) * PERIOD, What::Node(number));
        }
    }
}
