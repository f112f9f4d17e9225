//! Legs whose far end is a browser.

use std::mem::MaybeUninit;
use std::time::Instant;

use super::{Error, Leg, Media};
use crate::line::{Clocks, FarEnd, PACKET_LEN, Received};
use crate::mixing::limiter::factor;
use crate::peer::{Offer, Peer};
use crate::rtp::sdp::Local;

/// Datagrams of one browser that are taken at a time while it comes.
const TAKEN: usize = 64;

impl Media {
    /// A leg that answers a browser's offer; its `description` is the answer. The browser then comes to our port:
    /// see [`Leg::come`].
    pub fn answer_browser(&self, offer: &str) -> Result<Leg, Error> {
        // Read first, so that an offer nobody can answer costs no port.
        let offer = Offer::read(offer, &self.browser_codecs)?;
        let sockets = self.ports.bind()?;
        let (address, port) = (self.ports.address(), sockets.port);
        let (peer, description) =
            Peer::answering(&offer, &self.identity, address, port).map_err(Error::NoKeys)?;
        Ok(Leg {
            far_end: FarEnd::of_browser(sockets, peer),
            local: Local::new(address, port, self.srtp, self.browser_codecs),
            description,
            negotiated: Some(offer.negotiated()),
            level: factor(self.levels.desks),
        })
    }
}

impl Leg {
    /// Takes what a browser has sent, until it has come: then the leg can carry sound. `None` while it may come yet;
    /// to be asked again within some milliseconds.
    pub fn come(&mut self, now: Instant) -> Option<Result<(), String>> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); PACKET_LEN];
        let nothing = self.negotiated.clone()?;
        for _ in 0..TAKEN {
            match self.far_end.receive(&mut buffer, Clocks::read(), &nothing) {
                // Sound that comes early is heard by the thread, and the little before it by nobody.
                Ok(Received::Packet { .. }) => break,
                Ok(_) => {}
                Err(fault) if fault.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
        self.far_end.beat(now);
        let come = self.far_end.has_come()?.map_err(str::to_owned);
        // From here on something may be sent; where to, the far end knows at each packet.
        if let Some(negotiated) = &mut self.negotiated {
            (negotiated.rtp, negotiated.rtcp) = self.far_end.addresses();
        }
        Some(come)
    }
}
