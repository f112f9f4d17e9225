//! The running calls, and what reaches them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::NotBegun;
use crate::console::{self, Mode, Post};
use crate::media::Leg;

/// Orders that wait for one call; a supervisor waits where it does not take them.
const UNTAKEN: usize = 8;

/// What a call is to do.
pub enum Order {
    /// A supervisor's sound is there. He leaves when `hold` is dropped.
    Begins {
        leg: Box<Leg>,
        mode: Mode,
        hold: Hold,
    },
    Mode(Mode),
    /// His page or its sound is lost; it may come again.
    Away,
    Back {
        leg: Box<Leg>,
        mode: Mode,
    },
    /// He has left.
    Ends,
    /// The call is his: his leg is there.
    TakesOver {
        line: console::Line,
        events: mpsc::Receiver<console::Event>,
        post: Post,
        /// He takes calls afterwards.
        ready: bool,
        /// Told when the call is his; dropped, it is not.
        taken: oneshot::Sender<()>,
    },
}

/// The call's end of a supervision. Dropped, it is over.
pub struct Hold {
    sound_lost: mpsc::Sender<()>,
    _until: DropGuard,
}

impl Hold {
    /// With the ends that the supervisor's side listens to.
    pub(super) fn new() -> (Hold, mpsc::Receiver<()>, CancellationToken) {
        let (sound_lost, lost) = mpsc::channel(1);
        let over = CancellationToken::new();
        let hold = Hold {
            sound_lost,
            _until: over.clone().drop_guard(),
        };
        (hold, lost, over)
    }

    /// Nothing is heard of his browser any more.
    pub fn sound_lost(&self) {
        let _ = self.sound_lost.try_send(());
    }
}

/// Where a call hears of its supervisor. Dropped, no supervisor reaches it any more.
pub struct Orders {
    receiver: mpsc::Receiver<Order>,
    call: String,
    calls: Calls,
}

impl Orders {
    /// The call is over, whatever is still to be stored of it: no supervisor reaches it any more, and what it had not
    /// taken is let go of.
    pub fn over(&mut self) {
        self.calls.all().remove(&self.call);
        self.receiver.close();
        while self.receiver.try_recv().is_ok() {}
    }

    /// The next order; none comes where nobody supervises.
    pub async fn next(&mut self) -> Order {
        match self.receiver.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.over();
    }
}

struct Running {
    orders: mpsc::Sender<Order>,
    caller: Option<String>,
    watched: Arc<AtomicBool>,
    /// Of whom nothing is heard, or who hears nothing: words of [`super::word_of`].
    troubles: Vec<&'static str>,
}

/// All calls that go on.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<HashMap<String, Running>>>);

/// A call that one supervisor has to himself. Dropped, another may have it.
pub(super) struct Watched {
    pub orders: mpsc::Sender<Order>,
    /// The caller's number, whole.
    pub caller: Option<String>,
    watched: Arc<AtomicBool>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watched.store(false, Ordering::Release);
    }
}

impl Calls {
    pub fn enter(&self, call: &str, caller: Option<String>) -> Orders {
        let (orders, receiver) = mpsc::channel(UNTAKEN);
        let running = Running {
            orders,
            caller,
            watched: Arc::default(),
            troubles: Vec::new(),
        };
        self.all().insert(call.to_owned(), running);
        Orders {
            receiver,
            call: call.to_owned(),
            calls: self.clone(),
        }
    }

    pub fn watch(&self, call: &str) -> Result<Watched, NotBegun> {
        let calls = self.all();
        let running = calls.get(call).ok_or(NotBegun::NoCall)?;
        if running.watched.swap(true, Ordering::AcqRel) {
            return Err(NotBegun::Supervised);
        }
        Ok(Watched {
            orders: running.orders.clone(),
            caller: running.caller.clone(),
            watched: running.watched.clone(),
        })
    }

    pub fn trouble(&self, call: &str, word: &'static str, begins: bool) {
        if let Some(running) = self.all().get_mut(call) {
            running.troubles.retain(|told| *told != word);
            running.troubles.extend(begins.then_some(word));
        }
    }

    pub fn troubles(&self, call: &str) -> Vec<&'static str> {
        let calls = self.all();
        calls
            .get(call)
            .map_or_else(Vec::new, |running| running.troubles.clone())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
