//! What pages and the API read.

use super::{
    CallDetail, CallFilter, CallId, CallRow, Engine, Error, Figures, Numbers, Page, RatingFilter,
    RatingRow, TicketDetail, TicketFilter, TicketRow,
};
use crate::domain::Day;

impl Engine {
    /// Newest first; `limit` 1–200. A cursor stays right while new rows come in.
    pub async fn calls(
        &self,
        _filter: &CallFilter,
        _cursor: Option<&str>,
        _limit: u32,
        _numbers: Numbers,
    ) -> Result<Page<CallRow>, Error> {
        todo!()
    }

    pub async fn call(&self, _id: &CallId, _numbers: Numbers) -> Result<Option<CallDetail>, Error> {
        todo!()
    }

    pub async fn ratings(
        &self,
        _filter: &RatingFilter,
        _cursor: Option<&str>,
        _limit: u32,
    ) -> Result<Page<RatingRow>, Error> {
        todo!()
    }

    pub async fn rating(&self, _id: &str) -> Result<Option<RatingRow>, Error> {
        todo!()
    }

    pub async fn tickets(
        &self,
        _filter: &TicketFilter,
        _cursor: Option<&str>,
        _limit: u32,
        _numbers: Numbers,
    ) -> Result<Page<TicketRow>, Error> {
        todo!()
    }

    pub async fn ticket(
        &self,
        _number: &str,
        _numbers: Numbers,
    ) -> Result<Option<TicketDetail>, Error> {
        todo!()
    }

    /// Calls that ended on these days (inclusive, Asia/Shanghai); `None` is open.
    pub async fn figures(&self, _from: Option<Day>, _to: Option<Day>) -> Result<Figures, Error> {
        todo!()
    }
}
