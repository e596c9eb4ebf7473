//! One known place in a zip archive: the model of a package, and its code.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use packwright_engine::inspect::safety::Verdict;
use packwright_engine::inspect::{files_below, inspect_inside};
use packwright_engine::source::Limits;
use packwright_tests::fixtures;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const HARMFUL: &[u8] = b"cos\nsystem\n(S'echo pwned'\ntR.";

fn archive(dir: &Path, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let path = dir.join("a.zip");
    let mut writer = ZipWriter::new(std::fs::File::create(&path).expect("works"));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("works");
        writer.write_all(bytes).expect("works");
    }
    writer.finish().expect("works");
    path
}

#[test]
fn only_the_file_of_that_path_counts() {
    let dir = tempfile::tempdir().expect("works");
    let model = std::fs::read(fixtures().join("sklearn/pipe_scaler_logreg_df.pkl")).expect("the fixture");
    let files =
        [("a/model.pkl", model.clone()), ("model.pkl", HARMFUL.to_vec()), ("MLmodel", b"x: 1\n".to_vec())];
    let path = archive(dir.path(), &files);
    let inspection = inspect_inside(&path, "a/model.pkl", &Limits::default()).expect("works");
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
    assert_eq!(inspection.path_in_file, "");
    let member = inspection.artifact.member.expect("works");
    assert_eq!((member.file_name.as_str(), member.steps.as_slice()), ("model.pkl", [0].as_slice()));
    assert_eq!(member.size_bytes, model.len() as u64);
    let harmful = inspect_inside(&path, "model.pkl", &Limits::default()).expect("works");
    assert_eq!(harmful.safety.verdict(), Verdict::Dangerous);
}

#[test]
fn what_is_not_there_is_no_model_and_no_panic() {
    let dir = tempfile::tempdir().expect("works");
    let path = archive(dir.path(), &[("a/model.pkl", vec![0x80, 4]), ("b/x.txt", b"text".to_vec())]);
    for inner in ["none", "a", "b/x.txt", "../a/model.pkl", "", "a/model.pkl"] {
        let outcome = inspect_inside(&path, inner, &Limits::default());
        assert!(outcome.is_err() || outcome.expect("works").framework.is_none(), "{inner}");
    }
    std::fs::write(dir.path().join("text"), "no zip").expect("works");
    assert!(inspect_inside(&dir.path().join("text"), "a", &Limits::default()).is_err());
}

#[test]
fn files_below_a_folder_are_those_and_no_others() {
    let dir = tempfile::tempdir().expect("works");
    let bytes = || b"x = 1\n".to_vec();
    let files = ["code/b/c.py", "code/a.py", "codes/x.py", "code/../y.py", "code//z.py", "x/code/w.py"];
    let path = archive(dir.path(), &files.map(|name| (name, bytes())));
    let found = files_below(&path, "code", &Limits::default()).expect("works");
    let names: Vec<&str> = found.iter().map(|member| member.file_name.as_str()).collect();
    assert_eq!(names, ["a.py", "b/c.py"]);
    assert!(found.iter().all(|member| member.size_bytes == 6));
}
