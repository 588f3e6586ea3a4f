//! The logs of a pod's containers.

use opscape_lab::logs::{LogLine, LogQuery};
use opscape_manifest::api::{ObjectKey, Pod};
use opscape_sim::Time;
use yew::AttrValue;

use super::Session;

/// What the containers of a pod write.
pub struct Writing {
    /// All of them, those that start first in front.
    pub containers: Vec<AttrValue>,
    /// The one whose log this is.
    pub container: AttrValue,
    /// Its log, or why there is none, in the API server's words.
    pub log: Result<Log, String>,
}

/// A log.
pub struct Log {
    /// In order of time.
    pub lines: Vec<(Time, LogLine)>,
    /// Whether nothing more comes.
    pub ended: bool,
}

impl Session {
    /// The log of a container of a pod; without a name, of its first.
    pub fn writing(&self, pod: &ObjectKey, container: Option<&str>, previous: bool) -> Writing {
        let none =
            || Writing { containers: Vec::new(), container: AttrValue::default(), log: Err(String::new()) };
        let Ok(state) = self.0.state.try_borrow() else { return none() };
        let Some(world) = &state.world else { return none() };
        let cluster = world.cluster();
        let Some(found) = cluster.store().get::<Pod>(&pod.namespace, &pod.name) else { return none() };
        let name = |name: &str| AttrValue::from(name.to_owned());
        let init = found.spec.init_containers.iter().map(|one| name(&one.name));
        let containers: Vec<AttrValue> =
            init.chain(found.spec.containers.iter().map(|one| name(&one.name))).collect();
        let first = found.spec.containers.first().map(|one| name(&one.name)).unwrap_or_default();
        let container =
            containers.iter().find(|one| Some(one.as_str()) == container).cloned().unwrap_or(first);
        let query = LogQuery { namespace: &pod.namespace, pod: &pod.name, container: &container, previous };
        let epoch = cluster.options().epoch.0;
        let log = world.logs(query).map_err(|status| status.message).map(|log| Log {
            lines: log
                .lines
                .into_iter()
                .map(|line| (Time(u64::try_from(line.at.0.saturating_sub(epoch)).unwrap_or_default()), line))
                .collect(),
            ended: log.ended,
        });
        Writing { containers, container, log }
    }
}
