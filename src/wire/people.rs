use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RoleWord, UnitKindWord};
use crate::domain::{Day, Moment};
use crate::rights::Tenure;
use crate::staff::{Account, PostRow, UnitRow};

/// A unit of the bureau.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unit {
    #[schema(example = "forest-bureau")]
    id: String,
    #[schema(value_type = UnitKindWord)]
    kind: &'static str,
    name: String,
    /// It takes no new posts; what it did stays.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Moment>,
}

/// A unit to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUnit {
    /// 1 to 40 of a–z, 0–9, `_` and `-`; it never changes.
    pub id: String,
    /// `bureau` or `handling_unit`.
    pub kind: String,
    pub name: String,
}

/// A unit's other name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitName {
    pub name: String,
}

/// Somebody with an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    id: String,
    /// By which the person logs in.
    name: String,
    full_name: String,
    /// 工号.
    staff: Option<String>,
    /// `null` for whoever does not manage people.
    phones: Option<Vec<String>>,
    /// Past and future ones too, the revoked ones left out.
    posts: Vec<Post>,
    must_change_password: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Moment>,
}

/// A role in a unit, with its days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Post {
    #[schema(value_type = RoleWord)]
    role: &'static str,
    unit: String,
    /// The bureau that sent the person (第十条（三）).
    seconded_from: Option<String>,
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// The last day, inclusive.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Day>,
    granted_by: String,
    #[schema(value_type = String, format = DateTime)]
    granted_at: Moment,
}

/// Somebody to be added or described anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Left out where somebody is described anew: it never changes.
    pub name: Option<String>,
    #[serde(default)]
    pub full_name: String,
    pub staff: Option<String>,
    /// Telephones and extensions: ratings from them are not eligible (第十九条).
    #[serde(default)]
    pub phones: Vec<String>,
}

/// A post to be granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    #[schema(value_type = RoleWord)]
    pub role: String,
    pub unit: String,
    /// Needs `until`.
    pub seconded_from: Option<String>,
    /// Today, where left out.
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Day>,
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Day>,
}

/// A one-time password; it is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneTimePassword {
    pub person: String,
    pub password: String,
}

/// How many posts were revoked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revoked {
    pub revoked: usize,
}

impl From<UnitRow> for Unit {
    fn from(row: UnitRow) -> Self {
        Unit {
            id: row.id.0,
            kind: row.kind.word(),
            name: row.name,
            closed_at: row.closed_at,
        }
    }
}

impl From<PostRow> for Post {
    fn from(row: PostRow) -> Self {
        let Tenure {
            post,
            seconded_from,
            from,
            until,
        } = row.tenure;
        Post {
            role: post.role.word(),
            unit: post.unit.0,
            seconded_from: seconded_from.map(|unit| unit.0),
            from,
            until,
            granted_by: row.granted_by,
            granted_at: row.granted_at,
        }
    }
}

impl Person {
    /// `with_phones`: whether the reader manages people.
    pub fn of(account: Account, with_phones: bool) -> Self {
        Person {
            id: account.id.0,
            name: account.name,
            full_name: account.full_name,
            staff: account.staff,
            phones: with_phones.then_some(account.phones),
            posts: account.posts.into_iter().map(Into::into).collect(),
            must_change_password: account.must_change_password,
            created_at: account.created_at,
            disabled_at: account.disabled_at,
        }
    }
}
