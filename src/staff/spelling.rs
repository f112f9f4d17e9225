//! How names and numbers of people are written.

use super::refused;
use crate::engine::Error;

pub(super) fn login_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    let length = name.chars().count();
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if length == 0 || length > 64 || name.len() > 256 || name.chars().any(odd) {
        return Err(refused(
            "a login name has 1 to 64 characters and no space, such as wang.fang",
        ));
    }
    Ok(name)
}

pub(super) fn full_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(refused("a name has at most 100 characters"));
    }
    Ok(name)
}

pub(super) fn staff_number(staff: Option<&str>) -> Result<Option<&str>, Error> {
    let staff = staff.map(str::trim).filter(|staff| !staff.is_empty());
    let fits = |staff: &str| staff.len() <= 20 && staff.bytes().all(|b| b.is_ascii_alphanumeric());
    match staff {
        Some(staff) if !fits(staff) => Err(refused(
            "a staff number has 1 to 20 letters and digits, such as 8001",
        )),
        staff => Ok(staff),
    }
}

/// The user part of an address of record: typed on a telephone's keys, so without anything that is escaped in a URI.
pub(super) fn account_name(name: &str) -> Result<&str, Error> {
    let fits = |name: &str| {
        (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match fits(name) {
        true => Ok(name),
        false => Err(refused(
            "an account has 1 to 32 letters, digits, dots, hyphens and underscores, such as 8001",
        )),
    }
}

/// Digits alone, for so the trunk tells who calls; a `+` may stand before them.
pub(super) fn phone_numbers(phones: &[String]) -> Result<Vec<String>, Error> {
    let read = |phone: &String| {
        let kept: String = phone
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')'))
            .collect();
        let digits = kept.strip_prefix('+').unwrap_or(&kept);
        let fits = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match fits {
            true => Ok(kept),
            false => Err(refused(format!(
                "“{phone}” is no telephone number, such as 13800138000 or 8001"
            ))),
        }
    };
    phones.iter().map(read).collect()
}
