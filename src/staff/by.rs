use super::people::Person;
use super::refused;
use crate::domain::{Hand, PersonId};
use crate::engine::Error;
use crate::rights::{Action, Holder, may};

/// Who changes people and units.
#[derive(Debug, Clone)]
pub enum By {
    /// Somebody at this machine, who may read and write the database anyway.
    CommandLine,
    Person {
        name: String,
        hand: Hand,
    },
}

impl By {
    pub fn person(person: &Person) -> By {
        By::Person {
            name: person.name.clone(),
            hand: person.hand.clone(),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            By::CommandLine => "command line",
            By::Person { name, .. } => name,
        }
    }

    /// As the trail says it.
    pub(super) fn told(&self) -> String {
        match self {
            By::CommandLine => "本机命令行".to_owned(),
            By::Person { name, .. } => name.clone(),
        }
    }

    pub(super) fn id(&self) -> Option<&PersonId> {
        match self {
            By::CommandLine => None,
            By::Person { hand, .. } => Some(&hand.person),
        }
    }

    pub(super) fn must_manage(&self) -> Result<(), Error> {
        if let By::Person { hand, .. } = self {
            may(Action::ManagePeople, &Holder::of_hand(hand))
                .map_err(|forbidden| refused(forbidden.to_string()))?;
        }
        Ok(())
    }

    /// Nobody gives himself a post, nor takes one away from himself.
    pub(super) fn must_be_another(&self, person: &PersonId) -> Result<(), Error> {
        match self.id() == Some(person) {
            true => Err(refused(
                "nobody changes his own account; another administrator does (第十四条)",
            )),
            false => Ok(()),
        }
    }
}
