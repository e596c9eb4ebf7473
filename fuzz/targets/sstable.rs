//! Any bytes, taken as a sorted table, give keys and values or a located error, within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use packwright_formats::sstable;
use packwright_source::{Limits, MemorySource};

/// What every table ends with.
const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { header_bytes: 1 << 20, kept_bytes: 4 << 20, steps: 1_000_000, ..Limits::default() };
    let bytes = [bytes, &MAGIC].concat();
    let len = bytes.len() as u64;
    match sstable::read("sstable", &MemorySource::new(bytes), &limits) {
        Ok(table) => {
            let kept: usize = table.entries.iter().map(|entry| entry.key.len() + entry.value.len()).sum();
            assert!(kept <= 4 << 20);
            assert!(table.entries.iter().all(|entry| entry.offset < len));
        }
        Err(error) => assert!(
            error.offset() <= len || matches!(error.kind(), packwright_source::ErrorKind::Truncated { .. })
        ),
    }
});
