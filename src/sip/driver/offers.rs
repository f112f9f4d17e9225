//! Offers within a call, ours and theirs, and the session timer that they refresh.

use super::*;

/// How often an offer of ours is sent again after a 491.
const GLARE_TRIES: u8 = 3;

impl Driver {
    /// A re-INVITE or UPDATE.
    pub(super) fn on_offer(&mut self, request: &rsip::Request, handle: TransactionHandle) {
        let asked = headers::asked(request);
        let Answer::Agree {
            header,
            require,
            terms,
        } = timer::answer(asked, self.core.policy)
        else {
            let min_se = vec![headers::min_se(self.core.policy)];
            return self.reply(handle, StatusCode::SessionIntervalTooSmall, min_se);
        };
        let mut answer_headers = headers::abilities();
        answer_headers.push(headers::session_expires(header));
        if require {
            answer_headers.push(Header::Require("timer".into()));
        }
        let sdp = headers::sdp_of(&request.headers, &request.body);
        if self.answering {
            // RFC 3261 §14.2: their previous offer is not answered yet.
            let again = vec![headers::retry_after(Duration::from_secs(2))];
            return self.reply(handle, StatusCode::ServerInternalError, again);
        }
        if self.offering && (sdp.is_some() || request.method == Method::Invite) {
            return self.reply(handle, StatusCode::RequestPending, Vec::new());
        }
        let sdp = match sdp {
            Some(sdp) if sdp != self.remote_sdp => sdp,
            // Nothing new: RFC 4028 §7.4, or a question for our offer (RFC 3261 §14.2).
            same => {
                let body = (request.method == Method::Invite || same.is_some())
                    .then(|| self.local_sdp.clone());
                return self.reply_refresh(handle, answer_headers, body, terms);
            }
        };
        let (reply, answer) = oneshot::channel();
        let told = self.events.try_send(DialogEvent::Offer {
            sdp: sdp.clone(),
            reply: OfferReply { reply },
        });
        if told.is_err() {
            guard::count("slow_reader");
            let again = vec![headers::retry_after(Duration::from_secs(1))];
            return self.reply(handle, StatusCode::ServerInternalError, again);
        }
        self.answering = true;
        self.requests
            .spawn(wait_for_answer(answer, handle, answer_headers, sdp, terms));
    }

    fn reply_refresh(
        &mut self,
        handle: TransactionHandle,
        mut answer_headers: Vec<Header>,
        body: Option<String>,
        terms: Terms,
    ) {
        if body.is_some() {
            answer_headers.push(headers::sdp_type());
        }
        self.timer = Some(SessionTimer::start(terms, now()));
        self.requests.spawn(async move {
            let body = body.map(String::into_bytes);
            let _ = handle
                .respond(StatusCode::OK, Some(answer_headers), body)
                .await;
            Outcome::Nothing
        });
    }

    pub(super) fn reinvite(&mut self, sdp: String, done: Done<Vec<u8>>) {
        let tries = GLARE_TRIES;
        self.offer(Offer { sdp, tries, done });
    }

    fn offer(&mut self, offer: Offer) {
        if self.phase != Phase::Established {
            let _ = offer.done.send(Err(Error::Over));
            return;
        }
        if self.offering || self.answering {
            return self.wait_out_glare(offer);
        }
        self.offering = true;
        let dialog = self.dialog.clone();
        let mut offer_headers = self.refresh_headers();
        offer_headers.push(headers::sdp_type());
        self.requests.spawn(async move {
            let body = offer.sdp.clone().into_bytes();
            let response = dialog
                .reinvite(Some(offer_headers), Some(body))
                .await
                .map_err(stack);
            Outcome::Offered { offer, response }
        });
    }

    /// RFC 3261 §14.1: the owner of the Call-ID waits 2.1–4 s, the other side up to
    /// 2 s; meanwhile the peer's offer may come through.
    fn wait_out_glare(&mut self, mut offer: Offer) {
        let Some(left) = offer.tries.checked_sub(1) else {
            let pending = Error::Stack("offers cross again and again (491)".into());
            let _ = offer.done.send(Err(pending));
            return;
        };
        offer.tries = left;
        let pause = self.glare_pause();
        self.requests.spawn(async move {
            tokio::time::sleep(pause).await;
            Outcome::GlareOver(offer)
        });
    }

    fn glare_pause(&self) -> Duration {
        Duration::from_millis(match self.invited {
            Some(_) => rand::random_range(0..=2000),
            None => rand::random_range(2100..=4000),
        })
    }

    /// A refresh of ours ended so. One that crossed an offer of theirs waits as any offer does.
    fn on_refreshed(&mut self, response: Result<Option<Response>, Error>) {
        self.offering = false;
        let crossed = matches!(&response, Ok(Some(response)) if response.status_code.code() == 491);
        self.refreshes_crossed = if crossed {
            self.refreshes_crossed + 1
        } else {
            0
        };
        let pause = self.glare_pause();
        match &mut self.timer {
            Some(timer) if (1..=GLARE_TRIES).contains(&self.refreshes_crossed) => {
                timer.refresh_crossed(now() + pause, now());
            }
            _ => self.restart_timer(&response),
        }
        if self.refreshes_crossed > GLARE_TRIES {
            self.refreshes_crossed = 0;
        }
        if gone(&response) {
            self.lose("the other side knows the call no more");
        }
    }

    pub(super) fn on_timer(&mut self) {
        let Some(timer) = &mut self.timer else {
            return;
        };
        match timer.due(now()) {
            None => {}
            Some(Due::Expire) => self.expire(),
            Some(Due::Refresh) => self.refresh(),
        }
    }

    /// RFC 4028 §10: nobody refreshed.
    fn expire(&mut self) {
        self.timer = None;
        self.tell_last(DialogEvent::Lost {
            why: "the session was not refreshed",
        });
        let reason = "SIP;cause=408;text=\"Session timer expired\"".to_owned();
        match self.phase {
            Phase::Established => self.bye(Some(reason), None),
            _ => self.phase = Phase::Over,
        }
    }

    fn refresh(&mut self) {
        if self.phase != Phase::Established || self.offering || self.answering {
            // Something is under way; what it brings refreshes, or the next try does.
            if let Some(timer) = &mut self.timer {
                timer.refresh_failed(now());
            }
            return;
        }
        let dialog = self.dialog.clone();
        let mut refresh_headers = self.refresh_headers();
        let update = self.peer_updates;
        let sdp = self.local_sdp.clone().into_bytes();
        self.offering = !update;
        self.requests.spawn(async move {
            let response = if update {
                dialog.update(Some(refresh_headers), None).await
            } else {
                refresh_headers.push(headers::sdp_type());
                dialog.reinvite(Some(refresh_headers), Some(sdp)).await
            };
            Outcome::Refreshed(response.map_err(stack))
        });
    }

    /// The headers of an UPDATE or re-INVITE of ours.
    fn refresh_headers(&self) -> Vec<Header> {
        let mut out = headers::abilities();
        if let Some(timer) = &self.timer {
            let terms = timer.terms();
            let refresher = if terms.we_refresh {
                Side::Uac
            } else {
                Side::Uas
            };
            out.push(headers::session_expires(SessionExpires {
                delta_s: u32::try_from(terms.interval.as_secs()).unwrap_or(u32::MAX),
                refresher: Some(refresher),
            }));
            out.push(headers::min_se(self.core.policy));
        }
        out
    }

    pub(super) fn on_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Bye => self.phase = Phase::Over,
            Outcome::Nothing => {}
            Outcome::Referred(accepted) => self.on_referred(accepted),
            Outcome::Notified => self.on_notified(),
            Outcome::Offered { offer, response } => self.on_offered(offer, response),
            Outcome::GlareOver(offer) => self.offer(offer),
            Outcome::Refreshed(response) => self.on_refreshed(response),
            Outcome::Replied(answered) => {
                self.answering = false;
                if let Some(agreement) = answered {
                    self.local_sdp = agreement.local_sdp;
                    self.remote_sdp = agreement.remote_sdp;
                    self.timer = Some(SessionTimer::start(agreement.terms, now()));
                }
            }
        }
    }

    fn on_offered(&mut self, offer: Offer, response: Result<Option<Response>, Error>) {
        self.offering = false;
        if matches!(&response, Ok(Some(response)) if response.status_code.code() == 491) {
            return self.wait_out_glare(offer);
        }
        self.restart_timer(&response);
        let lost = gone(&response);
        let answer = accepted(response);
        if let Ok(answer) = &answer {
            self.local_sdp = offer.sdp;
            self.remote_sdp.clone_from(&answer.body);
        }
        let _ = offer.done.send(answer.map(|answer| answer.body));
        if lost {
            self.lose("the other side knows the call no more");
        }
    }

    fn restart_timer(&mut self, response: &Result<Option<Response>, Error>) {
        match response {
            Ok(Some(response)) if is_success(response) => {
                let terms = timer::settled(headers::asked(response), self.core.policy);
                self.timer = Some(SessionTimer::start(terms, now()));
            }
            Ok(Some(response)) => self.refresh_refused(response.status_code.code()),
            _ => {
                if let Some(timer) = &mut self.timer {
                    timer.refresh_failed(now());
                }
            }
        }
    }

    /// A peer without timers that refuses a refresh has still shown that it is there; one
    /// that must be refreshed is asked again.
    fn refresh_refused(&mut self, status: u16) {
        // It named UPDATE in Allow and does not know it: the next refresh is a re-INVITE.
        if matches!(status, 405 | 501) {
            self.peer_updates = false;
        }
        let Some(timer) = &mut self.timer else {
            return;
        };
        match timer.terms() {
            terms if !terms.binding => *timer = SessionTimer::start(terms, now()),
            _ => timer.refresh_failed(now()),
        }
    }
}

/// Waits for our user's answer to an offer and sends it.
async fn wait_for_answer(
    answer: oneshot::Receiver<Reply>,
    handle: TransactionHandle,
    mut answer_headers: Vec<Header>,
    offer: Vec<u8>,
    terms: Terms,
) -> Outcome {
    let over = |_| Error::Over;
    match answer.await {
        Ok(Reply::Answer { sdp, done }) => {
            answer_headers.push(headers::sdp_type());
            let body = sdp.clone().into_bytes();
            let sent = handle
                .respond(StatusCode::OK, Some(answer_headers), Some(body))
                .await
                .map_err(over);
            let agreement = sent.is_ok().then_some(Agreement {
                local_sdp: sdp,
                remote_sdp: offer,
                terms,
            });
            let _ = done.send(sent);
            Outcome::Replied(agreement)
        }
        Ok(Reply::Refuse { status, done }) => {
            let sent = handle
                .respond(StatusCode::from(status), None, None)
                .await
                .map_err(over);
            let _ = done.send(sent);
            Outcome::Replied(None)
        }
        Err(_) => {
            let _ = handle
                .respond(StatusCode::NotAcceptableHere, None, None)
                .await;
            Outcome::Replied(None)
        }
    }
}

fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status_code.code())
}

/// The 2xx, or the fault that stands for anything else.
pub(super) fn accepted(response: Result<Option<Response>, Error>) -> Result<Response, Error> {
    match response? {
        Some(response) if is_success(&response) => Ok(response),
        Some(response) => Err(Error::Stack(format!(
            "the other side answered {}",
            response.status_code
        ))),
        None => Err(Error::Stack("the other side did not answer".into())),
    }
}

fn gone(response: &Result<Option<Response>, Error>) -> bool {
    match response {
        Ok(Some(response)) => matches!(response.status_code.code(), 408 | 481),
        Ok(None) => true,
        Err(_) => false,
    }
}
