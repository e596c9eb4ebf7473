//! From the engine's types to their twins on the wire. Everything here is for showing; nothing is decided.

mod architecture;
mod draft;
mod edit;
mod environment;
mod export;
mod facts;
mod formats;
mod here;
mod metadata;
mod package;
mod preflight;
mod sample;
mod signature;
mod structure;

pub(crate) use draft::{draft_view, tensor_views};
pub(crate) use environment::environment_file_view;
pub(crate) use export::{plan_view, progress_view, receipt_view};
pub(crate) use here::here_view;
pub(crate) use package::{judgement_view, package_view};
pub(crate) use preflight::place_views;
pub(crate) use structure::structure_views;

#[cfg(test)]
mod tests;
