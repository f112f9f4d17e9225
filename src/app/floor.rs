//! The desks that the server rings: the configured ones, or the rehearsal desk.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::caller::{Conduct, RehearsalDesk};
use crate::config::{Config, DeskAddress};
use crate::desks::{self, Desk, DeskId, Desks};
use crate::phone::Book;

/// Rehearsals at once.
const REHEARSAL_SEATS: usize = 64;

/// What the rehearsal desk leaves for its number to be told and for a question to be asked.
const REHEARSAL_PAUSE: Duration = Duration::from_millis(4500);

/// The configured desks; with none, the rehearsal desk, with some seats.
pub(super) async fn open_desks(
    config: &Config,
    book: &Book,
) -> anyhow::Result<(Desks, Option<RehearsalDesk>)> {
    let settings = desk_settings(config);
    if !config.desks.addresses.is_empty() {
        let desks = config
            .desks
            .addresses
            .iter()
            .zip(desk_ids(&config.desks.addresses))
            .map(|(desk, id)| Desk {
                id,
                address: desk.address.clone(),
                staff: desk.staff_number(),
                groups: desk.groups.clone(),
                skills: desk.skills.clone(),
            })
            .collect();
        return Ok((Desks::new(desks, settings), None));
    }
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let rehearsal = RehearsalDesk::open(loopback, rehearsal_conduct(config, book)).await?;
    let seats = (1..=REHEARSAL_SEATS)
        .map(|seat| Desk {
            id: DeskId(format!("rehearsal-{seat}")),
            address: rehearsal.address().to_owned(),
            staff: Some("1001".into()),
            groups: Vec::new(),
            skills: BTreeMap::new(),
        })
        .collect();
    Ok((Desks::new(seats, settings), Some(rehearsal)))
}

fn desk_settings(config: &Config) -> desks::Settings {
    let desks = &config.desks;
    desks::Settings {
        strategy: desks.strategy,
        ring: Duration::from_secs(desks.ring_timeout_s),
        wrap_up: Duration::from_secs(desks.wrap_up_s),
        rest: Duration::from_secs(desks.rest_s),
        misses_at_most: desks.misses_at_most,
        not_answering: Duration::from_secs(desks.not_answering_s),
        waiting_at_most: desks.waiting_at_most,
        when_empty: desks.when_empty,
        redial_within: Duration::from_secs(desks.redial_within_s),
        short_abandonment: Duration::from_secs(desks.short_abandonment_s),
        ..desks::Settings::default()
    }
}

/// What timelines and logs call the desks: the staff number, or the position in the configuration, for
/// an address may hold a person's name. No two are alike.
fn desk_ids(desks: &[DeskAddress]) -> Vec<DeskId> {
    let mut ids: Vec<DeskId> = Vec::with_capacity(desks.len());
    for (desk, position) in desks.iter().zip(1..) {
        let staff = desk.staff_number().filter(|staff| !staff.is_empty());
        let id = match staff.map(DeskId) {
            Some(id) if ids.contains(&id) => DeskId(format!("{}-{position}", id.0)),
            Some(id) => id,
            None => DeskId(format!("desk-{position}")),
        };
        ids.push(id);
    }
    ids
}

/// It rings while the notice plays, answers at its end, and speaks when P04 has told its number.
fn rehearsal_conduct(config: &Config, book: &Book) -> Conduct {
    let length = |stem: &str| {
        let ms = book.lengths_ms.get(stem).copied().unwrap_or(0);
        Duration::from_millis(ms.into())
    };
    let pause = length("P04.1") + REHEARSAL_PAUSE;
    Conduct {
        speech: book
            .clips
            .0
            .get("rehearsal-desk")
            .cloned()
            .into_iter()
            .collect(),
        ring: length("P01"),
        pause,
        talk: pause + Duration::from_secs(config.desks.rehearsal_talk_s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desks_are_told_apart_without_a_name_of_a_person() {
        let desk = |address: &str, staff: Option<&str>| DeskAddress {
            address: address.to_owned(),
            staff: staff.map(str::to_owned),
            groups: Vec::new(),
            skills: BTreeMap::new(),
        };
        let ids = desk_ids(&[
            desk("sip:8001@192.0.2.7", None),
            desk("sip:wang.fang@192.0.2.7", None),
            desk("sip:li.na@192.0.2.7", Some("8001")),
            desk("sip:li.na@192.0.2.8", Some("8002")),
            desk("sip:li.na@192.0.2.9", Some("")),
        ]);
        let ids: Vec<_> = ids.iter().map(|id| id.0.as_str()).collect();
        assert_eq!(ids, ["8001", "desk-2", "8001-3", "8002", "desk-5"]);
    }
}
