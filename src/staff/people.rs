//! People and their posts.

use super::by::By;
use super::refused;
use super::spelling::{full_name, login_name, phone_numbers, staff_number};
use super::units::no_unit;
use crate::domain::{Day, Hand, Moment, PersonId, Role, UnitId};
use crate::engine::{Engine, Error};
use crate::register::{NewPerson, PersonRow, PostRow};
use crate::rights::{Tenure, check_posts};
use crate::secrets::{one_time_password, secret};
use crate::store::Tx;

/// Somebody who is logged in, with what is held at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// By which the person logs in.
    pub name: String,
    /// Empty where none was entered.
    pub full_name: String,
    /// Every page but the change of the password is closed.
    pub must_change_password: bool,
    pub hand: Hand,
}

/// An account as the list of people shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: PersonId,
    pub name: String,
    pub full_name: String,
    /// 工号.
    pub staff: Option<String>,
    /// Telephones and extensions: a rating from one of them is not eligible (第十九条).
    pub phones: Vec<String>,
    /// Past and future ones too, the revoked ones left out.
    pub posts: Vec<PostRow>,
    pub must_change_password: bool,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

/// An account to be made.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    pub name: String,
    pub full_name: String,
    pub staff: Option<String>,
    pub phones: Vec<String>,
}

impl Engine {
    /// By login name.
    pub async fn people(&self) -> Result<Vec<Account>, Error> {
        let mut tx = self.read().await?;
        let posts = tx.posts().await?;
        let phones = tx.phones().await?;
        let people = tx.people().await?;
        let account = |person: PersonRow| Account {
            phones: phones.get(&person.id).cloned().unwrap_or_default(),
            posts: posts
                .iter()
                .filter(|post| post.person == person.id)
                .cloned()
                .collect(),
            id: person.id,
            name: person.name,
            full_name: person.full_name,
            staff: person.staff,
            must_change_password: person.must_change_password,
            created_at: person.created_at,
            disabled_at: person.disabled_at,
        };
        Ok(people.into_iter().map(account).collect())
    }

    /// What the person is at `now`; `None` for nobody and for somebody who is disabled.
    pub async fn hand_of(&self, person: &PersonId, now: Moment) -> Result<Option<Hand>, Error> {
        let mut tx = self.read().await?;
        let found = tx.person(person).await?;
        let Some(person) = found.filter(|person| person.disabled_at.is_none()) else {
            return Ok(None);
        };
        Ok(Some(tx.whole_person(person, now).await?.hand))
    }

    /// Returns the one-time password.
    pub async fn add_person(
        &self,
        new: &NewAccount,
        by: &By,
        now: Moment,
    ) -> Result<(PersonId, String), Error> {
        by.must_manage()?;
        let (name, staff) = (login_name(&new.name)?, staff_number(new.staff.as_deref())?);
        let phones = phone_numbers(&new.phones)?;
        let password = one_time_password();
        let hash = self.passwords().hash(password.clone()).await?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        if tx.person_by_name(name).await?.is_some() {
            return Err(refused(format!("there is already somebody called {name}")));
        }
        tx.staff_is_free(staff, None).await?;
        let row = NewPerson {
            name,
            full_name: full_name(&new.full_name)?,
            staff,
            password_hash: &hash,
        };
        let person = tx.enter_person(&row, now).await?;
        tx.set_phones(&person, &phones).await?;
        let detail = format!("新增账号{name}");
        tx.note_person(&person, "person_added", detail, by, now)
            .await?;
        tx.commit().await?;
        Ok((person, password))
    }

    /// In place of what was on record: full name, staff number, telephones.
    pub async fn describe_person(
        &self,
        person: &PersonId,
        new: &NewAccount,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        by.must_manage()?;
        let staff = staff_number(new.staff.as_deref())?;
        let phones = phone_numbers(&new.phones)?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        let known = tx.must_be_there(person).await?;
        tx.staff_is_free(staff, Some(person)).await?;
        let full_name = full_name(&new.full_name)?;
        tx.set_person(person, full_name, staff).await?;
        tx.set_phones(person, &phones).await?;
        let detail = format!("更改账号{}的姓名、工号或者电话", known.name);
        tx.note_person(person, "person_changed", detail, by, now)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Begins a change of an account that is not one's own, with the people locked.
    async fn manage_another(&self, person: &PersonId, by: &By) -> Result<(Tx, PersonRow), Error> {
        by.must_manage()?;
        by.must_be_another(person)?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        let known = tx.must_be_there(person).await?;
        Ok((tx, known))
    }

    pub async fn grant_post(
        &self,
        person: &PersonId,
        tenure: &Tenure,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let (mut tx, known) = self.manage_another(person, by).await?;
        let open = |unit: crate::register::UnitRow| match unit.closed_at {
            None => Ok(unit),
            Some(at) => Err(refused(format!("{} was closed on {}", unit.id, at.day()))),
        };
        let id = &tenure.post.unit;
        let unit = open(tx.unit(id).await?.ok_or_else(|| no_unit(id))?)?;
        let sender = match &tenure.seconded_from {
            Some(id) => Some(open(tx.unit(id).await?.ok_or_else(|| no_unit(id))?)?),
            None => None,
        };
        let held: Vec<_> = tx.posts_of(person).await?;
        let tenures: Vec<_> = held.into_iter().map(|post| post.tenure).collect();
        let sender_kind = sender.as_ref().map(|unit| unit.kind);
        check_posts(&tenures, tenure, unit.kind, sender_kind)
            .map_err(|refusal| refused(refusal.to_string()))?;
        let same = |held: &Tenure| {
            held.post == tenure.post && held.until.is_none_or(|until| tenure.from <= until)
        };
        if tenures.iter().any(same) {
            return Err(refused(format!(
                "{} is already {} in {}; revoke that post first",
                known.name,
                tenure.post.role.word(),
                tenure.post.unit
            )));
        }
        tx.insert_post(person, tenure, by.name(), now).await?;
        let detail = format!("授予{}：{}", known.name, told(tenure, &unit.name));
        tx.note_person(person, "post_granted", detail, by, now)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Every post of this role, in one unit or in all; how many.
    pub async fn revoke_posts(
        &self,
        person: &PersonId,
        role: Role,
        unit: Option<&UnitId>,
        by: &By,
        now: Moment,
    ) -> Result<usize, Error> {
        let (mut tx, known) = self.manage_another(person, by).await?;
        let mut revoked = 0;
        for held in tx.posts_of(person).await? {
            let post = &held.tenure.post;
            if post.role != role || unit.is_some_and(|unit| *unit != post.unit) {
                continue;
            }
            if tx.revoke_post(held.id, by.name(), now).await? {
                revoked += 1;
                let detail = format!("收回{}：{}", known.name, told(&held.tenure, &post.unit.0));
                tx.note_person(person, "post_revoked", detail, by, now)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(revoked)
    }

    /// Ends every login; the posts stay on record and count for nothing while it lasts.
    pub async fn disable_person(
        &self,
        person: &PersonId,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let (mut tx, known) = self.manage_another(person, by).await?;
        if tx.disable_person(person, now).await? {
            tx.delete_other_logins(person, "").await?;
            let detail = format!("停用账号{}", known.name);
            tx.note_person(person, "person_disabled", detail, by, now)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Undoes [`disable_person`](Self::disable_person).
    pub async fn enable_person(
        &self,
        person: &PersonId,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let (mut tx, known) = self.manage_another(person, by).await?;
        tx.staff_is_free(known.staff.as_deref(), Some(person))
            .await?;
        if tx.enable_person(person).await? {
            let detail = format!("启用账号{}", known.name);
            tx.note_person(person, "person_enabled", detail, by, now)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// A new one-time password, for somebody who lost his; every login of his ends.
    pub async fn reset_password(
        &self,
        person: &PersonId,
        by: &By,
        now: Moment,
    ) -> Result<String, Error> {
        by.must_manage()?;
        by.must_be_another(person)?;
        let password = one_time_password();
        let hash = self.passwords().hash(password.clone()).await?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        let known = tx.must_be_there(person).await?;
        tx.set_password(person, &hash, true).await?;
        tx.delete_other_logins(person, &secret()).await?;
        tx.clear_login_failures(&crate::secrets::digest(&known.name))
            .await?;
        let detail = format!("重置{}的密码", known.name);
        tx.note_person(person, "password_reset", detail, by, now)
            .await?;
        tx.commit().await?;
        Ok(password)
    }

    /// By login name, for commands.
    pub async fn person_named(&self, name: &str) -> Result<PersonId, Error> {
        let person = self.read().await?.person_by_name(name.trim()).await?;
        person.map(|person| person.id).ok_or_else(|| {
            refused(format!(
                "there is nobody called {name}; gradeline user list shows all"
            ))
        })
    }
}

impl Tx {
    /// With the posts in force at `now`.
    pub(super) async fn whole_person(
        &mut self,
        row: PersonRow,
        now: Moment,
    ) -> Result<Person, Error> {
        let today = now.day();
        let posts = self.posts_of(&row.id).await?;
        let in_force = posts
            .into_iter()
            .filter(|post| post.tenure.holds_on(today))
            .map(|post| post.tenure.post);
        Ok(Person {
            hand: Hand {
                person: row.id.clone(),
                staff: row.staff,
                posts: in_force.collect(),
            },
            id: row.id,
            name: row.name,
            full_name: row.full_name,
            must_change_password: row.must_change_password,
        })
    }

    pub(super) async fn enter_person(
        &mut self,
        new: &NewPerson<'_>,
        now: Moment,
    ) -> Result<PersonId, Error> {
        self.insert_person(new, now).await?;
        let row = self.person_by_name(new.name).await?;
        Ok(row.expect("the row was just written").id)
    }

    async fn must_be_there(&mut self, person: &PersonId) -> Result<PersonRow, Error> {
        let row = self.person(person).await?;
        row.ok_or_else(|| refused("there is no such person"))
    }

    /// One staff number is one person's, among those who are not disabled.
    async fn staff_is_free(
        &mut self,
        staff: Option<&str>,
        but: Option<&PersonId>,
    ) -> Result<(), Error> {
        let Some(staff) = staff else { return Ok(()) };
        match self.person_by_staff(staff).await? {
            Some(other) if Some(&other.id) != but => Err(refused(format!(
                "the staff number {staff} is {}'s",
                other.name
            ))),
            _ => Ok(()),
        }
    }
}

/// `政务服务中心回访员（政务服务中心），由forest派出，2026-01-01至2026-12-31`.
fn told(tenure: &Tenure, unit: &str) -> String {
    let mut told = format!("{}（{unit}）", tenure.post.role.zh());
    if let Some(sender) = &tenure.seconded_from {
        told.push_str(&format!("，由{sender}派出"));
    }
    let until = |day: Day| format!("至{day}");
    let until = tenure.until.map_or("起".to_owned(), until);
    told.push_str(&format!("，{}{until}", tenure.from));
    told
}
