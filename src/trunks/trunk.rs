//! One trunk: its addresses, its registration, its ways out.

use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::chances::cnonce;
use super::registration::{Cue, State, step};
use super::watch::{Health, Watched};
use super::{Action, Ask, Asked, Event, News, NoWay, Settings, Target};
use crate::credentials::Answering;

/// One trunk. Two of one seed that are told the same do the same.
#[derive(Debug)]
pub struct Trunk {
    pub(super) settings: Settings,
    pub(super) chance: StdRng,
    pub(super) watched: Vec<Watched>,
    pub(super) state: State,
    /// When the registration is to be asked for or renewed.
    pub(super) due: Option<Instant>,
    /// Where we are registered.
    pub(super) bound: Option<Bound>,
    /// The REGISTER under way, and to whom.
    pub(super) asked: Option<(u64, Target)>,
    /// The last challenge: its nonce is shown again with the next count.
    pub(super) answering: Option<Answering>,
    /// Challenges answered since the attempt began.
    pub(super) answered: u8,
    /// How long is asked for: what the settings say, or more where a 423 wanted it.
    pub(super) expires: Duration,
    pub(super) lengthened: bool,
    pub(super) failures: u32,
    /// The pause is because nobody answered: who comes back is asked at once.
    pub(super) silent: bool,
    pub(super) cseq: u32,
    pub(super) ids: u64,
    /// What was told last of not being registered: the status, or that nobody answered.
    pub(super) told: Option<Option<u16>>,
}

/// A registration that stands.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub target: Target,
    /// When it ends by itself.
    pub until: Instant,
    /// When it is renewed.
    pub renew: Instant,
    /// By which proxies requests of ours go, as its last 2xx named them (RFC 3608); `None`: what it named is none.
    pub route: Option<Vec<String>>,
}

impl Trunk {
    /// `seed` is anybody's guess in the shell, and fixed in a test.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Trunk {
        Trunk {
            expires: settings.expires,
            settings,
            chance: StdRng::from_seed(seed),
            watched: Vec::new(),
            state: State::Unregistered,
            due: None,
            bound: None,
            asked: None,
            answering: None,
            answered: 0,
            lengthened: false,
            failures: 0,
            silent: false,
            cseq: 0,
            ids: 0,
            told: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// The addresses in their order, and whether each is taken to answer.
    pub fn targets(&self) -> impl Iterator<Item = (&Target, bool)> {
        let all = self.watched.iter();
        all.map(|watched| (&watched.target, watched.is_open()))
    }

    /// Where we are registered at this moment.
    pub fn registered_at(&self, now: Instant) -> Option<&Target> {
        let bound = self.bound.as_ref()?;
        (now < bound.until).then_some(&bound.target)
    }

    /// What stands in the Route of a request of ours that goes there (RFC 3608 §6.1); a REGISTER has none.
    pub fn route_by(&self, way: &Target, now: Instant) -> &[String] {
        let bound = self.bound.as_ref();
        let bound = bound.filter(|bound| bound.target == *way && now < bound.until);
        let route = bound.and_then(|bound| bound.route.as_deref());
        route.unwrap_or_default()
    }

    /// Whether calls can neither come nor go although they should; not while nobody had time to answer yet.
    pub fn is_in_trouble(&self, now: Instant) -> bool {
        match self.outward(now) {
            Ok(_) | Err(NoWay::Unknown | NoWay::NotForIt) => false,
            Err(NoWay::Down) => true,
            Err(NoWay::NotRegistered) => self.failures > 0,
        }
    }

    /// Where a call goes out now, in the order in which it is tried (RFC 3263 §4.3): where we are registered, then the other
    /// addresses that answer. Who does not register goes by the order of the addresses.
    pub fn outward(&self, now: Instant) -> Result<Vec<Target>, NoWay> {
        if self.watched.is_empty() {
            return Err(NoWay::Unknown);
        }
        let open = self.watched.iter().filter(|watched| watched.is_open());
        let mut ways: Vec<Target> = open.map(|watched| watched.target.clone()).collect();
        if ways.is_empty() {
            return Err(NoWay::Down);
        }
        if self.registers() {
            let here = self.registered_at(now).ok_or(NoWay::NotRegistered)?;
            // A stable sort: the others keep their order.
            ways.sort_by_key(|way| way != here);
        }
        Ok(ways)
    }

    /// When [`Event::Due`] is to be told.
    pub fn next(&self) -> Option<Instant> {
        let due = self.due.filter(|_| !self.state.is_asking());
        let probes = self.watched.iter().filter_map(|watched| watched.next);
        probes.chain(due).min()
    }

    /// Takes what happened; says what to do.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Due => {}
            Event::Resolved(targets) => self.resolved(targets, now),
            Event::Answered { id, reply } => self.answered(id, &reply, now, &mut actions),
            Event::Silent { id } => self.silent(id, now, &mut actions),
            Event::Closing => self.close(now, &mut actions),
        }
        if !self.state.is_leaving() {
            self.probe(now, &mut actions);
            self.move_home(now);
            self.register_if_due(now, &mut actions);
        }
        actions
    }

    pub(super) fn registers(&self) -> bool {
        self.settings.registers && self.settings.account.is_some()
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    pub(super) fn step(&mut self, cue: Cue) -> bool {
        let next = step(self.state, cue);
        if let Some(next) = next {
            self.state = next;
        }
        next.is_some()
    }

    fn resolved(&mut self, targets: Vec<Target>, now: Instant) {
        let keeps_alive = !self.settings.keep_alive.is_zero();
        let mut watched: Vec<Watched> = Vec::with_capacity(targets.len());
        for target in targets {
            if watched.iter().any(|known| known.target == target) {
                continue;
            }
            let mut before = self.watched.iter();
            let known = before.find(|known| known.target == target).cloned();
            watched.push(known.unwrap_or_else(|| Watched::new(target, keeps_alive.then_some(now))));
        }
        self.watched = watched;
        let idle = matches!(self.state, State::Unregistered | State::Waiting);
        if self.registers() && self.due.is_none() && idle {
            self.due = Some(now);
        }
    }

    /// Each address in its own time.
    fn probe(&mut self, now: Instant, actions: &mut Vec<Action>) {
        for at in 0..self.watched.len() {
            if self.watched[at].next.is_none_or(|next| now < next) {
                continue;
            }
            let id = self.id();
            let watched = &mut self.watched[at];
            watched.next = None;
            watched.asked = Some(id);
            actions.push(Action::Ask(Ask {
                id,
                what: Asked::Options,
                target: watched.target.clone(),
                patience: self.settings.patience,
            }));
        }
    }

    /// The first address that is neither silent nor tried in this round. While a binding holds, who refused us lately
    /// comes behind all others; without one the pause between the rounds is enough.
    pub(super) fn choice(&self, now: Instant) -> Option<Target> {
        let bound = self.registered_at(now).is_some();
        let all = self.watched.iter();
        let open = all.filter(|watched| watched.is_open() && !watched.tried);
        // The first of those that are equal.
        let first = open.min_by_key(|watched| bound && watched.rests(now));
        first.map(|watched| watched.target.clone())
    }

    /// Registered at an address that is not the first any more: at the first again.
    fn move_home(&mut self, now: Instant) {
        let (State::Registered, Some(Bound { target, .. })) = (self.state, &self.bound) else {
            return;
        };
        let known = self
            .watched
            .iter()
            .any(|watched| watched.target == *target && watched.is_open());
        let better = self
            .watched
            .iter()
            .take_while(|watched| watched.target != *target);
        // One that has refused us is left alone for a while: else both would be asked by turns without end.
        let mut better =
            better.filter(|watched| watched.health == Health::Up && !watched.rests(now));
        if better.next().is_some() {
            self.due = Some(now);
        } else if !known {
            self.bound = None;
            self.step(Cue::Lost);
            self.due = Some(now);
        }
    }

    fn register_if_due(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.state.is_asking() || self.due.is_none_or(|due| now < due) {
            return;
        }
        for watched in &mut self.watched {
            watched.tried = false;
        }
        let Some(target) = self.choice(now) else {
            // Nobody is there: the first OPTIONS that is answered asks again.
            self.due = None;
            self.silent = true;
            return;
        };
        if self.step(Cue::Due) {
            self.due = None;
            self.answered = 0;
            self.lengthened = false;
            self.register(target, self.expires, actions);
        }
    }

    pub(super) fn register(
        &mut self,
        target: Target,
        expires: Duration,
        actions: &mut Vec<Action>,
    ) {
        let Some(account) = self.settings.account.clone() else {
            return;
        };
        let id = self.id();
        self.cseq += 1;
        let fresh = cnonce(&mut self.chance);
        let uri = super::registrar_uri(&target, &self.settings);
        let authorization = self
            .answering
            .as_mut()
            .map(|answering| answering.header(&account.credentials, ("REGISTER", &uri), &fresh));
        self.asked = Some((id, target.clone()));
        actions.push(Action::Ask(Ask {
            id,
            what: Asked::Register {
                expires_s: expires.as_secs(),
                cseq: self.cseq,
                authorization,
            },
            target,
            patience: self.settings.patience,
        }));
    }

    fn close(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.state.is_leaving() {
            return;
        }
        for watched in &mut self.watched {
            watched.next = None;
        }
        self.due = None;
        // What is under way may bind us yet: its answer says what there is to be taken back.
        if self.asked.is_some() && self.step(Cue::Stop) {
            return;
        }
        let bound = self.registered_at(now).cloned();
        self.leave(bound, actions);
    }

    /// Takes the registration back, where there is one.
    pub(super) fn leave(&mut self, bound: Option<Target>, actions: &mut Vec<Action>) {
        let Some(target) = bound else {
            self.step(Cue::Close);
            return actions.push(Action::Tell(News::Left));
        };
        self.step(Cue::Leave);
        self.answered = 0;
        self.register(target, Duration::ZERO, actions);
    }
}
