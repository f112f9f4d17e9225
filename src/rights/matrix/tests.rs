use super::*;

fn grant(action: Action, role: Role) -> Grant {
    action.line().grant(Holder::Role(role))
}

#[test]
fn the_cells_stand_in_the_order_of_the_roles_and_each_action_has_one_row() {
    for (index, role) in Role::ALL.into_iter().enumerate() {
        assert_eq!(role as usize, index);
    }
    for line in &MATRIX {
        assert_eq!(MATRIX.iter().filter(|l| l.action == line.action).count(), 1);
    }
    assert_eq!(grant(Action::Dispatch, Role::OfficeSigner), Yes);
    assert_eq!(grant(Action::Answer, Role::UnitHead), Sign);
    assert_eq!(grant(Action::VerifyTrail, Role::Auditor), Yes);
}

#[test]
fn nobody_of_the_house_rates_and_the_administrator_sees_no_case() {
    for role in Role::ALL {
        assert_eq!(grant(Action::Rate, role), No);
    }
    for action in [Action::SeeGrades, Action::SeeTickets, Action::Listen] {
        assert_eq!(grant(action, Role::Administrator), Rehearsals);
    }
    for action in [Action::SeeIdentity, Action::Download, Action::Judge] {
        assert_eq!(grant(action, Role::Administrator), No);
    }
}

#[test]
fn only_the_general_office_sends_and_only_the_centre_assesses_and_revisits() {
    let plainly = |action: Action| -> Vec<_> {
        Role::ALL
            .into_iter()
            .filter(|role| grant(action, *role) == Yes)
            .collect()
    };
    assert_eq!(plainly(Action::Dispatch), [Role::OfficeSigner]);
    assert_eq!(plainly(Action::Assess), [Role::CentreOfficer]);
    assert_eq!(plainly(Action::Revisit), [Role::CentreSupervisor]);
    // Who hears a running call sees the desks, and has a page for its sound.
    assert_eq!(plainly(Action::Supervise), [Role::CentreSupervisor]);
    assert_eq!(plainly(Action::WatchDesks), [Role::CentreSupervisor]);
    assert_eq!(grant(Action::TakeCalls, Role::CentreSupervisor), Yes);
}

#[test]
fn what_no_cell_grants_is_refused_with_its_article_and_who_may() {
    let agent = [Holder::Role(Role::Agent)];
    let refused = may(Action::SeeTickets, &agent).unwrap_err();
    assert!(refused.zh().contains("第十四条"), "{}", refused.zh());
    assert!(refused.to_string().contains("centre_officer"), "{refused}");
    assert!(may(Action::SeeTickets, &[]).is_err());
    let several = [Holder::Role(Role::Agent), Holder::Role(Role::CentreOfficer)];
    assert!(may(Action::SeeTickets, &several).unwrap().plainly());
}

#[test]
fn a_program_may_what_its_scopes_say_and_no_more() {
    for action in MATRIX.map(|line| line.action) {
        for scope in Scope::ALL {
            let wanted = match (action, scope) {
                (
                    Action::SeeFigures
                    | Action::SeeGrades
                    | Action::SeeTickets
                    | Action::SeePeople
                    | Action::WatchDesks,
                    Scope::Read,
                ) => Yes,
                (Action::SeeIdentity, Scope::Read) => Masked,
                (Action::Listen, Scope::Listen) => TicketLinked,
                (Action::EnterRatings, Scope::Rate) => Yes,
                (Action::RegisterMatters, Scope::Matters) => Yes,
                _ => No,
            };
            assert_eq!(action.line().grant(Holder::Scope(scope)), wanted);
        }
    }
}

#[test]
fn the_drawn_table_is_the_one_in_the_documents() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rights.md");
    let document = std::fs::read_to_string(path).expect("docs/rights.md");
    assert!(
        document.contains(&drawn()),
        "docs/rights.md must hold this table:\n{}",
        drawn()
    );
}
