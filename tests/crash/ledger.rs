//! What a client knows: which changes were acknowledged and which may or may not have happened.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// A change that a client asks for.
#[derive(Debug, Clone)]
pub enum Change {
    Create { wanted: Value },
    Update { id: String, old: Value, new: Value },
    Delete { id: String, old: Value },
}

/// How many changes there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl Counts {
    fn count(&mut self, change: &Change) {
        match change {
            Change::Create { .. } => self.created += 1,
            Change::Update { .. } => self.updated += 1,
            Change::Delete { .. } => self.deleted += 1,
        }
    }

    pub const fn all(self) -> i64 {
        self.created + self.updated + self.deleted
    }

    pub fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |sum, one| Self {
            created: sum.created + one.created,
            updated: sum.updated + one.updated,
            deleted: sum.deleted + one.deleted,
        })
    }
}

/// The knowledge of one client, which alone changes what it has created.
#[derive(Debug, Default)]
pub struct Ledger {
    /// What must be there, by id.
    rows: BTreeMap<String, Value>,
    /// What may or may not have happened.
    unsure: Vec<Change>,
    /// What is known to have happened.
    pub happened: Counts,
}

/// What became of changes that nobody had acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    pub happened: u64,
    pub did_not: u64,
}

impl Settled {
    pub const fn all(self) -> u64 {
        self.happened + self.did_not
    }
}

impl Ledger {
    /// The ids that can be changed, with their rows.
    pub const fn rows(&self) -> &BTreeMap<String, Value> {
        &self.rows
    }

    /// The server has said that this is done, to what then has this id.
    pub fn acknowledged(&mut self, change: Change, id: String) {
        self.happened.count(&change);
        match change {
            Change::Create { wanted } => self.rows.insert(id, wanted),
            Change::Update { new, .. } => self.rows.insert(id, new),
            Change::Delete { .. } => self.rows.remove(&id),
        };
    }

    /// The server has not said that this is done. What it concerns is left alone from now on.
    pub fn unanswered(&mut self, change: Change) {
        if let Change::Update { id, .. } | Change::Delete { id, .. } = &change {
            self.rows.remove(id);
        }
        self.unsure.push(change);
    }

    /// Compares what is known with what is there, and takes over what became of the rest. What is
    /// there and explained is removed from `found`.
    ///
    /// Fails with the first thing that may not be.
    pub fn settle(&mut self, found: &mut HashMap<String, Value>) -> Result<Settled, String> {
        for (id, wanted) in &self.rows {
            match found.remove(id) {
                Some(there) if there == *wanted => {}
                Some(there) => return Err(format!("{id} should be {wanted}, not {there}")),
                None => return Err(format!("{id} is lost: {wanted}")),
            }
        }
        let mut settled = Settled::default();
        for change in std::mem::take(&mut self.unsure) {
            let (now, happened) = match &change {
                Change::Create { wanted } => {
                    let id = found
                        .iter()
                        .find(|(_, there)| there["name"] == wanted["name"])
                        .map(|(id, _)| id.clone());
                    let there = id.and_then(|id| found.remove_entry(&id));
                    let happened = there.is_some();
                    (either(there, &[wanted])?, happened)
                }
                Change::Update { id, old, new } => {
                    let there = found.remove_entry(id);
                    let now = either(there, &[old, new])?;
                    let Some((_, row)) = &now else {
                        return Err(format!("{id} is lost by an update: {old}"));
                    };
                    let happened = row == new;
                    (now, happened)
                }
                Change::Delete { id, old } => {
                    let there = found.remove_entry(id);
                    let happened = there.is_none();
                    (either(there, &[old])?, happened)
                }
            };
            self.rows.extend(now);
            if happened {
                self.happened.count(&change);
                settled.happened += 1;
            } else {
                settled.did_not += 1;
            }
        }
        Ok(settled)
    }
}

/// That what is there, if anything, is one of these as a whole.
fn either(
    there: Option<(String, Value)>,
    allowed: &[&Value],
) -> Result<Option<(String, Value)>, String> {
    match &there {
        Some((id, row)) if !allowed.contains(&row) => {
            Err(format!("{id} is neither of {allowed:?}, but {row}"))
        }
        _ => Ok(there),
    }
}

/// Settles the ledgers of all clients of a server. Nothing may be there that none of them explains.
pub fn settle_all<'a>(
    ledgers: impl IntoIterator<Item = &'a mut Ledger>,
    mut found: HashMap<String, Value>,
) -> Result<Settled, String> {
    let mut all = Settled::default();
    for ledger in ledgers {
        let settled = ledger.settle(&mut found)?;
        all.happened += settled.happened;
        all.did_not += settled.did_not;
    }
    match found.into_iter().next() {
        None => Ok(all),
        Some((id, row)) => Err(format!("{id} should not be there: {row}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(name: &str, token: &str) -> Value {
        json!({"name": name, "config": {"token": token}})
    }

    fn known() -> Ledger {
        let mut ledger = Ledger::default();
        let wanted = row("a", "1");
        ledger.acknowledged(Change::Create { wanted }, "A".to_owned());
        ledger
    }

    fn there<const N: usize>(rows: [(&str, Value); N]) -> HashMap<String, Value> {
        rows.map(|(id, row)| (id.to_owned(), row)).into()
    }

    fn settle(ledger: &mut Ledger, found: HashMap<String, Value>) -> Result<Settled, String> {
        settle_all([ledger], found)
    }

    #[test]
    fn an_acknowledged_row_must_be_there_as_it_was() {
        assert!(settle(&mut known(), there([("A", row("a", "1"))])).is_ok());
        assert!(settle(&mut known(), there([])).is_err(), "lost");
        assert!(settle(&mut known(), there([("A", row("a", "2"))])).is_err());
        let more = there([("A", row("a", "1")), ("B", row("b", "1"))]);
        assert!(settle(&mut known(), more).is_err(), "one too many");
    }

    #[test]
    fn an_acknowledged_delete_must_be_gone() {
        let deleted = || {
            let (mut ledger, id, old) = (known(), "A".to_owned(), row("a", "1"));
            ledger.acknowledged(Change::Delete { id, old }, "A".to_owned());
            ledger
        };
        assert!(settle(&mut deleted(), there([])).is_ok());
        assert!(settle(&mut deleted(), there([("A", row("a", "1"))])).is_err());
    }

    #[test]
    fn what_was_not_acknowledged_is_there_as_a_whole_or_not_at_all() {
        let updating = || {
            let (mut ledger, id) = (known(), "A".to_owned());
            let (old, new) = (row("a", "1"), row("b", "2"));
            ledger.unanswered(Change::Update { id, old, new });
            ledger
        };
        let happened = |settled: Result<Settled, String>| settled.map(|settled| settled.happened);
        let old = settle(&mut updating(), there([("A", row("a", "1"))]));
        assert_eq!(happened(old), Ok(0));
        let new = settle(&mut updating(), there([("A", row("b", "2"))]));
        assert_eq!(happened(new), Ok(1));
        assert!(
            settle(&mut updating(), there([("A", row("b", "1"))])).is_err(),
            "half"
        );
        assert!(settle(&mut updating(), there([])).is_err(), "lost");

        let creating = || {
            let mut ledger = Ledger::default();
            let wanted = row("c", "3");
            ledger.unanswered(Change::Create { wanted });
            ledger
        };
        assert_eq!(happened(settle(&mut creating(), there([]))), Ok(0));
        let whole = settle(&mut creating(), there([("C", row("c", "3"))]));
        assert_eq!(happened(whole), Ok(1));
        assert!(
            settle(&mut creating(), there([("C", row("c", ""))])).is_err(),
            "half"
        );
    }
}
