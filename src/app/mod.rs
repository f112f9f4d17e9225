//! The commands: wiring of the rooms, and nothing else.

pub mod prompts;
