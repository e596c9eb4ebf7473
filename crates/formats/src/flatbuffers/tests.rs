use packwright_source::MemorySource;

use super::*;

/// A buffer of one root table with four fields: 0 a text "name", 1 an integer 7, 2 absent, 3 a vector of two tables
/// that share a list of fields and have an integer in field 0 each. `at` bytes of padding come first.
fn buffer() -> Vec<u8> {
    let mut out = Vec::new();
    let u32 = |out: &mut Vec<u8>, n: u32| out.extend(n.to_le_bytes());
    let u16 = |out: &mut Vec<u8>, n: u16| out.extend(n.to_le_bytes());
    u32(&mut out, 16); // 0: root at 16
    for n in [12, 16, 4, 8, 0, 12] {
        u16(&mut out, n); // 4: list of fields: 12 bytes, table of 16
    }
    u32(&mut out, 12); // 16: root, fields 12 bytes before
    u32(&mut out, 12); // 20: field 0 -> 32
    u32(&mut out, 7); // 24: field 1
    u32(&mut out, 16); // 28: field 3 -> 44
    u32(&mut out, 4); // 32: text of 4 bytes
    out.extend(b"name\0\0\0\0"); // 36
    u32(&mut out, 2); // 44: two tables
    u32(&mut out, 16); // 48 -> 64
    u32(&mut out, 20); // 52 -> 72
    for n in [6, 8, 4, 0] {
        u16(&mut out, n); // 56: their list of fields
    }
    u32(&mut out, 8); // 64: first
    out.extend((-1_i32).to_le_bytes()); // 68
    u32(&mut out, 16); // 72: second
    out.extend(9_i32.to_le_bytes()); // 76
    out
}

/// Everything in it, or the error.
fn read_all(bytes: &[u8], len: u64, limits: &Limits) -> Result<String, ReadError> {
    let source = MemorySource::new(bytes.to_vec());
    let mut buffer = FlatBuffer::over("flat", &source, (0, len), limits)?;
    let root = buffer.root()?;
    let name = buffer.text(root, 0)?;
    let number = buffer.i32(root, 1)?;
    let absent = buffer.table(root, 2)?;
    let beyond = buffer.u8(root, 40)?;
    let mut items = Vec::new();
    if let Some(vector) = buffer.vector(root, 3, 4)? {
        for index in 0..vector.len() {
            let table = buffer.table_in(vector, index)?;
            items.push(buffer.i32(table, 0)?);
        }
        assert!(buffer.table_in(vector, vector.len()).is_err(), "beyond the end");
    }
    Ok(format!("{name:?} {number:?} {absent:?} {beyond:?} {items:?}"))
}

fn explain(bytes: &[u8]) -> String {
    match read_all(bytes, bytes.len() as u64, &Limits::default()) {
        Ok(text) => text,
        Err(error) => error.to_string(),
    }
}

#[test]
fn fields_are_read_and_absent_ones_are_none() {
    assert_eq!(explain(&buffer()), r#"Some("name") Some(7) None None [Some(-1), Some(9)]"#);
}

#[test]
fn every_offset_and_length_is_checked() {
    let cases: [(usize, u32, &str); 6] = [
        (
            0,
            1000,
            "flat at byte 1000: malformed the root table: expected 4 bytes between 0 and 80, found an offset that leads out of the buffer",
        ),
        (
            16,
            17,
            "flat at byte 18446744073709551615: malformed a table's list of fields: expected 4 bytes between 0 and 80, found an offset that leads out of the buffer",
        ),
        (
            20,
            u32::MAX,
            "flat at byte 4294967315: malformed a text: expected 4 bytes between 0 and 80, found an offset that leads out of the buffer",
        ),
        (
            32,
            45,
            "flat at byte 36: malformed a text: expected 45 bytes between 0 and 80, found an offset that leads out of the buffer",
        ),
        (
            44,
            u32::MAX,
            "flat at byte 44: malformed vector: expected at most 32 bytes, found 4294967295 items of 4 bytes",
        ),
        (4, 3, "flat at byte 4: malformed list of fields: expected at least 4 bytes, found 3 bytes"),
    ];
    for (at, value, expected) in cases {
        let mut bytes = buffer();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        assert_eq!(explain(&bytes), expected, "{at}");
    }
}

#[test]
fn a_buffer_cut_anywhere_is_an_error_or_a_value() {
    let bytes = buffer();
    for n in 0..bytes.len() {
        let cut = bytes.get(..n).expect("a part");
        assert!(read_all(cut, bytes.len() as u64, &Limits::default()).is_err(), "{n}");
        assert!(!explain(cut).is_empty(), "{n}");
    }
}

#[test]
fn any_byte_may_lie() {
    for at in 0..buffer().len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = buffer();
            bytes[at] = value;
            assert!(!explain(&bytes).is_empty(), "{at}");
        }
    }
}

#[test]
fn tables_and_texts_are_paid_for() {
    let few = Limits { values: 2, ..Limits::default() };
    let error = read_all(&buffer(), 80, &few).expect_err("three tables");
    assert_eq!(error.to_string(), "flat at byte 72: tables needs 3; the limit is 2");
    let short = Limits { header_bytes: 3, ..Limits::default() };
    let error = read_all(&buffer(), 80, &short).expect_err("four bytes");
    assert_eq!(error.to_string(), "flat at byte 32: a text needs 4; the limit is 3");
}

#[test]
fn a_long_text_and_a_value_may_lie_across_pages() {
    let mut bytes = buffer();
    let text = "n".repeat(3 * usize::try_from(PAGE_BYTES).expect("small"));
    // The text moves to the end, where it has room.
    let to = u32::try_from(bytes.len() - 20).expect("small");
    bytes[20..24].copy_from_slice(&to.to_le_bytes());
    bytes.extend(u32::try_from(text.len()).expect("small").to_le_bytes());
    bytes.extend(text.as_bytes());
    assert!(explain(&bytes).starts_with(&format!("Some({text:?}) Some(7)")));

    for shift in 0..8 {
        let start = PAGE_BYTES - 80 + shift * 10;
        let mut moved = vec![0xaa; usize::try_from(start).expect("small")];
        moved.extend(buffer());
        let source = MemorySource::new(moved);
        let mut flat = FlatBuffer::over("flat", &source, (start, 80), &Limits::default()).expect("fits");
        let root = flat.root().expect("a root");
        assert_eq!(flat.i32(root, 1).expect("a number"), Some(7), "{start}");
        assert_eq!(flat.text(root, 0).expect("a text").as_deref(), Some("name"), "{start}");
    }
}
