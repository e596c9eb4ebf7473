//! From the engine's types to their twins on the wire. Everything here is for showing; nothing is decided.

mod architecture;
mod draft;
mod export;
mod facts;
mod formats;
mod sample;
mod signature;

pub(crate) use draft::{draft_view, tensor_views};
pub(crate) use export::{plan_view, progress_view, receipt_view};

#[cfg(test)]
mod tests;
