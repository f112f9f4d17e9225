//! The desks that the server rings: the configured ones, or the rehearsal desk.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{now, registering};
use crate::board::Board;
use crate::caller::{Conduct, RehearsalDesk};
use crate::config::Config;
use crate::console::{self, Consoles, Post};
use crate::desks::{Desk, DeskId, Desks};
use crate::domain::Calendar;
use crate::engine::Engine;
use crate::ledger::clock;
use crate::phone::{Book, Pages, own_group};
use crate::web;

/// Rehearsals at once.
const REHEARSAL_SEATS: usize = 64;

/// What the rehearsal desk leaves for its number to be told and for a question to be asked.
const REHEARSAL_PAUSE: Duration = Duration::from_millis(4500);

/// The configured desks; with none, the rehearsal desk, with some seats.
pub(super) async fn open_desks(
    config: &Config,
    book: &Book,
    engine: &Engine,
) -> anyhow::Result<(Desks, Option<RehearsalDesk>)> {
    let settings = config.desk_settings();
    if !config.desks.addresses.is_empty() {
        let staff = registering::staff_of_accounts(config, engine).await?;
        let logins = registering::staff_of_logins(config, engine).await?;
        let mut desks = config.configured_desks();
        for (desk, configured) in desks.iter_mut().zip(&config.desks.addresses) {
            desk.staff = registering::staff_of(configured, &staff, &logins);
            // One's own desk can be asked for: it is rung first when one calls out.
            desk.groups.extend(desk.staff.as_deref().map(own_group));
        }
        let kept_for = settings.redial_within;
        let mut desks = Desks::new(desks, settings);
        restore_places(&mut desks, kept_for, engine).await?;
        return Ok((desks, None));
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

/// The desks as they were last pictured, with the hours of the day.
pub(super) fn watched(
    config: &Config,
    calendar: Calendar,
    pictures: watch::Receiver<Arc<Board>>,
) -> web::Glance {
    let openings = config.openings();
    Arc::new(move || {
        let picture = Board::clone(&pictures.borrow());
        Arc::new(Board {
            today: openings.today(&calendar, now()),
            ..picture
        })
    })
}

/// Whoever left the queue, or was cut off in it when the house closed or fell, has his place when he calls again in time.
async fn restore_places(
    desks: &mut Desks,
    kept_for: Duration,
    engine: &Engine,
) -> anyhow::Result<()> {
    if kept_for.is_zero() {
        return Ok(());
    }
    let (instant, moment) = (clock::instant(), clock::moment());
    let left = engine.left_places(kept_for, moment).await?;
    if !left.is_empty() {
        tracing::info!(
            places = left.len(),
            "places in the queue are kept from before"
        );
    }
    let kept = left.into_iter().map(|place| {
        let ago_ms = place.left_at.map_or(0, |at| moment.millis() - at.millis());
        let ago = Duration::from_millis(u64::try_from(ago_ms).unwrap_or(0));
        (place.number, instant + kept_for.saturating_sub(ago))
    });
    desks.restore_places(kept, instant);
    Ok(())
}

/// The pages that are desks, for the telephone and for the web; none where no desk is one.
pub(super) fn open_pages(config: &Config, desks: &Desks) -> Option<(Pages, Consoles)> {
    let post = |desk: &Desk| {
        Some(Post {
            login: console::login_of(&desk.address)?.to_owned(),
            desk: desk.id.0.clone(),
            staff: desk.staff.clone(),
        })
    };
    let posts: Vec<Post> = desks.states().filter_map(|(desk, _)| post(desk)).collect();
    if posts.is_empty() {
        return None;
    }
    let (consoles, happened) = Consoles::new(posts, &config.desks.break_reasons);
    let pages = Pages {
        consoles: consoles.clone(),
        happened,
    };
    Some((pages, consoles))
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
