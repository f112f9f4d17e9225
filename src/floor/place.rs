//! A call's place in the house, as it is counted for whoever watches.

use std::sync::Arc;

use crate::sip::Seat;

/// Held from the INVITE until everything of the call is stored, or for as long as its recording is waited for.
pub struct Place {
    seat: Option<Arc<Seat>>,
    closing: bool,
    /// Of a call that we make: figures count those apart.
    ours: bool,
}

impl Place {
    pub fn of(seat: Arc<Seat>) -> Place {
        metrics::gauge!("gradeline_calls_active").increment(1.0);
        Place {
            seat: Some(seat),
            closing: false,
            ours: false,
        }
    }

    /// Of a call that we make.
    pub fn of_ours(seat: Seat) -> Place {
        Place {
            seat: Some(Arc::new(seat)),
            closing: false,
            ours: true,
        }
    }

    /// The call has left the line and its legs are closed: the next caller may have its place.
    pub fn closes(&mut self) {
        if let Some(seat) = &self.seat
            && !std::mem::replace(&mut self.closing, true)
        {
            seat.closes();
            if self.ours {
                return;
            }
            metrics::gauge!("gradeline_calls_active").decrement(1.0);
            metrics::gauge!("gradeline_calls_closing").increment(1.0);
        }
    }

    /// What is left of the call takes nobody's place.
    pub fn leaves(&mut self) {
        if self.seat.take().is_some() && !self.ours {
            self.uncount();
        }
    }

    fn uncount(&self) {
        let counted = match self.closing {
            true => metrics::gauge!("gradeline_calls_closing"),
            false => metrics::gauge!("gradeline_calls_active"),
        };
        counted.decrement(1.0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leaves();
    }
}
