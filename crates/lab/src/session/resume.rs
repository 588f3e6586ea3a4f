//! The same run once more, from what was recorded of it.

use opscape_manifest::diagnostic::Diagnostic;
use opscape_sim::Time;

use super::{Refused, Session, SessionOptions};
use crate::Act;

impl Session {
    /// Opens a text, does again what was done (see [`crate::record`]) and goes to an instant.
    ///
    /// # Errors
    /// What is wrong with the text; then there is no world.
    pub fn resume(
        text: &str,
        options: SessionOptions,
        acts: Vec<(Time, Act)>,
        at: Time,
    ) -> Result<Session, Vec<Diagnostic>> {
        let mut session = Session::open(text, options)?;
        for (index, (time, act)) in acts.into_iter().enumerate() {
            // Opening has applied the text.
            if index == 0
                && time == Time::ZERO
                && matches!(&act, Act::Apply { text: first } if **first == *text)
            {
                continue;
            }
            session.seek(time);
            if let Err(Refused::Text(_)) = session.act(act) {
                break;
            }
        }
        session.seek(at);
        Ok(session)
    }
}
