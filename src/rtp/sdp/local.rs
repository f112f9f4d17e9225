use std::fmt::Write as _;
use std::net::IpAddr;

use super::{AVP, Chosen, Error, Negotiated, SAVP, Srtp, choose, read};
use crate::codecs::{Codec, Codecs};
use crate::comfort;
use crate::srtp::Protection;
use crate::srtp::sdes::{Crypto, Keys, Suite};

/// The telephone-event payload type of our own offers.
const OFFERED_EVENT_TYPE: u8 = 101;
/// The same by the clock of Opus (RFC 4733 §2.1).
const OFFERED_OPUS_EVENT_TYPE: u8 = 102;

/// Our side of the negotiation; lives as long as the dialog.
#[derive(Debug, Clone)]
pub struct Local {
    pub address: IpAddr,
    pub port: u16,
    pub session: u64,
    pub version: u64,
    srtp: Srtp,
    codecs: Codecs,
    /// Keys of ours, one pair a suite: a key is never used with two.
    keys: [Keys; 2],
    /// The suite in use. A leg that is protected once stays so: nobody takes that back in the middle.
    protected: Option<Suite>,
    /// In which profile.
    profile: &'static str,
}

impl Local {
    /// Offers and takes `codecs`.
    pub fn new(address: IpAddr, port: u16, srtp: Srtp, codecs: Codecs) -> Self {
        let session = u64::from(rand::random::<u32>());
        Local {
            address,
            port,
            session,
            version: 0,
            srtp,
            codecs,
            keys: [Keys::random(), Keys::random()],
            protected: None,
            profile: SAVP,
        }
    }

    /// Our offer: our codecs in their order, telephone events; as SRTP where it is required, preferred or in use.
    pub fn offer(&mut self) -> String {
        self.offer_so(self.policy().offers_protection())
    }

    /// The same in the clear, for whom refuses a protected one; `None` where that may not be, or was offered so.
    pub fn plain_offer(&mut self) -> Option<String> {
        (self.policy() == Srtp::Prefer).then(|| self.offer_so(false))
    }

    fn offer_so(&mut self, secure: bool) -> String {
        let mut text = self.head();
        let profile = if secure { self.profile } else { AVP };
        let _ = write!(text, "m=audio {} {profile}", self.port);
        for codec in self.codecs.iter() {
            let _ = write!(text, " {}", codec.payload_type());
        }
        let opus = self.codecs.contains(Codec::Opus);
        let _ = match opus {
            true => write!(text, " {OFFERED_EVENT_TYPE} {OFFERED_OPUS_EVENT_TYPE}\r\n"),
            false => write!(text, " {OFFERED_EVENT_TYPE}\r\n"),
        };
        for codec in self.codecs.iter() {
            write_codec(&mut text, codec, codec.payload_type());
        }
        write_events(&mut text, OFFERED_EVENT_TYPE, 8000);
        if opus {
            write_events(&mut text, OFFERED_OPUS_EVENT_TYPE, Codec::Opus.clock_hz());
        }
        text.push_str("a=ptime:20\r\na=maxptime:40\r\n");
        if secure {
            for (tag, suite) in (1..).zip(Suite::ALL) {
                self.renew_unused(suite);
                let line = self.crypto(tag, suite);
                let _ = write!(text, "a=crypto:{}\r\n", line.text());
            }
        }
        text.push_str("a=sendrecv\r\n");
        text
    }

    /// Reads an offer and answers it.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(String, Negotiated), Error> {
        let session = read(offer)?;
        let Chosen {
            index: chosen,
            profile,
            mut negotiated,
            crypto,
        } = choose(&session, self.policy(), &self.codecs)?;
        let mut text = self.head();
        let ours = crypto.map(|theirs| self.protect(&mut negotiated, theirs, profile));
        self.settled(&negotiated);
        for (index, media) in session.medias.iter().enumerate() {
            if index != chosen {
                // RFC 3264 §6: every stream of the offer is answered; port 0 rejects.
                let _ = write!(
                    text,
                    "m={} 0 {} {}\r\n",
                    media.media, media.proto, media.fmt
                );
                continue;
            }
            self.write_stream(&mut text, profile, &negotiated, ours.as_ref());
        }
        Ok((text, negotiated))
    }

    /// Reads the answer to our offer.
    pub fn accept(&mut self, answer: &[u8]) -> Result<Negotiated, Error> {
        // What was offered protected must be answered so, and the other way round.
        let offered = match self.policy() {
            offered @ (Srtp::Require | Srtp::Impossible) => offered,
            // It may have been offered both, one after the other.
            Srtp::Prefer => Srtp::Accept,
            Srtp::Accept | Srtp::Refuse => Srtp::Refuse,
        };
        let chosen = choose(&read(answer)?, offered, &self.codecs)?;
        let mut negotiated = chosen.negotiated;
        if let Some(theirs) = chosen.crypto {
            let named = Suite::ALL
                .into_iter()
                .zip(1..)
                .find(|(_, tag)| *tag == theirs.tag);
            if named.is_none_or(|(suite, _)| suite != theirs.suite) {
                return Err(super::unreadable(
                    "the answer's crypto line is none of our offer's".to_owned(),
                ));
            }
            self.protect(&mut negotiated, theirs, chosen.profile);
        }
        self.settled(&negotiated);
        Ok(negotiated)
    }

    /// Whom we talk with in the clear is not offered keys again in the middle.
    fn settled(&mut self, negotiated: &Negotiated) {
        if negotiated.srtp.is_none() && self.srtp == Srtp::Prefer {
            self.srtp = Srtp::Accept;
        }
    }

    fn policy(&self) -> Srtp {
        match self.protected {
            Some(_) => Srtp::Require,
            None => self.srtp,
        }
    }

    /// Puts both sides' keys into what was negotiated; our line of the answer.
    fn protect(
        &mut self,
        negotiated: &mut Negotiated,
        theirs: Crypto,
        profile: &'static str,
    ) -> Crypto {
        let suite = theirs.suite;
        self.profile = profile;
        if self.protected.is_some() {
            self.renew_unused(suite);
        }
        self.protected = Some(suite);
        let ours = self.crypto(theirs.tag, suite);
        negotiated.srtp = Some(Protection {
            suite,
            theirs: theirs.keys,
            ours: ours.keys.clone(),
        });
        ours
    }

    /// A suite that comes into use anew has a key that was never used.
    fn renew_unused(&mut self, suite: Suite) {
        if self.protected != Some(suite) {
            self.keys[suite as usize] = Keys::random();
        }
    }

    fn crypto(&self, tag: u32, suite: Suite) -> Crypto {
        Crypto {
            tag,
            suite,
            keys: self.keys[suite as usize].clone(),
        }
    }

    fn write_stream(
        &self,
        text: &mut String,
        profile: &str,
        negotiated: &Negotiated,
        crypto: Option<&Crypto>,
    ) {
        let payload_type = negotiated.payload_type;
        let _ = write!(text, "m=audio {} {profile} {payload_type}", self.port);
        if let Some(event_type) = negotiated.event_type {
            let _ = write!(text, " {event_type}");
        }
        if negotiated.comfort_noise {
            let _ = write!(text, " {}", comfort::PAYLOAD_TYPE);
        }
        text.push_str("\r\n");
        write_codec(text, negotiated.codec, payload_type);
        if negotiated.comfort_noise {
            let _ = write!(text, "a=rtpmap:{} CN/8000\r\n", comfort::PAYLOAD_TYPE);
        }
        if let Some(event_type) = negotiated.event_type {
            write_events(text, event_type, negotiated.event_clock_hz);
        }
        if let Some(crypto) = crypto {
            let _ = write!(text, "a=crypto:{}\r\n", crypto.text());
        }
        let direction = match (negotiated.they_send, negotiated.they_receive) {
            (true, true) => "sendrecv",
            (true, false) => "recvonly",
            (false, true) => "sendonly",
            (false, false) => "inactive",
        };
        let _ = write!(
            text,
            "a=ptime:{}\r\na=maxptime:40\r\na={direction}\r\n",
            negotiated.ptime_ms
        );
    }

    fn head(&mut self) -> String {
        self.version += 1;
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=- {} {} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
            self.session,
            self.version,
            address = self.address
        )
    }
}

fn write_codec(text: &mut String, codec: Codec, payload_type: u8) {
    let _ = write!(text, "a=rtpmap:{payload_type} {}\r\n", codec.map());
    if let Some(parameters) = codec.parameters() {
        let _ = write!(text, "a=fmtp:{payload_type} {parameters}\r\n");
    }
}

fn write_events(text: &mut String, event_type: u8, clock_hz: u32) {
    let _ = write!(
        text,
        "a=rtpmap:{event_type} telephone-event/{clock_hz}\r\na=fmtp:{event_type} 0-15\r\n"
    );
}
