//! Rights: what they are made from, and when they end.

mod endings;
mod held;
mod held_bodies;
mod links;
mod matrix;
mod matrix_botpress;
mod transactions;
mod wrong_keys;
