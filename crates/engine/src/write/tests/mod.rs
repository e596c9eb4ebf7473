mod faults;
mod targets;
mod verified;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use packwright_inspect::{ArtifactKind, Serving, Sourced};
use packwright_mlflow::lint::Severity;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::receipt::hex;
use crate::testing::{draft, fixture, inspection};
use crate::{Edit, Origin, open};

fn target(path: &Path, kind: PackageKind) -> Target {
    Target { path: path.to_path_buf(), kind, overwrite: false }
}

fn run(draft: &Draft, target: &Target) -> Result<Receipt, ExportError> {
    export(draft, target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none())
}

/// A file of so many bytes that do not compress, as a plain pickle, and its draft.
fn big(folder: &Path, n_bytes: u32) -> Draft {
    let path = folder.join("big.pkl");
    let mut state = 1_u32;
    let mut bytes: Vec<u8> = (0..n_bytes)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    bytes[..2].copy_from_slice(b"\x80\x04");
    fs::write(&path, bytes).unwrap();
    draft(|inspection| {
        inspection.artifact.path = path;
        inspection.artifact.size_bytes = n_bytes.into();
    })
}

fn folder_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let mut bytes = Vec::new();
            fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
            files.insert(name, bytes);
        }
    }
    files
}

fn zip_files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ::zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        assert_eq!(entry.unix_mode(), Some(0o100_644));
        assert_eq!(entry.last_modified(), Some(::zip::DateTime::DEFAULT));
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.name().unwrap().into_owned(), bytes);
    }
    files
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const MODELS: [&str; 4] = [
    "sklearn/pipe_scaler_logreg_df.pkl",
    "sklearn/gbc_zlib3.joblib",
    "sklearn/dict_with_model.pkl",
    "xgboost/booster_multi_names.ubj",
];

#[test]
fn the_folder_is_the_unzipped_zip_and_the_receipt_tells_the_truth() {
    for model in MODELS {
        let dir = tempfile::tempdir().unwrap();
        let mut draft = open::open(&fixture(model)).unwrap();
        draft.apply(Edit::SetTag { key: "stage".into(), value: "\u{e9}".into() }).unwrap();
        let folder = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
        let zip = run(&draft, &target(&dir.path().join("m.zip"), PackageKind::Zip)).unwrap();
        let files = folder_files(&folder.path);
        assert_eq!(files, zip_files(&zip.path), "{model}");
        for receipt in [&folder, &zip] {
            let told: BTreeMap<_, _> = receipt
                .files
                .iter()
                .map(|file| (file.path.clone(), (file.size_bytes, file.sha256.clone())))
                .collect();
            let found: BTreeMap<_, _> = files
                .iter()
                .map(|(name, bytes)| (name.clone(), (bytes.len() as u64, hex(&Sha256::digest(bytes)))))
                .collect();
            assert_eq!(told, found, "{model}");
        }
        assert_eq!(folder.size_bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
        let mut archive = Vec::new();
        fs::File::open(&zip.path).unwrap().read_to_end(&mut archive).unwrap();
        assert_eq!(zip.sha256, Some(hex(&Sha256::digest(&archive))));
        assert_eq!(zip.size_bytes, archive.len() as u64);
        assert_eq!(names(dir.path()), ["m", "m.zip"]);
        for path in [&folder.path, &zip.path] {
            let problems = verify::verify(path).unwrap();
            assert!(
                problems.iter().all(|problem| problem.severity < Severity::Error),
                "{model}: {problems:?}"
            );
        }
    }
}

#[test]
fn the_plan_names_the_files_that_are_written() {
    for model in MODELS {
        let dir = tempfile::tempdir().unwrap();
        let draft = open::open(&fixture(model)).unwrap();
        let plan = crate::plan(&draft).unwrap();
        let receipt = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
        let planned: Vec<_> = plan.files.iter().map(|file| &file.path).collect();
        let written: Vec<_> = receipt.files.iter().map(|file| &file.path).collect();
        assert_eq!(planned, written);
        for (planned, written) in plan.files.iter().zip(&receipt.files) {
            if planned.path != "MLmodel" && !matches!(planned.origin, Origin::Rewritten { .. }) {
                assert_eq!(planned.size_bytes, written.size_bytes, "{}", planned.path);
            }
        }
    }
}

#[test]
fn two_exports_are_the_same_bytes_and_another_choice_gives_others() {
    let dir = tempfile::tempdir().unwrap();
    for model in MODELS {
        let mut archives = Vec::new();
        for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
            let mut draft = open::open(&fixture(model)).unwrap();
            if n == 2 {
                draft.apply(Edit::SetDescription { description: "other".into() }).unwrap();
            }
            let path = dir.path().join(format!("{name}{}.zip", model.replace('/', "_")));
            let now = Timestamp::from_seconds(1_000_000 * i64::try_from(n).unwrap());
            let target = target(&path, PackageKind::Zip);
            archives.push(
                export(&draft, &target, now, &mut |_| {}, &Cancel::new(), &Journal::none()).unwrap().sha256,
            );
        }
        assert_eq!(archives[0], archives[1], "{model}");
        assert_ne!(archives[0], archives[2], "{model}");
    }
}

#[test]
fn a_cancel_at_any_step_leaves_nothing_and_touches_nothing() {
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        for is_joblib in [false, true] {
            let source = tempfile::tempdir().unwrap();
            let draft = if is_joblib {
                open::open(&fixture("sklearn/gbc_zlib3.joblib")).unwrap()
            } else {
                big(source.path(), (3 << 20) + 17)
            };
            let mut at = 0;
            loop {
                let dir = tempfile::tempdir().unwrap();
                let cancel = Cancel::new();
                let mut steps = 0;
                let mut progress = |_| {
                    if steps == at {
                        cancel.cancel();
                    }
                    steps += 1;
                };
                let target = target(&dir.path().join("m"), kind);
                match export(&draft, &target, Timestamp::EPOCH, &mut progress, &cancel, &Journal::none()) {
                    Ok(_) => break,
                    Err(ExportError::Cancelled) => assert!(names(dir.path()).is_empty(), "step {at}"),
                    Err(other) => panic!("step {at}: {other}"),
                }
                at += 1;
            }
            // One look for each megabyte at least, and one for each file.
            assert!(if is_joblib { 5 } else { 9 } < at, "{kind:?} {is_joblib} {at}");
        }
    }
}

#[test]
fn progress_grows_to_the_whole_and_names_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let draft = big(dir.path(), 5 << 20);
    let mut seen = Vec::new();
    let target = target(&dir.path().join("m"), PackageKind::Folder);
    export(&draft, &target, Timestamp::EPOCH, &mut |p| seen.push(p), &Cancel::new(), &Journal::none())
        .unwrap();
    assert!(seen.iter().zip(seen.iter().skip(1)).all(|(a, b)| a.done_bytes <= b.done_bytes));
    assert!(seen.iter().all(|p| p.total_bytes == 5 << 20));
    assert_eq!(seen.last().unwrap().done_bytes, 5 << 20);
    assert!(seen.iter().any(|p| p.file == "big.pkl") && seen.iter().any(|p| p.file == "MLmodel"));
    assert_eq!(seen.last().unwrap().stage, Stage::Checking);
}

#[test]
fn a_file_that_changes_while_it_is_read_stops_the_export() {
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let source = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let draft = big(source.path(), 3 << 20);
        let path = draft.inspection().artifact.path.clone();
        let mut is_changed = false;
        let mut change = |progress: Progress| {
            if !is_changed && 0 < progress.done_bytes {
                is_changed = true;
                let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
                file.set_len((3 << 20) + 5).unwrap();
            }
        };
        let target = target(&dir.path().join("m"), kind);
        let outcome =
            export(&draft, &target, Timestamp::EPOCH, &mut change, &Cancel::new(), &Journal::none());
        assert!(matches!(outcome, Err(ExportError::SourceChanged(_))), "{outcome:?}");
        assert!(names(dir.path()).is_empty());
        // And a file that changed since it was inspected is not what the draft describes.
        let outcome = run(&draft, &target);
        assert!(matches!(outcome, Err(ExportError::SourceChanged(_))), "{outcome:?}");
    }
}

#[test]
fn a_joblib_file_that_has_no_plain_form_is_packed_with_a_loader_and_says_so() {
    let source = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = source.path().join("m.joblib");
    fs::write(&path, b"\x80\x04this is no pickle").unwrap();
    let mut inspection = inspection(path.to_str().unwrap());
    inspection.artifact.size_bytes = fs::metadata(&path).unwrap().len();
    inspection.artifact.kind = ArtifactKind::File;
    inspection.serving = Serving::SklearnJoblib { predict_fn: "predict" };
    let draft = Draft::new(inspection);
    let plan = crate::plan(&draft).unwrap();
    assert!(
        plan.warnings.iter().any(|warning| warning.contains("opened by generated code")),
        "{:?}",
        plan.warnings
    );
    let receipt = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
    assert_eq!(receipt.files[0].path, "data/m.joblib");
    assert!(receipt.warnings[0].contains("opened by generated code"));
}

#[test]
fn the_person_s_code_goes_along_without_litter() {
    let source = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| source.path().join(name);
    fs::create_dir_all(at("net/__pycache__")).unwrap();
    fs::write(at("net/__init__.py"), "").unwrap();
    fs::write(at("net/__pycache__/x.pyc"), "x").unwrap();
    fs::write(at("own.py"), "x = 1\n").unwrap();
    let mut draft = big(source.path(), 100);
    for path in [at("own.py"), at("net")] {
        draft.apply(Edit::AddCode { path }).unwrap();
    }
    let receipt = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
    let code: Vec<_> =
        receipt.files.iter().map(|file| file.path.as_str()).filter(|p| p.starts_with("code/")).collect();
    assert_eq!(code, ["code/net/__init__.py", "code/own.py"]);
    let model = String::from_utf8(folder_files(&receipt.path)["MLmodel"].clone()).unwrap();
    assert_eq!(model.matches("code: code\n").count(), 2, "{model}");
    fs::create_dir_all(at("copy")).unwrap();
    fs::write(at("copy/OWN.py"), "x = 1\n").unwrap();
    let mut twice = draft.clone();
    twice.apply(Edit::AddCode { path: at("copy/OWN.py") }).unwrap();
    assert!(matches!(
        run(&twice, &target(&dir.path().join("n"), PackageKind::Folder)),
        Err(ExportError::Plan(_))
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn a_model_that_cannot_be_read_is_not_blamed_on_the_target() {
    let dir = tempfile::tempdir().unwrap();
    // The memory of this very process: opened by anybody, and never readable at its first byte.
    let draft = draft(|inspection| {
        inspection.artifact.path = "/proc/self/mem".into();
        inspection.artifact.size_bytes = 0;
    });
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let outcome = run(&draft, &target(&dir.path().join("m"), kind));
        assert!(
            matches!(&outcome, Err(ExportError::Read { path, .. }) if path == Path::new("/proc/self/mem")),
            "{outcome:?}"
        );
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_cancel_while_the_finished_zip_is_hashed_is_heard() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let mut tell = |_| {};
    let mut watch = Watch::new(&mut tell, &cancel);
    let mut sink = ZipSink::create(&dir.path().join("m.zip")).unwrap();
    sink.text("MLmodel", b"flavors: {}\n").unwrap();
    cancel.cancel();
    assert!(matches!(sink.finish(&mut watch), Err(ExportError::Cancelled)));
}

#[test]
fn the_time_of_the_artifact_is_in_one_line_and_no_digest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.pkl");
    fs::copy(fixture("sklearn/pipe_scaler_logreg_df.pkl"), &path).unwrap();
    let model_of = |seconds, name| {
        let draft = open::open(&path).unwrap();
        let draft = draft.with_created(Sourced::new(Timestamp::from_seconds(seconds), "a test"));
        let receipt = run(&draft, &target(&dir.path().join(name), PackageKind::Folder)).unwrap();
        String::from_utf8(folder_files(&receipt.path)["MLmodel"].clone()).unwrap()
    };
    let (one, other) = (model_of(0, "a"), model_of(86_400, "b"));
    let differing: Vec<_> = one.lines().zip(other.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(differing.len(), 1, "{differing:?}");
    assert!(differing[0].0.starts_with("utc_time_created: "));
}
