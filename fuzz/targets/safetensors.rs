//! Any bytes, taken as safetensors, give a header or a located error, within the limits.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use packwright_formats::safetensors;
use packwright_source::{ByteSource, Limits, MemorySource};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 100_000,
        steps: 1_000_000,
        ..Limits::default()
    };
    let len = bytes.len() as u64;
    let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(bytes));
    match safetensors::read(&source, &limits) {
        Ok(header) => {
            for tensor in &header.tensors {
                assert!(tensor.start <= tensor.end && header.data_start + tensor.end <= len, "{tensor:?}");
            }
            assert!(header.problems.iter().all(|problem| problem.at <= len));
        }
        Err(error) => assert!(error.offset() <= len, "{error}"),
    }
});
