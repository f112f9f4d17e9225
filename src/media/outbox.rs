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
            Event::KeyDown { .. } | Event::KeyUp { .. } | Event::LegsClosed | Event::Finished(_)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_that_reads_late_finds_every_event_in_its_order() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        for id in 0..OTHERS_KEPT as u32 {
            outbox.push(Event::Played { id });
        }
        let mut read = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            read.push(event);
            outbox.flush();
        }
        let played: Vec<Event> = (0..OTHERS_KEPT as u32)
            .map(|id| Event::Played { id })
            .collect();
        assert_eq!(read, played);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_shell_that_never_reads_costs_a_bounded_memory() {
        let (sender, _receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        for id in 0..10_000 {
            outbox.push(Event::Played { id });
        }
        assert!(outbox.waiting.len() <= OTHERS_KEPT);
    }
}
