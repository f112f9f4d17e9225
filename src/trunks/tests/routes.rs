//! The route that a registration names (RFC 3608).

use super::*;

fn granted(routes: &[&str]) -> Story {
    let mut story = Story::begin(settings(true), &[1, 2]);
    let first = story.register();
    grant(&mut story, &first, routes);
    story
}

fn grant(story: &mut Story, ask: &Ask, routes: &[&str]) {
    let expires = [("Expires", "300")].into_iter();
    let routes = routes.iter().map(|route| ("Service-Route", *route));
    let headers: Vec<_> = expires.chain(routes).collect();
    story.answer(ask, 200, &headers);
}

fn route(story: &Story, last: u8) -> Vec<String> {
    story.trunk.route_by(&target(last), story.now).to_vec()
}

#[test]
fn each_grant_replaces_the_route_of_the_address_that_gave_it() {
    let mut story = granted(&[
        "<sip:a.example;lr>, <sip:b.example;lr>",
        "<sip:c.example;lr>",
    ]);
    let all = [
        "<sip:a.example;lr>",
        "<sip:b.example;lr>",
        "<sip:c.example;lr>",
    ];
    assert_eq!(route(&story, 1), all);
    assert_eq!(route(&story, 2), [""; 0], "another address named none");
    let renewal = story.wait_register(&[]);
    assert_eq!(route(&story, 1), all, "until the answer");
    grant(&mut story, &renewal, &["<sip:d.example;lr>"]);
    assert_eq!(route(&story, 1), ["<sip:d.example;lr>"]);
    let renewal = story.wait_register(&[]);
    grant(&mut story, &renewal, &[]);
    assert_eq!(route(&story, 1), [""; 0]);
}

#[test]
fn a_route_ends_with_its_registration() {
    let mut story = granted(&["<sip:a.example;lr>"]);
    story.now += 300 * SECOND;
    assert_eq!(route(&story, 1), [""; 0]);
}

#[test]
fn a_route_that_cannot_be_read_or_is_too_long_is_told_once_and_not_followed() {
    let nine = ["<sip:a.example;lr>"; 9].join(", ");
    for odd in ["<sip:a.example;lr>, sip:strict.example", nine.as_str()] {
        let mut story = granted(&[odd]);
        assert_eq!(route(&story, 1), [""; 0], "{odd}");
        assert_eq!(story.ways(), Ok(vec![1, 2]), "calls go all the same");
        let renewal = story.wait_register(&[]);
        grant(&mut story, &renewal, &[odd]);
        let told = story.news.iter();
        let told = told.filter(|news| **news == News::OddRoute(target(1)));
        assert_eq!(told.count(), 1);
    }
}
