//! The one TOML file, every key optional, unknown keys refused by name.
