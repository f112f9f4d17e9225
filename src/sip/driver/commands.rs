//! What the user of a call asks for: ring, refuse, answer, hang up, INFO.

use super::offers::accepted;
use super::*;

impl Driver {
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Ring => {
                if self.phase == Phase::Ringing {
                    let _ = self.dialog.ringing(None, None);
                }
            }
            Command::Refuse {
                status,
                retry_after,
                done,
            } => {
                let refused = self.refuse(status, retry_after);
                let _ = done.send(refused);
            }
            Command::Answer { sdp, done } => {
                let answered = self.answer(sdp);
                let _ = done.send(answered);
            }
            Command::Bye { reason, done } => self.bye(reason, Some(done)),
            Command::ReferProgress { status, done } => self.refer_progress(status, done),
            Command::Reinvite { sdp, done } => self.reinvite(sdp, done),
            Command::Info {
                content_type,
                body,
                done,
            } => self.info(content_type, body, done),
        }
    }

    fn refuse(&mut self, status: u16, retry_after: Option<Duration>) -> Result<(), Error> {
        if self.phase != Phase::Ringing || self.dialog.state().is_terminated() {
            return Err(Error::Over);
        }
        self.phase = Phase::Over;
        self.respond(status, retry_after)
    }

    /// A final refusal of the INVITE.
    pub(super) fn respond(&self, status: u16, retry_after: Option<Duration>) -> Result<(), Error> {
        let invited = self.invited.as_ref().ok_or(Error::Over)?;
        let request = self.dialog.initial_request();
        let status = StatusCode::from(status);
        let mut response = self.core.endpoint.make_response(&request, status, None);
        if let Ok(to) = response.to_header().cloned() {
            let tagged = to.with_tag(self.dialog.id().local_tag.into());
            response.headers.unique_push(Header::To(tagged));
        }
        response
            .headers
            .extend(retry_after.map(headers::retry_after).into_iter().collect());
        invited
            .transaction
            .send(TransactionEvent::Respond(response))
            .map_err(|_| Error::Over)
    }

    fn answer(&mut self, sdp: String) -> Result<(), Error> {
        if self.phase != Phase::Ringing || self.dialog.state().is_terminated() {
            return Err(Error::Over);
        }
        let mut answer_headers = headers::abilities();
        answer_headers.push(headers::sdp_type());
        answer_headers.push(Header::Accept(headers::ACCEPT.into()));
        if let Some(Answer::Agree {
            header,
            require,
            terms,
        }) = self.invited.as_ref().map(|invited| invited.agreed)
        {
            answer_headers.push(headers::session_expires(header));
            if require {
                answer_headers.push(Header::Require("timer".into()));
            }
            self.timer = Some(SessionTimer::start(terms, now()));
        }
        self.dialog
            .accept(Some(answer_headers), Some(sdp.clone().into_bytes()))
            .map_err(stack)?;
        self.local_sdp = sdp;
        self.phase = Phase::Accepted;
        self.enrolled.answered(now());
        Ok(())
    }

    pub(super) fn bye(&mut self, reason: Option<String>, done: Option<Done<()>>) {
        match self.phase {
            Phase::Accepted if self.bye_due.is_none() => self.bye_due = Some((reason, done)),
            Phase::Established => {
                self.phase = Phase::Ending;
                self.timer = None;
                let dialog = self.dialog.clone();
                let extra = reason.map(|reason| vec![Header::Reason(clean(&reason).into())]);
                self.requests.spawn(async move {
                    let sent = dialog.bye_with_headers(extra).await.map_err(stack);
                    if let Some(done) = done {
                        let _ = done.send(sent);
                    }
                    Outcome::Bye
                });
            }
            _ => {
                if let Some(done) = done {
                    let _ = done.send(Err(Error::Over));
                }
            }
        }
    }

    /// Ends the call without anybody asking.
    pub(super) fn let_go(&mut self, refusal: u16) {
        match self.phase {
            Phase::Ringing => {
                let _ = self.respond(refusal, None);
                self.phase = Phase::Over;
            }
            Phase::Accepted | Phase::Established => self.bye(None, None),
            Phase::Ending | Phase::Over => {}
        }
    }

    /// The BYE is sent once the call no longer counts: nobody is likely to answer it.
    pub(super) fn give_up(&mut self) {
        let why = match self.phase {
            Phase::Established => NO_SOUND,
            _ => NO_ACK,
        };
        self.end(DialogEvent::Lost { why });
        let dialog = self.dialog.clone();
        self.core.tasks.spawn(async move {
            if let Err(error) = dialog.bye().await {
                tracing::debug!(%error, "the BYE of a call that was given up failed");
            }
        });
    }

    fn info(&mut self, content_type: String, body: Vec<u8>, done: Done<()>) {
        if self.phase != Phase::Established {
            let _ = done.send(Err(Error::Over));
            return;
        }
        let dialog = self.dialog.clone();
        self.requests.spawn(async move {
            let extra = vec![Header::ContentType(clean(&content_type).into())];
            let response = dialog.info(Some(extra), Some(body)).await.map_err(stack);
            let _ = done.send(accepted(response).map(drop));
            Outcome::Nothing
        });
    }
}
