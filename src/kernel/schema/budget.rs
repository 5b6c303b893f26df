//! The representation in which the validator sees a value. Every access takes steps from a budget; when the
//! budget is used up, every value looks empty.
//!
//! The validator itself has no limit. It reads a value only through this representation, so a check ends soon
//! after the last step, at any place of the schema and without a panic.

use std::{borrow::Cow, cell::Cell};

use jsonschema::{
    JsonType,
    json::{Array, Json, Node, NodeIdentity, Object, cmp, unique},
};
use serde_json::{Map, Number, Value};

/// Limits of one check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Maximum number of steps.
    pub(super) steps: u64,
    /// Maximum number of errors that the validator may create.
    pub(super) errors: u64,
    /// Steps that each access takes.
    pub(super) costs: StepCosts,
}

/// Costs of an access to a value, which depend on the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepCosts {
    /// Steps for each access.
    pub(super) access: u64,
    /// Steps for each 64 bytes of a text that a pattern may be matched against.
    pub(super) pattern_match: u64,
    /// Steps for each text, if the schema has patterns that backtrack.
    pub(super) backtracking: u64,
}

/// Usage of a budget after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BudgetUsage {
    /// Number of steps taken.
    pub(super) steps: u64,
    /// True if the budget was used up. The result of the check then means nothing.
    pub(super) exhausted: bool,
}

/// Replaces every value in an error, so that errors hold no copies.
static PLACEHOLDER: Value = Value::Null;
/// Replaces the value in errors that the validator created after the budget was used up. Such errors are wrong.
static EXHAUSTED_PLACEHOLDER: Value = Value::Bool(false);

/// True for the value of an error that was created after the budget was used up.
pub(super) fn is_after_exhaustion(instance: &Value) -> bool {
    *instance == EXHAUSTED_PLACEHOLDER
}

struct BudgetState {
    steps: Cell<u64>,
    errors: Cell<u64>,
    access_cost: Cell<u64>,
    pattern_cost: Cell<u64>,
    backtracking_cost: Cell<u64>,
    exhausted: Cell<bool>,
}

thread_local! {
    // The validator passes no context to a representation. A check stays on one thread.
    static BUDGET: BudgetState = const {
        BudgetState {
            steps: Cell::new(0),
            errors: Cell::new(0),
            access_cost: Cell::new(1),
            pattern_cost: Cell::new(0),
            backtracking_cost: Cell::new(0),
            exhausted: Cell::new(false),
        }
    };
}

/// Runs a check within a budget.
pub(super) fn run_with_budget<T>(budget: Budget, check: impl FnOnce() -> T) -> (T, BudgetUsage) {
    BUDGET.with(|meter| {
        meter.steps.set(budget.steps);
        meter.errors.set(budget.errors);
        meter.access_cost.set(budget.costs.access);
        meter.pattern_cost.set(budget.costs.pattern_match);
        meter.backtracking_cost.set(budget.costs.backtracking);
        meter.exhausted.set(false);
    });
    let outcome = check();
    BUDGET.with(|meter| {
        let spent = BudgetUsage {
            steps: budget.steps - meter.steps.get(),
            exhausted: meter.exhausted.get(),
        };
        (outcome, spent)
    })
}

/// Takes steps. If too few are left, sets the rest to zero and returns false.
fn take_steps(steps: impl FnOnce(&BudgetState) -> u64) -> bool {
    BUDGET.with(|meter| {
        let wanted = steps(meter);
        let left = meter.steps.get();
        if wanted > left || meter.exhausted.get() {
            meter.steps.set(0);
            meter.exhausted.set(true);
            return false;
        }
        meter.steps.set(left - wanted);
        true
    })
}

fn charge_access() -> bool {
    take_steps(|meter| meter.access_cost.get())
}

/// Takes the steps for an access to a text of this length.
fn charge_text(bytes: usize) -> bool {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    take_steps(|meter| {
        let matching = bytes.saturating_mul(meter.pattern_cost.get()) / 64;
        (meter.access_cost.get() + bytes / 64 + meter.backtracking_cost.get())
            .saturating_add(matching)
    })
}

/// Returns the steps for a traversal of the whole value, for example to compare or hash it.
pub(super) fn traversal_cost(value: &Value) -> u64 {
    let mut steps = 0_u64;
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        steps += 1;
        match value {
            Value::String(text) => steps += text.len() as u64 / 64,
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    steps
}

/// True if some array in this value has an array as an item.
fn has_nested_array(value: &Value) -> bool {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) if items.iter().any(Value::is_array) => return true,
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    false
}

/// The representation of JSON for the validator.
pub(super) struct BudgetedJson;

/// A value with counted accesses.
#[derive(Clone, Copy)]
pub(super) struct BudgetedValue<'a>(pub(super) &'a Value);

/// The members of an object.
pub(super) struct BudgetedObject<'a>(&'a Map<String, Value>);

/// The items of an array.
pub(super) struct BudgetedArray<'a>(&'a [Value]);

/// Iterator over the members of an object.
pub(super) struct MemberIter<'a>(serde_json::map::Iter<'a>);

/// Iterator over the items of an array.
pub(super) struct ItemIter<'a>(std::slice::Iter<'a, Value>);

impl Json for BudgetedJson {
    type Node<'a> = BudgetedValue<'a>;
    type PreparedKey = String;
    type StringBuffer = Value;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Value,
        string: &str,
        check: impl FnOnce(BudgetedValue<'_>) -> T,
    ) -> T {
        *buffer = Value::String(string.to_owned());
        check(BudgetedValue(buffer))
    }
}

impl<'a> Node<'a, BudgetedJson> for BudgetedValue<'a> {
    type Object = BudgetedObject<'a>;
    type Array = BudgetedArray<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<BudgetedObject<'a>> {
        match self.0 {
            _ if !charge_access() => None,
            Value::Object(members) => Some(BudgetedObject(members)),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<BudgetedArray<'a>> {
        match self.0 {
            _ if !charge_access() => None,
            Value::Array(items) => Some(BudgetedArray(items)),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let Value::String(text) = self.0 else {
            // Counts too: many keywords ask every value for its text.
            charge_access();
            return None;
        };
        charge_text(text.len()).then_some(Cow::Borrowed(text.as_str()))
    }

    fn as_number(&self) -> Option<&'a Number> {
        match self.0 {
            _ if !charge_access() => None,
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.0 {
            _ if !charge_access() => None,
            Value::Bool(boolean) => Some(*boolean),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        charge_access() && self.0.is_null()
    }

    fn json_type(&self) -> JsonType {
        if !charge_access() {
            return JsonType::Null;
        }
        match self.0 {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn string_length(&self) -> Option<u64> {
        let Value::String(text) = self.0 else {
            charge_access();
            return None;
        };
        take_steps(|meter| meter.access_cost.get() + text.len() as u64 / 256)
            .then(|| text.chars().count() as u64)
    }

    fn equals_value(&self, expected: &Value) -> bool {
        let fits = match (self.0, expected) {
            (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => {
                take_steps(|meter| meter.access_cost.get() + traversal_cost(expected) / 4)
            }
            (Value::String(text), Value::String(expected)) if text.len() == expected.len() => {
                take_steps(|meter| meter.access_cost.get() + text.len() as u64 / 256)
            }
            _ => charge_access(),
        };
        fits && cmp::equal(self.0, expected)
    }

    /// The validator calls this for errors only, and they do not need the value.
    fn to_value(&self) -> Cow<'a, Value> {
        BUDGET.with(|meter| {
            let left = meter.errors.get();
            if left == 0 || meter.exhausted.get() {
                meter.steps.set(0);
                meter.exhausted.set(true);
                return Cow::Borrowed(&EXHAUSTED_PLACEHOLDER);
            }
            meter.errors.set(left - 1);
            Cow::Borrowed(&PLACEHOLDER)
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(
            std::ptr::from_ref::<Value>(self.0) as usize
        ))
    }

    fn container_identity(&self) -> Option<NodeIdentity> {
        match self.0 {
            Value::Array(_) | Value::Object(_) => self.identity(),
            _ => None,
        }
    }
}

impl<'a> Object<'a, BudgetedJson> for BudgetedObject<'a> {
    type Node = BudgetedValue<'a>;
    type MemberName = &'a str;
    type MembersIter = MemberIter<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<BudgetedValue<'a>> {
        if !charge_access() {
            return None;
        }
        self.0.get(key.as_str()).map(BudgetedValue)
    }

    fn members(&self) -> MemberIter<'a> {
        MemberIter(self.0.iter())
    }
}

impl<'a> Iterator for MemberIter<'a> {
    type Item = (&'a str, BudgetedValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.0.next()?;
        charge_text(key.len()).then_some((key.as_str(), BudgetedValue(value)))
    }
}

impl<'a> Array<'a, BudgetedJson> for BudgetedArray<'a> {
    type Node = BudgetedValue<'a>;
    type ElementsIter = ItemIter<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> ItemIter<'a> {
        ItemIter(self.0.iter())
    }

    fn is_unique(&self) -> bool {
        let all: u64 = self.0.iter().map(traversal_cost).sum();
        // The validator's hash ignores the brackets of arrays. Items that differ only in them collide, so it
        // compares each of them with each other.
        let alike = || self.0.iter().filter(|item| has_nested_array(item));
        let compared = alike().count() as u64;
        let compared = compared.saturating_mul(alike().map(traversal_cost).sum::<u64>() / 4);
        take_steps(|_| all.saturating_add(compared)) && unique::is_unique(self.0)
    }
}

impl<'a> Iterator for ItemIter<'a> {
    type Item = BudgetedValue<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.0.next()?;
        charge_access().then_some(BudgetedValue(item))
    }
}
