//! The bureau's units.

use super::by::By;
use super::refused;
use crate::domain::{Moment, UnitId};
use crate::engine::{Engine, Error};
use crate::register::UnitRow;
use crate::rights::UnitKind;

impl Engine {
    /// All, those that are closed among them.
    pub async fn units(&self) -> Result<Vec<UnitRow>, Error> {
        Ok(self.read().await?.units().await?)
    }

    /// `id` is 1 to 40 of a–z, 0–9, `_` and `-`; it never changes and is never used again.
    pub async fn add_unit(
        &self,
        id: &UnitId,
        kind: UnitKind,
        name: &str,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        by.must_manage()?;
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if id.0.is_empty() || id.0.len() > 40 || !id.0.bytes().all(fits) {
            return Err(refused(
                "a unit's id has 1 to 40 of a–z, 0–9, _ and -, such as forest-bureau",
            ));
        }
        if kind.organ().is_some() {
            return Err(refused(format!(
                "there is one {} and it is there from the start; rename it instead",
                kind.word()
            )));
        }
        let name = unit_name(name)?;
        let mut tx = self.write().await?;
        tx.lock_units().await?;
        if let Some(known) = tx.unit(id).await? {
            return Err(refused(format!("{id} is already {}", known.name)));
        }
        tx.insert_unit(id, kind, name, now).await?;
        let detail = format!("新增{}“{name}”（{id}）", kind.zh());
        tx.note_unit(id, "unit_added", detail, by, now).await?;
        Ok(tx.commit().await?)
    }

    pub async fn rename_unit(
        &self,
        id: &UnitId,
        name: &str,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        by.must_manage()?;
        let name = unit_name(name)?;
        let mut tx = self.write().await?;
        tx.lock_units().await?;
        let known = tx.unit(id).await?.ok_or_else(|| no_unit(id))?;
        if known.name == name {
            return Ok(());
        }
        tx.rename_unit(id, name).await?;
        let detail = format!("“{}”更名为“{name}”", known.name);
        tx.note_unit(id, "unit_renamed", detail, by, now).await?;
        Ok(tx.commit().await?)
    }

    /// Refused while somebody holds a post in it, or is sent by it.
    pub async fn close_unit(&self, id: &UnitId, by: &By, now: Moment) -> Result<(), Error> {
        by.must_manage()?;
        let mut tx = self.write().await?;
        tx.lock_units().await?;
        // The same lock as a grant's: no post comes in meanwhile.
        tx.lock_people().await?;
        let unit = tx.unit(id).await?.ok_or_else(|| no_unit(id))?;
        if unit.kind.organ().is_some() {
            return Err(refused(format!(
                "{id} is named by the regulation and stays"
            )));
        }
        let posts = tx.posts_in(id, now.day()).await?;
        if posts > 0 {
            return Err(refused(format!(
                "{posts} post(s) in or from {id} are still held; revoke them first"
            )));
        }
        if tx.close_unit(id, now).await? {
            let detail = format!("撤销“{}”", unit.name);
            tx.note_unit(id, "unit_closed", detail, by, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

pub(super) fn no_unit(id: &UnitId) -> Error {
    refused(format!(
        "there is no unit {id}; gradeline unit list shows them"
    ))
}

fn unit_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > 100 || name.chars().any(char::is_control) {
        return Err(refused("a unit's name has 1 to 100 characters"));
    }
    Ok(name)
}
