//! Arrows between the rooms, and foreign crates in their rooms.

use crate::source::{Source, find_words, is_word, line_of};

/// The rooms that a room may name. Arrows run down only.
const ARROWS: &[(&str, &[&str])] = &[
    // Declares the rooms and names none.
    ("lib", &[]),
    // For the fuzzer and the tests alone: any bytes for every reader of foreign ones.
    (
        "foreign",
        &[
            "studio",
            "config",
            "phone",
            "gate",
            "ledger",
            "journal",
            "engine",
            "archive",
            "drill",
            "script",
            "keypad",
            "domain",
            "calendar",
            "sip",
            "media",
            "rtp",
            "srtp",
            "codecs",
            "guard",
            "registrar",
            "console",
            "peer",
            "credentials",
            "referral",
        ],
    ),
    // The command line hands everything to the commands.
    ("main", &["app", "config"]),
    // The commands wire the house, so they may see all of it.
    (
        "app",
        &[
            "logging",
            "clocks",
            "config",
            "studio",
            "openings",
            "special_days",
            "phone",
            "board",
            "supervision",
            "console",
            "web",
            "post",
            "caller",
            "clerk",
            "outward",
            "errands",
            "location",
            "trunkline",
            "ledger",
            "example",
            "verification",
            "bulletins",
            "staff",
            "engine",
            "figures",
            "archive",
            "store",
            "drill",
            "ivr",
            "script",
            "keypad",
            "desks",
            "rights",
            "channels",
            "casework",
            "acts",
            "domain",
            "calendar",
            "sip",
            "media",
        ],
    ),
    // The operator's dialplans and prompts as one checked whole.
    ("book", &["drill", "ivr", "media"]),
    // When a person can be had.
    ("openings", &["special_days", "ivr", "domain"]),
    // What time it is, for the shells.
    ("clocks", &["domain"]),
    // What one room of a call says, in the words of another.
    ("callwords", &["desks", "errands", "ivr", "media", "talk"]),
    // Days with hours of their own.
    ("special_days", &["domain"]),
    // Whom we may call, when, and what becomes of it.
    ("errands", &["special_days", "domain"]),
    // Calls to the outside until they are answered.
    ("dialing", &["errands", "trunkline", "sip", "media"]),
    // Whom outside a caller may be handed to.
    ("transfers", &["errands", "domain"]),
    // Who is outside is called, and told of as a hunted desk is.
    (
        "onward",
        &[
            "transfers",
            "floor",
            "dialing",
            "errands",
            "ringing",
            "trunkline",
            "ivr",
            "sip",
            "media",
        ],
    ),
    // A desk's telephone calls somebody beside its caller: to his call.
    ("consulting", &["referral", "sip"]),
    // An attempt of a call out until somebody is on the line.
    (
        "reaching",
        &[
            "calling",
            "outward",
            "book",
            "ledger",
            "archive",
            "floor",
            "desks",
            "dialing",
            "errands",
            "ringing",
            "trunkline",
            "console",
            "domain",
            "sip",
            "media",
        ],
    ),
    // The loop of calls out; how one is made is the telephone's.
    (
        "calling",
        &[
            "clocks", "outward", "dialing", "engine", "errands", "domain",
        ],
    ),
    // Calls out on record: a shell beside the engine's.
    (
        "outward",
        &[
            "staff", "engine", "register", "store", "errands", "rights", "casework", "acts",
            "domain",
        ],
    ),
    // A supervisor in a running call: his page's sound, and what he does on record.
    (
        "supervision",
        &["clocks", "console", "media", "engine", "rights", "domain"],
    ),
    // Commands about what is entered, over an engine that somebody else has opened.
    (
        "clerk",
        &[
            "outward", "errands", "staff", "engine", "rights", "channels", "domain",
        ],
    ),
    // The server's log, whoever takes it.
    ("logging", &[]),
    // Prompts' recordings from their texts; it knows the files only.
    ("studio", &[]),
    // One file, read before any room is opened. It knows the rooms' settings, the rooms do not know it.
    (
        "config",
        &[
            "phone",
            "desks",
            "trunkline",
            "sip",
            "channels",
            "figures",
            "codecs",
            "domain",
            "dialing",
            "special_days",
            "errands",
            "transfers",
        ],
    ),
    // Calls are let in, answered and made.
    (
        "phone",
        &[
            "call",
            "ears",
            "book",
            "openings",
            "calling",
            "reaching",
            "consulting",
            "onward",
            "outward",
            "errands",
            "ledger",
            "engine",
            "archive",
            "ivr",
            "board",
            "floor",
            "desks",
            "location",
            "trunkline",
            "supervision",
            "domain",
            "sip",
            "media",
            "callwords",
        ],
    ),
    // The one place where signalling, sound, conversation, desks and regulation meet.
    (
        "call",
        &[
            "callwords",
            "ears",
            "book",
            "openings",
            "calling",
            "ledger",
            "engine",
            "archive",
            "ivr",
            "keypad",
            "talk",
            "floor",
            "desks",
            "trunkline",
            "ringing",
            "supervision",
            "console",
            "domain",
            "sip",
            "media",
            "failpoint",
            "consulting",
            "onward",
            "referral",
            "transfers",
        ],
    ),
    // Whatever a call may hear comes by a queue of its own.
    (
        "ears",
        &[
            "consulting",
            "floor",
            "ivr",
            "ledger",
            "ringing",
            "supervision",
            "sip",
            "media",
        ],
    ),
    // The one owner of the desks: it asks whom to ring, and rings him.
    (
        "floor",
        &[
            "clocks", "ivr", "board", "desks", "location", "ringing", "console", "domain", "sip",
            "media",
        ],
    ),
    // Who is in a talk and who hears whom: it knows keys, and nobody's address.
    ("talk", &["script", "keypad"]),
    // Telephones and pages of a desk, each by its own room.
    ("ringing", &["ivr", "location", "console", "sip", "media"]),
    // The desk that is a page: its words, its ringing, its talk; sound is media's.
    ("console", &["media", "domain"]),
    // The calls' writes: to the engine, or beside it.
    (
        "ledger",
        &["clocks", "engine", "journal", "domain", "failpoint"],
    ),
    // Entries are octets to it.
    ("journal", &["failpoint"]),
    // A moment has a name and nothing else.
    ("failpoint", &[]),
    // Pages read what the engine loads and play what the archive keeps.
    (
        "web",
        &[
            "api",
            "gate",
            "wire",
            "meter",
            "board",
            "supervision",
            "console",
            "bulletins",
            "outward",
            "errands",
            "staff",
            "engine",
            "figures",
            "archive",
            "rights",
            "channels",
            "casework",
            "acts",
            "domain",
        ],
    ),
    // What programs read and hand in, behind the doors of web.
    (
        "api",
        &[
            "gate",
            "wire",
            "board",
            "bulletins",
            "outward",
            "errands",
            "staff",
            "engine",
            "figures",
            "archive",
            "rights",
            "channels",
            "casework",
            "acts",
            "blocklist",
            "domain",
        ],
    ),
    // Figures have names and numbers, whoever counts them.
    ("meter", &[]),
    // What every request passes, before it is known what it is about.
    (
        "gate",
        &[
            "clocks",
            "meter",
            "supervision",
            "console",
            "staff",
            "engine",
            "archive",
            "rights",
            "domain",
            "board",
            "outward",
        ],
    ),
    // The shapes of the API are of what the shells load.
    (
        "wire",
        &[
            "board",
            "revision",
            "bulletins",
            "outward",
            "staff",
            "engine",
            "figures",
            "rights",
            "channels",
            "casework",
            "acts",
            "blocklist",
            "domain",
        ],
    ),
    // The outbox is the engine's.
    ("post", &["engine", "domain"]),
    // A telephone of its own: it may not know what the server knows.
    ("caller", &["sip", "media"]),
    // Who works here and what each may see: a shell beside the engine's, in the same transactions.
    (
        "staff",
        &[
            "engine",
            "register",
            "store",
            "secrets",
            "registrar",
            "rights",
            "channels",
            "domain",
        ],
    ),
    // The registrar with a clock and a memory: a shell beside the engine's.
    (
        "location",
        &[
            "clocks",
            "engine",
            "register",
            "store",
            "registrar",
            "domain",
        ],
    ),
    // What is counted of what the engine decided, and what is told of it.
    (
        "bulletins",
        &[
            "staff", "engine", "tallies", "register", "store", "secrets", "figures", "rights",
            "acts", "domain",
        ],
    ),
    // A centre that is played: it does what people do, by the same shells.
    (
        "example",
        &[
            "bulletins",
            "staff",
            "engine",
            "register",
            "store",
            "figures",
            "rights",
            "channels",
            "casework",
            "domain",
        ],
    ),
    // Whether what is on record is whole.
    (
        "verification",
        &["engine", "register", "store", "casework", "domain"],
    ),
    // What a new calendar or version makes of what is on record.
    ("revision", &["engine", "store", "casework", "domain"]),
    // Load, decide, save.
    (
        "engine",
        &[
            "register",
            "lists",
            "store",
            "secrets",
            "channels",
            "figures",
            "blocklist",
            "casework",
            "acts",
            "domain",
            "failpoint",
        ],
    ),
    // A recording's row and its file.
    ("archive", &["store", "codecs", "domain", "failpoint"]),
    // Rows of what is entered, over the store's transactions.
    (
        "register",
        &["store", "rights", "channels", "blocklist", "domain"],
    ),
    // Rows of what is counted, over the store's transactions.
    ("tallies", &["store", "figures", "casework", "domain"]),
    // Pages of what was decided.
    ("lists", &["store", "domain"]),
    // Rows of what was decided.
    (
        "store",
        &["kept", "casework", "acts", "domain", "failpoint", "turns"],
    ),
    // Shapes, for whoever writes or reads them.
    ("kept", &["domain"]),
    ("secrets", &[]),
    // What the records of acts and tickets come to in numbers.
    ("figures", &["casework", "domain"]),
    // What is done about a 差评, by the words and tables of the regulation.
    ("casework", &["acts", "domain"]),
    // Who is listed for repeated malice, and what of it.
    ("blocklist", &["acts", "domain"]),
    // An act is words; what it does to a ticket is casework's.
    ("acts", &["domain"]),
    // Whose turn it is to write; what is written is the store's.
    ("turns", &[]),
    // The proof of a plan drives the machine; the machine must run without its proof.
    ("drill", &["ivr", "script", "keypad"]),
    // Of the regulation only what a keypad can say and a calendar answer: see IVR_MAY_NAME.
    ("ivr", &["talk", "script", "keypad", "domain"]),
    // A file names keys; a spoken value may be a grade, and nothing else of the regulation.
    ("script", &["keypad", "domain"]),
    // A key does not know what it is pressed for.
    ("keypad", &[]),
    ("desks", &[]),
    // The desks at a moment, in civil time, for whoever watches.
    ("board", &["openings", "special_days", "desks", "domain"]),
    // What the doors hand in, judged before it is a rating.
    ("channels", &["domain"]),
    // Units, posts and the permission matrix, in the regulation's words.
    ("rights", &["domain"]),
    ("domain", &["terms", "calendar"]),
    // Terms are counted in working days.
    ("terms", &["calendar"]),
    // Days are days, whatever is due on them.
    ("calendar", &[]),
    // The threads and sockets of the streams; what a stream says is rtp's.
    (
        "media",
        &[
            "clips",
            "mixing",
            "oneway",
            "volume",
            "line",
            "peer",
            "rtp",
            "srtp",
            "codecs",
            "failpoint",
        ],
    ),
    // Prompts for it.
    ("clips", &["mixing"]),
    // A folder's files as octets.
    ("volume", &[]),
    // Whose sound goes where: frames of samples to it.
    ("mixing", &["playout", "codecs"]),
    // Sockets and who may be at their other end; what they say is rtp's.
    ("line", &["peer", "rtp", "srtp"]),
    // A browser at the other end, as octets and time; a stream's keys and codecs are rtp's.
    ("peer", &["rtp", "srtp", "codecs"]),
    // A stream's packets are octets and keys to what protects them.
    ("rtp", &["srtp", "comfort", "playout", "codecs"]),
    ("playout", &["codecs"]),
    // Peaks and beats to it.
    ("oneway", &[]),
    // Octets in, samples out.
    ("comfort", &[]),
    ("codecs", &[]),
    ("srtp", &[]),
    // What the stack is given has been judged; the guard knows nothing of the stack.
    (
        "sip",
        &[
            "guard",
            "seam",
            "streams",
            "renewal",
            "referral",
            "credentials",
        ],
    ),
    // The stack's sockets, streams and words; what comes by them is judged here.
    ("seam", &["guard", "streams", "renewal", "credentials"]),
    // A session's timer is told the time.
    ("renewal", &[]),
    // What is shown to who asks who we are; texts to it.
    ("credentials", &[]),
    // The trunk with a clock and a wire.
    ("trunkline", &["trunks", "credentials", "sip"]),
    // What is known of the trunk, and what to do about it.
    ("trunks", &["credentials", "guard"]),
    // A REFER is header lines to it.
    ("referral", &[]),
    // Every message of a stream is judged; who stands behind the streams is told by a trait.
    ("streams", &["guard"]),
    // Bytes, addresses and counts; a message is text to it.
    ("guard", &["registrar"]),
    // Accounts, digests and bindings; a request is words to it.
    ("registrar", &[]),
];

/// The rooms of the conversation.
const CONVERSATION: [&str; 4] = ["drill", "ivr", "script", "keypad"];

/// All that they may know of the regulation.
const IVR_MAY_NAME: [&str; 3] = ["Grade", "Day", "Moment"];

/// Foreign crates and the only rooms that may name them.
const CRATES: &[(&str, &[&str])] = &[
    // The only SQL.
    ("sqlx", &["store", "turns"]),
    // The only pages.
    ("axum", &["web", "api", "gate"]),
    ("tower", &["web"]),
    ("tower_http", &["web"]),
    ("hyper", &["web", "gate"]),
    ("hyper_util", &["web"]),
    ("askama", &["web"]),
    ("utoipa", &["api", "gate", "wire"]),
    ("rust_embed", &["gate"]),
    // The only sound files and browser legs.
    ("hound", &["clips", "media"]),
    ("webrtc", &["peer"]),
    ("rtc_dtls", &["peer"]),
    ("rtc_crypto", &["peer"]),
    ("rtc_shared", &["peer"]),
    // What is on the wire.
    ("audio_codec", &["codecs"]),
    ("opus_rs", &["codecs"]),
    ("sdp_types", &["rtp"]),
    // The only signalling; both are replaced together or not at all.
    ("rsipstack", &["sip", "seam"]),
    ("rsip", &["sip", "seam"]),
    // The only questions to name servers.
    ("hickory_resolver", &["trunkline"]),
    // The only TLS of ours, and the only reading of certificates.
    ("rustls", &["streams"]),
    ("tokio_rustls", &["streams"]),
    ("x509_parser", &["streams"]),
    ("tokio_tungstenite", &["streams"]),
    // Passwords are hashed in one place, two at a time.
    ("argon2", &["secrets"]),
    // Faults have a type of their own everywhere else.
    (
        "anyhow",
        &[
            "studio", "app", "logging", "clerk", "main", "book", "phone", "web", "gate", "post",
            "caller",
        ],
    ),
    ("clap", &["app", "clerk", "main", "studio"]),
    // Files of the approval system, and a password typed at a terminal.
    ("csv", &["clerk"]),
    ("rpassword", &["app"]),
    // Exported in one place; counted anywhere by `metrics`.
    ("metrics_exporter_prometheus", &["meter"]),
    // A pure room has nothing to wait for; media is looked at below.
    (
        "tokio",
        &[
            "app",
            "logging",
            "main",
            "phone",
            "call",
            "web",
            "api",
            "gate",
            "post",
            "caller",
            "ledger",
            "journal",
            "staff",
            "location",
            "console",
            "ringing",
            "engine",
            "archive",
            "store",
            "turns",
            "secrets",
            "sip",
            "streams",
            "media",
            "meter",
            "trunkline",
            "book",
            "calling",
            "dialing",
            "floor",
            "seam",
            "supervision",
            "ears",
            "onward",
            "consulting",
            "reaching",
        ],
    ),
    ("tracing_subscriber", &["logging", "main"]),
    ("tracing_appender", &["logging"]),
];

/// What the media threads may name of tokio: the bounded queues to the tasks beside them.
const MEDIA_TOKIO: [&str; 2] = ["sync::mpsc", "sync::oneshot"];

pub fn arrows(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let Some(room) = source.room() else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            let path = &source.path;
            findings.push(format!(
                "{path}:1: `{room}` is no room of tests/tidy/walls.rs"
            ));
            continue;
        };
        for (at, path) in named(&source.code, "crate").chain(named(&source.code, "gradeline")) {
            let mut parts = path.split("::");
            let other = parts.next().unwrap_or_default();
            let line = line_of(&source.code, at);
            let is_room = ARROWS.iter().any(|(name, _)| *name == other);
            if other != room && !allowed.contains(&other) && is_room {
                let allowed = allowed.join(", ");
                findings.push(format!(
                    "{}:{line}: {room} → {other} runs against the arrows; {room} may name: {allowed}",
                    source.path
                ));
            }
            let item = parts.next().unwrap_or_default();
            let of_the_regulation = matches!(other, "domain" | "calendar");
            if CONVERSATION.contains(&room) && of_the_regulation && !IVR_MAY_NAME.contains(&item) {
                findings.push(format!(
                    "{}:{line}: {room} may name of domain only {}, not `{item}`",
                    source.path,
                    IVR_MAY_NAME.join(", ")
                ));
            }
        }
    }
    // A use group of several items is one arrow.
    findings.dedup();
    findings
}

pub fn foreign_crates(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let Some(room) = source.room() else { continue };
        for &(krate, rooms) in CRATES {
            for (at, path) in named(&source.live, krate).chain(imported(&source.live, krate)) {
                let place = format!("{}:{}", source.path, line_of(&source.live, at));
                let is_declared_here = room == krate;
                if !rooms.contains(&room) && !is_declared_here {
                    let rooms = rooms.join(", ");
                    findings.push(format!("{place}: `{krate}` may be named only in {rooms}"));
                } else if krate == "tokio"
                    && room == "media"
                    && !MEDIA_TOKIO.iter().any(|allowed| path.starts_with(allowed))
                {
                    let allowed = MEDIA_TOKIO.join(", ");
                    findings.push(format!("{place}: media may name of tokio only {allowed}"));
                }
            }
        }
    }
    findings
}

/// Every path that begins with `root::`, a use group as one path per branch, without the root.
fn named<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    find_words(code, root)
        .filter(|at| !code[..*at].ends_with("::") && !code[..*at].ends_with('.'))
        .filter(|at| !code[..*at].ends_with('$'))
        .flat_map(move |at| {
            let rest = code[at + root.len()..].strip_prefix("::").unwrap_or("");
            branches(rest).into_iter().map(move |path| (at, path))
        })
}

/// `use root;` and `use root as other;`, which name a crate without a path.
fn imported<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    let imports = find_words(code, root).filter(move |at| {
        let after = &code[at + root.len()..];
        code[..*at].trim_end().ends_with("use")
            && (after.starts_with(';') || after.starts_with(" as "))
    });
    imports.map(|at| (at, String::new()))
}

/// The paths at the start of `code`: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn branches(code: &str) -> Vec<String> {
    let end = code
        .find(|c: char| !is_word(c) && c != ':')
        .unwrap_or(code.len());
    let (head, rest) = code.split_at(end);
    let Some(group) = rest
        .strip_prefix('{')
        .filter(|_| head.is_empty() || head.ends_with("::"))
    else {
        let head = head.trim_end_matches(':');
        return if head.is_empty() {
            Vec::new()
        } else {
            vec![head.to_owned()]
        };
    };
    let mut paths = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, c) in group.char_indices() {
        let closes = c == '}' && depth == 0;
        if closes || (c == ',' && depth == 0) {
            let inner = branches(group[start..at].trim());
            paths.extend(inner.into_iter().map(|path| format!("{head}{path}")));
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if closes => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(check: fn(&[Source]) -> Vec<String>, path: &str, text: &str) -> String {
        check(&[Source::new(path, text)]).join("\n")
    }

    #[test]
    fn an_arrow_that_runs_up_is_found() {
        let up = found(arrows, "src/domain/a.rs", "\nuse crate::store::Row;");
        assert!(up.starts_with("src/domain/a.rs:2: domain → store"), "{up}");
        let grouped = "use crate::{domain::Grade, engine::{Ask, Tell}};";
        assert!(found(arrows, "src/store/a.rs", grouped).contains("store → engine"));
        let twice = "use crate::store::{Row, Rows};";
        assert_eq!(found(arrows, "src/domain/a.rs", twice).lines().count(), 1);
        assert!(
            found(arrows, "src/sip/a.rs", "fn f(m: crate::media::Leg) {}").contains("sip → media")
        );
        assert!(
            found(
                arrows,
                "src/main.rs",
                "fn main() { gradeline::web::serve() }"
            )
            .contains("main → web")
        );
    }

    #[test]
    fn an_arrow_that_runs_down_is_not() {
        assert_eq!(
            found(
                arrows,
                "src/engine/a.rs",
                "use crate::{store, domain::Grade};"
            ),
            ""
        );
        assert_eq!(
            found(
                arrows,
                "src/sip/a.rs",
                "// use crate::media;\nuse crate::sip::Leg;"
            ),
            ""
        );
    }

    #[test]
    fn the_conversation_knows_three_words_of_the_regulation() {
        let text = "use crate::domain::{Grade, Ticket};";
        for room in ["ivr", "script"] {
            let found = found(arrows, &format!("src/{room}/a.rs"), text);
            assert!(
                found.contains("not `Ticket`") && !found.contains("`Grade`"),
                "{found}"
            );
        }
    }

    #[test]
    fn a_machine_that_needs_its_proof_is_found() {
        let up = "use crate::drill::walk;";
        assert!(found(arrows, "src/ivr/a.rs", up).contains("ivr → drill"));
        assert_eq!(found(arrows, "src/drill/a.rs", "use crate::ivr::Plan;"), "");
        assert!(
            found(arrows, "src/calendar/a.rs", "use crate::domain::Term;").contains("→ domain")
        );
    }

    #[test]
    fn a_room_nobody_drew_is_found() {
        assert!(found(arrows, "src/attic/mod.rs", "").contains("`attic` is no room"));
    }

    #[test]
    fn a_foreign_crate_outside_its_room_is_found() {
        for text in [
            "use sqlx::Row;",
            "fn f() { sqlx::query() }",
            "use sqlx;",
            "use sqlx as db;",
        ] {
            assert!(
                found(foreign_crates, "src/web/a.rs", text).contains("`sqlx`"),
                "{text}"
            );
            assert_eq!(found(foreign_crates, "src/store/a.rs", text), "");
        }
        assert_eq!(
            found(
                foreign_crates,
                "src/web/a.rs",
                "// sqlx::query\nuse crate::sqlx::x;"
            ),
            ""
        );
    }

    #[test]
    fn media_may_name_of_tokio_only_the_queues() {
        assert_eq!(
            found(
                foreign_crates,
                "src/media/a.rs",
                "use tokio::sync::{mpsc, oneshot::Sender};"
            ),
            ""
        );
        assert!(
            found(foreign_crates, "src/media/a.rs", "use tokio::time::sleep;")
                .contains("media may")
        );
        assert!(
            found(foreign_crates, "src/ivr/a.rs", "use tokio::sync::mpsc;").contains("only in")
        );
    }
}
