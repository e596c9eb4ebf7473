use packwright_source::{Limits, MemorySource, ReadError};
use proptest::prelude::*;

use super::{Field, FieldValue, Wire};

fn wire(source: &MemorySource) -> Wire<'_> {
    Wire::over("protobuf", source, &Limits::default())
}

/// Walks everything, entering every payload of the fields in `messages`.
fn walk(bytes: &[u8], messages: &[u64]) -> Result<Vec<Field>, ReadError> {
    let source = MemorySource::new(bytes.to_vec());
    let mut wire = wire(&source);
    let mut fields = Vec::new();
    let mut depth = 1;
    while depth != 0 {
        let Some(field) = wire.field()? else {
            depth -= 1;
            continue;
        };
        fields.push(field);
        if matches!(field.value, FieldValue::Bytes(_)) && messages.contains(&field.number) {
            wire.enter()?;
            depth += 1;
        }
    }
    Ok(fields)
}

fn explain(bytes: &[u8], messages: &[u64]) -> String {
    match walk(bytes, messages) {
        Ok(fields) => format!("{} fields", fields.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn walks_fields_of_every_wire_type_and_into_messages() {
    let bytes = b"\x08\x96\x01\x12\x05\x0a\x03abc\x1d\x01\0\0\0\x21\x02\0\0\0\0\0\0\0";
    let fields = walk(bytes, &[2]).expect("valid");
    let expected = [
        Field { number: 1, value: FieldValue::Varint(150) },
        Field { number: 2, value: FieldValue::Bytes(5) },
        Field { number: 1, value: FieldValue::Bytes(3) },
        Field { number: 3, value: FieldValue::Fixed32(1) },
        Field { number: 4, value: FieldValue::Fixed64(2) },
    ];
    assert_eq!(fields, expected);
}

#[test]
fn gives_text_and_packed_numbers_and_skips_what_nobody_reads() {
    let bytes = b"\x0a\x03abc\x12\x04\x01\x96\x01\x02\x1a\x02zz\x20\x07";
    let source = MemorySource::new(bytes.to_vec());
    let mut wire = wire(&source);
    let mut numbers = Vec::new();
    wire.field().expect("valid");
    assert_eq!(wire.text("a name").expect("valid"), "abc");
    wire.field().expect("valid");
    wire.packed(|number| numbers.push(number)).expect("valid");
    assert_eq!(numbers, [1, 150, 2]);
    wire.field().expect("valid");
    let last = wire.field().expect("valid").expect("one more");
    assert_eq!(last, Field { number: 4, value: FieldValue::Varint(7) });
    assert_eq!(wire.field().expect("valid"), None);
}

#[test]
fn names_the_place_and_what_is_wrong() {
    let table: [(&[u8], &str); 11] = [
        (
            b"\x0a\x05abc",
            "protobuf at byte 0: the input ends 2 bytes short of a field of the outermost message",
        ),
        (
            b"\x12\x03\x0a\x05ab",
            "protobuf at byte 2: malformed length: expected at most 1 bytes, which its message has left, found 5",
        ),
        (b"\x0b", "protobuf at byte 0: unsupported a protobuf group"),
        (b"\x0e\x01", "protobuf at byte 0: malformed field key: expected a wire type, found 6"),
        (b"\x00\x01", "protobuf at byte 0: malformed field key: expected a field number, found 0"),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "1 fields"),
        (
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            "protobuf at byte 1: malformed varint: expected at most 64 bits, found more",
        ),
        (
            b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            "protobuf at byte 1: malformed varint: expected at most 64 bits, found more",
        ),
        (b"\x08\x80", "protobuf at byte 2: the input ends 1 bytes short of an integer"),
        (
            b"\x12\x02\x08\x80\x01",
            "protobuf at byte 2: malformed field: expected one that ends with its message, found a longer one",
        ),
        (
            b"\x12\x02\x0d\x00\x00\x00\x00",
            "protobuf at byte 2: malformed field: expected one that ends with its message, found a longer one",
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(explain(bytes, &[2]), expected, "{bytes:?}");
    }
}

#[test]
fn repeated_numbers_are_skipped_up_to_the_next_other_field() {
    // A message of 9000 varints and 9000 floats, longer than one fetch, with a string after each.
    let ints = [b"\x40\x01".repeat(4500), b"\x40\x96\x01".repeat(4500)].concat();
    let floats = b"\x3d\0\0\x80\x3f".repeat(9000);
    let bytes = [ints, b"\x0a\x01a".to_vec(), floats, b"\x0a\x01b".to_vec()].concat();
    let source = MemorySource::new(bytes);
    let mut wire = wire(&source);
    let mut seen = Vec::new();
    let mut n_fields = 0;
    while let Some(field) = wire.field().expect("valid") {
        n_fields += 1;
        match field.number {
            1 => seen.push(wire.text("a name").expect("valid")),
            number => wire.skip_repeats(number).expect("valid"),
        }
    }
    assert_eq!(seen, ["a", "b"]);
    assert!(n_fields < 100, "{n_fields} fields were looked at one by one");
}

#[test]
fn repeats_never_pass_the_end_of_their_message() {
    // The inner message holds two varints; the outer one goes on with the same key.
    let source = MemorySource::new(b"\x12\x04\x40\x01\x40\x02\x40\x03".to_vec());
    let mut wire = wire(&source);
    wire.field().expect("valid");
    wire.enter().expect("shallow");
    wire.field().expect("valid");
    wire.skip_repeats(8).expect("valid");
    assert_eq!(wire.field().expect("valid"), None);
    assert_eq!(wire.field().expect("valid"), Some(Field { number: 8, value: FieldValue::Varint(3) }));
}

#[test]
fn nesting_beyond_the_limit_is_an_error_and_no_overflow() {
    let mut bytes = vec![0x08, 0x01];
    for _ in 0..300 {
        let mut outer = vec![0x12];
        let mut length = bytes.len();
        while 127 < length {
            outer.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        outer.push(u8::try_from(length).expect("seven bits"));
        outer.extend(bytes);
        bytes = outer;
    }
    assert!(
        explain(&bytes, &[2]).contains("nesting needs 101; the limit is 100"),
        "{}",
        explain(&bytes, &[2])
    );
}

#[test]
fn a_payload_longer_than_the_limit_is_not_kept() {
    let limits = Limits { header_bytes: 2, ..Limits::default() };
    let source = MemorySource::new(b"\x0a\x03abc".to_vec());
    let mut wire = Wire::over("protobuf", &source, &limits);
    wire.field().expect("valid");
    let error = wire.text("a name").expect_err("too long");
    assert_eq!(error.to_string(), "protobuf at byte 2: a name needs 3; the limit is 2");
}

proptest! {
    #[test]
    fn any_bytes_give_fields_or_a_located_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = walk(&bytes, &[1, 2, 3, 4, 5, 6, 7]) {
            prop_assert!(error.offset() <= u64::try_from(bytes.len()).expect("small"));
        }
    }
}
