//! DTLS, of which we are the server (RFC 5763 §5): it makes the keys of a leg's SRTP (RFC 5764 §4.2).

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use rtc_crypto::RTCCryptoProvider;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use sha2::{Digest as _, Sha256};

use super::records::Records;
use crate::srtp::Protection;
use crate::srtp::sdes::{Keys, Suite};

/// A handshake's datagrams are answered by so many at most.
const SENT_AT_ONCE: usize = 16;

/// Who we are to browsers: a key and a certificate of our own making, whose digest stands in every answer.
#[derive(Clone)]
pub struct Identity {
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    pub(super) fingerprint: [u8; 32],
}

impl Identity {
    /// A new one, for as long as the program runs.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn new() -> Result<Identity, String> {
        let provider = rtc_crypto::default_provider().map_err(|fault| fault.to_string())?;
        let names = vec!["gradeline".to_owned()];
        let certificate = Certificate::generate_self_signed(names, provider.crypto())
            .map_err(|fault| fault.to_string())?;
        let der = certificate.certificate.first();
        let der = der.ok_or("a certificate without octets")?;
        Ok(Identity {
            fingerprint: Sha256::digest(der).into(),
            provider,
            certificate,
        })
    }
}

/// What a datagram or the time led to.
pub(super) enum Step {
    Going,
    /// Both sides have the keys.
    Keys(Box<Protection>),
    /// The browser said that it is over.
    Closed,
    Failed(String),
}

/// The server's side of one association.
pub(super) struct Handshake {
    endpoint: Endpoint,
    records: Records,
    /// Both sides have the keys: what is in the clear is forged, or late.
    sealed: bool,
    over: bool,
}

/// To the machine there is one other side, wherever ICE finds it.
const BROWSER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl Handshake {
    pub fn new(identity: &Identity, fingerprint: [u8; 32]) -> Result<Handshake, String> {
        // Whoever speaks must have the key of the certificate that the offer named (RFC 5763 §5).
        let is_offered = move |chain: &[Vec<u8>], _: &[_]| {
            let shown = chain
                .first()
                .map(|der| <[u8; 32]>::from(Sha256::digest(der)));
            match shown == Some(fingerprint) {
                true => Ok(()),
                false => Err(Error::Other("the certificate is not the offer's".into())),
            }
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(identity.provider.clone())
            .with_certificates(vec![identity.certificate.clone()])
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(is_offered)))
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
            .build(false, None)
            .map_err(|fault| fault.to_string())?;
        let endpoint = Endpoint::new(BROWSER, TransportProtocol::UDP, Some(Arc::new(config)));
        Ok(Handshake {
            endpoint,
            records: Records::new(),
            sealed: false,
            over: false,
        })
    }

    /// Takes a datagram; what is to be answered goes to `send`.
    pub fn take(&mut self, octets: &[u8], now: Instant, send: &mut dyn FnMut(&[u8])) -> Step {
        if self.over {
            return Step::Going;
        }
        let Some(octets) = self.records.admit(octets, self.sealed) else {
            return Step::Going;
        };
        let sealed = self.sealed;
        let step = self.guarded(send, |endpoint| {
            let events = match endpoint.read(now, BROWSER, None, BytesMut::from(&octets[..])) {
                Ok(events) => events,
                // Only an alert under the keys ends what stands.
                Err(fault) if sealed && fault != Error::ErrAlertFatalOrClose => {
                    return Ok(Step::Going);
                }
                Err(fault) => return Err(fault.to_string()),
            };
            let mut step = Step::Going;
            for event in events {
                match event {
                    EndpointEvent::HandshakeComplete => {
                        step = Step::Keys(Box::new(keys(endpoint)?));
                    }
                    EndpointEvent::PeerClosed => step = Step::Closed,
                    _ => {}
                }
            }
            Ok(step)
        });
        self.sealed |= matches!(step, Step::Keys(_));
        step
    }

    /// Says again what may have been lost.
    pub fn beat(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) -> Step {
        let due = self.endpoint.poll_timeout(&BROWSER);
        if due.is_none_or(|due| now < due) {
            return Step::Going;
        }
        self.guarded(send, |endpoint| {
            let done = endpoint.handle_timeout(BROWSER, now);
            done.map(|()| Step::Going)
                .map_err(|fault| fault.to_string())
        })
    }

    /// A foreign parser may end one leg, never its thread. After a failure nothing is read any more.
    fn guarded(
        &mut self,
        send: &mut dyn FnMut(&[u8]),
        act: impl FnOnce(&mut Endpoint) -> Result<Step, String>,
    ) -> Step {
        if self.over {
            return Step::Going;
        }
        let endpoint = &mut self.endpoint;
        let acted = catch_unwind(AssertUnwindSafe(|| {
            let step = act(endpoint);
            for _ in 0..SENT_AT_ONCE {
                let Some(datagram) = endpoint.poll_transmit() else {
                    break;
                };
                send(&datagram.message);
            }
            step
        }));
        let step = match acted {
            Ok(Ok(step)) => step,
            Ok(Err(fault)) => Step::Failed(fault),
            Err(_panic) => Step::Failed("a bug in the reading of DTLS".to_owned()),
        };
        self.over = matches!(step, Step::Closed | Step::Failed(_));
        step
    }
}

/// The keys of both directions: the client's key, ours, the client's salt, ours (RFC 5764 §4.2).
fn keys(endpoint: &Endpoint) -> Result<Protection, String> {
    let state = endpoint
        .get_connection_state(BROWSER)
        .ok_or("the association is gone")?;
    if state.srtp_protection_profile() != SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 {
        return Err("no common profile of SRTP".to_owned());
    }
    let secret = state
        .export_keying_material("EXTRACTOR-dtls_srtp", &[], 60)
        .map_err(|fault| fault.to_string())?;
    let octets: &[u8] = secret.as_ref();
    let part = |from: usize, length: usize| octets.get(from..from + length).ok_or("short keys");
    let keys = |key: usize, salt: usize| {
        Ok::<_, String>(Keys {
            key: part(key, 16)?.try_into().map_err(|_| "short keys")?,
            salt: part(salt, 14)?.try_into().map_err(|_| "short keys")?,
        })
    };
    Ok(Protection {
        suite: Suite::HmacSha1With80,
        theirs: keys(0, 32)?,
        ours: keys(16, 46)?,
    })
}
