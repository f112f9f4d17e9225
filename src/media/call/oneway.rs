//! Whether caller and desk give sound and get it; the rule is `oneway`'s.

use super::Call;
use crate::codecs::{Frame, Sample};
use crate::oneway::peak;

impl Call {
    /// Looks at a beat of the talk between caller and first desk.
    pub(super) fn watch<S: Sample>(&mut self, from_caller: &Frame<S>, from_desk: &Frame<S>) {
        let outbox = &mut self.outbox;
        let desk = self.desks[0].as_mut();
        let joined = self.bridge.joins_caller() && desk.is_some();
        let (caller_peak, desk_peak) = (peak(S::flat(from_caller)), peak(S::flat(from_desk)));
        let out = &mut |event| outbox.push(event);
        self.caller.watch(joined, caller_peak, desk_peak, out);
        if let Some(desk) = desk {
            desk.watch(joined, desk_peak, caller_peak, out);
        }
    }

    pub(super) fn is_muted(&mut self, on: bool) {
        if let Some(desk) = &mut self.desks[0] {
            desk.watched.muted(on);
        }
    }
}
