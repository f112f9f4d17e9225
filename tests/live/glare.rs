//! Both sides of a call say something at once.

use std::time::{Duration, Instant};

use crate::calls::Caller;
use crate::desks::Desk;
use crate::gateway::Habits;
use crate::place::wait_for;
use crate::raw::{Raw, Reply, new_call_id, offer};
use crate::server::{House, Setup, timeline};
use crate::wav::Stereo;

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

    /// The final status of a request by its CSeq: 200, or 491.
    fn final_to(&mut self, cseq: &str, bound: Duration) -> u16 {
        let until = Instant::now() + bound;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let reply = self.next(left).expect("a datagram");
            let reply = reply.unwrap_or_else(|| panic!("nothing final to {cseq}"));
            let status = reply.status.filter(|status| *status >= 200);
            if let (Some(status), Some(about)) = (status, reply.header("CSeq"))
                && about == cseq
            {
                assert!(matches!(status, 200 | 491), "{}", reply.text);
                return status;
            }
        }
    }

    /// The next INVITE that is not this one once more.
    fn told_anew(&mut self, known: &Reply, bound: Duration) -> Reply {
        let until = Instant::now() + bound;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let invite = self.told("INVITE", left);
            if invite.header("CSeq") != known.header("CSeq") {
                return invite;
            }
        }
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

/// The same stream in a newer description.
fn newer_offer(port: u16) -> String {
    let newer = offer(port).replace("o=- 1 1", "o=- 1 2");
    newer.replace("a=rtpmap", "a=sendrecv\r\na=rtpmap")
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

/// RFC 3261 §14.1 with a telephone that calls: our refresh and its own offer cross, each is told 491, and we, who do not
/// own the Call-ID, try again within two seconds. The caller is kept, and the recording goes on.
#[test]
fn re_invites_that_cross_with_a_caller_are_told_491_and_tried_again_in_their_window() {
    let house = House::new(Setup {
        rehearsal_talk_s: 120,
        rtp_timeout_s: 120,
        session_expires_s: 90,
        ..Setup::default()
    });
    let server = house.start();
    let ear = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = ear.local_addr().unwrap().port();
    let id = new_call_id();
    let mut raw = Raw::udp(&house.sip_address());
    let opened = raw.open_call(&id, port);
    let tag = opened.unwrap_or_else(|reply| panic!("refused: {}", reply.text));
    let ours = raw.request("INVITE", &id, 2, &tag, &newer_offer(port));
    let refresh = raw.told("INVITE", Duration::from_secs(60));
    assert!(raw.send(ours.as_bytes()));
    raw.told("491 2 INVITE", SOON);
    let ack = raw.request("ACK", &id, 2, &tag, "");
    assert!(raw.send(ack.as_bytes()));
    let told_at = Instant::now();
    raw.reply(&refresh, "491 Request Pending", "");
    raw.told("ACK", SOON);
    let again = raw.told_anew(&refresh, SOON);
    let after = told_at.elapsed();
    assert!(after < Duration::from_millis(2_900), "after {after:?}");
    raw.reply(&again, "200 OK", &offer(port));
    raw.told("ACK", SOON);
    // Now ours gets through; at once it may still cross the end of theirs.
    let got_through = (3..6).any(|cseq| {
        let ours = raw.request("INVITE", &id, cseq, &tag, &newer_offer(port));
        assert!(raw.send(ours.as_bytes()));
        let told = raw.final_to(&format!("{cseq} INVITE"), SOON);
        let ack = raw.request("ACK", &id, cseq, &tag, "");
        assert!(raw.send(ack.as_bytes()));
        told == 200
    });
    assert!(got_through, "491 without end");
    let kept_s = 4;
    wait_for("a beat after it", SOON, || {
        (told_at.elapsed() > Duration::from_secs(kept_s)).then_some(())
    });
    raw.hang_up(&id, &tag);
    let call = house.wait_end("13900000000", Duration::from_secs(30));
    let what = timeline(&call);
    assert_eq!(call["hung_up_by"], "caller", "{what}");
    let length_ms = call["recording"]["length_ms"].as_u64().unwrap();
    // From the answer over the refresh at half of ninety seconds.
    assert!(length_ms > 45_000 + 1000 * kept_s, "{length_ms} ms {what}");
    server.stop();
}

/// The same with a telephone that is called: the Call-ID is ours, and we try again after 2.1 to 4 seconds.
#[test]
fn re_invites_that_cross_with_a_desk_are_told_491_and_tried_again_in_their_window() {
    let desk = Desk::open("desk-glare", "8001", Habits::default());
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        session_expires_s: 90,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    let minute = Duration::from_secs(60);
    desk.sipp.wait_log("refreshed by the server", minute);
    desk.sipp.wait_log("told 491", SOON);
    desk.sipp.wait_log("tells 491", SOON);
    let told_at = Instant::now();
    desk.sipp.wait_log("refreshed again", SOON);
    let after = told_at.elapsed();
    let window = Duration::from_millis(1_900)..Duration::from_millis(5_000);
    assert!(window.contains(&after), "after {after:?}");
    desk.sipp.wait_log("goes on", SOON);
    desk.gateway.say_tone(440.0);
    let said_from = Instant::now();
    wait_for("a second of the desk's tone", SOON, || {
        (said_from.elapsed() > Duration::from_secs(1)).then_some(())
    });
    caller.hang_up();
    desk.sipp.wait_log("bye", SOON);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["hung_up_by"], "caller", "{what}");
    assert!(call["talked_ms"].as_u64().unwrap() > 45_000, "{what}");
    let heard = Stereo::read(&house.recording(&call)).heard(440.0);
    let after = |span: &crate::tone::Span| span.from_ms > 45_000.0 && span.length_ms() > 500.0;
    assert!(heard.iter().any(after), "{heard:?} {what}");
    server.stop();
}
