//! What a call keeps from beat to beat at its own rate.

use super::held;
use crate::codecs::{Pair, Sample};

/// What is our own, held back at the rate of the call.
#[derive(Default)]
pub struct Held {
    narrow: held::Held,
    wide: Option<Box<held::Held<Pair>>>,
}

/// A rate of calls.
pub trait Track: Sample {
    /// What is held at this rate. The first time that a call is wide it goes on with what was held before.
    fn held(held: &mut Held) -> &mut held::Held<Self>;
}

impl Track for i16 {
    fn held(held: &mut Held) -> &mut held::Held<Self> {
        &mut held.narrow
    }
}

impl Track for Pair {
    fn held(held: &mut Held) -> &mut held::Held<Self> {
        let narrow = &held.narrow;
        let wide = &mut held.wide;
        wide.get_or_insert_with(|| Box::new(narrow.widened()))
    }
}
