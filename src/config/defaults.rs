//! The defaults of `make run`: loopback only, round the clock, a rehearsal desk.

use std::net::{Ipv4Addr, SocketAddr};

use super::{
    Calendars, Centre, Desks, Dialplans, Figures, Journal, Media, Prompts, Ratings, Recordings,
    Sip, Srtp, Store, Web,
};
use crate::channels::Reminding;
use crate::codecs::{Codec, Codecs};
use crate::desks::{Strategy, WhenEmpty};
use crate::figures::{Thresholds, Weights};
use crate::phone::ServiceHours;
use crate::sip::{Listen, Network, Transport};

impl Default for Sip {
    fn default() -> Self {
        let any = |transport| Listen {
            transport,
            address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 5060),
        };
        Sip {
            listen: vec![any(Transport::Udp), any(Transport::Tcp)],
            trunks: vec![
                Network {
                    address: Ipv4Addr::new(127, 0, 0, 0).into(),
                    prefix: 8,
                },
                Network {
                    address: std::net::Ipv6Addr::LOCALHOST.into(),
                    prefix: 128,
                },
            ],
            address: None,
            max_calls: 200,
            session_expires_s: 1800,
            drain_s: 120,
            tls_certificate: None,
            tls_key: None,
            tls_authorities: None,
            websocket_origins: Vec::new(),
            websocket_behind_tls: false,
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Media {
            address: Ipv4Addr::LOCALHOST.into(),
            ports: 20000..=29999,
            threads: 1,
            rtp_timeout_s: 30,
            srtp: Srtp::Accept,
            srtp_in_clear: false,
            learn_address: false,
            trunk_codecs: Codecs::G711,
            // Sound of trunks is G.711, and what a desk speaks too is neither coded again nor recorded twice as large.
            desk_codecs: Codecs::new(&[Codec::Pcma, Codec::Pcmu, Codec::G722]).expect("each once"),
            browser_codecs: Codecs::ALL,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Web {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 8080),
            behind_tls: false,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Store {
            url: "sqlite:data/gradeline.db".into(),
        }
    }
}

impl Default for Recordings {
    fn default() -> Self {
        Recordings {
            dir: "recordings".into(),
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            dir: "journal".into(),
        }
    }
}

impl Default for Desks {
    fn default() -> Self {
        Desks {
            networks: Vec::new(),
            md5_networks: Vec::new(),
            proxies: Vec::new(),
            min_expires_s: 60,
            max_expires_s: 600,
            nat_keep_alive_s: 25,
            nat_learn_media: false,
            addresses: Vec::new(),
            strategy: Strategy::default(),
            srtp: None,
            level_db: 0,
            ring_timeout_s: 15,
            wrap_up_s: 0,
            rest_s: 5,
            misses_at_most: 3,
            not_answering_s: 60,
            break_reasons: ["用餐", "培训", "事务", "休息"].map(str::to_owned).into(),
            waiting_at_most: 100,
            when_empty: WhenEmpty::default(),
            redial_within_s: 300,
            short_abandonment_s: 5,
            rehearsal_talk_s: 8,
        }
    }
}

impl Default for Centre {
    fn default() -> Self {
        Centre {
            name: "国家林业和草原局政务服务中心".into(),
            service_hours: ServiceHours::Always,
            special_days: Default::default(),
        }
    }
}

impl Default for Dialplans {
    fn default() -> Self {
        Dialplans {
            dir: "dialplans".into(),
        }
    }
}

impl Default for Prompts {
    fn default() -> Self {
        Prompts {
            dir: "prompts".into(),
        }
    }
}

impl Default for Calendars {
    fn default() -> Self {
        Calendars {
            dir: "calendars".into(),
        }
    }
}

impl Default for Figures {
    fn default() -> Self {
        Figures {
            weights: Weights::default().0,
            signs: Thresholds::default(),
        }
    }
}

impl Default for Ratings {
    fn default() -> Self {
        let Reminding { on, quiet } = Reminding::default();
        Ratings {
            reminders: on,
            quiet_hours: quiet,
            test_numbers: Vec::new(),
        }
    }
}
