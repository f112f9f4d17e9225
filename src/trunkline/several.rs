//! Several trunks: each is kept for itself, and a call goes out by the first that is for its number and can take it.

use std::sync::Arc;

use futures::future::join_all;

use super::{NoWay, Outward, Settings, Trunkline, Unresolvable};
use crate::sip::Agent;

/// All trunks, in the order in which calls go out by them. Cheap to clone.
#[derive(Clone)]
pub struct Trunklines(Arc<[Trunkline]>);

impl Trunklines {
    /// Begins to keep each of them; `None` where there is none.
    ///
    /// # Errors
    /// Where names are to be looked up and the system's resolver cannot be read.
    pub fn open(agent: &Agent, all: Vec<Settings>) -> Result<Option<Trunklines>, Unresolvable> {
        let open = |settings| Trunkline::open(agent.clone(), settings);
        let all: Arc<[Trunkline]> = all.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok((!all.is_empty()).then_some(Trunklines(all)))
    }

    /// Where an outward INVITE to this number, as it is dialled, goes now: to be tried in this order, the next one where
    /// [`super::further`] says so.
    ///
    /// # Errors
    /// Why no call can go out by the first trunk that is for this number, where it can by none.
    pub fn outward(&self, number: &str) -> Result<Vec<Outward>, NoWay> {
        let (mut ways, mut why) = (Vec::new(), None);
        for trunk in self.0.iter().filter(|trunk| trunk.is_for(number)) {
            match trunk.outward() {
                Ok(more) => ways.extend(more),
                Err(not) => why = why.or(Some(not)),
            }
        }
        match ways.is_empty() {
            false => Ok(ways),
            true => Err(why.unwrap_or(NoWay::NotForIt)),
        }
    }

    /// The names of those by which calls can neither come nor go although they should: for `/healthz`.
    pub fn in_trouble(&self) -> Vec<&str> {
        let all = self.0.iter();
        let troubled = all.filter(|trunk| trunk.is_in_trouble());
        troubled.map(Trunkline::name).collect()
    }

    /// Takes all registrations back; returns when that is answered, or a moment later.
    pub async fn leave(&self) {
        join_all(self.0.iter().map(Trunkline::leave)).await;
    }
}
