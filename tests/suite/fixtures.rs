//! The fixtures are the files that their ground truth was read from.

use packwright_tests::{files_below, fixtures, manifest};
use sha2::{Digest as _, Sha256};

#[test]
fn every_fixture_has_the_hash_that_the_manifest_records() {
    for fixture in manifest() {
        let Some(wanted) = &fixture.sha256 else { continue };
        let bytes =
            std::fs::read(fixture.full_path()).unwrap_or_else(|error| panic!("{}: {error}", fixture.path));
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(&found, wanted, "{} is not the file that was recorded", fixture.path);
    }
}

#[test]
fn no_fixture_lies_there_without_an_entry() {
    let entries = manifest();
    let supporting = ["MANIFEST.json", "README.md", ".gitattributes", "make_sklearn_1_2.py"];
    for file in files_below(&fixtures()) {
        let known =
            entries.iter().any(|entry| file == entry.path || file.starts_with(&format!("{}/", entry.path)));
        let beside = file.ends_with(".onnx.data") || file.ends_with(".py");
        assert!(
            known || beside || supporting.contains(&file.as_str()),
            "{file} has no entry in MANIFEST.json"
        );
    }
}
