//! What runs beside the loop: requests and look-ups. One that a bug ended is told as one that failed, for the trunk waits
//! for its end.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinSet};

use super::resolving::{Found, Unresolvable};
use crate::trunks::Event;

/// What ended beside the loop.
pub(super) enum Ended {
    Asked(Event),
    Resolved(Result<Found, Unresolvable>),
}

#[derive(Default)]
pub(super) struct Running {
    tasks: JoinSet<Ended>,
    /// The request that each task is; a look-up is none.
    requests: HashMap<Id, u64>,
}

impl Running {
    /// The request of this id; it ends with an event of that id.
    pub fn request(&mut self, id: u64, asks: impl Future<Output = Event> + Send + 'static) {
        let task = self.tasks.spawn(async { Ended::Asked(asks.await) });
        self.requests.insert(task.id(), id);
    }

    /// A look at the name servers.
    pub fn look(
        &mut self,
        looks: impl Future<Output = Result<Found, Unresolvable>> + Send + 'static,
    ) {
        self.tasks.spawn(async { Ended::Resolved(looks.await) });
    }

    /// The next that ends; `None` while nothing runs. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Ended> {
        let (task, ended) = match self.tasks.join_next_with_id().await? {
            Ok((task, ended)) => (task, Some(ended)),
            Err(bug) => {
                tracing::error!(%bug, "a bug ended a request to the trunk");
                (bug.id(), None)
            }
        };
        let request = self.requests.remove(&task);
        Some(ended.unwrap_or(match request {
            Some(id) => Ended::Asked(Event::Silent { id }),
            None => Ended::Resolved(Err(Unresolvable::Lost)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_bug_ended_is_told_as_a_failure() {
        let mut running = Running::default();
        assert!(running.next().await.is_none());
        running.request(7, async { panic!("a bug of this test") });
        let Some(Ended::Asked(event)) = running.next().await else {
            panic!("the trunk waits for it");
        };
        assert_eq!(event, Event::Silent { id: 7 });
        running.look(async { panic!("a bug of this test") });
        let ended = running.next().await;
        assert!(matches!(ended, Some(Ended::Resolved(Err(_)))));
        running.request(8, async { Event::Due });
        assert!(matches!(
            running.next().await,
            Some(Ended::Asked(Event::Due))
        ));
        assert!(running.requests.is_empty());
    }
}
