use super::*;
use crate::ivr::Hours;
use crate::ivr::fixture::{consultation, epoch, facts, plan, queueing_text, script};

fn scene(keys: &str) -> Scene {
    Scene {
        keys: KeyPlan::parse(keys).expect("the keys are right"),
        hangup: None,
        desk: DeskConduct::Answers {
            after: Duration::from_secs(4),
            staff: Some("108".to_owned()),
            talks: Duration::from_secs(30),
        },
        store: StoreConduct::Stores,
        speaks: Duration::from_secs(12),
        facts: facts(Hours::Open),
    }
}

fn played(scene: &Scene) -> Transcript {
    simulate(&consultation(), &Arc::new(script()), scene, epoch())
}

#[test]
fn a_bad_grade_with_its_reason_reads_as_a_transcript() {
    let transcript = played(&scene("4@2.1s,1@1s"));
    let text = transcript.to_string();
    insta::assert_snapshot!(text);
    let rows: Vec<&str> = transcript.rows.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(rows, ["grade", "confirmed", "reason", "message", "outcome"]);
    let key = text.lines().find(|line| line.ends_with("caller presses 4"));
    assert!(key.is_some_and(|line| line.contains("46.94 s")), "{text}");
}

#[test]
fn a_caller_who_hangs_up_in_the_offer_leaves_his_reason() {
    let mut scene = scene("");
    scene.hangup = Some(Duration::from_secs(4));
    let (kind, detail) = played(&scene).rows.pop().expect("there is an outcome");
    assert_eq!(
        (kind, detail.as_str()),
        ("outcome", "left_in_offer after 4000 ms")
    );
}

#[test]
fn who_waits_is_told_his_position_until_a_desk_answers() {
    let mut scene = scene("1@3s");
    scene.desk = DeskConduct::Answers {
        after: Duration::from_secs(100),
        staff: None,
        talks: Duration::from_secs(30),
    };
    let transcript = simulate(
        &plan(&queueing_text()),
        &Arc::new(script()),
        &scene,
        epoch(),
    );
    let told = transcript
        .lines
        .iter()
        .filter(|line| line.text.starts_with("plays P03"));
    assert_eq!(told.count(), 3, "{transcript}");
    assert_eq!(
        transcript.outcome.map(|outcome| outcome.word()),
        Some("graded")
    );
}

#[test]
fn nobody_to_be_had_and_the_key_for_a_message_leave_a_message() {
    let mut scene = scene("2@20s");
    scene.desk = DeskConduct::Busy;
    let transcript = played(&scene);
    assert_eq!(
        transcript.outcome.map(|outcome| outcome.word()),
        Some("message")
    );
}
