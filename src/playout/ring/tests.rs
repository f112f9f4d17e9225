use super::*;

/// A deterministic source of chance.
struct Dice(u64);

impl Dice {
    /// Evenly in `0..sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % sides
    }
}

/// A sample that says when it was spoken: its number, modulo a range that fits.
fn dated(number: i64) -> i16 {
    (number.rem_euclid(20_000) + 1) as i16
}

/// Runs `beats` of a sender whose clock is `ppm` fast; returns the smallest and largest delay
/// from mouth to ear in samples, after the first ten seconds.
fn delays(beats: i64, ppm: i64, jitter: u64, loss_percent: u64) -> (i64, i64) {
    let mut playout = Playout::default();
    let mut dice = Dice(42);
    let mut underway: Vec<(i64, i64)> = Vec::new();
    let mut packet = 0i64;
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for beat in 0..beats {
        let now = beat * 160;
        // The packet that ends at sample n of the sender's clock is sent at n·(1 − ppm) of ours.
        loop {
            let end = (packet + 1) * 160;
            let sent = end - end * ppm / 1_000_000;
            if sent > now {
                break;
            }
            if dice.roll(100) >= loss_percent {
                underway.push((sent + 80 + dice.roll(jitter + 1) as i64, packet * 160));
            }
            packet += 1;
        }
        underway.retain(|&(arrives, first)| {
            if arrives > now {
                return true;
            }
            let sound: Vec<i16> = (first..first + 160).map(dated).collect();
            playout.put(1, first as u32, &sound, (now - arrives) as i32);
            false
        });
        let mut frame = [0; FRAME_SAMPLES];
        let made_up = playout.pull(&mut frame);
        if beat > 500 && made_up == 0 {
            let spoken = i64::from(frame[0]) - 1;
            let ours = now - now * -ppm / 1_000_000;
            let delay = (ours - spoken).rem_euclid(20_000);
            let delay = if delay > 10_000 {
                delay - 20_000
            } else {
                delay
            };
            least = least.min(delay);
            most = most.max(delay);
        }
    }
    (least, most)
}

#[test]
fn a_steady_stream_is_played_whole_and_on_time() {
    let mut playout = Playout::default();
    let mut made_up = 0;
    for beat in 0..500u32 {
        playout.put(1, beat * 160, &[100; 160], 0);
        made_up += playout.pull(&mut [0; FRAME_SAMPLES]);
    }
    assert_eq!(
        made_up, TARGET_SAMPLES as usize,
        "only the wait at the beginning"
    );
}

#[test]
fn both_sides_stay_on_one_timeline_for_an_hour() {
    for ppm in [-100, 0, 100] {
        let (least, most) = delays(180_000, ppm, 160, 5);
        assert!(most - least < 160, "{ppm} ppm: {least}..{most}");
    }
}

#[test]
fn any_packet_length_fits() {
    for length in [80usize, 160, 240, 320] {
        let mut playout = Playout::default();
        let (mut sent, mut made_up) = (0usize, 0);
        for beat in 0..400usize {
            while sent < (beat + 1) * 160 {
                playout.put(1, sent as u32, &vec![7; length], 0);
                sent += length;
            }
            made_up += playout.pull(&mut [0; FRAME_SAMPLES]);
        }
        assert!(made_up < 800, "{length}: {made_up}");
    }
}

#[test]
fn a_late_packet_is_played_as_far_as_it_can_be() {
    let mut playout = Playout::default();
    playout.put(1, 0, &[5; 160], 0);
    let mut frame = [0; FRAME_SAMPLES];
    for _ in 0..4 {
        playout.pull(&mut frame);
    }
    assert_eq!(frame, [5; 160]);
    assert_eq!(playout.put(1, 80, &[6; 160], 0), Placed::Late);
    playout.pull(&mut frame);
    assert_eq!(frame[..80], [6; 80]);
}

#[test]
fn a_hole_is_filled_with_what_was_heard_and_fades_away() {
    let mut playout = Playout::default();
    let turn = std::f32::consts::TAU * 200.0 / 8000.0;
    let tone = |at: i32| (8000.0 * (turn * at as f32).sin()) as i16;
    let sound: Vec<i16> = (0..1600).map(tone).collect();
    playout.put(1, 0, &sound, 0);
    let mut frame = [0; FRAME_SAMPLES];
    for _ in 0..13 {
        assert!(playout.pull(&mut frame) <= 160);
    }
    let loudness = |frame: &[i16]| frame.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>() / 160;
    let before = loudness(&frame);
    assert_eq!(playout.pull(&mut frame), 160);
    assert!(
        loudness(&frame) > before / 3,
        "the hole sounds like what was before it"
    );
    for _ in 0..3 {
        playout.pull(&mut frame);
    }
    assert_eq!(frame, [0; 160]);
}

#[test]
fn a_new_stream_and_a_jump_of_timestamps_are_followed() {
    let mut playout = Playout::default();
    let mut frame = [0; FRAME_SAMPLES];
    for beat in 0..50u32 {
        playout.put(1, beat * 160, &[1; 160], 0);
        playout.pull(&mut frame);
    }
    for beat in 0..10u32 {
        playout.put(2, 77 + beat * 160, &[2; 160], 0);
        playout.pull(&mut frame);
    }
    assert_eq!(frame, [2; 160]);
    for beat in 0..12u32 {
        playout.put(2, 0x8000_0000 + beat * 160, &[3; 160], 0);
        playout.pull(&mut frame);
    }
    assert_eq!(frame, [3; 160]);
}

#[test]
fn sound_goes_on_after_a_pause_in_which_nothing_was_sent() {
    let mut playout = Playout::default();
    let mut frame = [0; FRAME_SAMPLES];
    for beat in 0..600u32 {
        if !(50..550).contains(&beat) {
            playout.put(1, beat * 160, &[9; 160], 0);
        }
        playout.pull(&mut frame);
    }
    assert_eq!(frame, [9; 160]);
}

proptest::proptest! {
    #[test]
    fn no_packets_break_the_ring(
        packets in proptest::collection::vec(
            (0u32..3, proptest::prelude::any::<u32>(), 0usize..1500, -200i32..200), 0..80)
    ) {
        let mut playout = Playout::default();
        for (ssrc, timestamp, length, age) in packets {
            playout.put(ssrc, timestamp, &vec![1; length], age);
            playout.pull(&mut [0; FRAME_SAMPLES]);
        }
        playout.skip(1000);
    }
}
