//! A call's timeline in people's words. The phone writes words, keys and figures of a fixed form; what
//! is of no known form is shown as it was stored.

use super::chrome::Chrome;
use crate::engine::TimelineEntry;

impl Chrome {
    pub(super) fn timeline_kind(&self, entry: &TimelineEntry) -> String {
        self.word("timeline", &entry.kind)
    }

    /// Which marks the waveform draws, and in which colour; `quiet` draws none.
    pub(super) fn mark_class(&self, entry: &TimelineEntry) -> &'static str {
        match entry.kind.as_str() {
            "key" | "key_kept" | "grade" | "reason" => "key",
            "key_ignored" | "key_invalid" | "silent" | "grade_withdrawn" | "desk_unavailable"
            | "transfer_failed" | "transfer_refused" | "outside_refused" | "sealed" => "odd",
            "gap" | "rtp_timeout" | "one_way" | "desk_away" | "desk_lost" | "drained"
            | "address_learnt" => "fault",
            "step" | "first_media" | "renegotiated" => "quiet",
            "hung_up" | "outcome" => "end",
            _ => "plain",
        }
    }

    pub(super) fn timeline_detail(&self, entry: &TimelineEntry) -> String {
        let detail = entry.detail.as_str();
        match entry.kind.as_str() {
            "hung_up" => match detail.split_once(" vanished: ") {
                Some((side, why)) => {
                    let side = self.word("hung_up_by", side);
                    self.fill("timeline.vanished", &[("side", &side), ("why", why)])
                }
                None => self.word("hung_up_by", detail),
            },
            "hold" | "resumed" | "renegotiated" | "first_media" | "rtp_timeout" | "desk_away" => {
                self.word("hung_up_by", detail)
            }
            "address_learnt" => match detail.split_once(' ') {
                Some((side, address)) => format!("{} {address}", self.word("hung_up_by", side)),
                None => detail.to_owned(),
            },
            "desk_unavailable" => self.word("desk_unavailable", detail),
            "outcome" => self.word("outcome", detail),
            "one_way" | "one_way_over" => self.word("one_way", detail),
            "step" => self.word("step", detail),
            "desk_code" => self.word("desk_code", detail),
            "transfer_refused" => self.word("transfer_refused", detail),
            "supervised" => self.word("supervise_mode", detail),
            "key" | "desk_key" | "second_key" | "outside_key" => self.key_and_way(detail),
            "grade" | "reason" => self.word_and_key(&entry.kind, detail),
            "prompt" => self.prompt_name(detail),
            "gap" => self.gap(detail),
            "message_saved" | "waited" | "caller_back" => self.milliseconds(detail),
            "sealed" => self.stretch(detail),
            "position" => self.position(detail),
            _ => detail.to_owned(),
        }
    }

    /// `5 (event)`.
    fn key_and_way(&self, detail: &str) -> String {
        let Some((key, way)) = detail.split_once(" (") else {
            return detail.to_owned();
        };
        let way = self.word("key_way", way.trim_end_matches(')'));
        self.fill("timeline.key_and_way", &[("key", key), ("way", &way)])
    }

    /// `dissatisfied by key 4`, `T2 by key 2`.
    fn word_and_key(&self, table: &str, detail: &str) -> String {
        let Some((word, key)) = detail.split_once(" by key ") else {
            return self.word(table, detail);
        };
        let word = self.word(table, word);
        self.fill("timeline.word_and_key", &[("word", &word), ("key", key)])
    }

    /// `P14b`, or a clip of it, `P04.1`.
    fn prompt_name(&self, detail: &str) -> String {
        let prompt = detail.split('.').next().unwrap_or_default();
        match self.language.lookup(&format!("prompt.{prompt}")) {
            Some(said) => format!("{detail} {said}"),
            None => detail.to_owned(),
        }
    }

    /// `20 ms from 8200 ms`.
    fn gap(&self, detail: &str) -> String {
        let parts = detail.split_once(" ms from ").and_then(|(length, from)| {
            let from: u64 = from.strip_suffix(" ms")?.parse().ok()?;
            Some((length, from))
        });
        let Some((length_ms, from_ms)) = parts else {
            return detail.to_owned();
        };
        let from_ms = i64::try_from(from_ms).unwrap_or(i64::MAX);
        let from = self.offset(&from_ms);
        self.fill("timeline.gap_from", &[("from", &from), ("ms", length_ms)])
    }

    /// `2 ahead`, `2 ahead, 90 s`.
    fn position(&self, detail: &str) -> String {
        let Some((ahead, wait)) = detail.split_once(" ahead") else {
            return detail.to_owned();
        };
        let wait_s = wait
            .strip_prefix(", ")
            .and_then(|wait| wait.strip_suffix(" s"));
        match wait_s.and_then(|wait_s| wait_s.parse::<u64>().ok()) {
            Some(wait_s) => {
                let wait = self.length(&wait_s.saturating_mul(1000));
                self.fill(
                    "timeline.ahead_and_wait",
                    &[("ahead", ahead), ("wait", &wait)],
                )
            }
            None if wait.is_empty() => self.fill("timeline.ahead", &[("ahead", ahead)]),
            None => detail.to_owned(),
        }
    }

    /// `12000–15300 ms`.
    fn stretch(&self, detail: &str) -> String {
        let ends = detail.strip_suffix(" ms").and_then(|span| {
            let (from, to) = span.split_once('–')?;
            Some((from.parse::<i64>().ok()?, to.parse::<i64>().ok()?))
        });
        match ends {
            Some((from, to)) => format!("{}–{}", self.offset(&from), self.offset(&to)),
            None => detail.to_owned(),
        }
    }

    /// `4200 ms`.
    fn milliseconds(&self, detail: &str) -> String {
        let ms = detail.strip_suffix(" ms").and_then(|ms| ms.parse().ok());
        ms.map_or_else(|| detail.to_owned(), |ms: u64| self.length(&ms))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::web::locale::Language;
    use crate::web::{Meter, Options};

    fn chrome(language: Language) -> Chrome {
        let options = Options {
            centre: "centre".to_owned(),
            behind_tls: false,
            meter: Meter::detached(),
            troubles: Arc::new(Vec::new),
            board: Arc::new(Arc::default),
            example: false,
            calls_out: None,
            consoles: None,
            supervisions: None,
        };
        Chrome::bare(language, "/".to_owned(), Arc::new(options))
    }

    fn detail(language: Language, kind: &str, detail: &str) -> String {
        chrome(language).timeline_detail(&TimelineEntry {
            at: crate::domain::Moment::from_millis(0),
            offset_ms: 0,
            kind: kind.to_owned(),
            detail: detail.to_owned(),
        })
    }

    #[test]
    fn what_the_phone_writes_is_said_in_words() {
        for (kind, stored, chinese) in [
            ("key", "5 (event)", "5（RFC 4733）"),
            (
                "grade",
                "very_dissatisfied by key 5",
                "非常不满意（按键 5）",
            ),
            ("reason", "T2 by key 2", "答复不清楚或不准确（按键 2）"),
            ("hung_up", "desk", "咨询员"),
            (
                "hung_up",
                "caller vanished: RTP timeout",
                "来电人，失去联系：RTP timeout",
            ),
            ("gap", "20 ms from 8200 ms", "0:08.2 起 20 毫秒"),
            ("message_saved", "4200 ms", "0:04"),
            ("prompt", "P14b", "P14b 复述等次"),
            ("first_media", "caller", "来电人"),
            (
                "address_learnt",
                "caller 192.0.2.7:4000",
                "来电人 192.0.2.7:4000",
            ),
            ("desk_unavailable", "no_answer", "无应答"),
            ("supervised", "take_over", "接管"),
            ("desk_unavailable", "waited_out", "等候时间已到"),
            ("caller_back", "61500 ms", "1:01"),
            ("sealed", "12000–15300 ms", "0:12.0–0:15.3"),
            ("desk_code", "consult", "咨询"),
            ("transfer_refused", "outside", "不是本中心的号码"),
            ("second_key", "5 (event)", "5（RFC 4733）"),
            ("position", "2 ahead", "前面还有 2 人"),
            ("position", "2 ahead, 90 s", "前面还有 2 人，约需 1:30"),
            ("waited", "61500 ms", "1:01"),
            ("outcome", "left_in_offer", "邀请评价中挂机"),
        ] {
            assert_eq!(detail(Language::Chinese, kind, stored), chinese, "{kind}");
        }
    }

    #[test]
    fn what_has_no_known_form_is_shown_as_it_was_stored() {
        for kind in [
            "key",
            "gap",
            "sealed",
            "message_saved",
            "position",
            "grade",
            "prompt",
            "hung_up",
            "later",
        ] {
            assert_eq!(
                detail(Language::English, kind, "such as this"),
                "such as this"
            );
        }
    }

    #[test]
    fn every_step_and_prompt_of_the_shipped_plan_has_a_name() {
        let plan = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/dialplans/consultation.toml"
        ));
        let plan: toml::Table = toml::from_str(plan).unwrap();
        let mut prompts = 0;
        for (step, keys) in plan["steps"].as_table().unwrap() {
            let key = format!("step.{step}");
            assert!(Language::Chinese.lookup(&key).is_some(), "{key}");
            for (name, value) in keys.as_table().unwrap() {
                if name == "notice" || name.ends_with("prompt") {
                    let key = format!("prompt.{}", value.as_str().unwrap());
                    assert!(Language::Chinese.lookup(&key).is_some(), "{key}");
                    prompts += 1;
                }
            }
        }
        assert!(prompts > 20, "only {prompts}");
    }

    /// Kinds stand in the phone's code as `mark("kind"` or `mark(at, "kind"`.
    #[test]
    fn every_kind_that_the_phone_writes_has_a_name() {
        let mut kinds = vec!["hold".to_owned(), "renegotiated".to_owned()];
        for room in ["phone", "call"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
            read(&folder, &mut kinds);
        }
        assert!(kinds.len() > 20, "only {kinds:?}");
        for kind in kinds {
            let key = format!("timeline.{kind}");
            assert!(Language::Chinese.lookup(&key).is_some(), "{key}");
        }
    }

    fn read(folder: &Path, kinds: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, kinds);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            for call in code.split("mark(").skip(1) {
                let arguments = call.split(';').next().unwrap();
                let Some(kind) = arguments.split('"').nth(1) else {
                    continue;
                };
                if kind
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase())
                {
                    kinds.push(kind.to_owned());
                }
            }
        }
    }
}
