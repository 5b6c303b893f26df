//! Values that the areas above register in the [`App`](super::app::App): their settings and their state.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
};

/// Registered values, one for each type. They are added at start and read-only afterwards.
#[derive(Default)]
pub struct Features(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Features {
    /// Adds a value. It replaces a value of the same type.
    pub(in crate::domain) fn add<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Returns the value of this type. The area that owns the type must have added it at start.
    pub(in crate::domain) fn get<T: Any + Send + Sync>(&self) -> &T {
        let value = self.0.get(&TypeId::of::<T>());
        let value = value.and_then(|value| value.downcast_ref());
        value.expect("each area adds its features at start")
    }
}
