//! Sound of either rate on one timeline of 8,000 steps a second: a step of narrow sound is a sample, a step of wide
//! sound is two in a row. So one jitter buffer, one mixer and one recorder serve both.

use super::Rate;
use super::resample::{Down, Up};

/// Steps of 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// 20 ms of sound.
pub type Frame<S = i16> = [S; FRAME_SAMPLES];

/// A step of wide sound: two samples of 16,000 Hz, the earlier one first.
pub type Pair = [i16; 2];

/// A step of sound.
pub trait Sample: Copy + Default + Eq + Send + 'static {
    const RATE: Rate;

    /// A step of several sides' sound, added: nothing is clipped yet.
    type Sum: Copy + Default + Eq + std::fmt::Debug + Send + 'static;

    fn summed(self) -> Self::Sum;

    #[must_use]
    fn added(one: Self::Sum, other: Self::Sum) -> Self::Sum;

    /// The largest of it, without its sign.
    fn peak(sum: Self::Sum) -> i32;

    /// Back to a step, each of its samples by `each`, in their order.
    fn of_sum(sum: Self::Sum, each: &mut impl FnMut(i32) -> i16) -> Self;

    /// Both at once; what is too loud is clipped.
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// `numerator / denominator` of it.
    #[must_use]
    fn scaled(self, numerator: i32, denominator: i32) -> Self;

    /// One sample that stands for the step.
    fn level(self) -> i16;

    /// The samples in a row.
    fn flat(steps: &[Self]) -> &[i16];

    /// The frame itself, where it is narrow.
    fn as_narrow(frame: &mut Frame<Self>) -> Option<&mut Frame>;

    /// Left and right, interleaved, behind `out`.
    fn interleave(left: &Frame<Self>, right: &Frame<Self>, out: &mut Vec<i16>);

    fn from_narrow(narrow: &Frame, up: &mut Up) -> Frame<Self>;

    fn from_wide(wide: &Frame<Pair>, down: &mut Down) -> Frame<Self>;

    fn to_narrow(frame: &Frame<Self>, down: &mut Down) -> Frame;

    fn to_wide(frame: &Frame<Self>, up: &mut Up) -> Frame<Pair>;
}

impl Sample for i16 {
    const RATE: Rate = Rate::Narrow;

    type Sum = i32;

    fn summed(self) -> i32 {
        self.into()
    }

    fn added(one: i32, other: i32) -> i32 {
        one + other
    }

    fn peak(sum: i32) -> i32 {
        sum.abs()
    }

    fn of_sum(sum: i32, each: &mut impl FnMut(i32) -> i16) -> Self {
        each(sum)
    }

    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    fn scaled(self, numerator: i32, denominator: i32) -> Self {
        (i32::from(self) * numerator / denominator) as i16
    }

    fn level(self) -> i16 {
        self
    }

    fn flat(steps: &[Self]) -> &[i16] {
        steps
    }

    fn as_narrow(frame: &mut Frame<Self>) -> Option<&mut Frame> {
        Some(frame)
    }

    fn interleave(left: &Frame<Self>, right: &Frame<Self>, out: &mut Vec<i16>) {
        let at = out.len();
        out.resize(at + 2 * FRAME_SAMPLES, 0);
        let frames = out[at..].as_chunks_mut().0;
        for (frame, (left, right)) in frames.iter_mut().zip(left.iter().zip(right)) {
            *frame = [*left, *right];
        }
    }

    fn from_narrow(narrow: &Frame, _: &mut Up) -> Frame<Self> {
        *narrow
    }

    fn from_wide(wide: &Frame<Pair>, down: &mut Down) -> Frame<Self> {
        down.pass(wide)
    }

    fn to_narrow(frame: &Frame<Self>, _: &mut Down) -> Frame {
        *frame
    }

    fn to_wide(frame: &Frame<Self>, up: &mut Up) -> Frame<Pair> {
        up.pass(frame)
    }
}

impl Sample for Pair {
    const RATE: Rate = Rate::Wide;

    type Sum = [i32; 2];

    fn summed(self) -> [i32; 2] {
        self.map(i32::from)
    }

    fn added(one: [i32; 2], other: [i32; 2]) -> [i32; 2] {
        [one[0] + other[0], one[1] + other[1]]
    }

    fn peak(sum: [i32; 2]) -> i32 {
        sum[0].abs().max(sum[1].abs())
    }

    fn of_sum(sum: [i32; 2], each: &mut impl FnMut(i32) -> i16) -> Self {
        sum.map(each)
    }

    fn plus(self, other: Self) -> Self {
        [self[0].plus(other[0]), self[1].plus(other[1])]
    }

    fn scaled(self, numerator: i32, denominator: i32) -> Self {
        self.map(|sample| sample.scaled(numerator, denominator))
    }

    fn level(self) -> i16 {
        ((i32::from(self[0]) + i32::from(self[1])) / 2) as i16
    }

    fn flat(steps: &[Self]) -> &[i16] {
        steps.as_flattened()
    }

    fn as_narrow(_: &mut Frame<Self>) -> Option<&mut Frame> {
        None
    }

    fn interleave(left: &Frame<Self>, right: &Frame<Self>, out: &mut Vec<i16>) {
        let both = left.as_flattened().iter().zip(right.as_flattened());
        out.extend(both.flat_map(|(left, right)| [*left, *right]));
    }

    fn from_narrow(narrow: &Frame, up: &mut Up) -> Frame<Self> {
        up.pass(narrow)
    }

    fn from_wide(wide: &Frame<Pair>, _: &mut Down) -> Frame<Self> {
        *wide
    }

    fn to_narrow(frame: &Frame<Self>, down: &mut Down) -> Frame {
        down.pass(frame)
    }

    fn to_wide(frame: &Frame<Self>, _: &mut Up) -> Frame<Pair> {
        *frame
    }
}
