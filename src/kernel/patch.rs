//! Partial updates: a field can be absent, null or a value.

/// A partial update's value for one nullable field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field is missing: keep the current value.
    #[default]
    Absent,
    /// The field is null: clear the value.
    Null,
    /// The new value.
    Value(T),
}

impl<T> Patch<T> {
    /// Applies the patch to a field.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *field = None,
            Self::Value(value) => *field = Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_states() {
        let mut field = Some(1);
        Patch::Absent.apply(&mut field);
        assert_eq!(field, Some(1));
        Patch::Value(2).apply(&mut field);
        assert_eq!(field, Some(2));
        Patch::Null.apply(&mut field);
        assert_eq!(field, None);
    }
}
