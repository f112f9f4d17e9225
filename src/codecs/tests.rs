//! Tones through every codec and both ways between the rates, by what is measured of them.

use std::f32::consts::TAU;

use super::*;

/// So many 20 ms of a tone, at 8,000 steps a second of either rate.
fn tone<S: Sample>(hz: f32, frames: usize) -> Vec<Frame<S>> {
    let rate_hz = S::RATE.hz() as f32;
    let mut at = 0;
    let mut next = || {
        at += 1;
        (8000.0 * (TAU * hz * at as f32 / rate_hz).sin()) as i16
    };
    let (mut up, mut down) = (Up::default(), Down::default());
    let frame = |_| match S::RATE {
        Rate::Narrow => S::from_narrow(&std::array::from_fn(|_| next()), &mut up),
        Rate::Wide => S::from_wide(&std::array::from_fn(|_| [next(), next()]), &mut down),
    };
    (0..frames).map(frame).collect()
}

/// The amplitude of a tone in a sound, by correlation; 8000 is that of [`tone`].
fn amplitude<S: Sample>(sound: &[Frame<S>], hz: f32) -> f32 {
    let samples: Vec<i16> = sound
        .iter()
        .flat_map(|frame| S::flat(frame))
        .copied()
        .collect();
    let step = TAU * hz / S::RATE.hz() as f32;
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (sin, cos) = (step * at as f32).sin_cos();
        real += f32::from(*sample) * cos;
        imaginary += f32::from(*sample) * sin;
    }
    2.0 * f32::hypot(real, imaginary) / samples.len() as f32
}

/// What comes out at the other end; its first 200 ms, in which the codecs find their way, left out.
fn through(codec: Codec, sound: &[Frame<Pair>]) -> Vec<Frame<Pair>> {
    let mut encoder = Encoder::new(codec);
    let mut decoder = Decoder::new(codec).expect("a wide codec");
    let mut heard = Vec::new();
    for frame in sound {
        let mut octets = [0; OCTETS_AT_MOST];
        let length = encoder.encode(frame, &mut octets);
        let mut out = [[0; 2]; LONGEST_SAMPLES];
        assert_eq!(
            decoder.decode(&octets[..length], &mut out),
            Ok(FRAME_SAMPLES)
        );
        heard.push(*out.first_chunk().expect("20 ms"));
    }
    heard.split_off(10)
}

#[test]
fn wide_codecs_carry_tones_that_a_telephone_line_cannot() {
    for codec in [Codec::G722, Codec::Opus] {
        for hz in [300.0, 1000.0, 3000.0, 5000.0, 6500.0] {
            let heard = through(codec, &tone(hz, 60));
            let part = amplitude(&heard, hz) / 8000.0;
            assert!((0.7..1.3).contains(&part), "{codec:?} {hz} Hz: {part}");
        }
    }
}

#[test]
fn what_a_line_carries_is_as_loud_at_the_other_rate() {
    for hz in [300.0, 1000.0, 2000.0, 2500.0] {
        let mut up = Up::default();
        let wide: Vec<Frame<Pair>> = tone(hz, 20).iter().map(|frame| up.pass(frame)).collect();
        let part = amplitude(&wide[5..], hz) / 8000.0;
        assert!((0.9..1.1).contains(&part), "up, {hz} Hz: {part}");
        let image = amplitude(&wide[5..], 8000.0 - hz) / 8000.0;
        assert!(image < 0.01, "the image of {hz} Hz: {image}");
        let mut down = Down::default();
        let narrow: Vec<Frame> = tone(hz, 20).iter().map(|frame| down.pass(frame)).collect();
        let part = amplitude(&narrow[5..], hz) / 8000.0;
        assert!((0.8..1.1).contains(&part), "down, {hz} Hz: {part}");
    }
}

#[test]
fn what_a_line_cannot_carry_is_not_folded_into_it() {
    let mut down = Down::default();
    let narrow: Vec<Frame> = tone(5500.0, 20)
        .iter()
        .map(|frame| down.pass(frame))
        .collect();
    let folded = amplitude(&narrow[5..], 2500.0) / 8000.0;
    assert!(folded < 0.01, "{folded}");
}

/// Frames follow each other without a step: each is made with the samples before it.
#[test]
fn resampling_frame_by_frame_is_resampling_the_whole() {
    let sound: Vec<Frame> = tone(440.0, 30);
    let mut whole = audio_codec::BoxedResampler::new(8000, 16_000).expect("rates");
    let expected = whole.resample(sound.as_flattened());
    let mut up = Up::default();
    let made: Vec<Pair> = sound.iter().flat_map(|frame| up.pass(frame)).collect();
    assert_eq!(made.as_flattened(), expected);
    let wide: Vec<Frame<Pair>> = tone(440.0, 30);
    let mut whole = audio_codec::BoxedResampler::new(16_000, 8000).expect("rates");
    let expected = whole.resample(wide.as_flattened().as_flattened());
    let mut down = Down::default();
    let made: Vec<i16> = wide.iter().flat_map(|frame| down.pass(frame)).collect();
    assert_eq!(made, expected);
}

#[test]
fn narrow_legs_of_wide_calls_and_wide_legs_of_narrow_ones_are_sent_what_they_can_hear() {
    let mut octets = [0; OCTETS_AT_MOST];
    let mut law = Encoder::new(Codec::Pcma);
    let narrow = tone::<Pair>(1000.0, 20).into_iter().map(|frame| {
        assert_eq!(law.encode(&frame, &mut octets), FRAME_SAMPLES);
        let mut heard = [0; FRAME_SAMPLES];
        Law::Pcma.decode(&octets[..FRAME_SAMPLES], &mut heard);
        heard
    });
    let narrow: Vec<Frame> = narrow.collect();
    assert!(amplitude(&narrow[5..], 1000.0) > 7000.0);
    let (mut encoder, mut decoder) = (
        Encoder::new(Codec::G722),
        Decoder::new(Codec::G722).expect("wide"),
    );
    let wide = tone::<i16>(1000.0, 20).into_iter().map(|frame| {
        let length = encoder.encode(&frame, &mut octets);
        let mut heard = [[0; 2]; LONGEST_SAMPLES];
        assert_eq!(
            decoder.decode(&octets[..length], &mut heard),
            Ok(FRAME_SAMPLES)
        );
        *heard.first_chunk().expect("20 ms")
    });
    let wide: Vec<Frame<Pair>> = wide.collect();
    assert!(amplitude(&wide[5..], 1000.0) > 7000.0);
}

/// Two frames in a packet, as codes 1 and 3 of RFC 6716 §3.2 put them together.
#[test]
fn opus_packets_of_several_frames_are_heard_whole() {
    let mut encoder = Encoder::new(Codec::Opus);
    let mut frames = Vec::new();
    for frame in tone::<Pair>(1000.0, 20) {
        let mut octets = [0; OCTETS_AT_MOST];
        let length = encoder.encode(&frame, &mut octets);
        frames.push(octets[..length].to_vec());
    }
    let [.., one, other] = &frames[..] else {
        unreachable!("twenty")
    };
    assert_eq!(one[0] & 3, 0, "one frame a packet");
    // Code 3 with lengths (VBR): a count octet, then the length of all but the last.
    let mut packet = vec![
        one[0] | 3,
        0x80 | 2,
        u8::try_from(one.len() - 1).expect("short"),
    ];
    packet.extend(&one[1..]);
    packet.extend(&other[1..]);
    let mut decoder = Decoder::new(Codec::Opus).expect("wide");
    let mut out = [[0; 2]; LONGEST_SAMPLES];
    assert_eq!(decoder.decode(&packet, &mut out), Ok(2 * FRAME_SAMPLES));
    // A first octet alone is a silent sender, and seven frames of 20 ms are longer than a packet may be.
    assert_eq!(decoder.decode(&one[..1], &mut out), Err(Undecodable));
    let long = [vec![one[0] | 3, 7], vec![1; 70]].concat();
    assert_eq!(decoder.decode(&long, &mut out), Err(Undecodable));
}

/// Payloads that nobody made: each costs a bounded time, and the stream goes on behind them.
#[test]
fn any_octets_end_in_sound_or_a_refusal() {
    let mut chance = 7u64;
    let mut octet = || {
        chance = chance
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (chance >> 33) as u8
    };
    let mut decoder = Decoder::new(Codec::Opus).expect("wide");
    let mut out = [[0; 2]; LONGEST_SAMPLES];
    let mut decoded = 0;
    for round in 0..3000 {
        let length = usize::from(octet()) * usize::from(round % 5 == 0) + usize::from(octet() % 64);
        let payload: Vec<u8> = (0..length).map(|_| octet()).collect();
        decoded += usize::from(decoder.decode(&payload, &mut out).is_ok());
    }
    assert!(decoded > 300, "{decoded} of 3000 were taken for packets");
}
