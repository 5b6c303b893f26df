//! A value that an area above derives from a caller and keeps with it.

use std::{
    any::Any,
    sync::{Arc, PoisonError, RwLock},
};

use rusqlite::Connection;

use crate::kernel::Result;

/// Holds one value of one type. It lives as long as the caller it belongs to, that is, while the generation of
/// the keys stays.
#[derive(Debug, Default)]
pub(in crate::domain) struct CallerCache(RwLock<Option<Arc<dyn Any + Send + Sync>>>);

impl CallerCache {
    /// Returns the value, after reading it with `read` if there is none.
    ///
    /// # Errors
    /// Those of `read`.
    pub(in crate::domain) fn get_or_read<T: Any + Send + Sync>(
        &self,
        conn: &Connection,
        read: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let cached = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(value) = cached.and_then(|value| value.downcast().ok()) {
            return Ok(value);
        }
        let value = Arc::new(read()?);
        // A transaction may still be rolled back, so its view is not cached.
        if conn.is_autocommit() {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(value.clone());
        }
        Ok(value)
    }

    /// Drops the value: the caller belongs to an earlier generation of the keys.
    pub(in crate::domain) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
