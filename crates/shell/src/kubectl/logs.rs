//! `kubectl logs` (k8s.io/kubectl/pkg/cmd/logs/logs.go).

use opscape_cluster::Status;
use opscape_lab::logs::LogQuery;
use opscape_manifest::api::Object;
use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};

use super::print::{list, text};
use super::target::Missing;
use super::{Call, Failure, Next, Outcome, Waiter, usage, words};
use crate::process::Poll;

pub(super) const FLAGS: &str = "f|follow! p|previous! c|container= all-containers! tail# since~ since-time= \
    timestamps! prefix! l|selector= max-log-requests# ignore-errors! limit-bytes# pod-running-timeout~ all-pods!";

/// With a selector only the end of each log is shown.
const TAIL_OF_SELECTED: i64 = 10;
/// Logs followed at once.
const MOST_FOLLOWED: i64 = 5;

/// The log of one container, as far as it was printed.
#[derive(Clone)]
struct Stream {
    namespace: String,
    pod: String,
    container: String,
    /// The time of the last line that was printed, and how many of that time were.
    printed: Option<(MicroTime, usize)>,
    over: bool,
}

#[derive(Clone)]
struct Following(Vec<Stream>);

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let args = call.args().to_vec();
    let selected = call.flags.given("selector");
    let pods = match args.as_slice() {
        [] if selected => {
            let found = call.targets(&["pods".to_owned()], Missing::MeansAll)?;
            let (pods, failures) = super::get::present(found.found);
            Failure::all(failures)?;
            if pods.is_empty() {
                let namespace = call.namespace();
                call.warn(&format!("No resources found in {namespace} namespace."));
                return Ok(Next::Done);
            }
            pods.into_iter().map(|(_, pod)| pod).collect()
        }
        [_, ..] if selected => {
            return usage("only a selector (-l) or a POD name is allowed");
        }
        [_, _] if call.flags.given("container") => {
            return usage("only one of -c or an inline [CONTAINER] arg is allowed");
        }
        [name] | [name, _] => vec![super::absent::pod(call, name)?],
        _ => {
            return usage(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
            );
        }
    };
    if call.flags.given("since") && call.flags.given("since-time") {
        return words("at most one of `sinceTime` or `sinceSeconds` may be specified");
    }
    let inline = args.get(1).map(String::as_str);
    let mut streams = Vec::new();
    for pod in &pods {
        streams.extend(streams_of(call, pod, inline)?);
    }
    let follow = call.flags.truth("follow");
    let most = call.flags.number("max-log-requests").unwrap_or(MOST_FOLLOWED);
    if follow && streams.len() as i64 > most {
        return words(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            streams.len()
        ));
    }
    for stream in &mut streams {
        if let Err(status) = stream.print(call) {
            if !call.flags.truth("ignore-errors") {
                return Err(Failure::Api(status));
            }
            call.warn(&format!("error: {}", status.message));
            stream.over = true;
        }
    }
    Ok(if follow { Next::Wait(Box::new(Following(streams))) } else { Next::Done })
}

/// The containers of a pod that are asked for.
fn streams_of(call: &mut Call<'_, '_>, pod: &Object, inline: Option<&str>) -> Result<Vec<Stream>, Failure> {
    let value = pod.to_value();
    let meta = pod.meta();
    let stream = |container: &str| Stream {
        namespace: meta.namespace.to_string(),
        pod: meta.name.to_string(),
        container: container.to_owned(),
        printed: None,
        over: false,
    };
    let names = |path: &str| -> Vec<String> {
        list(&value, path).iter().map(|container| text(container, "name").to_owned()).collect()
    };
    let containers = names("spec.containers");
    if call.flags.truth("all-containers") {
        let init = names("spec.initContainers");
        return Ok(init.iter().chain(&containers).map(|name| stream(name)).collect());
    }
    if let Some(name) = call.flags.text("container").or(inline) {
        let known = containers.iter().chain(&names("spec.initContainers")).any(|known| known == name);
        if !known {
            let pod = &meta.name;
            return Err(Failure::Api(Status::bad_request(format!(
                "container {name} is not valid for pod {pod}"
            ))));
        }
        return Ok(vec![stream(name)]);
    }
    // As `podcmd.FindOrDefaultContainerByName`: the annotation, else the first.
    let annotated = meta.annotation("kubectl.kubernetes.io/default-container").map(str::to_owned);
    let annotated = annotated.filter(|name| containers.contains(name));
    let first = containers.first().cloned().unwrap_or_default();
    if annotated.is_none() && containers.len() > 1 {
        call.warn(&format!("Defaulted container \"{first}\" out of: {}", containers.join(", ")));
    }
    Ok(vec![stream(&annotated.unwrap_or(first))])
}

impl Stream {
    /// Prints what is new; gives when the next line comes.
    fn print(&mut self, call: &mut Call<'_, '_>) -> Result<Option<opscape_sim::Time>, Status> {
        let query = LogQuery {
            namespace: &self.namespace,
            pod: &self.pod,
            container: &self.container,
            previous: call.flags.truth("previous"),
        };
        let log = call.scope.world.logs(query)?;
        self.over = log.ended;
        let mut lines = log.lines.as_slice();
        if let Some((at, count)) = self.printed {
            let seen = lines.partition_point(|line| line.at < at);
            lines = lines.get(seen..).unwrap_or_default();
            let same = lines.iter().take_while(|line| line.at == at).count();
            lines = lines.get(count.min(same)..).unwrap_or_default();
        } else {
            let since = since(call);
            lines = lines.get(lines.partition_point(|line| line.at < since)..).unwrap_or_default();
            let tail = call.flags.number("tail").unwrap_or(-1);
            let tail = if tail < 0 && call.flags.given("selector") && !call.flags.given("tail") {
                TAIL_OF_SELECTED
            } else {
                tail
            };
            if let Ok(tail) = usize::try_from(tail) {
                lines = lines.get(lines.len().saturating_sub(tail)..).unwrap_or_default();
            }
        }
        let mut room = call
            .flags
            .number("limit-bytes")
            .and_then(|most| usize::try_from(most).ok())
            .unwrap_or(usize::MAX);
        let prefix = if call.flags.truth("prefix") {
            format!("[pod/{}/{}] ", self.pod, self.container)
        } else {
            String::new()
        };
        for line in lines {
            let stamp = if call.flags.truth("timestamps") { stamp(line.at) } else { String::new() };
            let whole = [&*prefix, &*stamp, &*line.text, "\n"].concat();
            if whole.len() > room {
                let end = (0..=room).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or_default();
                call.io.out(whole.get(..end).unwrap_or_default());
                break;
            }
            room -= whole.len();
            call.io.out(&whole);
        }
        if let Some(last) = log.lines.last() {
            let count = log.lines.iter().rev().take_while(|line| line.at == last.at).count();
            self.printed = Some((last.at, count));
        }
        Ok(log.next)
    }
}

impl Waiter for Following {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let mut next = None;
        for stream in self.0.iter_mut().filter(|stream| !stream.over) {
            match stream.print(call) {
                Ok(at) => next = [next, at].into_iter().flatten().min(),
                // The pod is gone, and its log with it.
                Err(_) => stream.over = true,
            }
        }
        if self.0.iter().all(|stream| stream.over) { Ok(Poll::Done(0)) } else { Ok(Poll::Waiting(next)) }
    }
}

/// From when on lines are shown.
fn since(call: &Call<'_, '_>) -> MicroTime {
    let now = call.scope.world.cluster().options().epoch.0.saturating_add_unsigned(call.scope.world.now().0);
    let span = call.flags.duration("since").map(|span| now.saturating_sub(span));
    MicroTime(span.or(call.flags.text("since-time").and_then(parse_rfc3339)).unwrap_or(i64::MIN))
}

/// In front of a line: RFC 3339 with nanoseconds, as the container runtime wrote it.
fn stamp(at: MicroTime) -> String {
    let text = at.to_string();
    [text.strip_suffix('Z').unwrap_or(&text), "000Z "].concat()
}
