//! One request that a person sends: what is asked, and what came of it.

use std::rc::Rc;
use std::time::Duration;

use opscape_lab::session::{Answer, Ended, Sent};
use opscape_lab::words::{Lang, Rich, fill, rich, span, text};
use opscape_sim::Time;

use super::{Session, State};

/// How far the world goes on for an answer while the clock stands, and in which steps.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(20);

/// A request, as it is typed, sent and answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ask {
    pub method: String,
    pub url: String,
    /// One a line.
    pub headers: String,
    /// What is wrong with it.
    pub problem: Option<Rich>,
    pub sent: Option<Rc<Sent>>,
    pub answer: Option<Rc<Answer>>,
}

/// How a request ended, in one word.
pub fn outcome_word(lang: Lang, outcome: Ended) -> String {
    match outcome {
        Ended::Status(status) => status.to_string(),
        Ended::Refused => text(lang, "ui.flow.refused").to_owned(),
        Ended::Reset => text(lang, "ui.flow.reset").to_owned(),
        Ended::TimedOut => text(lang, "ui.flow.timeout").to_owned(),
        Ended::NoHost => text(lang, "ui.ask.no-host").to_owned(),
    }
}

/// A length of time, in milliseconds below a second.
pub fn millis(lang: Lang, took: Duration) -> String {
    if took.as_secs() > 0 {
        return span(lang, took);
    }
    let number = ((took.as_micros() + 500) / 1_000).to_string();
    [number.as_str(), if lang == Lang::Ko { "ms" } else { " ms" }].concat()
}

impl Session {
    /// Opens the form, for a URL if one is given.
    pub fn ask_for(&self, url: Option<String>) {
        self.change(|state| {
            let mut ask = state.ask.take().unwrap_or_default();
            if let Some(url) = url.filter(|url| *url != ask.url) {
                ask = Ask { url, method: ask.method, headers: ask.headers, ..Ask::default() };
            }
            if ask.method.is_empty() {
                ask.method.push_str("GET");
            }
            state.ask = Some(ask);
        });
    }

    /// Closes the form.
    pub fn stop_asking(&self) {
        self.change(|state| state.ask = None);
    }

    /// Sends it now.
    pub fn ask(&self, method: String, url: String, headers: String) {
        self.change(|state| {
            let mut ask = Ask { method, url, headers, ..Ask::default() };
            match state.send(&ask) {
                Ok(sent) => ask.sent = Some(Rc::new(sent)),
                Err(problem) => {
                    state.said = problem.plain();
                    ask.problem = Some(problem);
                }
            }
            state.ask = Some(ask);
            state.wait_for_answer();
        });
    }
}

impl State {
    fn send(&mut self, ask: &Ask) -> Result<Sent, Rich> {
        let lang = self.lang;
        let mut headers = Vec::new();
        for line in ask.headers.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let pair = line.split_once(':').filter(|(name, _)| !name.trim().is_empty());
            let (name, value) = pair.ok_or_else(|| rich(lang, "ui.ask.bad-header", &[("line", line)]))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let Some(world) = &mut self.world else { return Err(rich(lang, "ui.ask.not-sent", &[])) };
        world.ask(&ask.method, ask.url.trim(), &headers)
    }

    /// While the clock stands the world goes on until the answer is there, as far as nobody has to wait long for it.
    fn wait_for_answer(&mut self) {
        let sent = self.ask.as_ref().and_then(|ask| ask.sent.clone());
        let (Some(sent), Some(world)) = (sent, &mut self.world) else { return };
        if self.clock.playing {
            return;
        }
        let until: Time = world.now() + PATIENCE;
        while world.answer(&sent).is_none() && world.now() < until {
            let next = world.now() + STEP;
            world.advance(next, &mut || true);
        }
    }

    /// What is drawn of it: the same as before if nothing changed.
    pub(super) fn kept_ask(&self) -> Option<Rc<Ask>> {
        let ask = self.ask.as_ref()?;
        Some(self.view.ask.clone().filter(|before| **before == *ask).unwrap_or_else(|| Rc::new(ask.clone())))
    }

    /// Looks whether the answer is there.
    pub(super) fn look_for_answer(&mut self) {
        let (Some(ask), Some(world)) = (&mut self.ask, &self.world) else { return };
        let Some(sent) = &ask.sent else { return };
        if world.now() < sent.at {
            ask.answer = None;
        } else if ask.answer.is_none()
            && let Some(answer) = world.answer(sent)
        {
            let lang = self.lang;
            let pod = answer.pod.as_ref().map(|pod| fill(lang, "ui.ask.from", &[("pod", &pod.name)]));
            let after = fill(lang, "ui.ask.after", &[("t", &millis(lang, answer.took))]);
            let values = [
                ("status", outcome_word(lang, answer.outcome)),
                ("after", after),
                ("from", pod.unwrap_or_default()),
            ];
            let values: Vec<(&str, &str)> =
                values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.said = fill(lang, "ui.ask.answer", &values);
            ask.answer = Some(Rc::new(answer));
        }
    }
}
