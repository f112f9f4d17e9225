//! The order in which the targets of SRV records are tried (RFC 2782).

use rand::RngExt as _;
use rand::rngs::StdRng;

/// One SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The lower first.
    pub priority: u16,
    /// Among those of one priority: how often it is first.
    pub weight: u16,
    pub port: u16,
    /// A host name, without its last dot.
    pub target: String,
}

/// The records in the order in which they are tried: by priority, and within one by chance, in proportion to the weights.
/// One without a target (`.`) says that the service is not there, and stands for none.
pub fn order(mut records: Vec<Record>, chance: &mut StdRng) -> Vec<Record> {
    records.retain(|record| !record.target.is_empty() && record.target != ".");
    // Those of weight 0 first, so that they have a small chance beside others (RFC 2782, “Weight”).
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let alike = records
            .iter()
            .take_while(|record| record.priority == priority);
        let sum: u32 = alike.map(|record| u32::from(record.weight)).sum();
        let drawn = chance.random_range(0..=sum);
        let mut running = 0;
        let at = records.iter().position(|record| {
            running += u32::from(record.weight);
            running >= drawn
        });
        ordered.push(records.remove(at.unwrap_or(0)));
    }
    ordered
}
