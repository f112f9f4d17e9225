//! The registrar: accounts, what they show, where they are.

use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::bindings::{self, Binding};
use super::credentials::{self, Credentials};
use super::digest::{Algorithm, Digested, Ha1s};
use super::nonces::{Counted, Judged, Nonces};
use super::throttle::{Bucket, Throttle};
use super::{Answer, Carrier, Outcome, REALM, Request, Settings};

/// Addresses from which an account has registered that are remembered.
const MOST_USUAL: usize = 4;

/// An account that may register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user part of its address of record, and of its credentials.
    pub name: String,
    pub ha1s: Ha1s,
}

struct Place {
    ha1s: Ha1s,
    bindings: Vec<Binding>,
    /// Where it registered from, the last one first, each with the wrong passwords that came from there.
    usual: Vec<(IpAddr, Bucket)>,
}

/// All accounts and where they can be reached.
pub struct Registrar {
    settings: Settings,
    nonces: Nonces,
    throttle: Throttle,
    accounts: HashMap<String, Place>,
    /// What an unknown account's password would be: nobody knows it.
    nobody: Ha1s,
    /// Accounts whose bindings changed since they were last asked for.
    changed: BTreeSet<String>,
}

impl Registrar {
    /// `secret` is random and of this process alone.
    pub fn new(settings: Settings, secret: [u8; 32], now: Instant) -> Registrar {
        Registrar {
            settings,
            nonces: Nonces::new(secret, now),
            throttle: Throttle::new(secret),
            accounts: HashMap::new(),
            nobody: Ha1s::of("", &hex::encode(secret)),
            changed: BTreeSet::new(),
        }
    }

    /// All accounts that there are now. Whose password is another one is not bound any more.
    pub fn set_accounts(&mut self, accounts: Vec<Account>) {
        let mut before = std::mem::take(&mut self.accounts);
        for Account { name, ha1s } in accounts {
            let place = match before.remove(&name) {
                Some(place) if place.ha1s == ha1s => place,
                earlier => {
                    if earlier.is_some_and(|place| !place.bindings.is_empty()) {
                        self.changed.insert(name.clone());
                    }
                    Place {
                        ha1s,
                        bindings: Vec::new(),
                        usual: Vec::new(),
                    }
                }
            };
            self.accounts.insert(name, place);
        }
        let gone = before.into_iter();
        let gone = gone.filter(|(_, place)| !place.bindings.is_empty());
        self.changed.extend(gone.map(|(name, _)| name));
    }

    /// Bindings of before a restart.
    pub fn restore(&mut self, account: &str, bindings: Vec<Binding>, now: Instant) {
        let Some(place) = self.accounts.get_mut(account) else {
            return;
        };
        for binding in bindings {
            if binding.expires_at > now && place.bindings.len() < bindings::MAX_BINDINGS {
                place.make_usual(binding.source.ip().to_canonical());
                place.bindings.push(binding);
            }
        }
    }

    /// Answers a REGISTER (RFC 3261 §10.3).
    pub fn register(&mut self, request: &Request<'_>, now: Instant) -> Answer {
        let source = request.source.ip().to_canonical();
        let Some(shown) = credentials::usable(&request.authorization) else {
            return self.challenge(Outcome::Challenged, request, now);
        };
        // A stale nonce is told from a wrong password, and nothing is said of the password then: to try one, a nonce
        // must have reached the one who tries.
        let Judged::Fresh(nonce) = self.nonces.judge(&shown.nonce, source, now) else {
            return self.challenge(Outcome::Stale, request, now);
        };
        if let Some(wait) = self.wait(&shown.account, source, now) {
            let wait_s = wait.as_secs() + 1;
            return Answer::of(Outcome::Slowed).with("Retry-After", wait_s);
        }
        if !self.is_right(&shown) {
            self.fail(&shown.account, source, now);
            return self.challenge(Outcome::Refused, request, now);
        }
        if !shown.uri.eq_ignore_ascii_case(request.uri) {
            return Answer::of(Outcome::Malformed);
        }
        if shown.account != request.account {
            return Answer::of(Outcome::NotOwn);
        }
        let fingerprint = fingerprint(request, &shown);
        match self.nonces.count(nonce, shown.counted, fingerprint, now) {
            Counted::Replayed => self.challenge(Outcome::Replayed, request, now),
            Counted::Repeated => {
                let answer = self.tell(&shown.account, Outcome::Repeated, None, now);
                with_path(answer, request)
            }
            Counted::New => with_path(self.update(&shown.account, request, now), request),
        }
    }

    fn update(&mut self, account: &str, request: &Request<'_>, now: Instant) -> Answer {
        let settings = self.settings;
        let Some(place) = self.accounts.get_mut(account) else {
            return Answer::of(Outcome::Refused);
        };
        place.make_usual(request.source.ip().to_canonical());
        match bindings::update(&place.bindings, request, &settings, now) {
            Ok(update) => {
                if update.bindings != place.bindings {
                    self.changed.insert(account.to_owned());
                }
                place.bindings = update.bindings;
                self.tell(account, update.outcome, update.bound_for, now)
            }
            Err(Outcome::TooBrief) => {
                let least_s = settings.min_expires.as_secs();
                Answer::of(Outcome::TooBrief).with("Min-Expires", least_s)
            }
            Err(outcome) => Answer::of(outcome),
        }
    }

    /// A 200 with every contact and how long it still holds.
    fn tell(
        &self,
        account: &str,
        outcome: Outcome,
        bound_for: Option<Duration>,
        now: Instant,
    ) -> Answer {
        let mut answer = Answer::of(outcome);
        let place = self.accounts.get(account);
        for binding in place.iter().flat_map(|place| &place.bindings) {
            if binding.expires_at > now {
                answer = answer.with("Contact", binding.listed(now));
            }
        }
        answer.bound_for = bound_for;
        answer
    }

    fn challenge(&mut self, outcome: Outcome, request: &Request<'_>, now: Instant) -> Answer {
        let source = request.source.ip().to_canonical();
        let stale = match outcome {
            Outcome::Stale | Outcome::Replayed => ", stale=true",
            _ => "",
        };
        let nonce = self.nonces.make(source, now);
        let opaque = self.nonces.opaque();
        let mut answer = Answer::of(outcome);
        for algorithm in Algorithm::offered(request.md5_only).map(Algorithm::word) {
            answer = answer.with(
                "WWW-Authenticate",
                format!(
                    "Digest realm=\"{REALM}\", nonce=\"{nonce}\", opaque=\"{opaque}\", algorithm={algorithm}, qop=\"auth\"{stale}"
                ),
            );
        }
        answer
    }

    /// The same work for an account that is not there.
    fn is_right(&self, shown: &Credentials) -> bool {
        let place = self.accounts.get(&shown.account);
        let ha1s = place.map_or(&self.nobody, |place| &place.ha1s);
        let digested = Digested {
            algorithm: shown.algorithm,
            nonce: &shown.nonce,
            count: &shown.count,
            cnonce: &shown.cnonce,
            uri: &shown.uri,
        };
        digested.is_shown_by(&shown.response, ha1s) && place.is_some()
    }

    /// Where an account has registered from, strangers' failures do not count.
    fn wait(&self, account: &str, source: IpAddr, now: Instant) -> Option<Duration> {
        let place = self.accounts.get(account);
        match place.and_then(|place| place.usual(source)) {
            Some(bucket) => bucket.wait(now),
            None => self.throttle.wait(account, source, now),
        }
    }

    fn fail(&mut self, account: &str, source: IpAddr, now: Instant) {
        let place = self.accounts.get_mut(account);
        let usual = place.and_then(|place| place.usual.iter_mut().find(|(ip, _)| *ip == source));
        match usual {
            Some((_, bucket)) => bucket.fail(now),
            None => self.throttle.fail(account, source, now),
        }
    }

    /// The account's contacts: the most preferred first, of equal ones the one that was bound last.
    pub fn bindings(&self, account: &str, now: Instant) -> Vec<Binding> {
        let place = self.accounts.get(account);
        let all = place.iter().flat_map(|place| &place.bindings);
        let mut live: Vec<Binding> = all.filter(|one| one.expires_at > now).cloned().collect();
        live.sort_by_key(|one| std::cmp::Reverse((one.q_milli, one.expires_at)));
        live
    }

    /// Every binding by UDP whose Contact is not where its REGISTER came from: a telephone behind NAT.
    pub fn behind_nat(&self, now: Instant) -> Vec<Binding> {
        let all = self
            .accounts
            .values()
            .flat_map(|known| known.bindings.iter());
        let there = all.filter(|binding| binding.expires_at > now && binding.is_behind_nat());
        there.cloned().collect()
    }

    /// How many accounts can be reached.
    pub fn registered(&self, now: Instant) -> usize {
        let lives = |place: &&Place| place.bindings.iter().any(|one| one.expires_at > now);
        self.accounts.values().filter(lives).count()
    }

    /// When [`Registrar::expire`] has something to do.
    pub fn next_expiry(&self) -> Option<Instant> {
        let places = self.accounts.values();
        let bindings = places.flat_map(|place| &place.bindings);
        bindings.map(|binding| binding.expires_at).min()
    }

    /// Forgets what has ended.
    pub fn expire(&mut self, now: Instant) {
        self.keep_only(|binding| binding.expires_at > now);
    }

    /// Forgets what could be reached by this stream only.
    pub fn lost(&mut self, source: SocketAddr, carrier: Carrier) {
        self.keep_only(|binding| !binding.hangs_on(source, carrier));
    }

    fn keep_only(&mut self, keep: impl Fn(&Binding) -> bool) {
        for (name, place) in &mut self.accounts {
            let before = place.bindings.len();
            place.bindings.retain(&keep);
            if place.bindings.len() != before {
                self.changed.insert(name.clone());
            }
        }
    }

    /// Accounts whose bindings changed since this was last asked.
    pub fn take_changed(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.changed)
    }

    /// What could not be told to anybody has still changed.
    pub fn put_back_changed(&mut self, accounts: BTreeSet<String>) {
        self.changed.extend(accounts);
    }
}

impl Place {
    fn usual(&self, source: IpAddr) -> Option<&Bucket> {
        let known = self.usual.iter().find(|(ip, _)| *ip == source);
        known.map(|(_, bucket)| bucket)
    }

    /// Somebody with the password was answered there.
    fn make_usual(&mut self, source: IpAddr) {
        self.usual.retain(|(ip, _)| *ip != source);
        self.usual.insert(0, (source, Bucket::default()));
        self.usual.truncate(MOST_USUAL);
    }
}

/// A 200 says which path was kept (RFC 3327 §5.3).
fn with_path(answer: Answer, request: &Request<'_>) -> Answer {
    match answer.status {
        200 => request
            .path
            .iter()
            .fold(answer, |answer, element| answer.with("Path", element)),
        _ => answer,
    }
}

/// What two requests that are one have in common, and no two others.
fn fingerprint(request: &Request<'_>, shown: &Credentials) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    (request.call_id, request.cseq, request.via).hash(&mut hasher);
    (request.source, &shown.response).hash(&mut hasher);
    hasher.finish()
}
