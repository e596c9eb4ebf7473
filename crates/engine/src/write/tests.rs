use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use packwright_inspect::{ArtifactKind, Serving};
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
fn nothing_is_replaced_unless_asked_and_then_only_a_package() {
    let dir = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let draft = big(source.path(), 100);
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("mine")).unwrap();
    fs::write(at("mine/thesis.txt"), "years of work").unwrap();
    fs::write(at("file"), "x").unwrap();
    fs::write(at("notes.txt"), "years of work").unwrap();
    fs::write(at("empty.zip"), "").unwrap();
    let mut other = ::zip::ZipWriter::new(fs::File::create(at("photos.zip")).unwrap());
    other.start_file("photo.jpg", ::zip::write::SimpleFileOptions::default()).unwrap();
    other.finish().unwrap();
    run(&draft, &target(&at("old.zip"), PackageKind::Zip)).unwrap();
    fs::create_dir(at("package")).unwrap();
    fs::write(at("package/MLmodel"), "old").unwrap();
    fs::write(at("package/extra"), "old").unwrap();
    let before = folder_files(dir.path());
    for (name, kind) in [
        ("mine", PackageKind::Folder),
        ("package", PackageKind::Folder),
        ("file", PackageKind::Folder),
        ("file", PackageKind::Zip),
        ("mine", PackageKind::Zip),
    ] {
        let outcome = run(&draft, &target(&at(name), kind));
        assert!(matches!(outcome, Err(ExportError::TargetExists(_))), "{name} {outcome:?}");
    }
    let replace = |name: &str, kind| run(&draft, &Target { overwrite: true, ..target(&at(name), kind) });
    for (name, kind) in [
        ("mine", PackageKind::Folder),
        ("file", PackageKind::Folder),
        ("mine", PackageKind::Zip),
        ("notes.txt", PackageKind::Zip),
        ("photos.zip", PackageKind::Zip),
    ] {
        let outcome = replace(name, kind);
        assert!(matches!(outcome, Err(ExportError::Target { .. })), "{name} {outcome:?}");
    }
    assert_eq!(folder_files(dir.path()), before);
    replace("package", PackageKind::Folder).unwrap();
    assert!(!at("package/extra").exists() && at("package/big.pkl").exists());
    for name in ["old.zip", "empty.zip"] {
        replace(name, PackageKind::Zip).unwrap();
        assert!(zip_files(&at(name)).contains_key("MLmodel"));
    }
    let expected = ["empty.zip", "file", "mine", "notes.txt", "old.zip", "package", "photos.zip"];
    assert_eq!(names(dir.path()), expected);
}

#[test]
fn a_cancelled_replacement_leaves_the_old_package() {
    let dir = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let draft = big(source.path(), 3 << 20);
    let path = dir.path().join("m");
    run(&draft, &target(&path, PackageKind::Folder)).unwrap();
    let before = folder_files(dir.path());
    let cancel = Cancel::new();
    let target = Target { overwrite: true, ..target(&path, PackageKind::Folder) };
    let outcome =
        export(&draft, &target, Timestamp::EPOCH, &mut |_| cancel.cancel(), &cancel, &Journal::none());
    assert!(matches!(outcome, Err(ExportError::Cancelled)));
    assert_eq!(folder_files(dir.path()), before);
}

#[test]
fn the_model_itself_is_never_the_target() {
    let dir = tempfile::tempdir().unwrap();
    let draft = big(dir.path(), 100);
    fs::write(dir.path().join("MLmodel"), "x").unwrap();
    for path in [dir.path().join("big.pkl"), dir.path().to_path_buf()] {
        for kind in [PackageKind::Folder, PackageKind::Zip] {
            let outcome = run(&draft, &Target { path: path.clone(), kind, overwrite: true });
            assert!(matches!(outcome, Err(ExportError::Target { .. })), "{path:?} {outcome:?}");
        }
    }
    assert_eq!(fs::metadata(dir.path().join("big.pkl")).unwrap().len(), 100);
}

#[test]
fn a_target_without_a_folder_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let draft = big(dir.path(), 100);
    let outcome = run(&draft, &target(&dir.path().join("no/such/m"), PackageKind::Folder));
    let message = outcome.unwrap_err().to_string();
    assert!(message.contains("the folder that it should lie in does not exist"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_its_path() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let draft = big(source.path(), 100);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere; a file system that nobody may write is the same error from further below.
    let parent =
        if fs::File::create(dir.path().join("probe")).is_ok() { Path::new("/proc") } else { dir.path() };
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let outcome = run(&draft, &target(&parent.join("m"), kind));
        assert!(
            matches!(&outcome, Err(ExportError::Write { path, .. }) if path.starts_with(parent)),
            "{outcome:?}"
        );
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
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

#[test]
fn verify_names_every_file_that_is_not_what_was_packed() {
    let dir = tempfile::tempdir().unwrap();
    let draft = open::open(&fixture("sklearn/pipe_scaler_logreg_df.pkl")).unwrap();
    let receipt = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
    let at = |name: &str| receipt.path.join(name);
    fs::write(at("requirements.txt"), "mlflow\nscikit-learn==1.9.1").unwrap();
    fs::remove_file(at("conda.yaml")).unwrap();
    fs::write(at("added.txt"), "x").unwrap();
    let problems = verify::verify(&receipt.path).unwrap();
    let rules: Vec<_> = problems.iter().map(|p| (p.rule, p.path.as_str())).collect();
    for expected in [
        ("verify/changed", "requirements.txt"),
        ("verify/changed", "conda.yaml"),
        ("verify/added", "added.txt"),
    ] {
        assert!(rules.contains(&expected), "{expected:?} {rules:?}");
    }
    assert!(verify::verify(&dir.path().join("nothing")).is_err());
    assert!(matches!(verify::verify(dir.path()), Err(verify::VerifyError::NotAPackage { .. })));
}

#[test]
fn a_zip_with_the_package_in_its_only_folder_is_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.zip");
    let mut writer = ::zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = ::zip::write::SimpleFileOptions::default();
    for (name, text) in [("top/MLmodel", "flavors: {}\n"), ("top/x/y", "z"), ("other", "o")] {
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let package = crate::package::Package::open(&path).unwrap();
    assert_eq!(packwright_mlflow::package::PackageFiles::names(&package), ["MLmodel", "x/y"]);
    assert_eq!(package.sha256("x/y").unwrap(), hex(&Sha256::digest(b"z")));
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
