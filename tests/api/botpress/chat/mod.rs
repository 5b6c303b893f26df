//! `/v1/chat`.

mod users;
