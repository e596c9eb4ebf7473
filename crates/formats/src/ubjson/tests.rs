use packwright_source::{Limits, MemorySource};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::UbjScanner;

fn length(n: usize) -> Vec<u8> {
    let mut bytes = vec![b'L'];
    bytes.extend(i64::try_from(n).expect("small").to_be_bytes());
    bytes
}

fn key(text: &str) -> Vec<u8> {
    [length(text.len()), text.as_bytes().to_vec()].concat()
}

fn string(text: &str) -> Vec<u8> {
    [b"S".to_vec(), key(text)].concat()
}

/// `{"name": "a", "big": [three doubles], "list": [1, -2], "version": [3, 2]}` in the layouts XGBoost uses.
fn document() -> Vec<u8> {
    let big = [b"[$D#".to_vec(), length(3), vec![0; 24]].concat();
    let list = [b"[#".to_vec(), length(2), b"i\x01l\xff\xff\xff\xfe".to_vec()].concat();
    let members = [
        key("name"),
        string("a"),
        key("big"),
        big,
        key("list"),
        list,
        key("version"),
        b"[i\x03i\x02]".to_vec(),
    ];
    [b"{".to_vec(), members.concat(), b"}".to_vec()].concat()
}

fn value(bytes: &[u8]) -> Result<Value, String> {
    let source = MemorySource::new(bytes.to_vec());
    UbjScanner::over("ubj", &source, 0, &Limits::default()).value().map_err(|error| error.to_string())
}

fn skip(bytes: &[u8]) -> Result<(), String> {
    let source = MemorySource::new(bytes.to_vec());
    let mut scanner = UbjScanner::over("ubj", &source, 0, &Limits::default());
    scanner.skip().and_then(|()| scanner.finish()).map_err(|error| error.to_string())
}

#[test]
fn reads_the_layouts_that_xgboost_writes() {
    let expected = json!({"name": "a", "big": [0.0, 0.0, 0.0], "list": [1, -2], "version": [3, 2]});
    assert_eq!(value(&document()).expect("valid"), expected);
    assert_eq!(skip(&document()), Ok(()));
}

#[test]
fn visits_keys_and_skips_what_lies_between() {
    let bytes = document();
    let source = MemorySource::new(bytes);
    let mut scanner = UbjScanner::over("ubj", &source, 0, &Limits::default());
    scanner.begin_object().expect("an object");
    let mut seen = Vec::new();
    while let Some(key) = scanner.next_key().expect("a key") {
        if key == "version" {
            assert_eq!(scanner.value().expect("small"), json!([3, 2]));
        } else {
            scanner.skip().expect("skippable");
        }
        seen.push(key);
    }
    assert_eq!(seen, ["name", "big", "list", "version"]);
    scanner.finish().expect("nothing follows");
}

#[test]
fn every_cut_is_an_error_and_no_panic() {
    let bytes = document();
    for end in 0..bytes.len() {
        assert!(value(&bytes[..end]).is_err(), "cut at {end}");
        assert!(skip(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn lying_lengths_are_located_errors() {
    let huge = i64::MAX.to_be_bytes().to_vec();
    let array = [b"[$d#L".to_vec(), huge.clone()].concat();
    assert!(skip(&array).unwrap_err().starts_with("ubj at byte 13: the input ends"), "{:?}", skip(&array));
    let empty_items = [b"[$T#L".to_vec(), huge.clone()].concat();
    assert_eq!(skip(&empty_items), Ok(()));
    assert!(value(&empty_items).unwrap_err().contains("the limit is"));
    let text = [b"SL".to_vec(), huge].concat();
    assert!(skip(&text).unwrap_err().contains("short of a string"));
    assert!(value(&text).unwrap_err().contains("the limit is"));
    let negative = [b"Si".to_vec(), vec![0xff]].concat();
    assert_eq!(
        skip(&negative).unwrap_err(),
        "ubj at byte 1: malformed length: expected zero or more, found -1"
    );
}

#[test]
fn what_is_not_read_is_said() {
    assert_eq!(
        skip(b"[$[#i\x01").unwrap_err(),
        "ubj at byte 2: unsupported containers of containers of one type"
    );
    assert_eq!(skip(b"H").unwrap_err(), "ubj at byte 0: malformed value: expected a type marker, found H");
    assert_eq!(
        skip(b"[$i\x01").unwrap_err(),
        "ubj at byte 3: malformed typed container: expected a count, found byte 0x01"
    );
}

#[test]
fn nesting_beyond_the_limit_is_an_error_and_no_overflow() {
    let deep = vec![b'['; 100_000];
    assert!(skip(&deep).unwrap_err().contains("nesting needs 129; the limit is 128"));
    assert!(value(&deep).unwrap_err().contains("nesting needs 129; the limit is 128"));
}

proptest! {
    #[test]
    fn any_bytes_give_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let kept = value(&bytes);
        let source = MemorySource::new(bytes);
        let skipped = UbjScanner::over("ubj", &source, 0, &Limits::default()).skip();
        prop_assert!(kept.is_err() || skipped.is_ok(), "what can be kept can be skipped");
    }

    #[test]
    fn markers_in_any_order_give_a_value_or_an_error(bytes in proptest::collection::vec(proptest::sample::select(b"{}[]$#SLliUdDTFZN\x00\x01\x02".to_vec()), 0..60)) {
        let kept = value(&bytes);
        let source = MemorySource::new(bytes);
        let skipped = UbjScanner::over("ubj", &source, 0, &Limits::default()).skip();
        prop_assert!(kept.is_err() || skipped.is_ok(), "what can be kept can be skipped");
    }
}
