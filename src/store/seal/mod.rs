//! Sealing: secrets that must be read again are stored encrypted, bound to their place.
//!
//! It owns the cipher, the key and where the key comes from. Which columns are sealed is the
//! domain's business.

mod key;
mod sealer;

pub use key::{KeyError, KeySource, Settings};
pub use sealer::{Place, SealError, Sealer};
