//! Cache for a value that another area derives from a principal.

use std::{
    any::Any,
    sync::{Arc, PoisonError, RwLock},
};

use rusqlite::Connection;

use crate::kernel::Result;

/// Cache of one value of one type. It lives as long as its principal, that is, for one key generation.
#[derive(Debug, Default)]
pub(in crate::domain) struct PrincipalCache(RwLock<Option<Arc<dyn Any + Send + Sync>>>);

impl PrincipalCache {
    /// Returns the value. Calls `read` if there is none.
    ///
    /// # Errors
    /// Errors of `read`.
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

    /// Removes the value, because the principal belongs to an earlier key generation.
    pub(in crate::domain) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
