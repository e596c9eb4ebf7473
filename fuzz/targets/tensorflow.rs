//! Any bytes in a file are described or refused: as a graph, a SavedModel or the index of a checkpoint of TensorFlow, or as what they are else.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use packwright_source::Limits;

/// A file of this process.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("packwright-fuzz-{}.pb", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 100_000,
        steps: 1_000_000,
        ..Limits::default()
    };
    std::fs::write(&*FILE, bytes).expect("the temporary folder can be written to");
    match packwright_inspect::inspect(&FILE, &limits) {
        Ok(inspection) => drop(inspection.safety.verdict()),
        Err(error) => drop(error.to_string()),
    }
});
