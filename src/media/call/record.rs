//! What of a beat is kept: the whole call, and the message that is being left.

use super::{Call, FRAME_SAMPLES, Frame};
use crate::media::message::End;
use crate::mixing::Track;

impl Call {
    /// Both sides stand on one timeline, as late as the jitter buffers are deep: the caller's and the
    /// desk's sound come out of one, and what is our own (`spoken`) is held back as long.
    pub(super) fn record<S: Track>(
        &mut self,
        from_caller: &Frame<S>,
        spoken: &Frame<S>,
        from_desk: &Frame<S>,
    ) {
        if let Some(recording) = &mut self.recording {
            recording.retry();
            let held = S::held(&mut self.held).pass(spoken);
            let nothing_yet = held.is_none()
                && from_caller
                    .iter()
                    .chain(from_desk)
                    .all(|sample| *sample == S::default());
            let mut right = held.unwrap_or([S::default(); FRAME_SAMPLES]);
            // The end of a prompt and the first words of a desk may fall on one frame.
            for (sample, other) in right.iter_mut().zip(from_desk) {
                *sample = sample.plus(*other);
            }
            // Until the jitter buffers give their first sound there is nothing of the call: recorded, it
            // would make the recording longer than the call is.
            if !nothing_yet {
                recording.stereo(from_caller, &right);
            }
        }
        if let Some(end) = self
            .message
            .as_mut()
            .and_then(|message| message.hear(from_caller))
        {
            self.close_message(end);
        }
    }

    pub(super) fn close_message(&mut self, end: End) {
        if let Some(message) = self.message.take() {
            self.closing.push(message.close(end));
        }
    }
}
