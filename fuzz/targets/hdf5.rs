//! Any bytes, taken as HDF5, give groups and datasets or a located error, within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use packwright_formats::hdf5;
use packwright_source::{Limits, MemorySource};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 100_000,
        steps: 1_000_000,
        ..Limits::default()
    };
    let bytes = [hdf5::MAGIC, bytes.get(hdf5::MAGIC.len()..).unwrap_or_default()].concat();
    match hdf5::read(&MemorySource::new(bytes), &limits) {
        Ok(file) => {
            for object in &file.objects {
                std::hint::black_box(object.texts("layer_names"));
                std::hint::black_box(object.text("model_config"));
            }
        }
        Err(error) => drop(error.to_string()),
    }
});
