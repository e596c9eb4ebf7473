//! Empty, truncated, random, wrong and hostile files: a clear error or a true verdict, in little time and memory,
//! and nothing of theirs is run.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use packwright_tests::{Fixture, Run, benign, hostile, packwright, packwright_within};

/// The bar of the design, doubled where the optimizer did not run.
const MEMORY_BYTES: u64 = 256 << 20;
const TIME: Duration = if cfg!(debug_assertions) { Duration::from_secs(8) } else { Duration::from_secs(1) };

/// Asserts what holds for any input: it ended by itself, in time, with a document or an error that names the problem.
fn assert_civil(what: &str, run: &Run) {
    assert!(matches!(run.code, Some(0 | 3)), "{what}: exit {:?}\n{}", run.code, run.stderr);
    assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
    assert!(run.took < TIME, "{what} took {:?}", run.took);
    if run.code == Some(3) {
        let error = &run.json()["error"];
        for field in ["code", "message"] {
            assert!(
                error[field].as_str().is_some_and(|text| !text.is_empty()),
                "{what}: no {field} in {error}"
            );
        }
    }
}

fn inspect(fixture: &Fixture) -> Run {
    packwright_within(MEMORY_BYTES, ["inspect", "--json", &fixture.path])
}

#[test]
fn no_input_crashes_hangs_or_takes_much_memory() {
    for fixture in hostile() {
        assert_civil(&fixture.path, &inspect(&fixture));
    }
}

#[test]
fn what_runs_code_on_load_is_never_called_safe() {
    let mut seen = 0;
    for fixture in hostile().iter().filter(|fixture| fixture.executes_on_load == Some(true)) {
        let run = inspect(fixture);
        if run.code == Some(0) {
            let verdict = run.json()["safety"]["verdict"].as_str().unwrap_or("-").to_owned();
            assert_ne!(verdict, "safe", "{} ({:?})", fixture.path, fixture.technique);
        }
        seen += 1;
    }
    assert!(20 < seen, "only {seen} fixtures run code");
}

#[test]
fn pickles_of_known_names_that_do_harm_are_not_safe() {
    let gadgets: Vec<_> =
        hostile().into_iter().filter(|fixture| fixture.path.contains("/gadgets/")).collect();
    assert!(5 < gadgets.len(), "only {} gadgets", gadgets.len());
    for fixture in gadgets {
        let run = inspect(&fixture);
        match run.code {
            Some(0) => {
                let verdict = run.json()["safety"]["verdict"].as_str().unwrap_or("-").to_owned();
                assert!(
                    matches!(verdict.as_str(), "dangerous" | "review" | "unscanned"),
                    "{}: {verdict}",
                    fixture.path
                );
            }
            code => assert_eq!(code, Some(3), "{}: {}", fixture.path, run.stderr),
        }
    }
}

#[test]
fn pickles_that_run_commands_are_dangerous_even_when_their_result_looks_innocent() {
    let mut wrong = Vec::new();
    for fixture in hostile() {
        if fixture.executes_on_load == Some(true)
            && (fixture.path.contains("/pickle/") || fixture.path.contains("/joblib/"))
        {
            let run = inspect(&fixture);
            let document = run.json();
            if run.code == Some(0) && document["safety"]["verdict"] != "dangerous" {
                wrong.push(format!("{}: {}", fixture.path, document["safety"]["verdict"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_that_a_file_names_is_run() {
    for fixture in hostile() {
        let Some(marker) = fixture.marker.as_ref().map(|name| Path::new("/tmp").join(name)) else { continue };
        assert!(!marker.exists(), "{} lies there from an earlier run: remove it", marker.display());
        inspect(&fixture);
        assert!(!marker.exists(), "{} ran its payload", fixture.path);
    }
}

#[test]
fn a_damaged_file_cannot_be_packed_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for fixture in hostile()
        .iter()
        .filter(|fixture| ["/empty/", "/random/", "/wrong/"].iter().any(|part| fixture.path.contains(part)))
    {
        let run = packwright([
            "pack".as_ref(),
            fixture.path.as_ref(),
            "-o".as_ref(),
            folder.path().join("package").as_os_str(),
        ]);
        assert!(matches!(run.code, Some(3 | 4)), "{}: exit {:?}", fixture.path, run.code);
        let left = std::fs::read_dir(folder.path()).expect("the folder can be listed").count();
        assert_eq!(left, 0, "{} left something behind", fixture.path);
    }
}

#[test]
fn a_real_file_cut_anywhere_gives_an_error_or_an_honest_verdict() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut seen = 0;
    for fixture in benign().iter().filter(|fixture| fixture.kind == "file" && fixture.is_model != Some(false))
    {
        let bytes = std::fs::read(fixture.full_path()).expect("the fixture can be read");
        let name = Path::new(&fixture.path).file_name().expect("a file has a name");
        for cut in cuts(bytes.len()) {
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes[..cut]).expect("the cut file can be written");
            let what = format!("{} cut to {cut} of {} bytes", fixture.path, bytes.len());
            let run =
                packwright_within(MEMORY_BYTES, ["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]);
            assert_civil(&what, &run);
            // Text and JSON formats may end early and still say all that matters; a pickle may not.
            let is_pickle = matches!(fixture.format.as_deref(), Some("pickle" | "joblib" | "cloudpickle"));
            // What is cut off a tar behind its end mark are zeros that pad it.
            let is_padding = bytes[cut..].iter().all(|byte| *byte == 0);
            if run.code == Some(0) && is_pickle && !is_padding {
                assert_ne!(run.json()["safety"]["verdict"], "safe", "{what}");
            }
            seen += 1;
        }
    }
    assert!(300 < seen, "only {seen} cuts were made");
}

/// Where a file is cut: at its ends, where headers lie, and a few places between.
fn cuts(len: usize) -> Vec<usize> {
    let mut cuts = vec![0, 1, 2, 9, len / 3, len / 2, len - len / 10, len - 1];
    cuts.retain(|cut| *cut < len);
    cuts.dedup();
    cuts
}

#[test]
fn random_bytes_under_any_name_give_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        // xorshift64: the same bytes in every run
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let magics: [&[u8]; 6] = [b"", b"\x80\x04", b"{L\x00\x00", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x78\x9c"];
    for extension in ["pkl", "joblib", "onnx", "json", "ubj", "txt", "skops", "gz", "bin"] {
        for magic in magics {
            let mut bytes = magic.to_vec();
            bytes.extend((0..2000).map(|_| next()));
            let path = folder.path().join(format!("noise.{extension}"));
            std::fs::write(&path, &bytes).expect("the file can be written");
            let run =
                packwright_within(MEMORY_BYTES, ["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]);
            assert_civil(&format!("noise.{extension} after {magic:02x?}"), &run);
            assert!(
                run.code == Some(3) || run.json()["safety"]["verdict"] != "safe",
                "noise.{extension} is called safe: {}",
                run.stdout
            );
        }
    }
}

#[test]
fn a_flipped_byte_never_crashes_the_reader() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in [
        "sklearn/rf_iris_proto2.pkl",
        "sklearn/kmeans_plain.joblib",
        "xgboost/booster_multi_names.ubj",
        "onnx/multi_in_multi_out.onnx",
        "lightgbm/booster_binary.txt",
    ] {
        let bytes = std::fs::read(packwright_tests::fixtures().join(name)).expect("the fixture can be read");
        let path = folder.path().join(Path::new(name).file_name().expect("a file has a name"));
        for step in 0..40 {
            let mut damaged = bytes.clone();
            let place = step * bytes.len() / 40;
            damaged[place] ^= 0xff;
            std::fs::write(&path, &damaged).expect("the file can be written");
            let run =
                packwright_within(MEMORY_BYTES, ["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]);
            assert_civil(&format!("{name} with byte {place} flipped"), &run);
        }
    }
}

/// Classes and functions of known libraries that do harm when a pickle makes or calls them, and how.
const GADGETS: &[(&str, &str, &[u8])] = &[
    ("scipy.stats._distn_infrastructure", "rv_continuous", b")\x81}b."), // __setstate__ runs exec on text of its state
    ("scipy.stats._continuous_distns", "norm_gen", b")\x81}b."),
    ("numpy", "DataSource", b")\x81}b."), // __del__ removes the folder that its state names
    ("numpy.lib._datasource", "DataSource", b")\x81}b."),
    ("numpy.lib._datasource", "Repository", b")\x81}b."),
    ("numpy", "memmap", b"X\x01\x00\x00\x00x\x85\x81."), // opens the file
    ("lightgbm.basic", "Dataset", b")\x81}b."),          // __del__ frees the pointer that its state names
    ("lightgbm.basic", "_InnerPredictor", b")\x81}b."),
    ("xgboost.core", "DMatrix", b")\x81}b."),
    ("xgboost.compat", "LazyLoader", b")\x81}b."), // imports any module
    ("joblib.numpy_pickle_compat", "NDArrayWrapper", b")\x81}b."), // reads a file
    ("numpy.core", "_ufunc_reconstruct", b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x86R."), // imports by name
    ("numpy.core._internal", "_ctypes", b")R."),
    ("joblib.memory", "Memory", b")\x81}b."),
    ("joblib", "load", b"X\x01\x00\x00\x00x\x85R."),
    ("pandas.io.excel._base", "ExcelFile", b")\x81}b."),
    ("pandas._libs.parsers", "TextReader", b")\x81}b."),
    ("sklearn.utils._mocking", "CheckingClassifier", b")\x81}b."),
    ("sklearn.datasets._base", "load_files", b")R."),
    ("sklearn.svm._classes", "SVC", b")R."), // known to be made, not to be called
    ("operator", "attrgetter", b"X\x01\x00\x00\x00x\x85R."),
    ("builtins", "getattr", b")R."),
];

#[test]
fn known_libraries_hold_gadgets_and_none_of_them_is_safe() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("model.pkl");
    for (module, name, rest) in GADGETS {
        let bytes = [b"\x80\x02c", module.as_bytes(), b"\n", name.as_bytes(), b"\n", rest].concat();
        std::fs::write(&path, bytes).expect("the file can be written");
        let run = packwright(["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]);
        assert_eq!(
            run.code,
            Some(0),
            "{module}.{name}: what would run code is shown, not refused\n{}",
            run.stderr
        );
        assert_ne!(run.json()["safety"]["verdict"], "safe", "{module}.{name}");
    }
}

/// The name of a member of an archive, and its bytes.
type Named<'a> = (&'a str, &'a [u8]);

#[test]
fn archives_of_pytorch_show_what_they_would_run_whatever_else_they_hold() {
    const PAYLOAD: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00trueq\x00\x85R.";
    const SCRIPT: &[u8] = b"\x80\x02c__torch__\nNet\n)\x81}b.";
    const EMPTY: &[u8] = b"\x80\x02}.";
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cases: [(&str, &[Named]); 7] = [
        ("saved.pt", &[("a/data.pkl", PAYLOAD), ("a/version", b"3")]),
        ("beside.pt", &[("a/data.pkl", EMPTY), ("a/extra/x.bin", PAYLOAD)]),
        ("capitals.pt", &[("a/DATA.PKL", PAYLOAD), ("a/data.pkl", EMPTY)]),
        ("script.pt", &[("a/data.pkl", PAYLOAD), ("a/constants.pkl", b"\x80\x02).")]),
        ("constants.pt", &[("a/data.pkl", SCRIPT), ("a/constants.pkl", PAYLOAD)]),
        (
            "exported.pt2",
            &[("m/models/m.json", b"{}"), ("m/archive_format", b"pt2"), ("m/data/x.pt", PAYLOAD)],
        ),
        ("package.pt", &[("m/.data/extern_modules", b"os"), ("m/model/model.pkl", PAYLOAD)]),
    ];
    for (name, members) in cases {
        let path = folder.path().join(name);
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file can be made"));
        for (member, bytes) in members {
            zip.start_file(*member, zip::write::SimpleFileOptions::default()).expect("a member can be begun");
            zip.write_all(bytes).expect("a member can be written");
        }
        zip.finish().expect("an archive can be ended");
        let run = packwright_within(MEMORY_BYTES, ["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]);
        assert_eq!(run.code, Some(0), "{name}: {}", run.stdout);
        assert_eq!(run.json()["safety"]["verdict"], "dangerous", "{name}: {}", run.stdout);
    }
}
