use packwright_source::{Limits, MemorySource, ReadError};
use proptest::prelude::*;
use serde_json::json;

use super::{JsonKind, JsonScanner};

fn source(text: &[u8]) -> MemorySource {
    MemorySource::new(text.to_vec())
}

/// The members of an object, those named `skip…` skipped.
fn members(text: &str) -> Result<Vec<(String, serde_json::Value)>, ReadError> {
    let source = source(text.as_bytes());
    let mut scanner = JsonScanner::over("json", &source, 0, &Limits::default());
    let mut members = Vec::new();
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        if key.starts_with("skip") {
            scanner.skip()?;
        } else {
            members.push((key, scanner.value()?));
        }
    }
    scanner.finish()?;
    Ok(members)
}

fn explain(text: &str) -> String {
    match members(text) {
        Ok(members) => format!("{} members", members.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn gives_the_members_that_are_asked_for_and_skips_the_others() {
    let text = r#" {"a": 1.5, "skip": {"x": ["}", "\"]", {"y": [[1,2],[3]]}]}, "b" : "\u00e9\"", "skip2":null,"c":[true]} "#;
    let expected = vec![
        ("a".to_owned(), json!(1.5)),
        ("b".to_owned(), json!("\u{e9}\"")),
        ("c".to_owned(), json!([true])),
    ];
    assert_eq!(members(text).expect("valid"), expected);
}

#[test]
fn names_the_place_and_what_was_expected() {
    let table = [
        ("", "json at byte 0: the input ends 1 bytes short of a value"),
        ("[]", "json at byte 0: malformed value: expected an object, found ["),
        (r#"{"a" 1}"#, "json at byte 5: malformed object: expected a colon, found 1"),
        (r#"{"a":1 "b":2}"#, "json at byte 7: malformed container: expected a comma, found \""),
        (r#"{"a":1"#, "json at byte 6: the input ends 1 bytes short of the end of a container"),
        (r#"{"skip":[1,2}}"#, "json at byte 12: malformed container: expected ], found }"),
        (r#"{"skip":"abc"#, "json at byte 12: the input ends 1 bytes short of a string"),
        (r#"{"skip":"abc\"#, "json at byte 13: the input ends 1 bytes short of a string"),
        (r#"{"skip":[[1]"#, "json at byte 12: the input ends 1 bytes short of a container"),
        (r#"{"a":1}x"#, "json at byte 7: malformed JSON text: expected its end, found x"),
        (r"{1:2}", "json at byte 1: malformed object: expected a key, found 1"),
        (r#"{"a":}"#, "json at byte 5: malformed value: expected a JSON value, found }"),
    ];
    for (text, expected) in table {
        assert_eq!(explain(text), expected, "{text}");
    }
}

#[test]
fn nesting_beyond_the_limit_is_an_error_and_no_overflow() {
    let text = format!("{{\"skip\":{}", "[".repeat(200_000));
    assert_eq!(explain(&text), "json at byte 519: nesting needs 513; the limit is 512");
    let text = format!("{{\"a\":{}{}}}", "[".repeat(300), "]".repeat(300));
    assert!(explain(&text).contains("recursion limit"), "{}", explain(&text));
}

#[test]
fn a_value_longer_than_the_limit_is_not_kept() {
    let limits = Limits { header_bytes: 100, ..Limits::default() };
    let source = source(format!("[\"{}\"]", "x".repeat(1000)).as_bytes());
    let mut scanner = JsonScanner::over("json", &source, 0, &limits);
    let error = scanner.value().expect_err("too long");
    assert!(error.to_string().contains("the limit is 100"), "{error}");
}

#[test]
fn a_value_of_more_parts_than_the_limit_is_not_parsed() {
    let limits = Limits { values: 100, ..Limits::default() };
    let source = source(format!("[{}1]", "1,".repeat(1000)).as_bytes());
    let error = JsonScanner::over("json", &source, 0, &limits).value().expect_err("too many");
    assert_eq!(error.to_string(), "json at byte 0: values needs 101; the limit is 100");
}

#[test]
fn a_skip_crosses_fetches_wherever_they_cut() {
    for pad in 0..40 {
        let text = format!("[{}\"{}\\\"]\", [1]]", " ".repeat(pad), "1,".repeat((256 << 10) - 20));
        let source = source(text.as_bytes());
        let mut scanner = JsonScanner::over("json", &source, 0, &Limits::default());
        scanner.skip().expect("balanced");
        scanner.finish().expect("nothing follows");
    }
}

#[test]
fn says_what_kind_of_value_comes_next() {
    for (text, kind) in [
        ("{}", JsonKind::Object),
        (" []", JsonKind::Array),
        ("\"\"", JsonKind::String),
        ("-1", JsonKind::Scalar),
        ("null", JsonKind::Scalar),
    ] {
        let source = source(text.as_bytes());
        assert_eq!(JsonScanner::over("json", &source, 0, &Limits::default()).kind().expect("a value"), kind);
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_value_or_a_located_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let source = source(&bytes);
        let length = u64::try_from(bytes.len()).expect("small");
        if let Err(error) = JsonScanner::over("json", &source, 0, &Limits::default()).skip() {
            prop_assert!(error.offset() <= length);
        }
    }

    #[test]
    fn whatever_serde_writes_is_kept_whole_and_skipped_whole(texts in proptest::collection::vec(".*", 0..8), number in any::<f64>()) {
        let value = json!({ "texts": texts, "number": number, "deep": [[{"a": [null, true]}], texts] });
        let text = value.to_string();
        let source = source(text.as_bytes());
        let mut scanner = JsonScanner::over("json", &source, 0, &Limits::default());
        let parsed: serde_json::Value = serde_json::from_str(&text).expect("its own text");
        prop_assert_eq!(scanner.value().expect("valid"), parsed);
        let mut scanner = JsonScanner::over("json", &source, 0, &Limits::default());
        scanner.skip().expect("valid");
        scanner.finish().expect("nothing follows");
    }
}
