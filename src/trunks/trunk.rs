//! One trunk: its addresses, its registration, its ways out.

use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::chances::{about, cnonce, pause, renewal};
use super::registration::{Cue, State, step};
use super::watch::{Health, Watched};
use super::{Action, Ask, Asked, Event, News, NoWay, Reply, Settings, Target};
use crate::credentials::Answering;

/// How often a challenge that calls our nonce stale is answered in a row.
const STALE_AT_MOST: u8 = 2;

/// One trunk. Two of one seed that are told the same do the same.
#[derive(Debug)]
pub struct Trunk {
    settings: Settings,
    chance: StdRng,
    watched: Vec<Watched>,
    state: State,
    /// When the registration is to be asked for or renewed.
    due: Option<Instant>,
    /// Where we are registered, and until when.
    bound: Option<(Target, Instant)>,
    /// The REGISTER under way, and to whom.
    asked: Option<(u64, Target)>,
    /// The last challenge: its nonce is shown again with the next count.
    answering: Option<Answering>,
    /// Challenges answered since the attempt began.
    answered: u8,
    /// How long is asked for: what the settings say, or more where a 423 wanted it.
    expires: Duration,
    lengthened: bool,
    failures: u32,
    /// The pause is because nobody answered: who comes back is asked at once.
    silent: bool,
    cseq: u32,
    ids: u64,
    /// What of a Contact tells that it is ours.
    contact: String,
}

impl Trunk {
    /// `seed` is anybody's guess in the shell, and fixed in a test.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Trunk {
        let user = settings.account.as_ref().map(|account| &account.user);
        Trunk {
            contact: user.map_or_else(String::new, |user| format!(":{user}@")),
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
        let (target, until) = self.bound.as_ref()?;
        (now < *until).then_some(target)
    }

    /// Whether calls can neither come nor go although they should; not while nobody had time to answer yet.
    pub fn is_in_trouble(&self, now: Instant) -> bool {
        match self.outward(now) {
            Ok(_) | Err(NoWay::Unknown) => false,
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

    fn registers(&self) -> bool {
        self.settings.registers && self.settings.account.is_some()
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn step(&mut self, cue: Cue) -> bool {
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
        if self.registers() && self.due.is_none() && self.state == State::Unregistered
        {
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

    /// The first address that is neither silent nor tried in this round.
    fn choice(&self) -> Option<Target> {
        let mut open = self.watched.iter();
        let first = open.find(|watched| watched.is_open() && !watched.tried);
        first.map(|watched| watched.target.clone())
    }

    /// Registered at an address that is not the first any more: at the first again.
    fn move_home(&mut self, now: Instant) {
        let (State::Registered, Some((target, _))) = (self.state, &self.bound) else {
            return;
        };
        let known = self.watched.iter().any(|watched| {
            watched.target == *target && watched.is_open()
        });
        let better = self.watched.iter().take_while(|watched| watched.target != *target);
        let mut better = better.filter(|watched| watched.health == Health::Up);
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
        let Some(target) = self.choice() else {
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

    fn register(&mut self, target: Target, expires: Duration, actions: &mut Vec<Action>) {
        let Some(account) = self.settings.account.clone() else {
            return;
        };
        let id = self.id();
        self.cseq += 1;
        let fresh = cnonce(&mut self.chance);
        let uri = super::registrar_uri(&target, &self.settings);
        let authorization = self.answering.as_mut().map(|answering| {
            answering.header(&account.credentials, ("REGISTER", &uri), &fresh)
        });
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

    /// How long the request under way asks for.
    fn wanted(&self) -> Duration {
        match self.state.is_leaving() {
            true => Duration::ZERO,
            false => self.expires,
        }
    }

    fn answered(&mut self, id: u64, reply: &Reply, now: Instant, actions: &mut Vec<Action>) {
        if let Some(at) = self.watched.iter().position(|watched| watched.asked == Some(id)) {
            // Whatever it says, it is there; a 503 says that it serves nobody.
            let health = match reply.status {
                // The stack says 408 where nobody answered, 503 where a stream broke.
                408 | 503 => Health::Down,
                _ => Health::Up,
            };
            let later = reply.retry_after().filter(|_| health == Health::Down);
            return self.seen(at, health, later, now, actions);
        }
        let Some((_, target)) = self.asked.take_if(|(asked, _)| *asked == id) else {
            return;
        };
        match reply.status {
            200..=299 => self.granted(target, reply, now, actions),
            401 | 407 => self.challenged(target, reply, now, actions),
            423 => self.too_brief(target, reply, now, actions),
            408 | 500..=599 => self.elsewhere(&target, Some(reply), now, actions),
            _ => self.failed(Some(reply), now, actions),
        }
    }

    fn silent(&mut self, id: u64, now: Instant, actions: &mut Vec<Action>) {
        if let Some(at) = self.watched.iter().position(|watched| watched.asked == Some(id)) {
            return self.seen(at, Health::Down, None, now, actions);
        }
        let Some((_, target)) = self.asked.take_if(|(asked, _)| *asked == id) else {
            return;
        };
        if !self.settings.keep_alive.is_zero()
            && let Some(at) = self.watched.iter().position(|watched| watched.target == target)
        {
            let again = self.watched[at].asked.is_none();
            self.turn(at, Health::Down, actions);
            if again {
                let next = now + about(self.settings.keep_alive, &mut self.chance);
                self.watched[at].next = Some(next);
            }
        }
        self.elsewhere(&target, None, now, actions);
    }

    /// An address has answered its OPTIONS, or not.
    fn seen(
        &mut self,
        at: usize,
        health: Health,
        later: Option<Duration>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let interval = about(self.settings.keep_alive, &mut self.chance);
        self.watched[at].asked = None;
        self.watched[at].next = Some(now + later.unwrap_or_default().max(interval));
        self.turn(at, health, actions);
        let waits = matches!(self.state, State::Waiting | State::Unregistered);
        if health == Health::Up && self.silent && waits && self.registers() {
            self.silent = false;
            self.due = Some(now);
        }
    }

    fn turn(&mut self, at: usize, health: Health, actions: &mut Vec<Action>) {
        let watched = &mut self.watched[at];
        let before = std::mem::replace(&mut watched.health, health);
        if before != health {
            let target = watched.target.clone();
            actions.push(Action::Tell(match health {
                Health::Down => News::Down(target),
                Health::Up | Health::Unknown => News::Up(target),
            }));
        }
    }

    fn granted(&mut self, target: Target, reply: &Reply, now: Instant, actions: &mut Vec<Action>) {
        if self.state.is_leaving() {
            self.step(Cue::Granted);
            self.bound = None;
            actions.push(Action::Tell(News::Left));
            return;
        }
        let granted = reply.granted(&self.contact, self.expires);
        if granted.is_zero() {
            // It says yes and binds nothing.
            return self.failed(Some(reply), now, actions);
        }
        let news = self.bound.as_ref().is_none_or(|(before, until)| {
            *before != target || now >= *until
        }) || self.failures > 0;
        self.step(Cue::Granted);
        self.bound = Some((target.clone(), now + granted));
        self.due = Some(now + renewal(granted, &mut self.chance));
        self.failures = 0;
        self.silent = false;
        if news {
            actions.push(Action::Tell(News::Registered {
                at: target,
                for_s: granted.as_secs(),
            }));
        }
    }

    fn challenged(&mut self, target: Target, reply: &Reply, now: Instant, actions: &mut Vec<Action>) {
        let Some(challenge) = reply.challenge() else {
            return self.failed(Some(reply), now, actions);
        };
        // The first is answered; another one says that we were wrong, unless only the nonce was too old.
        let stale = challenge.stale && self.answered <= STALE_AT_MOST;
        if self.answered > 0 && !stale {
            self.answering = None;
            return self.failed(Some(reply), now, actions);
        }
        self.answered += 1;
        self.answering = Some(Answering::new(challenge));
        self.step(Cue::Asked);
        self.register(target, self.wanted(), actions);
    }

    /// 423: longer, once (RFC 3261 §10.2.8).
    fn too_brief(&mut self, target: Target, reply: &Reply, now: Instant, actions: &mut Vec<Action>) {
        let longer = reply.min_expires().filter(|min| *min > self.expires);
        match longer.filter(|_| !self.lengthened && !self.state.is_leaving()) {
            Some(longer) => {
                self.lengthened = true;
                self.answered = 0;
                self.expires = longer;
                self.step(Cue::Again);
                self.register(target, self.expires, actions);
            }
            None => self.failed(Some(reply), now, actions),
        }
    }

    /// Not here: at the next address, or later.
    fn elsewhere(
        &mut self,
        target: &Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let mut all = self.watched.iter_mut();
        if let Some(watched) = all.find(|watched| watched.target == *target) {
            watched.tried = true;
        }
        let next = self.choice().filter(|_| !self.state.is_leaving());
        match next {
            Some(next) => {
                self.step(Cue::Again);
                // Another server has nonces of its own.
                self.answering = None;
                self.answered = 0;
                self.register(next, self.expires, actions);
            }
            None => self.failed(reply, now, actions),
        }
    }

    fn failed(&mut self, reply: Option<&Reply>, now: Instant, actions: &mut Vec<Action>) {
        let leaves = self.state.is_leaving();
        self.step(Cue::Failed);
        if leaves {
            self.bound = None;
            actions.push(Action::Tell(News::Left));
            return;
        }
        // Who refuses a renewal may keep what he granted; we do not count on it.
        if reply.is_some_and(|reply| reply.status < 500) {
            self.bound = None;
        }
        self.failures = self.failures.saturating_add(1);
        self.silent = reply.is_none();
        let own = pause(self.settings.pause, self.failures, &mut self.chance);
        let told = reply.and_then(Reply::retry_after).unwrap_or_default();
        let wait = own.max(told);
        self.due = Some(now + wait);
        actions.push(Action::Tell(News::NotRegistered {
            status: reply.map(|reply| reply.status),
            again_in_s: wait.as_secs(),
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
        // One that is under way may have been granted already.
        let under_way = self.asked.take().map(|(_, target)| target);
        let bound = self.registered_at(now).cloned();
        let Some(target) = bound.or(under_way) else {
            self.step(Cue::Close);
            return actions.push(Action::Tell(News::Left));
        };
        self.step(Cue::Leave);
        self.answered = 0;
        self.register(target, Duration::ZERO, actions);
    }
}
