//! The trail's hash chain (第十七条): each line is bound to the one before it.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// A line of the trail as it is hashed: field by field in this order, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// From 1, without holes.
    pub seq: u64,
    pub at: String,
    pub actor: String,
    pub person: Option<String>,
    pub what: String,
    pub subject: String,
    pub article: String,
    pub detail: String,
    pub record: Option<String>,
    pub rehearsal: bool,
    pub rating: Option<String>,
    pub ticket: Option<String>,
}

/// What the first line is bound to.
pub const BEGINNING: &str = "";

/// SHA-256 over the hash before and the line, hexadecimal.
pub fn link(previous: &str, line: &Line) -> String {
    let text = serde_json::to_string(line).expect("a line has text keys only");
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    hash.update(b"\n");
    hash.update(text.as_bytes());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, detail: &str) -> Line {
        Line {
            seq,
            at: "2026-09-18T16:00:00.000+08:00".into(),
            actor: "system".into(),
            person: None,
            what: "rated".into(),
            subject: "rating:call-x-1".into(),
            article: "第五条".into(),
            detail: detail.into(),
            record: None,
            rehearsal: false,
            rating: None,
            ticket: None,
        }
    }

    #[test]
    fn a_hash_is_of_the_line_and_of_all_before_it() {
        let first = link(BEGINNING, &line(1, "a"));
        let second = link(&first, &line(2, "b"));
        assert_eq!(first.len(), 64);
        assert_ne!(second, link(&first, &line(2, "c")));
        assert_ne!(second, link(&link(BEGINNING, &line(1, "A")), &line(2, "b")));
        assert_eq!(second, link(&first, &line(2, "b")));
    }

    #[test]
    fn what_is_hashed_is_written_down_so_that_anybody_can_do_it_again() {
        // printf '\n{"seq":1,…}' | sha256sum
        let text = serde_json::to_string(&line(1, "a")).unwrap();
        assert_eq!(
            text,
            "{\"seq\":1,\"at\":\"2026-09-18T16:00:00.000+08:00\",\"actor\":\"system\",\"person\":null,\
             \"what\":\"rated\",\"subject\":\"rating:call-x-1\",\"article\":\"第五条\",\"detail\":\"a\",\
             \"record\":null,\"rehearsal\":false,\"rating\":null,\"ticket\":null}"
        );
    }
}
