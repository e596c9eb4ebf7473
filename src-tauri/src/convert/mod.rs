//! From the engine's types to their twins on the wire. Everything here is for showing; nothing is decided.

mod architecture;
mod draft;
mod export;
mod facts;
mod formats;
mod metadata;
mod package;
mod signature;

pub(crate) use draft::{draft_view, tensor_views};
pub(crate) use export::{plan_view, progress_view, receipt_view};
pub(crate) use package::package_view;

#[cfg(test)]
mod tests;
