//! What a package says to whoever receives it: a model card, a bill of materials and the checksums of all files.

mod bom;
mod readme;
mod sums;

pub(crate) use bom::{bom, formats_of};
pub(crate) use readme::readme;
pub(crate) use sums::{parse as parse_sums, sums};

/// The model card, which the Hugging Face Hub and code hosts show first.
pub(crate) const README: &str = "README.md";

/// The bill of materials, by the name that CycloneDX recommends.
pub(crate) const BOM: &str = "bom.cdx.json";

/// The checksums, by the name that `sha256sum` users look for.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// A tag as one text: `team:risk`.
pub(crate) fn tag_text(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}:{value}") }
}
