//! Where a stream comes from whose description names a wrong place: an optional mode for broken trunks. Whoever
//! sends first may then be taken for the caller, so as little is learnt as will do.

use std::net::SocketAddr;

use super::packet::Packet;
use super::sdp::Negotiated;

/// Packets that are looked at before the leg is settled, one way or the other.
pub const LOOKED_AT: u8 = 5;
/// Packets in a row of one place and one stream that make it the caller's.
const AGREEING: u8 = 3;

/// What a packet settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet; the packet is not heard.
    Open,
    /// It comes from where it was said: nothing needs to be learnt.
    AsNegotiated,
    /// From here on this place is the leg's, as if it had been negotiated.
    Learnt(SocketAddr),
    /// Too many packets and no agreement: what was negotiated holds.
    GivenUp,
}

/// Looks at the first packets of a leg.
#[derive(Debug, Default)]
pub struct Learner {
    looked_at: u8,
    candidate: Option<Candidate>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    agreeing: u8,
}

impl Learner {
    /// Takes the next packet. A telephone event teaches nothing: a vote must not choose who votes.
    pub fn look(
        &mut self,
        from: SocketAddr,
        packet: &Packet<'_>,
        negotiated: &Negotiated,
    ) -> Verdict {
        if negotiated.rtp == Some(from) {
            return Verdict::AsNegotiated;
        }
        if packet.payload_type != negotiated.payload_type || packet.payload.is_empty() {
            return Verdict::Open;
        }
        self.looked_at += 1;
        let goes_on = self.candidate.filter(|candidate| {
            let ahead = packet.sequence.wrapping_sub(candidate.sequence);
            candidate.from == from && candidate.ssrc == packet.ssrc && (1..=2).contains(&ahead)
        });
        let agreeing = goes_on.map_or(1, |candidate| candidate.agreeing + 1);
        if agreeing == AGREEING {
            return Verdict::Learnt(from);
        }
        self.candidate = Some(Candidate {
            from,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            agreeing,
        });
        if self.looked_at >= LOOKED_AT {
            Verdict::GivenUp
        } else {
            Verdict::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// What packets settle: `(from, payload type, sequence)`.
    fn settled(packets: &[(u16, u8, u16)]) -> Verdict {
        let negotiated = Negotiated {
            rtp: Some(address(4000)),
            event_type: Some(101),
            ..Negotiated::nothing()
        };
        let mut learner = Learner::default();
        for (from, payload_type, sequence) in packets {
            let packet = Packet {
                marker: false,
                payload_type: *payload_type,
                sequence: *sequence,
                timestamp: 0,
                ssrc: 7,
                payload: &[0; 160],
            };
            let verdict = learner.look(address(*from), &packet, &negotiated);
            if verdict != Verdict::Open {
                return verdict;
            }
        }
        Verdict::Open
    }

    #[test]
    fn three_packets_in_a_row_of_one_stream_are_learnt_from() {
        let three = [(5000, 8, 1), (5000, 8, 2), (5000, 8, 4)];
        assert_eq!(settled(&three), Verdict::Learnt(address(5000)));
        assert_eq!(settled(&three[..2]), Verdict::Open);
    }

    #[test]
    fn the_negotiated_place_goes_before_every_other() {
        let packets = [(5000, 8, 1), (5000, 8, 2), (4000, 8, 9)];
        assert_eq!(settled(&packets), Verdict::AsNegotiated);
    }

    #[test]
    fn an_event_teaches_nothing_however_often_it_comes() {
        let events: Vec<_> = (0..100).map(|sequence| (5000, 101, sequence)).collect();
        assert_eq!(settled(&events), Verdict::Open);
    }

    #[test]
    fn five_packets_without_agreement_are_enough() {
        let mixed = [
            (5000, 8, 1),
            (5002, 8, 2),
            (5000, 8, 3),
            (5002, 8, 4),
            (5000, 8, 9),
        ];
        assert_eq!(settled(&mixed), Verdict::GivenUp);
        let scattered = [
            (5000, 8, 1),
            (5000, 8, 900),
            (5000, 8, 7),
            (5000, 8, 1),
            (5000, 8, 50),
        ];
        assert_eq!(settled(&scattered), Verdict::GivenUp);
    }
}
