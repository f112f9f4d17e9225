//! Calls whose INVITE had to show who calls: their later requests show it too, with the next count of the same nonce (RFC 3261
//! §22.2, RFC 7616 §3.4), so that a trunk that asks each time need not.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, Weak};

use rsip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsip::{Header, Method, Request, SipMessage};
use rsipstack::sip as rsip;
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

use super::headers;
use crate::credentials::{Answering, Credentials};
use crate::guard::Known;

/// By their Call-IDs. Cheap to clone; as many as live.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<HashMap<String, Kept>>>);

struct Kept {
    call: Weak<Known>,
    credentials: Credentials,
    /// By the header that answers: a proxy's and a server's.
    answering: BTreeMap<&'static str, Answering>,
    /// The CSeq last shown to, and what: a retransmission is the same message.
    last: Option<(String, Vec<Header>)>,
}

impl Shown {
    /// This challenge was answered for this call.
    pub fn keep(&self, call: &Arc<Known>, credentials: &Credentials, answering: Answering) {
        let mut table = self.0.lock().unwrap_or_else(|held| held.into_inner());
        table.retain(|_, kept| kept.call.strong_count() > 0);
        let kept = table.entry(call.call_id.clone()).or_insert_with(|| Kept {
            call: Arc::downgrade(call),
            credentials: credentials.clone(),
            answering: BTreeMap::new(),
            last: None,
        });
        kept.answering.insert(answering.header_name(), answering);
    }

    /// What this request within a call shows.
    fn headers(&self, request: &Request) -> Option<Vec<Header>> {
        let asked = matches!(
            request.method,
            Method::Bye | Method::Invite | Method::Update | Method::Info
        );
        let to = request.to_header().ok()?.typed().ok()?;
        to.tag().filter(|_| asked)?;
        let call_id = request.call_id_header().ok()?.value().to_owned();
        let cseq = headers::value(&request.headers, "CSeq")?.to_owned();
        let mut table = self.0.lock().unwrap_or_else(|held| held.into_inner());
        let kept = table.get_mut(&call_id)?;
        if let Some((last, shown)) = &kept.last
            && *last == cseq
        {
            return Some(shown.clone());
        }
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        let cnonce = format!("{:032x}", rand::random::<u128>());
        let credentials = &kept.credentials;
        let all = kept.answering.values_mut().map(|answering| {
            let (name, value) = answering.header(credentials, (&method, &uri), &cnonce);
            Header::Other(name.to_owned(), value)
        });
        let shown: Vec<Header> = all.collect();
        kept.last = Some((cseq, shown.clone()));
        Some(shown)
    }
}

impl MessageInspector for Shown {
    fn before_send(&self, message: SipMessage, _to: Option<&SipAddr>) -> SipMessage {
        match message {
            SipMessage::Request(mut request) => {
                for header in self.headers(&request).into_iter().flatten() {
                    request.headers.push(header);
                }
                SipMessage::Request(request)
            }
            response => response,
        }
    }

    fn after_received(&self, message: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        message
    }
}
