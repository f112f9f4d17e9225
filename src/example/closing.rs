//! The end of an example centre: what no ticket came to by itself is played in its last hours, so that every
//! state can be seen.

use super::cast::units;
use super::centre::Centre;
use super::course::{Course, Ending};
use super::tickets::Looked;
use super::words;
use crate::domain::{Channel, Grade, Rater, Service, State};
use crate::engine::Error;

const SECOND: i64 = 1000;
/// Between two steps of a ticket that is hurried.
const PAUSE: i64 = 20 * SECOND;
/// No way to a state is longer.
const STEPS: usize = 40;

impl Centre<'_> {
    pub(super) async fn close(&mut self) -> Result<(), Error> {
        let there = self.states().await?;
        for state in State::ALL {
            if !there.contains(&state) {
                self.hurry_to(state).await?;
            }
        }
        self.now = self.end;
        self.tick().await?;
        self.engine.count_anew().await?;
        Ok(())
    }

    /// A bad grade at a window, and its ticket until it stands in that state.
    async fn hurry_to(&mut self, wanted: State) -> Result<(), Error> {
        self.untaken = vec![Course::straight(ending_of(wanted))];
        let act = format!("example-{}", self.fresh());
        let service = Service::WindowAct {
            window: "example-1".to_owned(),
            act,
            item: Some(words::ITEMS[1].0.to_owned()),
            unit: units().last(),
            staff: Vec::new(),
            served_at: self.now.plus_millis(-60 * SECOND),
        };
        let rater = Rater::caller(None);
        self.hand_in(Channel::WindowDevice, service, rater, Grade::Dissatisfied)
            .await?;
        let which = self.tickets.len() - 1;
        for _ in 0..STEPS {
            let number = self.tickets[which].number;
            let whole = self.engine.whole_case(number).await?;
            if whole.is_some_and(|whole| whole.case.ticket.state == wanted) {
                break;
            }
            self.set_now(self.now.plus_millis(PAUSE));
            if self.look_after(which).await? == Looked::Over {
                break;
            }
        }
        self.set_now(self.now.plus_millis(PAUSE));
        Ok(())
    }
}

/// Which course leads through the state.
fn ending_of(state: State) -> Ending {
    match state {
        State::UnderReview | State::ClosedInvalid => Ending::Invalid,
        State::ClosedExplained => Ending::Explained,
        State::ClosedMistaken => Ending::Mistaken,
        State::ClosedMalicious => Ending::Malicious,
        _ => Ending::Rectified,
    }
}
