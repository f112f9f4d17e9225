//! A request of ours outside of any dialog that is no call: REGISTER and OPTIONS to a trunk.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsip::{Header, Method, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipAddr;

use super::agent::{Core, stack, user_part};
use super::driver::clean;
use super::{Error, Transport};
use crate::seam::{self, headers, rsip};

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Register,
    Options,
}

/// A request outside of any dialog.
#[derive(Debug, Clone)]
pub struct Asking {
    pub what: Question,
    pub transport: Transport,
    /// Where it is sent, whatever its URIs name.
    pub peer: SocketAddr,
    /// By TLS the certificate must be of this name.
    pub called: String,
    /// The Request-URI.
    pub uri: String,
    /// From and To, without a tag.
    pub aor: String,
    /// User part of our Contact.
    pub user: String,
    pub call_id: String,
    pub cseq: u32,
    /// Beside what every request of ours says; names and values.
    pub headers: Vec<(String, String)>,
    /// How long the final response is waited for.
    pub patience: Duration,
}

/// A final response, or what the stack says in its place: 408 where none came, 503 where a stream broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub status: u16,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The URI of our Contact in the request.
    pub contact: String,
}

/// Sends it; `None` where no final response came in time.
pub(super) async fn ask(core: &Arc<Core>, asking: Asking) -> Result<Option<Told>, Error> {
    let patience = asking.patience;
    match tokio::time::timeout(patience, exchange(core, asking)).await {
        Ok(told) => told,
        Err(_) => Ok(None),
    }
}

async fn exchange(core: &Arc<Core>, asking: Asking) -> Result<Option<Told>, Error> {
    let Asking {
        transport, peer, ..
    } = asking;
    if transport.is_stream() {
        core.connect(transport, peer, &asking.called).await?;
    }
    // The guard lets its answers through.
    let Some(_enrolled) = core.state.enrol(&asking.call_id) else {
        return Err(Error::Stack(
            "a request of this Call-ID is under way".into(),
        ));
    };
    let (request, contact) = request(core, &asking)?;
    let key = TransactionKey::from_request(&request, TransactionRole::Client).map_err(stack)?;
    let mut transaction = Transaction::new_client(key, request, Arc::clone(&core.endpoint), None);
    transaction.destination = Some(SipAddr {
        r#type: Some(seam::transport(transport)),
        addr: peer.into(),
    });
    transaction.send().await.map_err(stack)?;
    while let Some(message) = transaction.receive().await {
        let SipMessage::Response(response) = message else {
            continue;
        };
        if response.status_code.code() < 200 {
            continue;
        }
        let headers = response.headers.iter();
        return Ok(Some(Told {
            status: response.status_code.code(),
            headers: headers
                .map(|header| (header.name().to_owned(), header.value().to_owned()))
                .collect(),
            contact,
        }));
    }
    Ok(None)
}

/// The request, and the URI of its Contact.
fn request(core: &Core, asking: &Asking) -> Result<(rsip::Request, String), Error> {
    let bad = |uri: &str| Error::Uri(uri.to_owned());
    let uri = rsip::Uri::try_from(asking.uri.as_str()).map_err(|_| bad(&asking.uri))?;
    let aor = rsip::Uri::try_from(asking.aor.as_str()).map_err(|_| bad(&asking.aor))?;
    let (transport, peer) = (asking.transport, asking.peer);
    let mut contact = core.contact(transport, Some(peer.ip()), &clean(&asking.user));
    let own = SipAddr {
        r#type: Some(seam::transport(transport)),
        addr: contact.host_with_port.clone(),
    };
    contact.auth = user_part(&clean(&asking.user));
    let via = core.endpoint.get_via(Some(own), None).map_err(stack)?;
    let from = rsip::typed::From {
        display_name: None,
        uri: aor.clone(),
        params: Vec::new(),
    };
    let to = rsip::typed::To {
        display_name: None,
        uri: aor,
        params: Vec::new(),
    };
    let tag = format!("{:016x}", rand::random::<u64>());
    let method = match asking.what {
        Question::Register => Method::Register,
        Question::Options => Method::Options,
    };
    let mut request = core.endpoint.make_request(
        method,
        uri,
        via,
        from.with_tag(tag.into()),
        to,
        asking.cseq,
        Some(asking.call_id.clone().into()),
    );
    let named = contact.to_string();
    let contact = rsip::typed::Contact {
        display_name: None,
        uri: contact,
        params: Vec::new(),
    };
    request.headers.unique_push(Header::Contact(contact.into()));
    for header in headers::abilities() {
        request.headers.push(header);
    }
    for (name, value) in &asking.headers {
        request
            .headers
            .push(Header::Other(clean(name), clean(value)));
    }
    Ok((request, named))
}
