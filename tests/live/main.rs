//! The whole product as its users meet it: the program in a process of its own, real sockets, and
//! peers that nobody here wrote (SIPp, linphonec, baresip, Chromium, PostgreSQL, sox). A gateway of our own
//! makes the faults that no peer makes on purpose.
//!
//! Nothing here sleeps to wait for something: every wait is for an event, with a bound. Real time is
//! spent only where it is the matter itself: a key that is held, a packet every 20 ms.
#![allow(clippy::disallowed_methods)] // a test of real processes reads real clocks

mod browser;
mod carrier;
mod certificates;
mod crowd;
mod disk;
mod gateway;
mod peers;
mod place;
mod raw;
mod server;
mod talks;
mod telephone;
mod tone;
mod transfers;
mod wav;

mod attended;
mod baresip;
mod calls;
mod calls_out;
mod clock_steps;
mod commands;
mod consoles;
mod crash;
mod desks;
mod floods;
mod glare;
mod handing;
mod hours;
mod keys;
mod kills;
mod log;
mod mutations;
mod one_way;
mod outages;
mod outsiders;
mod pages;
mod plans;
mod power;
mod refusals;
mod registrations;
mod scanners;
mod secured;
mod slow;
mod soak;
mod sound;
mod standing;
mod strangers;
mod supervisors;
mod telephones;
mod tls;
mod torture;
mod trunks;
mod web_edge;
mod websocket;
mod wide;
