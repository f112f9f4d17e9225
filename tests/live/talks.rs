//! A whole conversation with linphonec at the desk, whichever way it is rung.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::peers::Linphone;
use crate::place::{sleep_until, wait_for};
use crate::server::{House, timeline};
use crate::tone::{self, Span};
use crate::wav::Stereo;

/// The caller's tone and the desk's.
const CALLER: f64 = 440.0;
const DESK: f64 = 840.0;
/// How long a ring and what leads to it may take on a busy machine.
const RUNG: Duration = Duration::from_secs(30);

/// The file that linphonec says to whoever is connected to it; before it is rung.
pub fn give_voice(phone: &Linphone) {
    tone::write_wav(
        &phone.path("speech.wav"),
        &tone::sine(DESK, 10_000, 10_000.0),
    );
}

/// linphonec is rung, answers, both hear each other for four seconds, it hangs up, and the caller grades with 5. `look`
/// sees its files.
pub fn talk_with(
    house: &House,
    caller: &Caller<'_>,
    mut phone: Linphone,
    look: impl FnOnce(&Path),
) -> Value {
    let (speech, heard) = (phone.path("speech.wav"), phone.path("heard.wav"));
    phone.wait_call(1, RUNG);
    phone.type_in("answer");
    caller.line("joined");
    phone.play(&speech);
    phone.record(&heard);
    caller.gateway.say_tone(CALLER);
    sleep_until(Instant::now() + Duration::from_secs(4));
    // On a busy machine it begins late: two seconds of 16-bit samples at 16 kHz, four at 8 kHz.
    wait_for("what linphonec records", RUNG, || {
        let written = std::fs::metadata(&heard).map_or(0, |file| file.len());
        (written > 64_000).then_some(())
    });
    caller.gateway.say_nothing();
    phone.type_in("terminate");
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_dissatisfied", "{what}");
    assert_eq!(
        (&call["staff"], &call["hung_up_by"]),
        (&"8001".into(), &"desk".into())
    );
    let recording = Stereo::read(&house.recording(&call));
    let total = |spans: Vec<Span>| spans.into_iter().map(Span::length_ms).sum::<f64>();
    assert!(total(recording.caller(CALLER)) > 3000.0, "{what}");
    assert!(
        total(tone::spans(&recording.right, DESK, 8000.0)) > 1000.0,
        "{what}"
    );
    phone.quit_keeping(|path| {
        let heard = Stereo::read_mono(&path.join("heard.wav"));
        assert!(
            total(tone::spans(&heard, CALLER, 14_000.0)) > 1500.0,
            "the desk did not hear the caller"
        );
        look(path);
    });
    call
}
