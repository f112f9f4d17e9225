//! Every reader of foreign bytes, as one function each that takes any bytes: what the fuzzer drives
//! (`make fuzz`) and what the tests replay from `fuzz/corpus`. Compiled for those two alone.
//!
//! A target checks more than that nothing falls over: what was accepted keeps its reader's promise
//! (what is written reads back, what is framed is framed the same in any pieces, one press is one key).
//! **Invariant:** a function here takes any bytes and panics only where a promise is broken.

mod browser;
mod paper;
mod sip;
mod sound;
mod words;

/// A reader by its name, which is that of its corpus too.
pub struct Target {
    pub name: &'static str,
    pub read: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 31] = [
    target("guard_datagram", sip::datagram),
    target("guard_stream", sip::stream),
    target("sip_message", sip::message),
    target("sip_info", sip::info),
    target("sdp", sound::description),
    target("rtp", sound::rtp),
    target("rtcp", sound::rtcp),
    target("srtp", sound::srtp),
    target("telephone_event", sound::telephone_events),
    target("jitter_buffer", sound::jitter_buffer),
    target("reception", sound::reception),
    target("tones", sound::tones),
    target("wide_payloads", sound::wide_payloads),
    target("journal", paper::journal),
    target("journal_entry", paper::journal_entry),
    target("wav_repair", sound::wav_repair),
    target("wav_prompt", sound::wav_prompt),
    target("dialplan", paper::dialplan),
    target("prompts", paper::prompts),
    target("calendar", paper::calendar),
    target("configuration", paper::configuration),
    target("key_plan", words::key_plan),
    target("dates", words::dates),
    target("identifiers", words::identifiers),
    target("web_request", words::web_request),
    target("browser_offer", browser::offer),
    target("stun", browser::stun),
    target("console_message", browser::message),
    target("dtls", browser::dtls),
    target("refer_to", words::refer_to),
    target("challenge", words::challenge),
];

const fn target(name: &'static str, read: fn(&[u8])) -> Target {
    Target { name, read }
}

/// Runs one target, named as its corpus is.
///
/// # Panics
/// Where a promise is broken, or no target has this name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target has this name").read)(bytes);
}

/// Bytes taken from the front of an input, for targets whose input is a sequence of steps.
struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|octets| octets[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)
            .map(|octets| u16::from_be_bytes([octets[0], octets[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)
            .map(|octets| u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]))
    }
}

#[cfg(test)]
mod tests;
