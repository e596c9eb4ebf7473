//! Any bytes, taken as GGUF, give keys and tensors or a located error, within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use packwright_formats::gguf;
use packwright_source::{Limits, MemorySource};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 100_000,
        steps: 1_000_000,
        ..Limits::default()
    };
    let len = bytes.len() as u64;
    match gguf::read(&MemorySource::new(bytes), &limits) {
        Ok(gguf) => {
            for tensor in &gguf.tensors {
                let end = tensor.size_bytes.map_or(0, |size| gguf.data_start + tensor.start + size);
                assert!(end <= len, "{tensor:?}");
            }
        }
        Err(error) => assert!(error.offset() <= len, "{error}"),
    }
});
