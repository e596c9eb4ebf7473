use std::path::{Path, PathBuf};

use packwright_source::Limits;

use super::{field, number, varint};
use crate::safety::{Severity, Verdict};
use crate::{InspectError, Inspection, Serving, inspect};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tensorflow").join(name)
}

fn read(path: &Path) -> Inspection {
    inspect(path, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let crc = !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    });
    crc.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

fn block(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, Vec<u8>)| {
        let lengths = [varint(0), varint(key.len() as u64), varint(value.len() as u64)].concat();
        [&lengths, key.as_bytes(), value].concat()
    };
    [entries.iter().flat_map(entry).collect(), vec![0, 0, 0, 0, 1, 0, 0, 0, 0]].concat()
}

/// The index of a checkpoint in one file of weights, with these entries.
fn index(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let data = block(&[&[("", number(1, 1))], entries].concat());
    let handle = |at: usize, block: &[u8]| [varint(at as u64), varint(block.len() as u64 - 1)].concat();
    let places = block_of(&handle(0, &data));
    let at = data.len() + 4;
    let mut footer = [varint(0), varint(0), handle(at, &places)].concat();
    footer.resize(40, 0);
    let magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
    [&data[..], &crc(&data), &places, &crc(&places), &footer, &magic].concat()
}

fn block_of(handle: &[u8]) -> Vec<u8> {
    block(&[("z", handle.to_vec())])
}

fn entry(dtype: u64, sides: &[u64], shard: u64, (start, len): (u64, u64)) -> Vec<u8> {
    let sides: Vec<u8> = sides.iter().flat_map(|side| field(2, number(1, *side))).collect();
    [number(1, dtype), field(2, sides), number(3, shard), number(4, start), number(5, len)].concat()
}

/// A checkpoint with these entries and so many bytes of weights; `None` for no such file.
fn checkpoint(entries: &[(&str, Vec<u8>)], n_bytes: Option<usize>) -> Inspection {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.index");
    std::fs::write(&path, index(entries)).unwrap();
    if let Some(n) = n_bytes {
        std::fs::write(dir.path().join("m.data-00000-of-00001"), vec![0; n]).unwrap();
    }
    read(&path)
}

#[test]
fn the_variables_of_training_are_no_parameters() {
    for (name, kind, n_tensors) in [("checkpoint_objects", "objects", 10), ("checkpoint_names", "names", 9)] {
        let found = read(&fixture(name));
        assert_eq!((found.format, &found.serving), ("tf-checkpoint", &Serving::No));
        assert_eq!(found.safety.verdict(), Verdict::Safe, "{:?}", found.safety);
        assert_eq!(found.fact("checkpoint_kind").unwrap().value, kind);
        assert_eq!(found.fact("n_parameters").unwrap().value, 15);
        assert_eq!(found.tensors.unwrap().n, n_tensors);
        assert!(found.warnings[0].contains("its code is missing"));
    }
}

#[test]
fn the_other_files_of_a_checkpoint_say_what_to_drop() {
    for (name, said) in [
        ("checkpoint_objects/ckpt-1.data-00000-of-00001", "drop ckpt-1.index"),
        ("checkpoint_names/checkpoint", "drop model.ckpt-7.index, or the folder"),
    ] {
        let error = inspect(&fixture(name), &Limits::default()).unwrap_err();
        assert!(matches!(&error, InspectError::Unknown { hint, .. } if hint.contains(said)), "{error}");
    }
}

#[test]
fn weights_that_are_missing_or_cut_short_are_told() {
    let w = ("w", entry(1, &[4, 3], 0, (0, 48)));
    let verdict = |n| checkpoint(std::slice::from_ref(&w), n).safety.verdict();
    assert_eq!((verdict(Some(48)), verdict(Some(47)), verdict(None)), {
        (Verdict::Safe, Verdict::Unscanned, Verdict::Unscanned)
    });
    let found = checkpoint(&[w], Some(40));
    assert_eq!(
        found.warnings[1],
        "m.data-00000-of-00001: the file is 8 bytes too short for the weights in it."
    );
}

#[test]
fn entries_that_cannot_be_are_told() {
    let good = ("a", entry(1, &[2], 0, (0, 8)));
    for (bad, said) in [
        (entry(1, &[2], 7, (8, 8)), "it lies in file 7 of 1"),
        (entry(1, &[1 << 40, 1 << 40], 0, (8, 8)), "its shape takes 18446744073709551615 bytes"),
        (entry(1, &[2], 0, (4, 8)), "its bytes are those of a too"),
        (entry(1, &[2], 0, (u64::MAX, 8)), "bytes too short"),
    ] {
        let found = checkpoint(&[good.clone(), ("b", bad)], Some(16));
        let first = found.safety.findings.iter().find(|finding| finding.why.contains(said));
        assert_eq!(
            first.map(|finding| finding.severity),
            Some(Severity::Unscanned),
            "{said}: {:?}",
            found.safety
        );
        assert_eq!(found.safety.verdict(), Verdict::Unscanned);
    }
    let broken =
        crate::tests::inspect("m.index", &index(&[good, ("b", vec![0xff])])).unwrap_err().to_string();
    assert!(broken.contains("malformed entry of the index"), "{broken}");
}

#[test]
fn any_cut_or_flipped_bit_of_an_index_gives_an_answer() {
    let bytes = index(&[("w", entry(1, &[4, 3], 0, (0, 48)))]);
    for at in 0..bytes.len() {
        assert!(crate::tests::inspect("m.index", &bytes[..at]).is_err());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        crate::tests::inspect("m.index", &flipped).map(drop).unwrap_or_default();
    }
}
