//! Both sides of a call say something at once.

use std::time::{Duration, Instant};

use crate::place::wait_for;
use crate::raw::{Raw, Reply, new_call_id};
use crate::server::{House, Setup, timeline};

const SOON: Duration = Duration::from_secs(10);

impl Raw {
    /// The next message of this kind: a method, or a status with the CSeq that it is about.
    fn told(&mut self, what: &str, bound: Duration) -> Reply {
        let until = Instant::now() + bound;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let Some(reply) = self.next(left).expect("a datagram") else {
                break;
            };
            let cseq = reply.header("CSeq").unwrap_or_default();
            let is = match reply.status {
                Some(status) => format!("{status} {cseq}"),
                None => reply.text.split(' ').next().unwrap_or_default().to_owned(),
            };
            if is == what {
                return reply;
            }
        }
        panic!("no {what}");
    }

    /// Answers a request of the server's.
    fn reply(&mut self, request: &Reply, status: &str, body: &str) {
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let lines = request.text.lines();
        let copied: String = lines
            .filter(|line| copied.iter().any(|name| line.starts_with(name)))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let me = self.local();
        let length = body.len();
        let text = format!(
            "SIP/2.0 {status}\r\n{copied}Contact: <sip:raw@{me}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert!(self.send(text.as_bytes()));
    }

    fn hang_up(&mut self, call_id: &str, tag: &str) {
        let bye = self.request("BYE", call_id, 900, tag, "");
        assert!(self.send(bye.as_bytes()));
        self.told("200 900 BYE", SOON);
    }
}

#[test]
fn byes_that_cross_are_both_answered_and_end_the_call_once() {
    let house = House::new(Setup {
        rehearsal_talk_s: 60,
        rtp_timeout_s: 3,
        ..Setup::default()
    });
    let server = house.start();
    let ear = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let id = new_call_id();
    let mut raw = Raw::udp(&house.sip_address());
    let opened = raw.open_call(&id, ear.local_addr().unwrap().port());
    let tag = opened.unwrap_or_else(|reply| panic!("refused: {}", reply.text));
    // No sound comes from us: it hangs up, and so do we before we have read it.
    let theirs = raw.told("BYE", Duration::from_secs(20));
    raw.hang_up(&id, &tag);
    raw.reply(&theirs, "200 OK", "");
    let call = house.wait_end("13900000000", Duration::from_secs(30));
    assert_eq!(call["outcome"], "left_before_offer", "{}", timeline(&call));
    let ends = crate::server::lines(&call, "hung_up").len();
    assert_eq!(ends, 1, "{}", timeline(&call));
    let rows = house.api("calls");
    assert_eq!(rows["items"].as_array().unwrap().len(), 1, "{rows:#}");
    wait_for("nobody in the house", SOON, || {
        (house.metric("gradeline_calls_active", "") == 0.0).then_some(())
    });
    server.stop();
}
