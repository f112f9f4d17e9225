//! gradeline: telephone consultation and rating (政务服务“好差评”).
//!
//! A call becomes a session, a session a grade, a grade a rating, a bad rating a
//! ticket, a ticket its lawful due dates. Each module is a room; `use` arrows run
//! down only (`tests/tidy.rs` proves it). Start reading at `ARCHITECTURE.md`.

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod acts;
pub mod api;
pub mod app;
pub mod archive;
pub mod blocklist;
pub mod board;
pub mod book;
pub mod bulletins;
pub mod calendar;
mod call;
pub mod caller;
mod calling;
mod callwords;
pub mod casework;
pub mod channels;
pub mod clerk;
mod clips;
pub mod clocks;
pub mod codecs;
mod comfort;
pub mod config;
pub mod console;
mod consulting;
mod credentials;
pub mod desks;
mod dialing;
pub mod domain;
pub mod drill;
mod ears;
pub mod engine;
pub mod errands;
pub mod example;
pub mod failpoint;
pub mod figures;
mod floor;
#[cfg(any(test, fuzzing))]
pub mod foreign;
pub mod gate;
pub mod guard;
pub mod ivr;
pub mod journal;
pub mod kept;
pub mod keypad;
pub mod ledger;
mod line;
pub mod lists;
pub mod location;
mod logging;
pub mod media;
pub mod meter;
pub mod mixing;
pub mod oneway;
mod onward;
pub mod openings;
pub mod outward;
pub mod peer;
pub mod phone;
pub mod playout;
pub mod post;
mod reaching;
pub mod referral;
pub mod register;
pub mod registrar;
mod renewal;
pub mod revision;
pub mod rights;
mod ringing;
pub mod rtp;
pub mod script;
mod seam;
pub mod secrets;
pub mod sip;
pub mod special_days;
pub mod srtp;
pub mod staff;
pub mod store;
mod streams;
pub mod studio;
pub mod supervision;
pub mod talk;
pub mod tallies;
pub mod terms;
pub mod transfers;
pub mod trunkline;
pub mod trunks;
mod turns;
pub mod verification;
mod volume;
pub mod web;
pub mod wire;
