//! Telephone events (RFC 4733) on a line that loses, and from gateways that number them wrongly.

use std::time::Duration;

use gradeline::codecs::Law;
use gradeline::keypad::Digit;
use gradeline::rtp::playout::FRAME_SAMPLES;

use crate::ear::Ear;
use crate::line::{PTIME, Telephone, Timed};

/// How a gateway numbers the packets of one press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// As RFC 4733 has it.
    Right,
    /// The three end packets have one sequence number.
    EndsAlike,
    /// No packet begins with a marker.
    Unmarked,
}

/// Packets of an event of 100 ms: five updates, the end three times.
const PACKETS: usize = 8;
/// Sound before and after it.
const BEFORE: u32 = 5;
const AFTER: u32 = 20;

/// A press within sound of which only those of its packets arrive whose bits are set.
fn heard(code: u8, pattern: u32, numbering: Numbering) -> Ear {
    let mut telephone = Telephone::new(u64::from(pattern));
    let mut sent = Vec::new();
    sound(&mut telephone, &mut sent, 0, BEFORE);
    let mut press = telephone.press(code, PTIME * BEFORE, 100);
    assert_eq!(press.len(), PACKETS);
    if numbering == Numbering::EndsAlike {
        let number = press[5].1[2..4].to_vec();
        for (_, end) in &mut press[6..] {
            end[2..4].copy_from_slice(&number);
        }
    }
    if numbering == Numbering::Unmarked {
        press[0].1[1] &= 0x7F;
    }
    let arriving = press
        .into_iter()
        .enumerate()
        .filter(|(index, _)| pattern & 1 << index != 0);
    sent.extend(arriving.map(|(_, packet)| packet));
    sound(&mut telephone, &mut sent, BEFORE + PACKETS as u32, AFTER);
    let mut ear = Ear::new(Law::Pcma);
    ear.hear(&sent, &[], PTIME * (BEFORE + PACKETS as u32 + AFTER));
    ear.close();
    ear
}

fn sound(telephone: &mut Telephone, into: &mut Vec<Timed>, from: u32, packets: u32) {
    for index in from..from + packets {
        into.push((PTIME * index, telephone.sound(&[0; FRAME_SAMPLES])));
    }
}

#[test]
fn every_loss_pattern_of_every_key_is_one_digit_or_none() {
    let mut patterns = 0;
    for numbering in [Numbering::Right, Numbering::EndsAlike, Numbering::Unmarked] {
        for digit in Digit::ALL {
            for pattern in 0..1u32 << PACKETS {
                let ear = heard(digit.event(), pattern, numbering);
                let wanted: &[Digit] = if pattern == 0 { &[] } else { &[digit] };
                assert_eq!(ear.keys(), wanted, "{digit} {pattern:08b} {numbering:?}");
                assert_eq!(ear.ups, wanted.len(), "{digit} {pattern:08b} {numbering:?}");
                patterns += 1;
            }
        }
    }
    println!("{patterns} presses: one digit where a packet came, else none");
}

/// All patterns of two presses of one key, 40 ms apart: as fast as ITU-T Q.24 lets a telephone be.
#[test]
fn every_loss_pattern_of_two_fast_presses_is_as_many_digits_as_came() {
    let mut pairs = 0u32;
    for first in 0..1u32 << PACKETS {
        for second in 0..1u32 << PACKETS {
            let mut telephone = Telephone::new(u64::from(first * 256 + second));
            // The ends of the first are still under way while its pause passes.
            let started = telephone.timestamp;
            let one = telephone.press(7, PTIME, 100);
            telephone.timestamp = started;
            telephone.pass(5 + 2);
            let two = telephone.press(7, PTIME * 9, 100);
            let came = |press: Vec<Timed>, pattern: u32| {
                let kept = move |(index, packet): (usize, Timed)| {
                    (pattern & 1 << index != 0).then_some(packet)
                };
                press.into_iter().enumerate().filter_map(kept)
            };
            let sent: Vec<Timed> = came(one, first).chain(came(two, second)).collect();
            let mut ear = Ear::new(Law::Pcma);
            ear.hear(&sent, &[], PTIME * 20);
            let wanted = usize::from(first != 0) + usize::from(second != 0);
            assert_eq!(ear.keys().len(), wanted, "{first:08b} {second:08b}");
            pairs += 1;
        }
    }
    println!("{pairs} pairs of presses");
}

/// A gateway that moves the timestamp with each packet, as if each were a press. It is one digit while
/// no more than three packets in a row are lost; beyond that a press and its repetition look alike.
#[test]
fn a_press_whose_timestamps_move_is_one_digit_with_up_to_three_packets_lost_in_a_row() {
    let (mut right, mut more) = (0, 0);
    for growing in [true, false] {
        for pattern in 1..1u32 << PACKETS {
            let mut telephone = Telephone::new(u64::from(pattern));
            let mut sent = Vec::new();
            for index in 0..PACKETS {
                let updates = u16::try_from(index.min(4)).expect("few") + 1;
                let duration = if growing { updates * 160 } else { 160 };
                let start = telephone.timestamp;
                let packet = telephone.event(3, start, index == 0, index >= 5, duration);
                telephone.pass(1);
                if pattern & 1 << index != 0 {
                    sent.push((PTIME * (index as u32 + 1), packet));
                }
            }
            let mut ear = Ear::new(Law::Pcma);
            ear.hear(&sent, &[], Duration::from_secs(1));
            let digits = ear.keys().len();
            assert!(digits >= 1, "{pattern:08b}: nothing");
            if longest_hole(pattern) <= 3 {
                assert_eq!(digits, 1, "{pattern:08b} growing {growing}");
            }
            right += usize::from(digits == 1);
            more += usize::from(digits > 1);
        }
    }
    println!("moving timestamps: {right} of 510 patterns are one digit, {more} more");
}

/// The longest run of lost packets between two that came.
fn longest_hole(pattern: u32) -> u32 {
    let within = pattern >> pattern.trailing_zeros();
    let length = 32 - within.leading_zeros();
    let (mut longest, mut run) = (0, 0);
    for bit in 0..length {
        run = if within & 1 << bit == 0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// 20 s of one key: longer than a duration field, so in segments, each with a timestamp of its own
/// (RFC 4733 §2.5.1.3); around each border up to seven packets in a row are lost, in every pattern.
#[test]
fn a_long_press_in_segments_is_one_digit_whatever_is_lost_at_its_borders() {
    for pattern in 0..1u32 << PACKETS {
        for border in 0..=PACKETS {
            let mut telephone = Telephone::new(9);
            let began = telephone.timestamp;
            let mut sent = Vec::new();
            let (mut segment, mut since) = (0u32, 0u32);
            for index in 0..1000u32 {
                let elapsed = (index + 1) * 160;
                if elapsed - since > 0xFFFF {
                    segment += 1;
                    since = segment * 0xFFFF;
                }
                let duration = u16::try_from(elapsed - since).expect("below a segment");
                let start = began.wrapping_add(since);
                let packet = telephone.event(5, start, index == 0, index == 999, duration);
                // The packets at the border, of which `border` come before it.
                let at_border = (index + border as u32) % 409;
                let lost = index > 20 && at_border < 8 && pattern & 1 << at_border != 0;
                if !lost || pattern == 0xFF && at_border == 7 {
                    sent.push((PTIME * (index + 1), packet));
                }
            }
            let mut ear = Ear::new(Law::Pcma);
            ear.hear(&sent, &[], Duration::from_secs(22));
            assert_eq!(ear.keys(), [Digit::D5], "{pattern:08b} at {border}");
        }
    }
}
