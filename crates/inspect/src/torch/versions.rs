//! Which release of PyTorch a file proves, where it does not say.

use super::archive::Archive;
use crate::Requirement;

/// The oldest release that can have written a file, and how that is known.
pub(super) type Least = (&'static str, &'static str);

/// What the members of an archive prove. The archives themselves came with 1.6.
pub(super) fn of_archive(archive: &Archive) -> Least {
    let has = |name: &str| archive.names().any(|found| found == name);
    if has("byteorder") {
        ("2.1", "the file has a member byteorder, which PyTorch writes since 2.1")
    } else if has(".data/serialization_id") {
        ("2.1", "the file has a member .data/serialization_id, which PyTorch writes since 2.1")
    } else {
        ("1.6", "the file is a zip archive, which torch.save writes since PyTorch 1.6")
    }
}

/// The line for PyTorch: the recorded release without what follows a `+` (the builds for one graphics card or another
/// are not on PyPI), or at least what the file proves.
pub(super) fn requirement(version: Option<&crate::Sourced<String>>, least: Option<Least>) -> Requirement {
    let (requirement, source) = match (version, least) {
        (Some(version), _) => {
            let release = version.value.split('+').next().unwrap_or_default();
            (format!("torch=={release}"), version.source.clone())
        }
        (None, Some((least, why))) => (format!("torch>={least}"), format!("{why}; it records no version")),
        (None, None) => {
            ("torch".to_owned(), "it loads the file, which does not record its version".to_owned())
        }
    };
    Requirement { requirement, source }
}
