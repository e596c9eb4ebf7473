//! Any bytes, taken as an archive or a compressed file, give members or a located error, within the limits.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use packwright_formats::container::{Container, Kind};
use packwright_source::{Budget, Limits, MemorySource, read_up_to};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        inflated_bytes: 4 << 20,
        inflated_grace_bytes: 1 << 20,
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        ..Limits::default()
    };
    let Some(kind) = Kind::of(bytes) else { return };
    let mut budget = Budget::new(limits);
    let source = Arc::new(MemorySource::new(bytes));
    let Ok(container) = Container::open(kind, source, &mut budget) else { return };
    for oddity in container.oddities() {
        assert!(oddity.offset <= bytes.len() as u64, "{oddity:?}");
    }
    let mut buffer = vec![0; 100];
    for member in container.members() {
        let Ok(opened) = container.member(member, &mut budget) else { continue };
        let len = opened.source.len_bytes();
        for at in [0, len / 2, len.saturating_sub(1), len, len / 3] {
            let n =
                read_up_to(&*opened.source, at, &mut buffer).expect("what was measured can be read again");
            assert!(at + n as u64 <= len);
        }
    }
});
