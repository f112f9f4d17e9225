//! RTP timestamps as steps of 1/8000 s, whatever the clock of their codec.

/// A stream's timestamps of a clock that ticks several times in a step.
#[derive(Debug, Clone, Copy)]
pub struct Ticks {
    a_step: u32,
    last: u32,
    /// `last`, counted on where 32 bits wrap: a wrap falls within a step.
    unwrapped: i64,
}

impl Ticks {
    /// Of a clock of `clock_hz`, a multiple of 8000.
    pub fn of_clock(clock_hz: u32) -> Self {
        Ticks {
            a_step: (clock_hz / 8000).max(1),
            last: 0,
            unwrapped: 0,
        }
    }

    pub fn a_step(&self) -> u32 {
        self.a_step
    }

    /// The step of a timestamp, of 32 bits that wrap as a timestamp's do.
    pub fn step(&mut self, timestamp: u32) -> u32 {
        if self.a_step == 1 {
            return timestamp;
        }
        let ahead = timestamp.wrapping_sub(self.last).cast_signed();
        self.last = timestamp;
        self.unwrapped = self.unwrapped.wrapping_add(i64::from(ahead));
        self.unwrapped.div_euclid(i64::from(self.a_step)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_on_evenly_where_timestamps_wrap_and_stay_what_they_are_at_8000_hz() {
        let mut ticks = Ticks::of_clock(48_000);
        let first = ticks.step(0xFFFF_FFFF - 960);
        let mut before = first;
        for packet in 1..5u32 {
            let step = ticks.step((0xFFFF_FFFFu32 - 960).wrapping_add(packet * 960));
            assert_eq!(step.wrapping_sub(before), 160, "packet {packet}");
            before = step;
        }
        // One that comes late is where it belongs.
        let late = ticks.step((0xFFFF_FFFFu32 - 960).wrapping_add(960));
        assert_eq!(late.wrapping_sub(first), 160);
        assert_eq!(Ticks::of_clock(8000).step(7), 7);
    }
}
