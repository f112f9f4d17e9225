//! One-way audio: whether a side of a talk gives sound and gets it, told when it does not and when it does again. Pure:
//! time is beats of 20 ms, and a beat that was not run counts for nothing, so that a stalled machine alarms nobody.
//!
//! The rule, of a side that is joined with another one and means to send:
//! - **No packets** for [`TOLD_AFTER`]. Who has paused by the rules (comfort noise, RFC 3389, or a marker after a gap)
//!   is not missed: his pause may be as long as he listens.
//! - **A microphone that gives nothing**: nothing but the codec's own silence for [`TOLD_AFTER`]. An open microphone is never so
//!   silent. One that has come back from such silence has a gate; of it [`GATED`] is waited, and that the other side
//!   has talked meanwhile. One of which nothing above [`AUDIBLE`] was heard since the talk began is told of after
//!   [`TOLD_AFTER`], too, once the other side has talked for [`TALKED`]: he would have answered.
//! - **Nothing is received there**: of two reports (RFC 3550 §6.4) the later counts no packet of ours more than the earlier, and
//!   we had sent [`SENT_BETWEEN`].
//!
//! Whoever is on hold, muted on purpose or apart from the other side is not looked at.
//!
//! **Invariant:** what is told as begun is told once as over; a pause of talk, however long, is none of it.

/// Beats after which it is told: 4 s, so that it is seen within five.
pub const TOLD_AFTER: u32 = 200;
/// Beats that a microphone with a gate may be silent: 20 s.
pub const GATED: u32 = 1000;
/// Beats in which the other side has talked, so that an answer was due: 1 s.
pub const TALKED: u32 = 50;
/// The smallest steps of G.711: what a codec makes of nothing.
pub const NOTHING: u16 = 8;
/// Peak of what can be heard at all (−50 dBFS).
pub const AUDIBLE: u16 = 100;
/// Peak of talk (−30 dBFS).
pub const TALK: u16 = 1000;
/// Beats of sound after which a microphone is back: a click is none.
const BACK: u32 = 10;
/// Beats without a packet in which there may be sound all the same: long packets, and a network's jitter.
const JITTER: u32 = 10;
/// So many beats of silence that end by themselves are a gate's.
const GATE: u32 = 25;
/// Packets of ours between two reports that count none of them: 2 s.
pub const SENT_BETWEEN: u64 = 100;

/// What is wrong with a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No packets come from there.
    NoPackets,
    /// Its microphone gives no sound.
    SilentMicrophone,
    /// It gets no packets of ours.
    HearsNothing,
}

impl Trouble {
    pub const ALL: [Trouble; 3] = [
        Trouble::NoPackets,
        Trouble::SilentMicrophone,
        Trouble::HearsNothing,
    ];

    /// The word of timeline, metrics, pages and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Trouble::NoPackets => "no_packets",
            Trouble::SilentMicrophone => "silent_microphone",
            Trouble::HearsNothing => "hears_nothing",
        }
    }
}

/// It has begun, or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct News {
    pub trouble: Trouble,
    pub begins: bool,
}

/// What a beat was like for a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// It is joined with somebody, is not on hold, and means to send.
    pub talks: bool,
    /// It has paused by the rules.
    pub paused: bool,
    /// The largest sample of what it said, and of what the other side said.
    pub peak: u16,
    pub other_peak: u16,
}

/// Looks at one side.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Its microphone is looked at; a caller's silence is his own affair.
    microphone: bool,
    muted: bool,
    talks: bool,
    /// Packets came since the last beat.
    came: bool,
    /// Beats since the last packet, since the last sound, and in which sound came back.
    quiet: u32,
    nothing: u32,
    sounding: u32,
    /// Beats of the talk, and those in which the other side talked: of all of it, and of the silence.
    beats: u32,
    other: u32,
    other_since: u32,
    heard: bool,
    gate: bool,
    told: [bool; 3],
    /// The last report: what it counted, and what we had sent.
    report: Option<(u32, u64)>,
}

impl Watch {
    /// Of a caller, or of a desk, whose microphone is looked at.
    pub fn new(microphone: bool) -> Watch {
        Watch {
            microphone,
            ..Watch::default()
        }
    }

    /// A packet of its sound came.
    pub fn packet(&mut self) {
        self.came = true;
    }

    /// Its person has muted it, or takes it back.
    pub fn muted(&mut self, on: bool) {
        self.muted = on;
    }

    /// 20 ms have passed.
    pub fn beat(&mut self, beat: Beat, out: &mut impl FnMut(News)) {
        let came = std::mem::take(&mut self.came);
        if self.talks != beat.talks {
            self.begins_anew(beat.talks, out);
        }
        if !beat.talks {
            return;
        }
        self.beats = self.beats.saturating_add(1);
        self.quiet = match came || beat.paused {
            true => 0,
            false => self.quiet.saturating_add(1),
        };
        let lost = self.quiet >= TOLD_AFTER;
        if lost || came {
            self.is(Trouble::NoPackets, lost, out);
        }
        if self.microphone {
            self.listen(beat, out);
        }
    }

    fn listen(&mut self, beat: Beat, out: &mut impl FnMut(News)) {
        if self.muted {
            (self.nothing, self.other_since, self.other) = (0, 0, 0);
            (self.beats, self.sounding) = (0, 0);
            return self.is(Trouble::SilentMicrophone, false, out);
        }
        if beat.paused || self.quiet > JITTER {
            // What is heard now was made up.
            return;
        }
        let talked = u32::from(beat.other_peak >= TALK);
        self.other = self.other.saturating_add(talked);
        if beat.peak > NOTHING {
            self.gate |= self.nothing >= GATE && self.heard;
            (self.nothing, self.other_since) = (0, 0);
        } else {
            self.nothing = self.nothing.saturating_add(1);
            self.other_since = self.other_since.saturating_add(talked);
        }
        if beat.peak > AUDIBLE {
            self.sounding = self.sounding.saturating_add(1);
            if self.sounding >= BACK {
                self.heard = true;
                self.is(Trouble::SilentMicrophone, false, out);
            }
            return;
        }
        let dead = match self.gate {
            false => self.nothing >= TOLD_AFTER,
            true => self.nothing >= GATED && self.other_since >= TALKED,
        };
        let unanswered = !self.heard && self.beats >= TOLD_AFTER && self.other >= TALKED;
        if dead || unanswered {
            self.sounding = 0;
            self.is(Trouble::SilentMicrophone, true, out);
        }
    }

    /// It reports how far it has received our packets (extended highest sequence number), of which `sent` were sent.
    pub fn report(&mut self, highest: u32, sent: u64, out: &mut impl FnMut(News)) {
        if !self.talks {
            self.report = None;
            return;
        }
        let Some((before, sent_before)) = self.report else {
            self.report = Some((highest, sent));
            return;
        };
        if highest != before {
            self.report = Some((highest, sent));
            self.is(Trouble::HearsNothing, false, out);
        } else if sent.saturating_sub(sent_before) >= SENT_BETWEEN {
            self.is(Trouble::HearsNothing, true, out);
        }
    }

    fn is(&mut self, trouble: Trouble, begins: bool, out: &mut impl FnMut(News)) {
        let told = &mut self.told[trouble as usize];
        if *told != begins {
            *told = begins;
            out(News { trouble, begins });
        }
    }

    /// A talk begins or ends: what was is over, and nothing of it counts.
    fn begins_anew(&mut self, talks: bool, out: &mut impl FnMut(News)) {
        for trouble in Trouble::ALL {
            self.is(trouble, false, out);
        }
        *self = Watch {
            microphone: self.microphone,
            muted: self.muted,
            gate: self.gate,
            talks,
            ..Watch::default()
        };
    }
}

/// The largest sample, without its sign.
pub fn peak(sound: &[i16]) -> u16 {
    sound
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
