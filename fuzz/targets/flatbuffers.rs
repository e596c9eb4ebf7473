//! Any bytes, walked as a FlatBuffer whose fields are of any kind, give values or a located error, within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use packwright_formats::flatbuffers::{FlatBuffer, Table};
use packwright_source::{Limits, MemorySource};

/// How deep tables are followed, and how many items of a vector are asked for.
const DEPTH: u32 = 4;
const ITEMS: u64 = 8;

fn walk(buffer: &mut FlatBuffer<'_>, table: Table, depth: u32) {
    for field in 0..10 {
        drop(buffer.u8(table, field));
        drop(buffer.i32(table, field));
        drop(buffer.u64(table, field));
        drop(buffer.text(table, field));
        if let Ok(Some(numbers)) = buffer.vector(table, field, 8) {
            for index in 0..numbers.len().min(ITEMS) {
                buffer.i64_in(numbers, index).expect("its items lie inside the buffer");
            }
            assert!(buffer.i64_in(numbers, numbers.len()).is_err());
        }
        if depth == DEPTH {
            continue;
        }
        if let Ok(Some(inner)) = buffer.table(table, field) {
            walk(buffer, inner, depth + 1);
        }
        if let Ok(Some(tables)) = buffer.vector(table, field, 4) {
            for index in 0..tables.len().min(ITEMS) {
                drop(buffer.text_in(tables, index));
                if let Ok(inner) = buffer.table_in(tables, index) {
                    walk(buffer, inner, depth + 1);
                }
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 1_000,
        steps: 100_000,
        ..Limits::default()
    };
    let source = MemorySource::new(bytes);
    let Ok(mut buffer) = FlatBuffer::over("flatbuffers", &source, (0, bytes.len() as u64), &limits) else {
        return;
    };
    if let Ok(root) = buffer.root() {
        walk(&mut buffer, root, 0);
    }
});
