//! A file that was begun at 8,000 Hz and goes on at 16,000 Hz.
//!
//! A WAV file has one rate, and its beginning may be long: what there is of it is closed as it stands and gets another
//! name, and the file is begun anew with silence in its place. The archive puts the beginning there, at the better
//! rate, when the recording is closed, or at the next start where the house fell in between; until then both files are
//! whole, and nothing is written twice while calls run.

use super::{Disk, Open, Platter, Rate, Volume};

/// The ending of a file whose recording went on at a better rate.
pub const SET_ASIDE: &str = "narrow.wav";

impl Open {
    /// Goes on at this rate, in a file of its own. Done in part, it is done again from where it failed.
    pub(super) fn widen(
        &mut self,
        rate: Rate,
        volume: &dyn Volume,
        platter: &Platter,
    ) -> hound::Result<()> {
        if let Disk::Up(wav, durable) = &mut self.disk {
            wav.flush()?;
            platter.sync(durable);
        }
        volume.rename(&self.path, &self.path.with_extension(SET_ASIDE))?;
        let times = (rate.samples_a_step() / self.rate.samples_a_step()) as u64;
        self.aside = self.frames * times;
        self.silent_from = self.silent_from.map(|from| from * times);
        self.rate = rate;
        self.frames = 0;
        self.ever_written = false;
        self.disk = Disk::Down {
            retry_at: None,
            _stall: None,
        };
        self.disk = self.open_file(volume)?;
        self.write_aside()
    }

    /// Silence where the sound that was set aside belongs.
    pub(super) fn write_aside(&mut self) -> hound::Result<()> {
        match self.aside.saturating_sub(self.frames) {
            0 => Ok(()),
            missing => self.write_silence(missing),
        }
    }

    pub(super) fn ms(&self, frames: u64) -> u64 {
        frames * 1000 / u64::from(self.rate.hz())
    }

    /// So many frames of that rate in frames of the file.
    pub(super) fn at_own_rate(&self, frames: u64, rate: Rate) -> u64 {
        frames * self.rate.samples_a_step() as u64 / rate.samples_a_step() as u64
    }
}
