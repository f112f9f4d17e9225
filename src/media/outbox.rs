//! Events on their way to a call's shell. A shell that does not read loses no key.

use std::collections::VecDeque;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::Event;

/// Kept for a shell that does not read: keys, and everything else.
const KEYS_KEPT: usize = 4096;
const OTHERS_KEPT: usize = 64;

/// Events of one call, in order.
pub struct Outbox {
    to: Sender<Event>,
    waiting: VecDeque<Event>,
}

impl Outbox {
    pub fn new(to: Sender<Event>) -> Self {
        Outbox {
            to,
            waiting: VecDeque::new(),
        }
    }

    /// For what tells of its own, in its own time: the writer.
    pub fn sender(&self) -> Sender<Event> {
        self.to.clone()
    }

    pub fn push(&mut self, event: Event) {
        let is_key = matches!(
            event,
            Event::KeyDown { .. } | Event::KeyUp { .. } | Event::Finished(_)
        );
        let most = if is_key { KEYS_KEPT } else { OTHERS_KEPT };
        if self.waiting.len() < most {
            self.waiting.push_back(event);
        } else {
            metrics::counter!("gradeline_media_untold_events_total").increment(1);
        }
        self.flush();
    }

    pub fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.to.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
