use super::*;
use crate::domain::{Post, UnitId};
use crate::rights::Scope;

const REASON: &str = "核实差评反映的情况";

fn call() -> CallFacts {
    CallFacts {
        staff: Some("8001".into()),
        ..CallFacts::default()
    }
}

fn of_the_call(is_of_own_unit: bool) -> Option<TicketFacts> {
    Some(TicketFacts {
        is_of_the_call: true,
        is_of_own_unit,
    })
}

fn asked(sight: Sight, holder: Holder, own_unit: bool) -> Judgement {
    judge(&Asked {
        sight,
        holders: &[holder],
        staff: Some("8001"),
        call: &call(),
        ground: Some(&Ground::Ticket("T2026-000001".into())),
        ticket: of_the_call(own_unit),
        reason: REASON,
    })
}

/// G granted, N needs another, – refused: identity, recording, download, with a ticket of the call and
/// of one's own unit.
#[test]
fn each_role_sees_what_the_matrix_says() {
    for (role, wanted) in [
        (Role::Agent, "–N–"),
        (Role::CentreOfficer, "GG–"),
        (Role::CentreRevisitor, "GG–"),
        (Role::CentreSupervisor, "GGN"),
        (Role::OfficeClerk, "–GN"),
        (Role::OfficeSigner, "–G–"),
        (Role::UnitLiaison, "–G–"),
        (Role::UnitHead, "NG–"),
        (Role::Auditor, "–––"),
        (Role::Administrator, "–––"),
    ] {
        let found: String = Sight::ALL
            .into_iter()
            .map(|sight| match asked(sight, Holder::Role(role), true) {
                Judgement::Granted => 'G',
                Judgement::NeedsAnother => 'N',
                Judgement::Refused(why) => {
                    assert!(why.zh().contains("第十四条"), "{why}");
                    '–'
                }
            })
            .collect();
        assert_eq!(found, wanted, "{role:?}");
    }
    let program = Holder::Scope(Scope::Listen);
    assert_eq!(asked(Sight::Recording, program, false), Judgement::Granted);
}

#[test]
fn a_unit_hears_only_calls_of_its_own_tickets() {
    for role in [Role::UnitLiaison, Role::UnitHead] {
        let there = asked(Sight::Recording, Holder::Role(role), false);
        assert!(matches!(there, Judgement::Refused(_)), "{role:?}");
    }
}

#[test]
fn a_look_needs_a_reason_and_a_ground_that_fits() {
    let ticket = Ground::Ticket("T2026-000001".into());
    let officer = [Holder::Role(Role::CentreOfficer)];
    let sound = Asked {
        sight: Sight::Recording,
        holders: &officer,
        staff: None,
        call: &call(),
        ground: Some(&ticket),
        ticket: of_the_call(false),
        reason: REASON,
    };
    assert_eq!(judge(&sound), Judgement::Granted);
    let elsewhere = TicketFacts {
        is_of_the_call: false,
        is_of_own_unit: false,
    };
    for wrong in [
        Asked {
            reason: " 看看 ",
            ..sound
        },
        Asked {
            reason: "",
            ..sound
        },
        Asked {
            ground: None,
            ticket: None,
            ..sound
        },
        Asked {
            ticket: None,
            ..sound
        },
        Asked {
            ticket: Some(elsewhere),
            ..sound
        },
        // A caller's wish is no ticket: what is disputed is the supervisor's.
        Asked {
            ground: Some(&Ground::CallersRequest),
            ticket: None,
            ..sound
        },
    ] {
        assert!(matches!(judge(&wrong), Judgement::Refused(_)), "{wrong:?}");
    }
    let supervisor = [Holder::Role(Role::CentreSupervisor)];
    let disputed = Asked {
        holders: &supervisor,
        ground: Some(&Ground::CallersRequest),
        ticket: None,
        ..sound
    };
    assert_eq!(judge(&disputed), Judgement::Granted);
}

#[test]
fn an_agent_sees_the_number_of_the_own_call_while_it_lasts() {
    let agent = [Holder::Role(Role::Agent)];
    let live = CallFacts {
        live: true,
        ..call()
    };
    let during = Asked {
        sight: Sight::Identity,
        holders: &agent,
        staff: Some("8001"),
        call: &live,
        ground: Some(&Ground::CallersRequest),
        ticket: None,
        reason: REASON,
    };
    assert_eq!(judge(&during), Judgement::Granted);
    let another = Asked {
        staff: Some("8002"),
        ..during
    };
    assert!(matches!(judge(&another), Judgement::Refused(_)));
    let nobody = CallFacts {
        staff: None,
        ..live.clone()
    };
    let unanswered = Asked {
        staff: None,
        call: &nobody,
        ..during
    };
    assert!(matches!(judge(&unanswered), Judgement::Refused(_)));
}

fn hand(person: &str, staff: Option<&str>, role: Role) -> Hand {
    Hand {
        person: PersonId(person.into()),
        staff: staff.map(str::to_owned),
        posts: vec![Post {
            role,
            unit: UnitId::centre(),
        }],
    }
}

#[test]
fn the_second_person_is_another_one_and_may_say_yes() {
    let asker = PersonId("1".into());
    let by = |second: &Hand, sight| judge_approval(sight, (&asker, Some("8001")), second);
    let supervisor = hand("2", None, Role::CentreSupervisor);
    for sight in Sight::ALL {
        assert_eq!(by(&supervisor, sight), Ok(()));
        assert!(by(&hand("1", None, Role::CentreSupervisor), sight).is_err());
        let two_accounts = hand("3", Some("8001"), Role::CentreSupervisor);
        assert!(by(&two_accounts, sight).is_err(), "{sight:?}");
        assert!(by(&hand("4", None, Role::Administrator), sight).is_err());
    }
    assert_eq!(
        by(&hand("2", None, Role::OfficeClerk), Sight::Download),
        Ok(())
    );
    assert!(by(&hand("2", None, Role::CentreOfficer), Sight::Recording).is_err());
}
