//! What a page is told of handing its caller on: what it may want now, what goes on, and what came to nothing.

use std::sync::Arc;

use super::talk::Line;
use super::words::{Reason, Step};

/// What the talk lets a page want of other desks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handing {
    pub may: Vec<Step>,
    /// The talk's word for what goes on with another desk.
    pub under_way: Option<&'static str>,
    /// The numbers outside that it may name, as people read them.
    pub outside: Arc<[String]>,
    /// Who of the talk is not heard, or hears nothing.
    pub troubles: Vec<&'static str>,
}

impl Line {
    /// From here on the talk lets its page want this. Told where it is not as it was.
    pub fn hands_on_so(&mut self, handing: Handing) {
        if *self.handing == handing {
            return;
        }
        *self.handing = handing;
        let (login, id) = (&self.ends.login, self.ends.line);
        let mut places = self.ends.consoles.places();
        if let Some(place) = places.get_mut(login)
            && let Some(line) = place.line.as_mut().filter(|line| line.id == id)
        {
            line.handing = Handing::clone(&self.handing);
            // Before the talk stands it is told with it.
            if line.talk.is_some() {
                place.tell_line();
            }
        }
    }

    /// The caller is another desk's: that is why the talk ends here.
    pub fn handed_on(&self) {
        self.ends.because(Reason::HandedOn);
    }
}
