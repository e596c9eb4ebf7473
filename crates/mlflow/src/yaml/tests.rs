use proptest::prelude::*;
use serde_yaml::{Mapping, Value};

use super::{YamlError, read, to_ascii, write};

/// What Python's `yaml.safe_load` gives for a plain scalar, as `repr` prints it (PyYAML 6).
const PLAIN: &[(&str, &str)] = &include!("plain_scalars.in");

fn python_repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(value) if value.is_nan() => "nan".to_owned(),
            Some(value) => format!("{value:?}"),
            None => String::new(),
        },
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{text}'"),
        other => format!("{other:?}"),
    }
}

#[test]
fn plain_scalars_resolve_as_in_pyyaml() {
    for (text, expected) in PLAIN {
        let document = format!("k: {text}\n");
        let value = read(&document).unwrap();
        assert_eq!(python_repr(&value["k"]), *expected, "{text}");
    }
}

#[test]
fn quoted_scalars_are_text_whatever_they_say() {
    for text in ["yes", "017", "1e3", "~", "", "12:30:45", "2024-01-02", "<<", "="] {
        for document in [format!("k: '{text}'"), format!("k: \"{text}\""), format!("[ '{text}' ]")] {
            let value = read(&document).unwrap();
            let found = value.get("k").or_else(|| value.get(0)).unwrap();
            assert_eq!(found, &Value::from(text), "{document}");
        }
    }
}

#[test]
fn traps_of_yaml_1_1_survive_a_round_trip_as_text() {
    let long = "x ".repeat(5_000);
    let traps = [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "Y",
        "3.11",
        "1_000",
        "12:30:45",
        "017",
        "0o17",
        "0x1F",
        "1e3",
        "2024-01-02",
        "~",
        "null",
        "=",
        "<<",
        ".inf",
        "-.INF",
        ".nan",
        " leading",
        "trailing ",
        "a: b",
        "a:",
        "# x",
        "a #b",
        "- x",
        "-",
        "?",
        "? x",
        "",
        "two\nlines",
        "tab\there",
        "it's",
        "\"q\"",
        "\\",
        "é",
        "\u{1f600}",
        "\u{85}",
        "\u{feff}",
        "\u{0}",
        "%a",
        "@a",
        "`a",
        "!a",
        "!!str",
        "&a",
        "*a",
        "[a]",
        "{a}",
        "a, b",
        "|",
        ">",
        "---",
        "...",
        "+1",
        "-1",
        "1.",
        ".5",
        "3.11.7",
        "nan",
        "Infinity",
        long.as_str(),
    ];
    for text in traps {
        let value = Value::from(text);
        let written = write(&value);
        assert!(written.is_ascii(), "{written}");
        assert_eq!(read(&written).unwrap(), value, "{written}");
        let mut map = Mapping::new();
        map.insert(Value::from(text), Value::Sequence(vec![value.clone(), Value::Sequence(vec![value])]));
        let map = Value::Mapping(map);
        assert_eq!(read(&write(&map)).unwrap(), map, "{text}");
    }
}

#[test]
fn identifiers_paths_and_versions_stay_bare_and_the_rest_is_quoted() {
    let cases = [
        ("model.pkl", "model.pkl\n"),
        ("code/my-loader.py", "code/my-loader.py\n"),
        ("3.11.7", "3.11.7\n"),
        ("2.15.0+cu132", "2.15.0+cu132\n"),
        ("3.11", "'3.11'\n"),
        ("yes", "'yes'\n"),
        ("y", "'y'\n"),
        ("it's", "'it''s'\n"),
        ("caf\u{e9}", "\"caf\\xe9\"\n"),
        ("\u{20ac}\u{1f600}", "\"\\u20ac\\U0001f600\"\n"),
        ("a\nb", "\"a\\nb\"\n"),
        ("/srv/a", "'/srv/a'\n"),
        ("526cf0a4488045999e4e6bff8dca95c6", "'526cf0a4488045999e4e6bff8dca95c6'\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(write(&Value::from(text)), expected);
    }
}

#[test]
fn blocks_look_as_pyyaml_writes_them() {
    let text = "b:\n- 1\n- - 2\n  - c: 3\n    d: []\na:\n  x: null\n  e: {}\n";
    let sorted = "a:\n  e: {}\n  x: null\nb:\n- 1\n- - 2\n  - c: 3\n    d: []\n";
    let value = read(text).unwrap();
    assert_eq!(to_ascii(&value), text);
    assert_eq!(write(&value), sorted);
}

#[test]
fn floats_keep_a_point_and_the_sign_of_their_exponent() {
    for (value, expected) in [
        (1.0, "1.0\n"),
        (1e-5, "1.0e-5\n"),
        (1.5e300, "1.5e+300\n"),
        (f64::INFINITY, ".inf\n"),
        (-0.0, "-0.0\n"),
    ] {
        assert_eq!(write(&Value::from(value)), expected);
    }
}

#[test]
fn repeated_keys_keep_the_last_value_and_merge_keys_merge() {
    assert_eq!(read("a: 1\na: 2\n").unwrap(), read("a: 2\n").unwrap());
    let merged = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n").unwrap();
    assert_eq!(merged["use"], read("{y: 3, x: 1}").unwrap());
}

#[test]
fn empty_texts_and_comments_are_null() {
    for text in ["", "\n\n", "# nothing\n", "  # nothing\n", "---\n", "\u{feff}"] {
        assert_eq!(read(text).unwrap(), Value::Null, "{text:?}");
    }
}

#[test]
fn what_safe_load_refuses_is_refused() {
    assert!(matches!(read("a: !!python/object/apply:os.system ['x']"), Err(YamlError::Tag { line: 1, .. })));
    assert_eq!(read("a: 'about !!python/name'").unwrap()["a"], Value::from("about !!python/name"));
    for text in ["a: !local 1", "a:\n\t- 1", "a: [1", "a: 1\n---\nb: 2\n", "*x", "a: ="] {
        assert!(matches!(read(text), Err(YamlError::Syntax(_))), "{text:?}");
    }
}

#[test]
fn alias_bombs_stop() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![below; 9].join(", "));
    }
    assert!(matches!(read(&bomb), Err(YamlError::Syntax(_))));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-+~.:0-9eE_xob ]{0,12}",
        "[ -~]{0,20}",
        "[a-z: #\\n\\t'\"-]{0,12}",
        prop::sample::select(PLAIN.iter().map(|(text, _)| (*text).to_owned()).collect::<Vec<_>>()),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::ANY.prop_filter("equal to itself", |v| !v.is_nan()).prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Sequence),
            prop::collection::vec((any_text(), inner), 0..6).prop_map(|entries| {
                Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_reads_back_as_it_was_written(value in any_value()) {
        let written = write(&value);
        prop_assert!(written.is_ascii());
        // By our reader (YAML 1.1) and by serde_yaml's own (1.2): the text means the same to both.
        prop_assert_eq!(&read(&written).unwrap(), &value);
        prop_assert_eq!(&serde_yaml::from_str::<Value>(&written).unwrap(), &value);
    }

    #[test]
    fn any_text_reads_or_fails_without_a_panic(text in any::<String>()) {
        let _outcome = read(&text);
    }
}
