//! Any bytes give a report or an error with its place: real files cut at every byte, and opcodes in any order.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use packwright_engine::inspect::InspectError;
use packwright_engine::inspect::safety::Verdict;
use packwright_engine::open::{OpenErrorCode, open};
use packwright_tests::fixtures;
use proptest::prelude::*;

/// Every kind of stream: protocols 0 to 5, arrays between the opcodes, each compression, code by value, a zip.
const FILES: [&str; 12] = [
    "sklearn/ridge_proto0.pkl",
    "sklearn/ridge_proto1.pkl",
    "sklearn/logreg_string_labels_proto3.pkl",
    "sklearn/linreg_diabetes_proto4.pkl",
    "sklearn/unfitted_rf.pkl",
    "sklearn/scaler_only.joblib",
    "sklearn/ridge_lzma.joblib.lzma",
    "sklearn/v1.5.2/pipe.joblib",
    "sklearn/linreg_deflated.skops",
    "by_value/cloudpickle_3.1_py313_functions.pkl",
    "by_value/dill_0.3.4_py39_threshold.pkl",
    "statsmodels/v0.15.0/logit_removed_zlib.joblib",
];

/// What is said of bytes under a name: the verdict when a draft could be made. Panics when an error has no place.
fn judged(path: &Path, bytes: &[u8]) -> Option<Verdict> {
    std::fs::write(path, bytes).expect("the file can be written");
    match open(path) {
        Ok(draft) => Some(draft.inspection().safety.verdict()),
        Err(error) => {
            assert_ne!(error.code(), OpenErrorCode::Unreadable, "{error}");
            if let InspectError::Damaged(damage) = &error.error {
                assert!(!damage.format().is_empty(), "{error}");
            }
            assert!(20 < error.to_string().len(), "{error}");
            None
        }
    }
}

#[test]
fn real_files_cut_at_every_byte_are_never_safe() {
    let n_seen = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                while let Some(file) = FILES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let bytes = std::fs::read(fixtures().join(file)).expect("the fixture can be read");
                    let path = folder.path().join(Path::new(file).file_name().expect("a file has a name"));
                    assert!(judged(&path, &bytes).is_some(), "{file} whole");
                    for cut in 0..bytes.len() {
                        let verdict = judged(&path, &bytes[..cut]);
                        assert_ne!(
                            verdict,
                            Some(Verdict::Safe),
                            "{file} cut to {cut} of {} bytes",
                            bytes.len()
                        );
                        n_seen.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(10_000 < n_seen.into_inner());
}

/// Pieces of pickles: opcodes with arguments that fit them, and some that do not.
const PIECES: [&[u8]; 40] = [
    b"\x80\x02",
    b"\x80\x05",
    b"(",
    b"]",
    b"}",
    b")",
    b"\x8f",
    b"0",
    b"1",
    b"2",
    b"N",
    b"\x88",
    b"K\x05",
    b"J\xff\xff\xff\xff",
    b"G\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x8a\x01\x07",
    b"X\x02\x00\x00\x00ab",
    b"\x8c\x02os",
    b"\x8c\x06system",
    b"B\x02\x00\x00\x00xy",
    b"C\x03\x80\x04N",
    b"\x94",
    b"q\x00",
    b"h\x00",
    b"j\x00\x01\x00\x00",
    b"cos\nsystem\n",
    b"csklearn.svm._classes\nSVC\n",
    b"\x93",
    b"R",
    b"\x81",
    b"\x92",
    b"b",
    b"e",
    b"a",
    b"u",
    b"s",
    b"t",
    b"\x85",
    b"\x95\x04\x00\x00\x00\x00\x00\x00\x00",
    b".",
];

/// What files begin with that are read as something.
const MAGICS: [&[u8]; 8] = [
    b"",
    b"\x80\x04",
    b"\x80\x05\x95",
    b"PK\x03\x04",
    b"\x1f\x8b\x08\x00",
    b"\x78\x9c",
    b"BZh9",
    b"\x93NUMPY",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn opcodes_in_any_order_give_a_report_or_an_error(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40),
        name in proptest::sample::select(&["model.pkl", "model.joblib", "model.bin"][..]),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let bytes = pieces.concat();
        let verdict = judged(&folder.path().join(name), &bytes);
        let calls_a_shell = pieces.windows(3).any(|run| run[0] == b"cos\nsystem\n" && run[2] == b"R");
        if calls_a_shell {
            prop_assert_ne!(verdict, Some(Verdict::Safe));
        }
    }

    #[test]
    fn any_bytes_give_a_report_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        magic in proptest::sample::select(&MAGICS[..]),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let verdict = judged(&folder.path().join("model.pkl"), &[magic, bytes.as_slice()].concat());
        prop_assert_ne!(verdict, Some(Verdict::Safe));
    }
}
