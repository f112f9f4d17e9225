use std::collections::BTreeMap;

use crate::domain::{Day, Moment, PersonId, Post, UnitId};
use crate::rights::{Tenure, seconded_from};
use crate::store::{Error, Row, Tx, args, statements};

/// The columns of a person. A macro, so that the statements stay constants.
macro_rules! person_columns {
    () => {
        "SELECT p.id AS person, p.name, p.full_name, p.staff, p.password_hash, \
        p.must_change_password, p.created_at, p.disabled_at FROM people p"
    };
}

macro_rules! post_columns {
    () => {
        "SELECT id, person_id, role, unit, seconded_from, from_day, until_day, granted_at, \
        granted_by, revoked_at, revoked_by FROM posts"
    };
}

statements! {
    INSERT_PERSON = "INSERT INTO people (name, full_name, staff, password_hash, \
        must_change_password, created_at) VALUES ($1, $2, $3, $4, TRUE, $5)";
    PEOPLE = concat!(person_columns!(), " ORDER BY p.name");
    PERSON = concat!(person_columns!(), " WHERE p.id = $1");
    PERSON_BY_NAME = concat!(person_columns!(), " WHERE p.name = $1");
    PERSON_BY_STAFF = concat!(person_columns!(), " WHERE p.staff = $1 AND p.disabled_at IS NULL");
    PERSON_BY_PHONE = concat!(person_columns!(), " WHERE p.disabled_at IS NULL AND (p.staff = $1 \
        OR EXISTS (SELECT 1 FROM phones x WHERE x.person_id = p.id AND x.number = $1)) \
        ORDER BY p.id LIMIT 1");
    SET_PERSON = "UPDATE people SET full_name = $2, staff = $3 WHERE id = $1";
    SET_PASSWORD = "UPDATE people SET password_hash = $2, must_change_password = $3 WHERE id = $1";
    SET_ONE_TIME_PASSWORD = "UPDATE people SET password_hash = $2 \
        WHERE id = $1 AND must_change_password = TRUE";
    DISABLE = "UPDATE people SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE people SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    POSTS = concat!(post_columns!(), " WHERE revoked_at IS NULL ORDER BY id");
    POSTS_OF = concat!(post_columns!(), " WHERE person_id = $1 AND revoked_at IS NULL ORDER BY id");
    POSTS_EVER = concat!(post_columns!(), " WHERE person_id = $1 ORDER BY id");
    POSTS_OF_STAFF = concat!(post_columns!(), " WHERE person_id IN (SELECT id FROM people \
        WHERE staff = $1) ORDER BY id");
    INSERT_POST = "INSERT INTO posts (person_id, role, unit, seconded_from, from_day, until_day, \
        granted_at, granted_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REVOKE_POST = "UPDATE posts SET revoked_at = $2, revoked_by = $3 \
        WHERE id = $1 AND revoked_at IS NULL";
    POSTS_IN = "SELECT COUNT(*) AS posts FROM posts WHERE revoked_at IS NULL \
        AND (unit = $1 OR seconded_from = $1) AND (until_day IS NULL OR until_day >= $2)";
    PHONES = "SELECT person_id, number FROM phones ORDER BY number";
    INSERT_PHONE = "INSERT INTO phones (person_id, number) VALUES ($1, $2) \
        ON CONFLICT (person_id, number) DO NOTHING";
    DELETE_PHONES = "DELETE FROM phones WHERE person_id = $1";
}

/// Somebody with an account and the hash of the password.
#[derive(Debug, Clone)]
pub struct PersonRow {
    pub id: PersonId,
    /// By which the person logs in.
    pub name: String,
    pub full_name: String,
    /// 工号.
    pub staff: Option<String>,
    /// A PHC string.
    pub password_hash: String,
    pub must_change_password: bool,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

/// A person to be entered.
#[derive(Debug, Clone)]
pub struct NewPerson<'a> {
    pub name: &'a str,
    pub full_name: &'a str,
    pub staff: Option<&'a str>,
    pub password_hash: &'a str,
}

/// A post that is or was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRow {
    pub id: i64,
    pub person: PersonId,
    pub tenure: Tenure,
    pub granted_at: Moment,
    /// Name of the granting person, or of the door.
    pub granted_by: String,
    pub revoked_at: Option<Moment>,
    pub revoked_by: Option<String>,
}

impl Tx {
    /// Makes changes of people wait for each other.
    pub async fn lock_people(&mut self) -> Result<(), Error> {
        self.lock("people").await
    }

    /// With a password that must be changed.
    pub async fn insert_person(&mut self, new: &NewPerson<'_>, now: Moment) -> Result<(), Error> {
        let values = args![new.name, new.full_name, new.staff, new.password_hash, now];
        self.run(INSERT_PERSON, values).await?;
        Ok(())
    }

    pub async fn people(&mut self) -> Result<Vec<PersonRow>, Error> {
        let rows = self.rows(PEOPLE, args![]).await?;
        rows.iter().map(person_row).collect()
    }

    pub async fn person(&mut self, id: &PersonId) -> Result<Option<PersonRow>, Error> {
        // An id that no row can have is nobody's.
        let Some(id) = number(id) else {
            return Ok(None);
        };
        let row = self.row(PERSON, args![id]).await?;
        row.as_ref().map(person_row).transpose()
    }

    pub async fn person_by_name(&mut self, name: &str) -> Result<Option<PersonRow>, Error> {
        let row = self.row(PERSON_BY_NAME, args![name]).await?;
        row.as_ref().map(person_row).transpose()
    }

    /// Of those who are not disabled.
    pub async fn person_by_staff(&mut self, staff: &str) -> Result<Option<PersonRow>, Error> {
        let row = self.row(PERSON_BY_STAFF, args![staff]).await?;
        row.as_ref().map(person_row).transpose()
    }

    /// Whose telephone or extension it is; of those who are not disabled.
    pub async fn person_by_phone(&mut self, number: &str) -> Result<Option<PersonRow>, Error> {
        let row = self.row(PERSON_BY_PHONE, args![number]).await?;
        row.as_ref().map(person_row).transpose()
    }

    pub async fn set_person(
        &mut self,
        id: &PersonId,
        full_name: &str,
        staff: Option<&str>,
    ) -> Result<(), Error> {
        self.run(SET_PERSON, args![number(id), full_name, staff])
            .await?;
        Ok(())
    }

    pub async fn set_password(
        &mut self,
        id: &PersonId,
        hash: &str,
        must_change: bool,
    ) -> Result<(), Error> {
        self.run(SET_PASSWORD, args![number(id), hash, must_change])
            .await?;
        Ok(())
    }

    /// Only for a person who never used the one before.
    pub async fn set_one_time_password(&mut self, id: &PersonId, hash: &str) -> Result<(), Error> {
        self.run(SET_ONE_TIME_PASSWORD, args![number(id), hash])
            .await?;
        Ok(())
    }

    /// `false` where the person already is.
    pub async fn disable_person(&mut self, id: &PersonId, now: Moment) -> Result<bool, Error> {
        Ok(self.run(DISABLE, args![number(id), now]).await? > 0)
    }

    /// `false` where the person is not disabled.
    pub async fn enable_person(&mut self, id: &PersonId) -> Result<bool, Error> {
        Ok(self.run(ENABLE, args![number(id)]).await? > 0)
    }

    /// Of everybody, the revoked ones left out.
    pub async fn posts(&mut self) -> Result<Vec<PostRow>, Error> {
        let rows = self.rows(POSTS, args![]).await?;
        rows.iter().map(post_row).collect()
    }

    /// The revoked ones left out; past and future ones are among them.
    pub async fn posts_of(&mut self, id: &PersonId) -> Result<Vec<PostRow>, Error> {
        let rows = self.rows(POSTS_OF, args![number(id)]).await?;
        rows.iter().map(post_row).collect()
    }

    /// All that the person ever held.
    pub async fn posts_ever(&mut self, id: &PersonId) -> Result<Vec<PostRow>, Error> {
        let rows = self.rows(POSTS_EVER, args![number(id)]).await?;
        rows.iter().map(post_row).collect()
    }

    /// The bureau that had sent one of the staff (工号) to the Centre when they served, the first of them
    /// where there are several; disabled accounts count, for they were not yet (第十条（三）, A24).
    pub async fn bureau_of_staff(
        &mut self,
        staff: &[String],
        served_at: Moment,
    ) -> Result<Option<UnitId>, Error> {
        for staff in staff {
            let rows = self.rows(POSTS_OF_STAFF, args![staff]).await?;
            let posts: Result<Vec<_>, _> = rows.iter().map(post_row).collect();
            let held = posts?
                .into_iter()
                .filter(|post| post.revoked_at.is_none_or(|at| served_at < at));
            let tenures: Vec<Tenure> = held.map(|post| post.tenure).collect();
            if let Some(bureau) = seconded_from(&tenures, served_at.day()) {
                return Ok(Some(bureau.clone()));
            }
        }
        Ok(None)
    }

    pub async fn insert_post(
        &mut self,
        id: &PersonId,
        tenure: &Tenure,
        by: &str,
        now: Moment,
    ) -> Result<(), Error> {
        let values = args![
            number(id),
            tenure.post.role.word(),
            &tenure.post.unit.0,
            tenure.seconded_from.as_ref().map(|unit| unit.0.clone()),
            tenure.from,
            tenure.until,
            now,
            by
        ];
        self.run(INSERT_POST, values).await?;
        Ok(())
    }

    /// `false` where it was revoked before.
    pub async fn revoke_post(&mut self, post: i64, by: &str, now: Moment) -> Result<bool, Error> {
        Ok(self.run(REVOKE_POST, args![post, now, by]).await? > 0)
    }

    /// How many hold a post in the unit, or are sent by it, on `day` or later.
    pub async fn posts_in(&mut self, unit: &UnitId, day: Day) -> Result<u64, Error> {
        let row = self.row(POSTS_IN, args![&unit.0, day]).await?;
        row.map_or(Ok(0), |row| row.count("posts"))
    }

    /// The telephones of everybody who has one on record.
    pub async fn phones(&mut self) -> Result<BTreeMap<PersonId, Vec<String>>, Error> {
        let mut phones: BTreeMap<PersonId, Vec<String>> = BTreeMap::new();
        for row in self.rows(PHONES, args![]).await? {
            let of = phones.entry(person_id(&row, "person_id")?).or_default();
            of.push(row.get("number")?);
        }
        Ok(phones)
    }

    /// In place of those before.
    pub async fn set_phones(&mut self, id: &PersonId, phones: &[String]) -> Result<(), Error> {
        self.run(DELETE_PHONES, args![number(id)]).await?;
        for phone in phones {
            self.run(INSERT_PHONE, args![number(id), phone]).await?;
        }
        Ok(())
    }
}

/// Rows number people; to the rest of the house an id is opaque.
pub(super) fn number(id: &PersonId) -> Option<i64> {
    id.0.parse().ok()
}

pub(super) fn person_id(row: &Row, column: &str) -> Result<PersonId, Error> {
    Ok(PersonId(row.get::<i64>(column)?.to_string()))
}

pub(super) fn person_row(row: &Row) -> Result<PersonRow, Error> {
    Ok(PersonRow {
        id: person_id(row, "person")?,
        name: row.get("name")?,
        full_name: row.get("full_name")?,
        staff: row.get("staff")?,
        password_hash: row.get("password_hash")?,
        must_change_password: row.get("must_change_password")?,
        created_at: row.moment("created_at")?,
        disabled_at: row.maybe_moment("disabled_at")?,
    })
}

fn post_row(row: &Row) -> Result<PostRow, Error> {
    Ok(PostRow {
        id: row.get("id")?,
        person: person_id(row, "person_id")?,
        tenure: Tenure {
            post: Post {
                role: row.word("role")?,
                unit: UnitId(row.get("unit")?),
            },
            seconded_from: row.get::<Option<String>>("seconded_from")?.map(UnitId),
            from: row.word("from_day")?,
            until: row.maybe_word("until_day")?,
        },
        granted_at: row.moment("granted_at")?,
        granted_by: row.get("granted_by")?,
        revoked_at: row.maybe_moment("revoked_at")?,
        revoked_by: row.get("revoked_by")?,
    })
}
