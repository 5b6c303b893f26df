//! Values that areas above this one keep in the [`App`](super::app::App): their settings and their state.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
};

/// Values by their type, one of each. They are added at start and only read after that.
#[derive(Default)]
pub struct Features(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Features {
    /// Adds a value. A second one of the same type replaces the first.
    pub(in crate::domain) fn add<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Returns the value of this type, which its area has added at start.
    pub(in crate::domain) fn get<T: Any + Send + Sync>(&self) -> &T {
        let value = self.0.get(&TypeId::of::<T>());
        let value = value.and_then(|value| value.downcast_ref());
        value.expect("each area adds its features at start")
    }
}
