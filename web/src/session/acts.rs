//! What a person does to the world, told in the live region and, if it is refused, in a notice.

use opscape_lab::words::fill;
use opscape_lab::{Act, Refused};

use super::{Session, State};

impl Session {
    /// Applies the text at the present instant, or starts its world if there is none yet or its nodes, seed or images are
    /// other ones.
    pub fn apply(&self) {
        let told = self.change(State::apply).flatten();
        if let Some(problem) = told {
            self.tell(problem, true);
        }
    }

    /// Does something to the world at the present instant.
    pub fn act(&self, act: Act) {
        let told = self.change(|state| match state.world.as_mut().map(|world| world.act(act)) {
            Some(Err(Refused::Api(status))) => Some(status.to_string()),
            Some(Err(Refused::Text(problems))) => problems.into_iter().next().map(|problem| problem.message),
            _ => None,
        });
        if let Some(problem) = told.flatten() {
            self.tell(problem, true);
        }
    }
}

impl State {
    /// Gives what to tell if it was refused.
    fn apply(&mut self) -> Option<String> {
        let errors = |state: &mut State| {
            let errors = state.text.view().errors();
            (errors > 0).then(|| fill(state.lang, "ui.not-applied", &[("n", &errors.to_string())]))
        };
        if let Some(told) = errors(self) {
            return Some(told);
        }
        let restart = self.world.as_ref().is_none_or(|world| world.needs_restart(self.text.all()));
        if restart {
            self.open();
            return errors(self);
        }
        let text = self.text.all().into();
        let had = self.world.as_ref().is_some_and(|world| !world.model().pipelines().is_empty());
        match self.world.as_mut().map(|world| world.act(Act::Apply { text })) {
            Some(Err(Refused::Text(problems))) => {
                self.text.set_problems(problems);
                errors(self)
            }
            Some(Err(Refused::Api(status))) => Some(status.to_string()),
            _ => {
                self.text.was_applied();
                self.said = fill(self.lang, "ui.applied", &[]);
                self.look_at_pipelines(!had);
                None
            }
        }
    }
}
