//! What comes on the SIP sockets.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use crate::guard::{
    self, Desks, Enrolled, Framed, Limits, Network, State, Transport, Verdict, frame, judge,
};
use crate::registrar::{Account, Answer, Carrier, Ha1s, Registers, Registrar, Request, Settings};
use crate::{keypad, sip};

/// A house with one trunk and one live call, whose Call-ID is `live`.
struct House {
    state: Arc<State>,
    _live: Option<Enrolled>,
    began: Instant,
}

#[allow(clippy::disallowed_methods)] // A moment to count from; the guard is told every other one.
static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let began = Instant::now();
    let trunk = Network {
        address: TRUNK.ip(),
        prefix: 32,
    };
    let limits = Limits {
        max_transactions: 1000,
        max_calls: 100,
        max_closing: 100,
        max_unproven: 100,
        max_unproven_per_source: 50,
        grace: Duration::from_secs(4),
    };
    let desk = Network {
        address: DESK.ip(),
        prefix: 32,
    };
    let desks = Desks {
        networks: vec![desk],
        md5_networks: Vec::new(),
        proxies: vec![desk],
        registrar: Arc::new(Office::open(began)),
    };
    let state = State::new(vec![trunk], limits).with_desks(Some(desks));
    let state = Arc::new(state);
    let live = state.enrol("live");
    House {
        state,
        _live: live,
        began,
    }
});

const TRUNK: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)),
    5060,
);
const DESK: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7)),
    5060,
);

/// A registrar with one account.
struct Office(Mutex<Registrar>);

impl Office {
    fn open(began: Instant) -> Office {
        let mut registrar = Registrar::new(Settings::default(), [7; 32], began);
        registrar.set_accounts(vec![Account {
            name: "8001".into(),
            ha1s: Ha1s::of("8001", "secret"),
        }]);
        Office(Mutex::new(registrar))
    }
}

impl Registers for Office {
    fn register(&self, request: &Request<'_>, now: Instant) -> Answer {
        let mut registrar = self.0.lock().unwrap_or_else(|held| held.into_inner());
        registrar.register(request, now)
    }

    fn lost(&self, _: SocketAddr, _: Carrier) {}
}

const STRANGER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)),
    5060,
);

/// Judges a message from the trunk, from a desk and from a stranger. What is mended is what the guard would let
/// through; what is answered is answered as SIP.
pub fn datagram(bytes: &[u8]) {
    for transport in [Transport::Udp, Transport::Tcp] {
        for source in [TRUNK, DESK, STRANGER] {
            let verdict = judge(bytes, source, transport, &HOUSE.state, HOUSE.began);
            match &verdict {
                Verdict::Pass | Verdict::Drop { .. } => {}
                Verdict::Mended(mended) => {
                    let again = judge(mended, source, transport, &HOUSE.state, HOUSE.began);
                    assert_eq!(again, Verdict::Pass, "what was mended is right");
                }
                Verdict::Answer { response, .. } | Verdict::Registrar { response, .. } => {
                    assert!(response.starts_with(b"SIP/2.0 "));
                    assert!(guard::body_start(response).is_some(), "a whole head");
                }
            }
        }
    }
}

/// Frames a stream in one piece and byte by byte where it matters: the same messages come out.
pub fn stream(bytes: &[u8]) {
    let whole = framed(bytes, |buffered, rest| buffered + rest);
    let pieces = framed(bytes, |buffered, rest| buffered + rest.min(17));
    assert_eq!(whole, pieces, "pieces change nothing");
}

/// The lengths of what is framed; `grow` says how much of the stream has come.
fn framed(bytes: &[u8], grow: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    let (mut from, mut to) = (0, 0);
    let mut lengths = Vec::new();
    loop {
        match frame(&bytes[from..to]) {
            Framed::Whole(length) | Framed::Keepalive(length) => {
                assert!((1..=to - from).contains(&length));
                lengths.push(length);
                from += length;
            }
            Framed::Broken(_) => {
                lengths.push(0);
                return lengths;
            }
            Framed::More(least) => {
                assert!(least > to - from, "more is more");
                if to == bytes.len() {
                    return lengths;
                }
                to = grow(to, bytes.len() - to);
            }
        }
    }
}

/// What the guard lets through is what the stack and we read of it.
pub fn message(bytes: &[u8]) {
    let verdict = judge(bytes, TRUNK, Transport::Udp, &HOUSE.state, HOUSE.began);
    match verdict {
        Verdict::Pass => sip::read_foreign(bytes),
        Verdict::Mended(mended) => sip::read_foreign(&mended),
        Verdict::Answer { .. } | Verdict::Registrar { .. } | Verdict::Drop { .. } => {}
    }
}

/// The type of an INFO up to the first line's end, then its body.
pub fn info(bytes: &[u8]) {
    let end = bytes.iter().position(|octet| *octet == b'\n');
    let (kind, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    let Ok(kind) = std::str::from_utf8(kind) else {
        return;
    };
    if let Some((key, _)) = keypad::key_of_info(kind.trim_end(), body.get(1..).unwrap_or_default())
    {
        assert!("0123456789*#ABCD".contains(key));
    }
}
