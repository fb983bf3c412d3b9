//! What a Master Admin and the vendor do.

mod acts;
mod probation;
mod settings;
mod epochs;
mod leaving;
mod bulk;
mod report;
mod import;
mod key_list;
#[cfg(feature = "sqlite")]
mod support_desk;
