//! The layers around every request, and the connections below them: what is refused before a body is
//! read, what becomes of the body, how paths and methods that nothing answers are answered.

mod bodies;
mod connections;
mod hosts;
mod methods;
pub mod operations;
mod origins;
mod paths;
pub mod raw;
mod refusals;
