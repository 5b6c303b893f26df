//! Sealing: stores secrets encrypted that the program must read again, each bound to its table, column and row.
//!
//! It owns the cipher, the key and the source of the key. The domain decides which columns are sealed.

mod key;
mod sealer;

pub use key::{KeyError, KeySource, Settings};
pub use sealer::{SealError, SealLocation, Sealer};
