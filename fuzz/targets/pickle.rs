//! Any bytes give a value or a located error, and every value in it can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use packwright_formats::joblib::JoblibInline;
use packwright_formats::pickle;
use packwright_source::{Budget, Cursor, Limits, MemorySource};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { steps: 200_000, values: 50_000, kept_bytes: 4 << 20, ..Limits::default() };
    let source = MemorySource::new(bytes);
    let mut cursor = Cursor::over("pickle", &source, 0);
    let read = pickle::read(&mut cursor, &mut Budget::new(limits), &mut JoblibInline);
    match &read.error {
        Some(error) => assert!(error.offset() <= bytes.len() as u64, "{error}"),
        None => assert!(!read.roots.is_empty()),
    }
    assert_eq!(read.roots.len(), read.starts.len());
    for root in &read.roots {
        assert!(!matches!(root, pickle::Value::Node(_)) || read.tree.get(*root).is_some());
    }
    for nested in &read.nested {
        assert!(nested.offset + nested.len <= bytes.len() as u64);
    }
});
