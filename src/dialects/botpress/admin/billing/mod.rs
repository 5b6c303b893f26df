//! The resource `billing`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod invoice_pdf;
pub(in crate::dialects::botpress) mod invoices_dto;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod upcoming;
