use packwright_source::{Limits, MemorySource};
use proptest::prelude::*;

use super::*;

fn put(out: &mut Vec<u8>, mut value: usize) {
    while 0x7f < value {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

/// A block, each key sharing what it can with the one before.
fn block(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let (mut out, mut last): (Vec<u8>, &[u8]) = (Vec::new(), b"");
    for (key, value) in entries {
        let shared = key.iter().zip(last).take_while(|(a, b)| a == b).count();
        for n in [shared, key.len() - shared, value.len()] {
            put(&mut out, n);
        }
        out.extend_from_slice(&key[shared..]);
        out.extend_from_slice(value);
        last = key;
    }
    out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    out
}

fn trailed(block: &[u8], packing: u8) -> Vec<u8> {
    let crc = crc32c(block.iter().chain([&packing])).rotate_right(15).wrapping_add(MASK);
    [block, &[packing], &crc.to_le_bytes()].concat()
}

fn handle(offset: usize, len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, offset);
    put(&mut out, len);
    out
}

fn table(entries: &[(&[u8], &[u8])], packing: u8) -> Vec<u8> {
    let data = block(entries);
    let index = block(&[(b"z", &handle(0, data.len()))]);
    let mut out = trailed(&data, packing);
    let at = out.len();
    out.extend(trailed(&index, 0));
    let mut footer = [handle(0, 0), handle(at, index.len())].concat();
    footer.resize(40, 0);
    [out, footer, MAGIC.to_vec()].concat()
}

fn explain(bytes: &[u8]) -> String {
    match read("table", &MemorySource::new(bytes.to_vec()), &Limits::default()) {
        Ok(table) => format!("{} entries, {} broken blocks", table.entries.len(), table.broken_blocks.len()),
        Err(error) => error.to_string(),
    }
}

const ENTRIES: &[(&[u8], &[u8])] = &[(b"", b"header"), (b"net/b", b"1"), (b"net/w", b"22")];

#[test]
fn keys_that_share_a_beginning_come_out_whole() {
    let read = read("table", &MemorySource::new(table(ENTRIES, 0)), &Limits::default()).unwrap();
    let found: Vec<(&[u8], &[u8])> =
        read.entries.iter().map(|entry| (entry.key.as_slice(), entry.value.as_slice())).collect();
    assert_eq!((found.as_slice(), read.broken_blocks.len()), (ENTRIES, 0));
    // The check value of the specification.
    assert_eq!(crc32c(b"123456789".iter()), 0xe306_9283);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let good = table(ENTRIES, 0);
    let mut flipped = good.clone();
    flipped[4] ^= 1;
    assert_eq!(explain(&flipped), "3 entries, 1 broken blocks");
    assert!(explain(&table(ENTRIES, 1)).starts_with("table at byte 0: unsupported block"));
    assert!(explain(&table(ENTRIES, 9)).contains("expected a packing of 0 or 1, found 9"));
    assert!(explain(&good[..good.len() - 1]).contains("malformed end of the table"));
    // A block that lies behind the end.
    let index = block(&[(b"z", &handle(1 << 40, 10))]);
    let mut footer = [handle(0, 0), handle(0, index.len())].concat();
    footer.resize(40, 0);
    assert!(
        explain(&[trailed(&index, 0), footer, MAGIC.to_vec()].concat()).contains("bytes short of a block")
    );
}

#[test]
fn a_block_that_is_named_without_end_stops_at_a_limit() {
    let data = block(&[(b"k", &[7; 1000])]);
    let named: Vec<(Vec<u8>, Vec<u8>)> =
        (0..100_000_u32).map(|i| (i.to_be_bytes().to_vec(), handle(0, data.len()))).collect();
    let named: Vec<(&[u8], &[u8])> = named.iter().map(|(k, v)| (k.as_slice(), v.as_slice())).collect();
    let index = block(&named);
    let mut out = trailed(&data, 0);
    let mut footer = [handle(0, 0), handle(out.len(), index.len())].concat();
    footer.resize(40, 0);
    out.extend([trailed(&index, 0), footer, MAGIC.to_vec()].concat());
    assert!(explain(&out).contains("the limit is"), "{}", explain(&out));
}

#[test]
fn any_cut_is_an_error() {
    let bytes = table(ENTRIES, 0);
    for len in 0..bytes.len() {
        assert!(!explain(&bytes[..len]).contains("entries,"), "{len}");
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_table_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        bytes.extend(MAGIC);
        drop(explain(&bytes));
    }

    #[test]
    fn a_flipped_bit_gives_a_table_or_an_error(at in 0..60_usize, bit in 0..8) {
        let mut bytes = table(ENTRIES, 0);
        bytes[at] ^= 1_u8 << bit;
        drop(explain(&bytes));
    }
}
