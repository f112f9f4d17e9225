//! What reads well, and cannot work or will surprise.

use super::{Config, Srtp};
use crate::sip::{Listen, Network, Transport};

/// RTP and RTCP of the caller and of the desk.
const PORTS_A_CALL: usize = 4;

/// A setting that cannot work, and what would be right.
pub(super) struct Problem {
    /// Table and key.
    pub at: (&'static str, &'static str),
    pub said: String,
}

/// Seconds of a day: no time of a desk is longer.
const LONGEST_S: u64 = 86_400;

/// Each of them costs memory.
const WAITING_AT_MOST: usize = 100_000;

const TOO_LOUD: &str = "is out of bounds; write a number of dB from -12 to 12, such as 6";

/// Whether one of these networks holds all of this one.
fn covered(networks: &[Network], inner: &Network) -> bool {
    let mut networks = networks.iter();
    networks.any(|outer| outer.prefix <= inner.prefix && outer.contains(inner.address))
}

impl Config {
    fn rings_by_tls(&self) -> bool {
        let mut desks = self.desks.addresses.iter();
        desks.any(|desk| desk.address.to_ascii_lowercase().contains(";transport=tls"))
    }

    /// The rehearsal desk is; another one where its address names nothing else.
    fn rings_by_udp(&self) -> bool {
        let mut desks = self.desks.addresses.iter();
        self.desks.addresses.is_empty()
            || desks.any(|desk| {
                desk.account().is_none()
                    && !desk.address.to_ascii_lowercase().contains(";transport=t")
            })
    }

    pub(super) fn listens(&self, transport: Transport) -> bool {
        let mut listens = self.sip.listen.iter();
        listens.any(|listen| listen.transport == transport)
    }

    pub(super) fn listens_privately(&self) -> bool {
        let mut listens = self.sip.listen.iter();
        listens.any(|listen| listen.transport.is_private())
    }

    /// What reads well and cannot work: the first such setting.
    pub(super) fn problem(&self) -> Option<Problem> {
        let (sip, media) = (&self.sip, &self.media);
        let schemes = ["sqlite:", "postgres://", "postgresql://"];
        let no_database = !schemes.iter().any(|s| self.store.url.starts_with(s));
        let unspecified = format!(
            "is {}, which no phone can send to; write the address that the trunk reaches",
            media.address
        );
        let checks = [
            (
                sip.listen.is_empty(),
                ("sip", "listen"),
                "is empty: nobody could call; write \"udp:0.0.0.0:5060\"",
            ),
            (
                sip.max_calls == 0,
                ("sip", "max_calls"),
                "is 0: every caller would be refused; write 1 or more",
            ),
            (
                sip.session_expires_s < 90,
                ("sip", "session_expires_s"),
                "is below 90, the least that RFC 4028 allows",
            ),
            (
                media.address.is_unspecified(),
                ("media", "address"),
                unspecified.as_str(),
            ),
            (
                media.threads == 0,
                ("media", "threads"),
                "is 0; write 1 or more",
            ),
            (
                media.rtp_timeout_s == 0,
                ("media", "rtp_timeout_s"),
                "is 0: every call would end at once; write 1 or more, such as 30",
            ),
            (
                !self
                    .trunk
                    .0
                    .iter()
                    .all(|trunk| (-12..=12).contains(&trunk.level_db)),
                ("trunk", "level_db"),
                TOO_LOUD,
            ),
            (
                !(-12..=12).contains(&self.desks.level_db),
                ("desks", "level_db"),
                TOO_LOUD,
            ),
            (
                no_database,
                ("store", "url"),
                "names no database; write sqlite:PATH or postgres://…",
            ),
        ];
        first(&checks)
            .or_else(|| self.desk_problem())
            .or_else(|| self.transport_problem())
            .or_else(|| self.account_problem())
            .or_else(|| self.trunks_problem())
            .or_else(|| self.outward_problem())
            .or_else(|| self.transfers_problem())
    }

    /// The same of the desks.
    fn desk_problem(&self) -> Option<Problem> {
        let desks = &self.desks;
        let too_long = |seconds: u64| seconds > LONGEST_S;
        let at_most = "is too long; write 86400 at most, which is a day";
        first(&[
            (
                desks.ring_timeout_s == 0,
                ("desks", "ring_timeout_s"),
                "is 0: no desk could answer in time; write 1 or more, such as 15",
            ),
            (
                desks.rest_s == 0,
                ("desks", "rest_s"),
                "is 0: a desk that refuses would be rung again without end; write 1 or more, such as 5",
            ),
            (
                desks.misses_at_most > 0 && desks.not_answering_s == 0,
                ("desks", "not_answering_s"),
                "is 0: write 1 or more, such as 60, or misses_at_most = 0 for desks that are always taken to be there",
            ),
            (
                desks.waiting_at_most == 0,
                ("desks", "waiting_at_most"),
                "is 0: nobody could wait; write 1 or more, such as 100",
            ),
            (
                desks.waiting_at_most > WAITING_AT_MOST,
                ("desks", "waiting_at_most"),
                "is more than 100000; write fewer, such as 100",
            ),
            (
                too_long(desks.ring_timeout_s),
                ("desks", "ring_timeout_s"),
                at_most,
            ),
            (too_long(desks.wrap_up_s), ("desks", "wrap_up_s"), at_most),
            (too_long(desks.rest_s), ("desks", "rest_s"), at_most),
            (
                too_long(desks.not_answering_s),
                ("desks", "not_answering_s"),
                at_most,
            ),
            (
                too_long(desks.redial_within_s),
                ("desks", "redial_within_s"),
                at_most,
            ),
            (
                desks.nat_keep_alive_s > 3600,
                ("desks", "nat_keep_alive_s"),
                "is more than an hour; write one such as 25, or 0 for none",
            ),
            (
                too_long(desks.short_abandonment_s),
                ("desks", "short_abandonment_s"),
                at_most,
            ),
        ])
    }

    /// The same of what is listened on for whom.
    fn transport_problem(&self) -> Option<Problem> {
        first(&[
            (
                self.listens_privately() && self.certificate().is_none(),
                ("sip", "listen"),
                "has tls: or wss:, which needs a certificate; write tls_certificate and tls_key, a PEM file each",
            ),
            (
                !self.sip.websocket_behind_tls && self.sip.listen.iter().any(is_open_websocket),
                ("sip", "listen"),
                "has ws: elsewhere than on loopback, where everybody on the way reads it; write wss:, or websocket_behind_tls = true where a TLS proxy stands in front",
            ),
            (
                !self
                    .sip
                    .websocket_origins
                    .iter()
                    .all(|origin| is_origin(origin)),
                ("sip", "websocket_origins"),
                "has what is no origin; write scheme and host as a browser does, without a path, such as \"https://phones.example.cn\"",
            ),
            (
                self.rings_by_udp() && !self.listens(Transport::Udp),
                ("sip", "listen"),
                "has no udp:, by which desks are rung; write one of a network that they are on, such as \"udp:127.0.0.1:5060\" for the rehearsal desk",
            ),
            (
                self.rings_by_tls()
                    && !(self.listens(Transport::Tls) && self.sip.tls_authorities.is_some()),
                ("desks", "addresses"),
                "has transport=tls, which needs tls: in [sip] listen, and [sip] tls_authorities, a PEM file of the issuers that we believe",
            ),
        ])
    }

    /// The same of desks that register.
    fn account_problem(&self) -> Option<Problem> {
        let desks = &self.desks;
        // Accounts and logins are names of two kinds: one person may have one of each, by the same name.
        let account = twice(desks.accounts());
        let account_said = format!(
            "has the account {} twice: one telephone cannot be rung as two desks; write each account once",
            account.unwrap_or_default()
        );
        let browser = twice(desks.browsers());
        let browser_said = format!(
            "has the browser {} twice: one person cannot be rung as two desks; write each login once",
            browser.unwrap_or_default()
        );
        first(&[
            (
                desks.networks.is_empty() && desks.accounts().next().is_some(),
                ("desks", "addresses"),
                "has an account, and nobody may register; write networks, from where desks' telephones do, such as [\"192.0.2.0/24\"]",
            ),
            (
                account.is_some(),
                ("desks", "addresses"),
                account_said.as_str(),
            ),
            (
                browser.is_some(),
                ("desks", "addresses"),
                browser_said.as_str(),
            ),
            (
                desks
                    .md5_networks
                    .iter()
                    .any(|weak| !covered(&desks.networks, weak)),
                ("desks", "md5_networks"),
                "has an address that is in none of networks: nobody registers from there; write it there too",
            ),
            (
                desks
                    .proxies
                    .iter()
                    .any(|proxy| !covered(&desks.networks, proxy)),
                ("desks", "proxies"),
                "has an address that is in none of networks: nobody registers through it; write it there too",
            ),
            (
                desks.min_expires_s == 0 || desks.min_expires_s > desks.max_expires_s,
                ("desks", "min_expires_s"),
                "must be 1 or more, and no more than max_expires_s",
            ),
            (
                desks.max_expires_s > 86_400,
                ("desks", "max_expires_s"),
                "is more than a day: a telephone that is switched off would be rung for as long; write one such as 600",
            ),
        ])
    }

    /// Calls out are among `max_calls`, and their ports too.
    fn port_warning(&self) -> Option<String> {
        let ports = usize::from(self.media.ports.end() - self.media.ports.start()) + 1;
        let (room, max_calls) = (ports / PORTS_A_CALL, self.sip.max_calls);
        (room < max_calls).then(|| {
            format!(
                "[media] ports has room for {room} calls, fewer than [sip] max_calls = {max_calls}: a call takes {PORTS_A_CALL} ports"
            )
        })
    }

    /// A desk in a browser that would get no microphone.
    fn page_warning(&self) -> Option<String> {
        let exposed = !self.web.listen.ip().is_loopback() && !self.web.behind_tls;
        (exposed && self.desks.browsers().next().is_some()).then(|| {
            "[desks] addresses has a browser, and pages are not by TLS: browsers give no microphone to a page of http:// but on this machine itself; put a gateway with https:// before [web] listen and write behind_tls = true".into()
        })
    }

    /// What works but will surprise: shown by `check` and at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let foreign_trunk = self
            .sip
            .trunks
            .iter()
            .any(|trunk| !trunk.address.is_loopback());
        if foreign_trunk && self.media.address.is_loopback() {
            warnings.push(format!(
                "[sip] trunks allows callers from outside, but [media] address is {}: they would hear nothing; write the address that they reach",
                self.media.address
            ));
        }
        warnings.extend(self.trunk_warnings());
        let media = &self.media;
        let wants = [self.trunk.srtp(), self.desks.srtp].map(|srtp| srtp.unwrap_or(media.srtp));
        if wants.contains(&Srtp::Require) && !self.sip.listen.iter().all(is_private) {
            warnings.push(match media.srtp_in_clear {
                true => "SRTP is demanded (srtp = \"require\"), and [media] srtp_in_clear lets its keys travel in the clear by UDP and TCP: who reads them can decrypt and forge".into(),
                false => "SRTP is demanded (srtp = \"require\"), but [sip] listen has more than tls: keys do not travel in the clear, so calls by UDP and TCP are refused with 488, and desks are rung by TLS alone".into(),
            });
        }
        if self.sip.tls_certificate.is_some() && !self.listens_privately() {
            warnings.push(
                "[sip] tls_certificate is not used: [sip] listen has no tls: or wss:, such as \"tls:0.0.0.0:5061\""
                    .into(),
            );
        }
        let calls = |network: &Network| covered(&self.sip.trunks, network);
        if self.desks.networks.iter().any(calls) {
            warnings.push(
                "[desks] networks lies within [sip] trunks: who may call may not register; name the trunk's own addresses"
                    .into(),
            );
        }
        if !self.desks.networks.is_empty() && self.desks.accounts().next().is_none() {
            warnings.push(
                "[desks] networks lets telephones register, but none is rung: [desks] addresses has no { account = \"8001\" }"
                    .into(),
            );
        }
        if self.media.learn_address {
            warnings.push(
                "[media] learn_address is on: whoever sends three packets first to a call's port is taken for its caller and may key its grade; have the trunk name its true address, and switch it off"
                    .into(),
            );
        }
        warnings.extend(self.page_warning());
        warnings.extend(self.port_warning());
        if self.desks.addresses.is_empty() {
            warnings.push(
                "[desks] addresses is empty: the rehearsal desk answers, and its calls stay out of all figures"
                    .into(),
            );
        }
        warnings
    }
}

/// The first name that comes again.
fn twice<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}

/// Whether it is wrong; table and key; what would be right.
pub(super) type Check<'a> = (bool, (&'static str, &'static str), &'a str);

pub(super) fn first(checks: &[Check<'_>]) -> Option<Problem> {
    let (_, at, said) = checks.iter().find(|(wrong, ..)| *wrong)?;
    let said = (*said).to_owned();
    Some(Problem { at: *at, said })
}

/// Whether nobody on the way reads what is said there.
fn is_private(listen: &Listen) -> bool {
    listen.transport.is_private() || listen.address.ip().is_loopback()
}

fn is_open_websocket(listen: &Listen) -> bool {
    listen.transport == Transport::Ws && !listen.address.ip().is_loopback()
}

/// Scheme, host and perhaps a port (RFC 6454 §6.1).
fn is_origin(text: &str) -> bool {
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '@' | '*');
    let authority = ["https://", "http://"].into_iter();
    let mut authority = authority.filter_map(|scheme| text.strip_prefix(scheme));
    authority.any(|host| !host.is_empty() && !host.contains(odd))
}
