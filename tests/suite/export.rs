//! Packages are written whole or not at all, and the same input gives the same bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use packwright_engine::verify::{lint, verify};
use packwright_engine::{
    Cancel, Draft, Edit, ExportError, Journal, PackageKind, Receipt, Target, Timestamp, export, open, plan,
};
use packwright_tests::{benign, files_below, fixtures};
use sha2::{Digest as _, Sha256};

const NOW: Timestamp = Timestamp::EPOCH;

/// The drafts of every fixture that can be served as it is.
fn drafts() -> Vec<(String, Draft)> {
    let servable = |path: &str| {
        let draft = open::open(&fixtures().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        draft.export_blocked().is_none().then_some(draft)
    };
    let models = benign().into_iter().filter(|fixture| fixture.is_model != Some(false));
    let drafts: Vec<_> =
        models.filter_map(|fixture| Some((fixture.path.clone(), servable(&fixture.path)?))).collect();
    assert!(80 < drafts.len(), "only {} fixtures can be served", drafts.len());
    drafts
}

fn write(draft: &Draft, path: &Path, kind: PackageKind) -> Receipt {
    let target = Target { path: path.to_path_buf(), kind, overwrite: false };
    let mut draft = draft.clone();
    if let Some(word) = draft.confirm_word() {
        draft.apply(Edit::ConfirmDanger { typed: word.into() }).expect("the word confirms");
    }
    export(&draft, &target, NOW, &mut |_| {}, &Cancel::new(), &Journal::none())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), std::fs::read(folder.join(name)).expect("the file can be read"));
    files_below(folder).into_iter().map(read).collect()
}

fn unzipped(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive =
        zip::ZipArchive::new(File::open(path).expect("the zip can be opened")).expect("it is a zip");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("the entry can be read");
        if !entry.is_dir() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the entry can be read");
            files.insert(entry.name().expect("the entry has a name").into_owned(), bytes);
        }
    }
    files
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

#[test]
fn a_folder_equals_the_unzipped_zip() {
    let out = folder();
    for (index, (name, draft)) in drafts().iter().enumerate() {
        let (plain, packed) = (out.path().join(format!("{index}")), out.path().join(format!("{index}.zip")));
        write(draft, &plain, PackageKind::Folder);
        write(draft, &packed, PackageKind::Zip);
        assert!(contents(&plain) == unzipped(&packed), "{name}: the folder and the zip differ");
    }
}

#[test]
fn two_exports_are_byte_identical() {
    let out = folder();
    for (index, (name, draft)) in drafts().iter().enumerate() {
        let again = open::open(&fixtures().join(name)).expect("it opened before");
        let paths = ["a", "b"].map(|letter| out.path().join(format!("{letter}{index}.zip")));
        let first = write(draft, &paths[0], PackageKind::Zip);
        let second = write(&again, &paths[1], PackageKind::Zip);
        assert_eq!(first.sha256, second.sha256, "{name}: two exports differ");
        let [first, second] = paths.map(|path| std::fs::read(path).expect("the zip can be read"));
        assert!(first == second, "{name}: two exports differ");
    }
}

#[test]
fn the_receipt_lists_every_file_with_its_true_hash() {
    let out = folder();
    for (index, (name, draft)) in drafts().iter().enumerate() {
        let path = out.path().join(format!("{index}"));
        let receipt = write(draft, &path, PackageKind::Folder);
        let files = contents(&path);
        assert_eq!(receipt.files.len(), files.len(), "{name}");
        for file in &receipt.files {
            let bytes = &files[&file.path];
            let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                (found, bytes.len() as u64),
                (file.sha256.clone(), file.size_bytes),
                "{name}: {}",
                file.path
            );
        }
    }
}

#[test]
fn the_plan_names_the_files_that_are_then_written() {
    let out = folder();
    for (index, (name, draft)) in drafts().iter().enumerate() {
        let planned = plan(draft).unwrap_or_else(|error| panic!("{name}: {error}"));
        let path = out.path().join(format!("{index}"));
        write(draft, &path, PackageKind::Folder);
        let mut planned: Vec<_> = planned.files.iter().map(|file| file.path.clone()).collect();
        planned.sort();
        assert_eq!(planned, files_below(&path), "{name}");
    }
}

#[test]
fn every_package_passes_its_own_lint_and_verify() {
    let out = folder();
    for (index, (name, draft)) in drafts().iter().enumerate() {
        let path = out.path().join(format!("{index}.zip"));
        write(draft, &path, PackageKind::Zip);
        let is_bad = |problem: &&packwright_engine::mlflow::lint::Problem| {
            problem.severity == packwright_engine::mlflow::lint::Severity::Error
        };
        for problems in [lint(&path), verify(&path)] {
            let problems = problems.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(problems.iter().find(is_bad).map(|problem| &problem.message), None, "{name}");
        }
    }
}

#[test]
fn a_changed_byte_is_found_by_verify() {
    let out = folder();
    let draft = open::open(&fixtures().join("sklearn/svc_iris_proto5.pkl")).expect("it can be opened");
    let path = out.path().join("package");
    let receipt = write(&draft, &path, PackageKind::Folder);
    for file in receipt.files.iter().filter(|file| file.path != "MLmodel") {
        let place = path.join(&file.path);
        let bytes = std::fs::read(&place).expect("the file can be read");
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 1;
        std::fs::write(&place, damaged).expect("the file can be written");
        let problems = verify(&path).expect("the package can still be read");
        assert!(
            problems.iter().any(|problem| problem.path == file.path
                // A flipped bit in the list may name another file.
                || (file.path == "SHA256SUMS" && problem.rule == "verify/changed")),
            "{} was changed and not found",
            file.path
        );
        std::fs::write(&place, bytes).expect("the file can be written");
    }
}

#[test]
fn cancel_at_any_moment_leaves_nothing_behind() {
    for name in ["sklearn/gbc_zlib3.joblib", "onnx/external/embed_external.onnx"] {
        let draft = open::open(&fixtures().join(name)).expect("it can be opened");
        for kind in [PackageKind::Folder, PackageKind::Zip] {
            let mut cancelled = 0;
            for moment in (0..8).chain([12, 20, 40]) {
                let out = folder();
                let target = Target { path: out.path().join("package"), kind, overwrite: false };
                let cancel = Cancel::new();
                let mut seen = 0;
                let mut stop = |_| {
                    seen += 1;
                    if seen > moment {
                        cancel.cancel();
                    }
                };
                match export(&draft, &target, NOW, &mut stop, &cancel, &Journal::none()) {
                    Err(ExportError::Cancelled) => {
                        let left = std::fs::read_dir(out.path()).expect("the folder can be listed").count();
                        assert_eq!(left, 0, "{name}: a cancel at step {moment} left something behind");
                        cancelled += 1;
                    }
                    Err(error) => panic!("{name}: {error}"),
                    Ok(receipt) => assert!(receipt.path.exists(), "{name}"),
                }
            }
            assert!(3 < cancelled, "{name}: only {cancelled} moments could be cancelled");
        }
    }
}

#[test]
fn nothing_is_overwritten_unasked() {
    let out = folder();
    let draft = open::open(&fixtures().join("onnx/dense_dynamic_batch.onnx")).expect("it can be opened");
    for (name, kind) in [("mine", PackageKind::Folder), ("mine.zip", PackageKind::Zip)] {
        let path = out.path().join(name);
        std::fs::write(&path, "precious").expect("the file can be written");
        let target = Target { path: path.clone(), kind, overwrite: false };
        let outcome = export(&draft, &target, NOW, &mut |_| {}, &Cancel::new(), &Journal::none());
        assert!(matches!(outcome, Err(ExportError::TargetExists(_))), "{outcome:?}");
        assert_eq!(std::fs::read_to_string(&path).expect("it is still there"), "precious");
    }
}

#[test]
fn overwriting_replaces_packages_and_nothing_else() {
    let out = folder();
    let draft = open::open(&fixtures().join("onnx/dense_dynamic_batch.onnx")).expect("it can be opened");
    let package = out.path().join("package");
    write(&draft, &package, PackageKind::Folder);
    let again = Target { path: package.clone(), kind: PackageKind::Folder, overwrite: true };
    export(&draft, &again, NOW, &mut |_| {}, &Cancel::new(), &Journal::none())
        .expect("a package may be replaced");

    let home = out.path().join("home");
    std::fs::create_dir(&home).expect("the folder can be made");
    std::fs::write(home.join("thesis.txt"), "precious").expect("the file can be written");
    let target = Target { path: home.clone(), kind: PackageKind::Folder, overwrite: true };
    assert!(
        export(&draft, &target, NOW, &mut |_| {}, &Cancel::new(), &Journal::none()).is_err(),
        "a folder of something else was replaced"
    );
    assert_eq!(std::fs::read_to_string(home.join("thesis.txt")).expect("it is still there"), "precious");
}

#[test]
fn edits_reach_the_package() {
    let out = folder();
    let mut draft =
        open::open(&fixtures().join("sklearn/pipe_scaler_logreg_df.pkl")).expect("it can be opened");
    let edits = [
        Edit::SetName { name: "churn".into() },
        Edit::SetDescription { description: "Who leaves.".into() },
        Edit::SetTag { key: "team".into(), value: "risk: no, really".into() },
    ];
    for edit in edits {
        draft.apply(edit).expect("the edit is valid");
    }
    let path = out.path().join("package");
    write(&draft, &path, PackageKind::Folder);
    let mlmodel = std::fs::read_to_string(path.join("MLmodel")).expect("the MLmodel can be read");
    for text in ["churn", "Who leaves.", "risk: no, really"] {
        assert!(mlmodel.contains(text), "{text} is not in the MLmodel:\n{mlmodel}");
    }
    assert!(mlmodel.is_ascii(), "the MLmodel must be ASCII");
}

#[test]
fn the_artifact_is_never_changed() {
    let folder = folder();
    let artifact = folder.path().join("model.joblib");
    std::fs::copy(fixtures().join("sklearn/kmeans_plain.joblib"), &artifact)
        .expect("the fixture can be copied");
    let before = (
        std::fs::read(&artifact).expect("it can be read"),
        std::fs::metadata(&artifact).and_then(|m| m.modified()).expect("it has a time"),
    );
    let draft = open::open(&artifact).expect("it can be opened");
    write(&draft, &folder.path().join("package"), PackageKind::Folder);
    let after = (
        std::fs::read(&artifact).expect("it can be read"),
        std::fs::metadata(&artifact).and_then(|m| m.modified()).expect("it has a time"),
    );
    assert!(before == after, "the artifact was changed");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder can be listed").count(), 2);
}
