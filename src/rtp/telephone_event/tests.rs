use proptest::prelude::*;

use super::*;

/// One packet of a press: sequence number offset, timestamp offset, end, duration.
type Sent = (u16, u32, bool, u16);

/// 100 ms of key: five updates and the end three times, as RFC 4733 §2.5.1.4 has it.
const CLEAN: [Sent; 8] = [
    (0, 0, false, 160),
    (1, 0, false, 320),
    (2, 0, false, 480),
    (3, 0, false, 640),
    (4, 0, false, 800),
    (5, 0, true, 800),
    (6, 0, true, 800),
    (7, 0, true, 800),
];

struct Bench {
    decoder: Decoder,
    now: Instant,
    downs: Vec<u8>,
    ups: Vec<u32>,
}

impl Bench {
    #[allow(clippy::disallowed_methods)] // Some moment to count from.
    fn new() -> Self {
        Bench {
            decoder: Decoder::default(),
            now: Instant::now(),
            downs: Vec::new(),
            ups: Vec::new(),
        }
    }

    fn send(&mut self, code: u8, first: u16, start: u32, packets: &[Sent]) {
        for (index, &(sequence, timestamp, end, duration)) in packets.iter().enumerate() {
            let packet = EventPacket {
                marker: index == 0 && sequence == 0 && !end,
                sequence: first.wrapping_add(sequence),
                timestamp: start.wrapping_add(timestamp),
                code,
                end,
                duration,
            };
            self.now += Duration::from_millis(20);
            self.decoder.packet(packet, self.now, |key| {
                note(&mut self.downs, &mut self.ups, key)
            });
        }
    }

    fn pass(&mut self, length: Duration) {
        self.now += length;
        self.decoder
            .tick(self.now, |key| note(&mut self.downs, &mut self.ups, key));
    }
}

fn note(downs: &mut Vec<u8>, ups: &mut Vec<u32>, key: Key) {
    match key {
        Key::Down { code, .. } => downs.push(code),
        Key::Up { length_ms, .. } => ups.push(length_ms),
    }
}

fn keys_of(packets: &[Sent]) -> Vec<u8> {
    let mut bench = Bench::new();
    bench.send(7, 65530, u32::MAX - 300, packets);
    bench.pass(Duration::from_secs(1));
    assert_eq!(
        bench.downs.len(),
        bench.ups.len(),
        "each key comes up again"
    );
    bench.downs
}

#[test]
fn every_loss_pattern_of_every_key_is_one_press_or_none() {
    for code in 0..=LAST_KEY {
        for pattern in 0..=255u32 {
            let came: Vec<Sent> = (0..8)
                .filter(|bit| pattern & (1 << bit) != 0)
                .map(|bit| CLEAN[bit])
                .collect();
            let mut bench = Bench::new();
            bench.send(code, 100, 5000, &came);
            bench.pass(Duration::from_secs(1));
            let wanted: &[u8] = if pattern == 0 { &[] } else { &[code] };
            assert_eq!(bench.downs, wanted, "code {code}, pattern {pattern:08b}");
            assert_eq!(bench.ups.len(), wanted.len());
        }
    }
}

#[test]
fn a_forty_millisecond_press_counts() {
    assert_eq!(keys_of(&[(0, 0, false, 160), (1, 0, true, 320)]), [7]);
}

#[test]
fn a_press_whose_timestamp_moves_is_one() {
    // Growing and constant duration, the end packets moving on too, or repeated in place.
    let growing: Vec<Sent> = (0..8u16)
        .map(|n| (n, u32::from(n) * 160, n > 4, (n.min(4) + 1) * 160))
        .collect();
    assert_eq!(keys_of(&growing), [7]);
    let constant: Vec<Sent> = (0..8u16)
        .map(|n| (n, u32::from(n) * 160, n > 4, 160))
        .collect();
    assert_eq!(keys_of(&constant), [7]);
    let ends_in_place: Vec<Sent> = (0..8u16)
        .map(|n| (n, u32::from(n.min(5)) * 160, n > 4, (n.min(4) + 1) * 160))
        .collect();
    assert_eq!(keys_of(&ends_in_place), [7]);
}

#[test]
fn a_moving_press_that_loses_one_packet_is_still_one() {
    for duration in [None, Some(160)] {
        let all: Vec<Sent> = (0..8u16)
            .map(|n| {
                (
                    n,
                    u32::from(n) * 160,
                    n > 4,
                    duration.unwrap_or((n.min(4) + 1) * 160),
                )
            })
            .collect();
        for lost in 0..8 {
            let mut came = all.clone();
            came.remove(lost);
            assert_eq!(
                keys_of(&came),
                [7],
                "packet {lost} lost, duration {duration:?}"
            );
        }
    }
}

#[test]
fn end_packets_with_one_sequence_number_are_one_end() {
    let mut packets = CLEAN;
    packets[6].0 = 5;
    packets[7].0 = 5;
    assert_eq!(keys_of(&packets), [7]);
}

#[test]
fn a_long_press_in_segments_is_one() {
    let mut packets: Vec<Sent> = Vec::new();
    let mut sequence = 0;
    for segment in 0..3u32 {
        let full = if segment == 2 { 8000 } else { 0xFFFF };
        for duration in (1600..full).step_by(1600).chain([full]) {
            packets.push((sequence, segment * 0xFFFF, false, duration));
            sequence += 1;
        }
    }
    packets.push((sequence, 2 * 0xFFFF, true, 8000));
    assert_eq!(keys_of(&packets), [7]);
}

#[test]
fn a_segment_that_loses_its_last_update_is_continued_all_the_same() {
    let mut packets: Vec<Sent> = (1..=81u16).map(|n| (n, 0, false, n * 800)).collect();
    packets.extend((1..=4u16).map(|n| (82 + n, 0xFFFF, false, n * 800)));
    packets.push((90, 0xFFFF, true, 4000));
    assert_eq!(keys_of(&packets), [7]);
}

#[test]
fn two_fast_presses_of_one_key_stay_two() {
    // 40 ms of pause, with and without the first one's end, with and without the second's start.
    for first in [&CLEAN[..], &CLEAN[..5], &CLEAN[2..4]] {
        for second in [&CLEAN[..], &CLEAN[1..], &CLEAN[5..]] {
            let mut bench = Bench::new();
            bench.send(3, 10, 1000, first);
            bench.send(3, 18, 1000 + 800 + 320, second);
            bench.pass(Duration::from_secs(1));
            assert_eq!(bench.downs, [3, 3], "{first:?} then {second:?}");
        }
    }
}

#[test]
fn another_key_without_an_end_before_it_ends_the_first() {
    let mut bench = Bench::new();
    bench.send(1, 10, 1000, &CLEAN[..3]);
    bench.send(2, 13, 1480, &CLEAN);
    assert_eq!(bench.downs, [1, 2]);
    assert_eq!(bench.ups, [60, 100]);
}

#[test]
fn a_key_goes_down_with_its_first_packet_and_up_with_its_end() {
    let mut bench = Bench::new();
    bench.send(5, 0, 0, &CLEAN[..1]);
    assert_eq!((bench.downs.len(), bench.ups.len()), (1, 0));
    bench.send(5, 0, 0, &CLEAN[4..6]);
    assert_eq!(bench.ups, [100]);
}

/// Each older than the one before, so that none ends another, and all within a moment.
#[test]
fn more_keys_at_once_than_are_remembered_all_come_up() {
    let mut bench = Bench::new();
    let (presses, now) = (2 * REMEMBERED as u32, bench.now);
    for nth in 0..presses {
        let packet = EventPacket {
            marker: true,
            sequence: (presses - nth) as u16 * 100,
            timestamp: (presses - nth) * 100_000,
            code: (nth % 16) as u8,
            end: false,
            duration: 160,
        };
        let out = |key| note(&mut bench.downs, &mut bench.ups, key);
        bench.decoder.packet(packet, now, out);
    }
    assert_eq!(bench.downs.len(), presses as usize);
    assert_eq!(bench.ups.len(), presses as usize - REMEMBERED);
    let out = |key| note(&mut bench.downs, &mut bench.ups, key);
    bench.decoder.close(now, out);
    assert_eq!(bench.ups.len(), presses as usize);
}

#[test]
fn a_flash_is_no_key() {
    let mut bench = Bench::new();
    bench.send(16, 0, 0, &CLEAN);
    assert!(bench.downs.is_empty());
}

proptest! {
    #[test]
    fn loss_doubling_and_reordering_never_make_two_of_one(
        order in proptest::collection::vec(0usize..8, 1..24),
        code in 0u8..=15,
        start in any::<u32>(),
        first in any::<u16>(),
    ) {
        let mut bench = Bench::new();
        let packets: Vec<Sent> = order.iter().map(|index| CLEAN[*index]).collect();
        bench.send(code, first, start, &packets);
        bench.pass(Duration::from_secs(1));
        prop_assert_eq!(&bench.downs, &[code]);
        prop_assert_eq!(bench.ups.len(), 1);
    }

    #[test]
    fn no_packets_break_the_decoder(
        packets in proptest::collection::vec(
            (any::<bool>(), any::<u16>(), any::<u32>(), any::<[u8; 4]>(), 0u64..500), 0..60)
    ) {
        let mut bench = Bench::new();
        for (marker, sequence, timestamp, payload, pause_ms) in packets {
            bench.pass(Duration::from_millis(pause_ms));
            let packet = EventPacket::read(marker, sequence, timestamp, &payload).expect("four octets");
            bench.decoder.packet(packet, bench.now, |key| note(&mut bench.downs, &mut bench.ups, key));
        }
        let now = bench.now;
        bench.decoder.close(now, |key| note(&mut bench.downs, &mut bench.ups, key));
        prop_assert_eq!(bench.ups.len(), bench.downs.len());
    }
}
