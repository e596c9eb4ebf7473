//! What holds for every reader: any bytes give an answer, and a file that ends early is never called safe.

use std::path::Path;
use std::sync::Arc;

use packwright_source::{Limits, MemorySource};
use proptest::prelude::*;

use crate::reader::Subject;
use crate::safety::Verdict;
use crate::{Artifact, ArtifactKind, InspectError, Inspection, probe};

/// Ten real files, small ones of every kind that is a pickle or lies around one.
const FILES: [&str; 10] = [
    "sklearn/ridge_proto0.pkl",
    "sklearn/ridge_proto1.pkl",
    "sklearn/linreg_diabetes_proto4.pkl",
    "sklearn/kmeans_plain.joblib",
    "sklearn/scaler_only.joblib",
    "sklearn/linreg_deflated.skops",
    "containers/joblib_stored.zip",
    "containers/two_models.tar.gz",
    "containers/nested.zip",
    "hostile/containers/gzip_members.pkl.gz",
];

/// A file of that name with these bytes, as a reader is given it.
pub(crate) fn with_subject<T>(name: &str, bytes: &[u8], use_it: impl FnOnce(&Subject<'_>) -> T) -> T {
    let artifact = Artifact {
        path: name.into(),
        kind: ArtifactKind::File,
        size_bytes: bytes.len() as u64,
        side_files: Vec::new(),
        member: None,
    };
    let head = &bytes[..bytes.len().min(probe::HEAD_BYTES)];
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    use_it(&Subject { artifact: &artifact, source, head, limits: &Limits::default() })
}

/// What is said of a file, whichever reader takes it.
pub(crate) fn inspect(name: &str, bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject(name, bytes, probe::inspect_subject)
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    std::fs::File::open(&path)
        .and_then(|mut file| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| bytes)
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn what_is_not_read_says_what_to_do() {
    for (name, bytes, way_out) in [
        ("m.dat", &b"\x01\x02\x03\xff"[..], "drop the file that the library itself saved"),
        ("m.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "drop the model file inside"),
    ] {
        let error = inspect(name, bytes).expect_err(name).to_string();
        assert!(error.contains(way_out), "{name}: {error}");
    }
}

#[test]
fn what_its_first_bytes_call_no_model_is_judged_as_the_pickle_that_it_is_too() {
    let payload = b"cposix\nsystem\n(Vtrue\ntR.";
    for (name, first) in [
        ("a.pkl", &b"MZ\n0"[..]),
        ("a.gif", b"GIF8\0\0\0\0\x000"),
        ("a.json", b"C\x010"),
        ("a.dat", b"K\x010"),
    ] {
        let bytes = [first, payload].concat();
        let inspection = inspect(name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(inspection.safety.verdict(), Verdict::Dangerous, "{name}");
    }
    for (name, benign) in [
        ("a.csv", &b"col1,col2\nval1,val2\n1,2\n"[..]),
        ("a.gif", b"GIF89a\x01\0\x01\0"),
        ("a.txt", b"class Foo:\n    pass\n."),
    ] {
        assert!(inspect(name, benign).is_err(), "{name}");
    }
}

#[test]
fn a_real_file_cut_at_any_byte_is_never_called_safe() {
    for name in FILES {
        let bytes = fixture(name);
        for cut in 0..bytes.len() {
            if let Ok(inspection) = inspect(name, &bytes[..cut]) {
                let verdict = inspection.safety.verdict();
                assert_ne!(verdict, Verdict::Safe, "{name} cut to {cut} of {} bytes", bytes.len());
            }
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_gives_an_answer() {
    for name in FILES {
        let mut bytes = fixture(name);
        for at in (0..bytes.len()).step_by(3) {
            bytes[at] ^= 1 << (at % 8);
            inspect(name, &bytes).map(drop).unwrap_or_default();
            bytes[at] ^= 1 << (at % 8);
        }
    }
}

fn npy(descr: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n");
    [b"\x93NUMPY\x01\x00", &u16::try_from(header.len()).unwrap().to_le_bytes()[..], header.as_bytes(), data]
        .concat()
}

#[test]
fn an_array_is_data_unless_its_items_are_objects() {
    const PAYLOAD: &[u8] = b"cposix\nsystem\n(S'x'\ntR.";
    for (descr, data, wanted) in [
        ("'<f8'", &[0; 8][..], "it is a NumPy array of float64 with shape (1,), not a model"),
        ("[('a', '<f8')]", &[0; 8][..], "it is a NumPy array of records with shape (1,), not a model"),
        (
            "'|O'",
            b"\x80\x02]X\x01\0\0\0aa.",
            "it is a NumPy array of Python objects with shape (1,), not a model",
        ),
    ] {
        match inspect("x.npy", &npy(descr, data)) {
            Err(InspectError::NotAModel { what, .. }) => assert_eq!(what, wanted),
            other => panic!("{descr}: {other:?}"),
        }
    }
    for descr in ["'|O'", "[('a', '<f8'), ('b', '|O')]", "[('a', [('b', 'O')])]"] {
        let inspection = inspect("x.npy", &npy(descr, PAYLOAD)).unwrap();
        assert_eq!((inspection.format, inspection.safety.verdict()), ("npy", Verdict::Dangerous), "{descr}");
    }
    assert_eq!(
        inspect("x.npy", &npy("'|O'", &PAYLOAD[..PAYLOAD.len() - 1])).unwrap().safety.verdict(),
        Verdict::Dangerous
    );
}

#[test]
fn a_pickle_in_bytes_never_makes_a_file_worse_than_review() {
    let around = |inner: &[u8]| {
        let len = u32::try_from(inner.len()).unwrap().to_le_bytes();
        [b"\x80\x04]B", &len[..], inner, b"acnumpy\nndarray\n)\x81a."].concat()
    };
    let rules = |bytes: &[u8]| match inspect("m.pkl", bytes) {
        Ok(inspection) => {
            let findings = inspection.safety.findings.iter();
            let nested = findings.filter(|finding| finding.rule.starts_with("pickle/nested"));
            (inspection.safety.verdict(), nested.map(|finding| finding.place.clone()).collect())
        }
        Err(error) => panic!("{error}"),
    };
    let payload = b"\x80\x02cposix\nsystem\nX\x01\0\0\0x\x85R.";
    let one: (Verdict, Vec<String>) = rules(&around(payload));
    assert_eq!(one, (Verdict::Review, vec!["byte 23 in the bytes at byte 8".to_owned()]));
    let two: (Verdict, Vec<String>) = rules(&around(&around(payload)));
    assert_eq!(two.0, Verdict::Review);
    assert!(two.1.contains(&"byte 23 in the bytes at byte 8 in the bytes at byte 8".to_owned()), "{two:?}");
    // Broken behind the call: what loads it has run it by then.
    let cut: (Verdict, Vec<String>) = rules(&around(&payload[..payload.len() - 1]));
    assert_eq!(cut.0, Verdict::Review);
}

proptest! {
    #[test]
    fn any_bytes_under_any_name_give_an_inspection_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        magic in 0..10_usize,
        name in prop::sample::select(vec!["m.pkl", "m.joblib", "m.npy", "m.zip", "m.tar", "m.gz", "m.json", "m.txt", "m"]),
    ) {
        let magics: [&[u8]; 10] = [
            b"", b"\x80\x04\x95", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\x00", b"BZh9",
            b"\xfd7zXZ\0", b"\x78\x9c", b"(dp0\n",
        ];
        let bytes = [magics[magic], &bytes].concat();
        if let Ok(inspection) = inspect(name, &bytes) {
            // Nothing that short and that random is a whole model.
            prop_assert_ne!(inspection.safety.verdict(), Verdict::Safe);
        }
    }
}
