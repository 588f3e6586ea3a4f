//! What a pod reserves on its node (k8s.io/component-helpers/resource, PodRequests).

use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::{Container, ResourceList};

/// Reserved resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// Thousandths of a core.
    pub cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Pods: 1 for a pod that has not ended.
    pub pods: u32,
}

impl Requests {
    /// Of a pod: its containers and sidecars together, but at least what each of its init containers needs; and its overhead.
    pub fn of(pod: &Pod) -> Requests {
        let spec = &pod.spec;
        let (mut cpu, mut memory) = sum(spec.containers.iter());
        let (mut first_cpu, mut first_memory) = (0, 0);
        let (mut beside_cpu, mut beside_memory) = (0, 0);
        for init in &spec.init_containers {
            let (own_cpu, own_memory) = sum(std::iter::once(init));
            if init.restart_policy.as_deref() == Some("Always") {
                beside_cpu += own_cpu;
                beside_memory += own_memory;
                first_cpu = first_cpu.max(beside_cpu);
                first_memory = first_memory.max(beside_memory);
            } else {
                first_cpu = first_cpu.max(own_cpu + beside_cpu);
                first_memory = first_memory.max(own_memory + beside_memory);
            }
        }
        cpu = (cpu + beside_cpu).max(first_cpu);
        memory = (memory + beside_memory).max(first_memory);
        if let Some(whole) = &spec.resources {
            let (own_cpu, own_memory) = amounts(&whole.requests);
            cpu = own_cpu.unwrap_or(cpu);
            memory = own_memory.unwrap_or(memory);
        }
        let (over_cpu, over_memory) = amounts(&spec.overhead);
        Requests { cpu: cpu + over_cpu.unwrap_or(0), memory: memory + over_memory.unwrap_or(0), pods: 1 }
    }

    pub(super) fn add(&mut self, other: Requests) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.pods += other.pods;
    }

    pub(super) fn take_away(&mut self, other: Requests) {
        self.cpu -= other.cpu;
        self.memory -= other.memory;
        self.pods = self.pods.saturating_sub(other.pods);
    }
}

fn sum<'a>(containers: impl Iterator<Item = &'a Container>) -> (i64, i64) {
    let each = containers.map(|container| amounts(&container.resources.requests));
    each.fold((0, 0), |(cpu, memory), (more_cpu, more_memory)| {
        (cpu + more_cpu.unwrap_or(0), memory + more_memory.unwrap_or(0))
    })
}

fn amounts(list: &ResourceList) -> (Option<i64>, Option<i64>) {
    (
        list.get("cpu").map(opscape_manifest::quantity::Quantity::milli_value),
        list.get("memory").map(opscape_manifest::quantity::Quantity::value),
    )
}
