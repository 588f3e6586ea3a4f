//! Commands that jobs of pipelines run in the world. kubectl is the shell's, which stands above the lab: it comes with the
//! world's [`Runner`](super::Runner) and asks the world through the same desk as the command lines of the lab's script. It
//! goes on whenever the store has changed, as in the terminal, and its state is a part of the world's: what a job does is
//! not an input of the timeline, it follows from the push that began it, and is done again when that is played again.

use std::sync::Arc;

use opscape_pipeline::run::{Answer, JobId};
use opscape_sim::{Context, Time};

use super::script::{Desk, Step};
use super::{LabEvent, LabModel, LabRecord};
use crate::pipelines::{Busy, Work, docker_knows, folder_of};

type LabContext<'a> = Context<'a, LabEvent, LabRecord>;

impl LabModel {
    /// Begins what jobs ask for at this instant.
    pub(super) fn commands_begin(&mut self, context: &mut LabContext<'_>) {
        while let Some((run, job)) = Arc::make_mut(&mut self.pipelines).next_question() {
            let Some((asked, record, cause)) = self.pipelines.question(run, job) else { continue };
            let kubectl = matches!(asked.words.first().map(String::as_str), Some("kubectl" | "k"));
            let runner = self.runner.filter(|_| kubectl);
            let runs = runner.map(|runner| (runner.command)(asked.words.clone(), &asked.input));
            let before = context.because(cause);
            let acts = runs.is_some() || docker_knows(&asked.words);
            let entry = acts.then(|| context.record_as_cause(LabRecord::Command(Arc::new(record))));
            let after = Arc::make_mut(&mut self.pipelines).begin((run, job), asked, entry, runs);
            context.after(after, LabEvent::Command(run, job));
            context.because(before);
        }
    }

    /// A command of a job goes on.
    pub(super) fn command_goes_on(&mut self, run: u32, job: JobId, context: &mut LabContext<'_>) {
        let Some(busy) = Arc::make_mut(&mut self.pipelines).take(run, job) else { return };
        let before = context.because(busy.entry);
        let answer = match &busy.work {
            Work::Nothing => Some((Answer::default(), Vec::new())),
            Work::Docker => Some((self.docker((run, job), &busy, context), Vec::new())),
            Work::Runs(_) => self.poll((run, job), busy, context),
        };
        if let Some((answer, shown)) = answer {
            Arc::make_mut(&mut self.pipelines).answer((run, job), answer, shown, context);
            self.commands_begin(context);
        }
        context.because(before);
    }

    fn docker(&mut self, key: (u32, JobId), busy: &Busy, context: &mut LabContext<'_>) -> Answer {
        let images = self.images.clone();
        let (answer, pushed) = Arc::make_mut(&mut self.pipelines).docker(key, &busy.asked, &images);
        if !pushed.is_empty() {
            for (image, built) in pushed {
                self.images = Arc::new(self.images.pushed(&image, built));
            }
            let images = self.images.clone();
            self.in_cluster(context, |cluster, context| cluster.set_images(context, images));
        }
        answer
    }

    fn poll(
        &mut self,
        (run, job): (u32, JobId),
        mut busy: Busy,
        context: &mut LabContext<'_>,
    ) -> Option<(Answer, Vec<(Time, String)>)> {
        let files = folder_of(&busy.asked);
        let Work::Runs(running) = &mut busy.work else { return None };
        let step = running.poll(&mut Desk { model: self, context, files: Some(files) });
        let said = running.take_output();
        busy.hear(context.now(), said);
        match step {
            Step::Done(code) => Some(busy.answer(code)),
            Step::Waiting(until) => {
                Arc::make_mut(&mut self.pipelines).put(run, job, busy);
                if let Some(until) = until {
                    context.at(until, LabEvent::Command(run, job));
                }
                None
            }
        }
    }

    /// Something may have changed: commands that wait for the cluster look again.
    pub(super) fn commands_notice(&mut self, context: &mut LabContext<'_>) {
        let version = self.cluster.store().version();
        if self.commands_seen == version || !self.pipelines.waits() {
            return;
        }
        self.commands_seen = version;
        let before = context.because(None);
        context.at(context.now(), LabEvent::Commands);
        context.because(before);
    }

    /// Commands that wait for the cluster look.
    pub(super) fn commands_look(&mut self, context: &mut LabContext<'_>) {
        for (run, job) in self.pipelines.waiting() {
            self.command_goes_on(run, job, context);
        }
        self.commands_seen = self.cluster.store().version();
    }
}
