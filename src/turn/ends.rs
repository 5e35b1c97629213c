//! Who waits for which turn's end.

use dashmap::DashMap;
use tokio::sync::oneshot;

use crate::domain::{TurnId, TurnState};

/// The listeners of this process, by turn.
#[derive(Default)]
pub(super) struct Ends(DashMap<TurnId, Vec<oneshot::Sender<TurnState>>>);

impl Ends {
    /// The end of `turn`, if it comes after this call and in this process.
    pub(super) fn of(&self, turn: &TurnId) -> oneshot::Receiver<TurnState> {
        let (tell, end) = oneshot::channel();
        let mut listeners = self.0.entry(turn.clone()).or_default();
        listeners.retain(|listener| !listener.is_closed());
        listeners.push(tell);
        end
    }

    /// Tells everyone who waits that `turn` has ended.
    pub(super) fn tell(&self, turn: &TurnId, state: TurnState) {
        for listener in self.0.remove(turn).into_iter().flat_map(|(_, listeners)| listeners) {
            // Whoever gave up waiting needs no answer.
            let _ = listener.send(state);
        }
    }
}
