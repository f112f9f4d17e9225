//! Prompts as they play: 20 ms at a time, copied from octets that were encoded once.

use std::sync::Arc;

use crate::codecs::{Codec, FRAME_SAMPLES, Frame, Law};

/// A recorded clip, encoded once per codec.
pub struct Clip {
    /// 8 kHz mono.
    pub pcm: Vec<i16>,
    pub pcma: Vec<u8>,
    pub pcmu: Vec<u8>,
}

/// 20 ms of a prompt, as samples of 8,000 Hz and as the octets of each side whose codec has them.
pub struct Prompt {
    pub pcm: Frame,
    pub caller: [u8; FRAME_SAMPLES],
    pub desk: [u8; FRAME_SAMPLES],
}

impl Default for Prompt {
    fn default() -> Self {
        Prompt {
            pcm: [0; FRAME_SAMPLES],
            caller: [0; FRAME_SAMPLES],
            desk: [0; FRAME_SAMPLES],
        }
    }
}

/// Clips being played, gapless.
pub struct Play {
    pub id: u32,
    pub to_desk_too: bool,
    clips: Vec<Arc<Clip>>,
    clip: usize,
    sample: usize,
}

impl Play {
    pub fn new(id: u32, clips: Vec<Arc<Clip>>, to_desk_too: bool) -> Self {
        Play {
            id,
            to_desk_too,
            clips,
            clip: 0,
            sample: 0,
        }
    }

    /// Fills the next 20 ms; `true` when nothing is left. Clips follow each other without a gap.
    /// `desk` is the desk's codec where the desk hears it too.
    pub fn next(&mut self, out: &mut Prompt, caller: Codec, desk: Option<Codec>) -> bool {
        let (caller, desk) = (caller.law(), desk.and_then(Codec::law));
        if let Some(caller) = caller {
            out.caller.fill(caller.silence());
        }
        if let Some(desk) = desk {
            out.desk.fill(desk.silence());
        }
        let mut filled = 0;
        while let Some(clip) = self.clips.get(self.clip) {
            let length = (clip.pcm.len() - self.sample).min(FRAME_SAMPLES - filled);
            let (from, to) = (self.sample..self.sample + length, filled..filled + length);
            out.pcm[to.clone()].copy_from_slice(&clip.pcm[from.clone()]);
            if let Some(caller) = caller {
                out.caller[to.clone()].copy_from_slice(&clip.octets(caller)[from.clone()]);
            }
            if let Some(desk) = desk {
                out.desk[to].copy_from_slice(&clip.octets(desk)[from]);
            }
            filled += length;
            self.sample += length;
            if self.sample < clip.pcm.len() {
                return false;
            }
            self.clip += 1;
            self.sample = 0;
        }
        true
    }
}

impl Clip {
    /// From 8 kHz mono samples.
    pub fn from_pcm(pcm: Vec<i16>) -> Clip {
        let encoded = |law: Law| {
            let mut octets = vec![0; pcm.len()];
            law.encode(&pcm, &mut octets);
            octets
        };
        Clip {
            pcma: encoded(Law::Pcma),
            pcmu: encoded(Law::Pcmu),
            pcm,
        }
    }

    fn octets(&self, law: Law) -> &[u8] {
        match law {
            Law::Pcma => &self.pcma,
            Law::Pcmu => &self.pcmu,
        }
    }
}
