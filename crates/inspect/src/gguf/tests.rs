use std::path::Path;

use super::*;
use crate::safety::Verdict;
use crate::tests::with_subject;

/// A file without tensors: these keys, texts and counts.
fn file(keys: &[(&str, Item)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        bytes.extend(text(key));
        match value {
            Item::Text(value) => bytes.extend([&8_u32.to_le_bytes()[..], &text(value)].concat()),
            Item::Unsigned(n) => {
                bytes.extend(2_u32.to_le_bytes());
                bytes.extend(u16::try_from(*n).unwrap().to_le_bytes());
            }
            other => panic!("{other:?}"),
        }
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes
}

fn part(number: u64, n: u64) -> Vec<u8> {
    file(&[
        ("general.architecture", Item::Text("llama".into())),
        ("tokenizer.ggml.model", Item::Text("llama".into())),
        ("split.no", Item::Unsigned(number - 1)),
        ("split.count", Item::Unsigned(n)),
    ])
}

fn inspect(path: &Path, bytes: &[u8]) -> Inspection {
    with_subject(path.to_str().unwrap(), bytes, |subject| GgufReader.read(subject)).unwrap()
}

#[test]
fn the_parts_of_a_model_travel_together_and_one_that_is_missing_is_told() {
    let folder = std::env::temp_dir().join(format!("packwright-gguf-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |number: u64| folder.join(format!("m-{number:05}-of-00003.gguf"));
    for number in 1..=3 {
        std::fs::write(path(number), part(number, 3)).unwrap();
    }
    let whole = inspect(&path(1), &part(1, 3));
    assert_eq!(whole.artifact.side_files, ["m-00002-of-00003.gguf", "m-00003-of-00003.gguf"]);
    assert_eq!((whole.flavor(), whole.safety.verdict()), (Some("python_function"), Verdict::Safe));
    let second = inspect(&path(2), &part(2, 3));
    assert_eq!(second.serving, Serving::No);
    assert!(second.warnings[0].contains("Drop the first, m-00001-of-00003.gguf"), "{:?}", second.warnings);
    std::fs::write(path(2), b"GGUF").unwrap();
    std::fs::remove_file(path(3)).unwrap();
    let cut = inspect(&path(1), &part(1, 3));
    assert_eq!((cut.flavor(), cut.safety.verdict()), (None, Verdict::Unscanned));
    let rules: Vec<_> = cut.safety.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["gguf/part-damaged", "gguf/part-missing"]);
    let renamed = inspect(&folder.join("m.gguf"), &part(1, 3));
    assert!(renamed.warnings[0].contains("-00001-of-00003.gguf"), "{:?}", renamed.warnings);
    std::fs::remove_dir_all(&folder).unwrap();
}
