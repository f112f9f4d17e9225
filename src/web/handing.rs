//! Whom a desk's page may hand its caller to or ask: the desks and groups of this house, and what they are doing.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Web;
use super::params::Params;
use super::problem::Problem;
use crate::board::{Board, Doing};

/// Everybody who may be named, as the floor calls them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Colleagues {
    desks: Vec<Colleague>,
    groups: Vec<Group>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Colleague {
    name: String,
    /// The staff number (工号).
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
    /// The word of [`Doing`].
    doing: &'static str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Group {
    name: String,
    /// Desks of it that would be rung now.
    ready: usize,
}

/// `GET /desk/colleagues`: JSON, as the board shows it at the moment.
pub(super) async fn colleagues(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<Colleagues>, Problem> {
    params.only(&[])?;
    Ok(Json(Colleagues::of(&(web.options.board)())))
}

impl Colleagues {
    fn of(board: &Board) -> Colleagues {
        let mut groups: Vec<Group> = Vec::new();
        for desk in &board.desks {
            let ready = usize::from(desk.doing == Doing::Ready);
            for name in &desk.groups {
                match groups.iter_mut().find(|group| group.name == *name) {
                    Some(group) => group.ready += ready,
                    None => groups.push(Group {
                        name: name.clone(),
                        ready,
                    }),
                }
            }
        }
        // A group that is called as a desk cannot be named: the name is the desk's.
        groups.retain(|group| board.desks.iter().all(|desk| desk.desk != group.name));
        let desks = board.desks.iter().map(|desk| Colleague {
            name: desk.desk.clone(),
            staff: desk.staff.clone(),
            doing: desk.doing.word(),
        });
        Colleagues {
            desks: desks.collect(),
            groups,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::DeskLine;

    fn desk(name: &str, groups: &[&str], doing: Doing) -> DeskLine {
        DeskLine {
            desk: name.to_owned(),
            staff: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            doing,
            since: None,
            reason: None,
            call: Some("20261123-1".to_owned()),
            troubles: Vec::new(),
        }
    }

    #[test]
    fn who_may_be_named_is_told_with_what_he_is_doing_and_nothing_of_his_call() {
        let board = Board {
            desks: vec![
                desk("8001", &["tax", "8002"], Doing::Talking),
                desk("8002", &["tax"], Doing::Ready),
            ],
            ..Board::default()
        };
        let told = serde_json::to_value(Colleagues::of(&board)).unwrap();
        let expected = serde_json::json!({
            "desks": [
                { "name": "8001", "doing": "talking" },
                { "name": "8002", "doing": "ready" },
            ],
            "groups": [{ "name": "tax", "ready": 1 }],
        });
        assert_eq!(told, expected);
    }
}
