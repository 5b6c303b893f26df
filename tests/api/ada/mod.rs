//! Ada: `/api/v2` and `/api/end-users/v1`.

mod webhooks;
