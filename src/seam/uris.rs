//! Addresses of others, as the stack reads them.

use super::rsip;
use rsip::uri::ParamsExt as _;

/// Whether an address is called by TLS, as an INVITE to it would go.
pub fn names_tls(target: &str) -> bool {
    let uri = rsip::Uri::try_from(target).ok();
    uri.is_some_and(|uri| uri.transport() == Some(&rsip::Transport::Tls))
}

/// Whether a final response refuses the media that was offered (RFC 3261 §21.4.13, §21.4.26, §21.6.4).
pub const fn refuses_media(status: u16) -> bool {
    matches!(status, 415 | 488 | 606)
}

/// The Route of a request, of elements `<sip:…;lr>`.
///
/// # Errors
/// The element that is no address.
pub fn route_set(elements: &[String]) -> Result<Vec<rsip::typed::Route>, String> {
    let element = |text: &String| {
        let uri = text.trim_matches(['<', '>']);
        let uri = rsip::Uri::try_from(uri).map_err(|_| text.clone())?;
        Ok(rsip::typed::Route::from(uri))
    };
    elements.iter().map(element).collect()
}
