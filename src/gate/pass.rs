//! Who was let in, and with what: what a handler may show is in its [`Pass`], not in its own head.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::domain::UnitId;
use crate::engine::Reach;
use crate::rights::{Action, Forbidden, Grant, Grants, Holder, may};
use crate::staff::{Asker, By, Person, Token};

/// Who was let in, in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) enum Visitor {
    Person(Person),
    Program(Token),
}

impl Visitor {
    /// Of the account or of the token: no secret, no citizen.
    pub(crate) fn name(&self) -> &str {
        match self {
            Visitor::Person(person) => &person.name,
            Visitor::Program(token) => &token.name,
        }
    }

    pub(crate) fn holders(&self) -> Vec<Holder> {
        match self {
            Visitor::Person(person) => Holder::of_hand(&person.hand),
            Visitor::Program(token) => token.scopes.iter().copied().map(Holder::Scope).collect(),
        }
    }

    pub(crate) fn may(&self, action: Action) -> Option<Grants> {
        may(action, &self.holders()).ok()
    }

    /// How far the visitor sees for an action; `None` where not at all.
    pub(crate) fn reach(&self, action: Action) -> Option<Reach> {
        let grants = self.may(action)?;
        if grants.plainly() {
            Some(Reach::All)
        } else if grants.has(Grant::OwnTickets) {
            Some(Reach::Units(self.units()))
        } else if grants.has(Grant::Rehearsals) {
            Some(Reach::Rehearsals)
        } else {
            None
        }
    }

    /// Units in which the visitor holds a post of a responsible unit.
    fn units(&self) -> Vec<UnitId> {
        use crate::domain::Role::{UnitHead, UnitLiaison};
        let Visitor::Person(person) = self else {
            return Vec::new();
        };
        let posts = person.hand.posts.iter();
        let of_a_unit = posts.filter(|post| matches!(post.role, UnitLiaison | UnitHead));
        of_a_unit.map(|post| post.unit.clone()).collect()
    }

    /// As whom looks are asked for.
    pub(crate) fn asker(&self) -> Asker<'_> {
        match self {
            Visitor::Person(person) => Asker::Person(person),
            Visitor::Program(token) => Asker::Program(token),
        }
    }

    /// For changes of people and units; `None` for a program.
    pub(crate) fn by(&self) -> Option<By> {
        match self {
            Visitor::Person(person) => Some(By::person(person)),
            Visitor::Program(_) => None,
        }
    }
}

/// What the matrix grants the visitor for the door that was passed.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) visitor: Visitor,
    action: Option<Action>,
}

impl Pass {
    pub(crate) fn of(visitor: &Visitor, action: Option<Action>) -> Result<Pass, Forbidden> {
        if let Some(action) = action {
            may(action, &visitor.holders())?;
        }
        let visitor = visitor.clone();
        Ok(Pass { visitor, action })
    }

    /// Whether the visitor holds a post of a unit in it.
    pub(crate) fn is_of(&self, unit: &UnitId) -> bool {
        self.visitor.units().contains(unit)
    }

    /// How far the visitor sees behind this door. Whatever has no reach of its own sees nothing.
    pub(crate) fn reach(&self) -> Reach {
        let reach = self.action.and_then(|action| self.visitor.reach(action));
        reach.unwrap_or(Reach::Units(Vec::new()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pass {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pass = parts.extensions.get::<Pass>().cloned();
        Ok(pass.expect("only behind a door that admits somebody by name"))
    }
}
