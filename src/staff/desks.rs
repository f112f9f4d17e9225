//! Accounts by which desks' telephones register.

use super::by::By;
use super::refused;
use super::spelling::{account_name, staff_number};
use crate::domain::{Moment, UnitId};
use crate::engine::{Engine, Error};
use crate::register::DeskAccountRow;
use crate::registrar::Ha1s;
use crate::secrets::one_time_password;

/// An account of a desk's telephone, without its digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskAccount {
    pub name: String,
    /// 工号, where it is another than the name.
    pub staff: Option<String>,
    pub created_at: Moment,
    /// Contacts that hold at the moment asked for, and until when.
    pub contacts: Vec<(String, Moment)>,
}

impl Engine {
    /// Returns the password; only what digests are made of is kept.
    pub async fn add_desk_account(
        &self,
        name: &str,
        staff: Option<&str>,
        by: &By,
        now: Moment,
    ) -> Result<String, Error> {
        by.must_manage()?;
        let (name, staff) = (account_name(name)?, staff_number(staff)?);
        let password = one_time_password();
        let ha1s = Ha1s::of(name, &password);
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        if tx.desk_account(name).await?.is_some() {
            return Err(refused(format!(
                "there is already an account {name}; gradeline desk password {name} makes a new password"
            )));
        }
        let row = DeskAccountRow {
            name: name.to_owned(),
            staff: staff.map(str::to_owned),
            ha1_sha256: ha1s.sha256,
            ha1_md5: ha1s.md5,
            created_at: now,
        };
        tx.insert_desk_account(&row).await?;
        let detail = format!("新增话机账号{name}");
        tx.note_unit(&UnitId::centre(), "desk_added", detail, by, now)
            .await?;
        tx.commit().await?;
        Ok(password)
    }

    /// In place of the one before: where the telephone is registered by that one ends.
    pub async fn reset_desk_password(
        &self,
        name: &str,
        by: &By,
        now: Moment,
    ) -> Result<String, Error> {
        by.must_manage()?;
        let password = one_time_password();
        let ha1s = Ha1s::of(name, &password);
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        if !tx
            .set_desk_password(name, &ha1s.sha256, &ha1s.md5, now)
            .await?
        {
            return Err(no_account(name));
        }
        tx.set_desk_bindings(name, &[]).await?;
        let detail = format!("更换话机账号{name}的密码");
        tx.note_unit(&UnitId::centre(), "desk_password", detail, by, now)
            .await?;
        tx.commit().await?;
        Ok(password)
    }

    /// The telephone can register no more.
    pub async fn remove_desk_account(&self, name: &str, by: &By, now: Moment) -> Result<(), Error> {
        by.must_manage()?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        if !tx.delete_desk_account(name).await? {
            return Err(no_account(name));
        }
        let detail = format!("删除话机账号{name}");
        tx.note_unit(&UnitId::centre(), "desk_removed", detail, by, now)
            .await?;
        Ok(tx.commit().await?)
    }

    /// By name.
    pub async fn desk_accounts(&self, now: Moment) -> Result<Vec<DeskAccount>, Error> {
        let mut tx = self.read().await?;
        let bindings = tx.desk_bindings().await?;
        let accounts = tx.desk_accounts().await?.into_iter();
        let account = |row: DeskAccountRow| {
            let live = bindings.iter().filter(|binding| binding.expires_at > now);
            let own = live.filter(|binding| binding.account == row.name);
            DeskAccount {
                contacts: own
                    .map(|binding| (binding.uri.clone(), binding.expires_at))
                    .collect(),
                name: row.name,
                staff: row.staff,
                created_at: row.created_at,
            }
        };
        Ok(accounts.map(account).collect())
    }
}

fn no_account(name: &str) -> Error {
    refused(format!(
        "there is no account {name}; gradeline desk list shows all"
    ))
}
