//! What was measured, for the charts.

use opscape_lab::charts::Charts;
use opscape_sim::Time;

use super::Session;

impl Session {
    /// Charts between two instants, for pictures this many pixels wide: of what was picked by its id, else of what is
    /// selected.
    pub fn charts(&self, picked: Option<&str>, from: Time, until: Time, width: u32) -> Charts {
        let Ok(state) = self.0.state.try_borrow() else { return Charts::default() };
        let wanted = (picked, state.selected.as_ref());
        state.world.as_ref().map(|world| world.charts(wanted, from, until, width)).unwrap_or_default()
    }
}
