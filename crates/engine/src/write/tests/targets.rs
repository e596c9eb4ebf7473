//! What may lie at the target, and what becomes of it.

use super::*;

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
fn nothing_is_written_into_the_folder_that_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("saved_model.pb"), "graph").unwrap();
    fs::create_dir(dir.path().join("assets")).unwrap();
    let draft = draft(|inspection| inspection.artifact.path = dir.path().to_path_buf());
    for name in ["package", "assets/package"] {
        let outcome = run(&draft, &target(&dir.path().join(name), PackageKind::Folder));
        assert!(matches!(outcome, Err(ExportError::Target { .. })), "{name} {outcome:?}");
    }
}

#[test]
fn a_folder_is_packed_beside_itself_and_recorded_by_one_hash_of_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("gpt2");
    fs::create_dir(&model).unwrap();
    for entry in fs::read_dir(crate::testing::fixtures().join("transformers/gpt2_lm")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
    }
    let draft = open::open(&model).unwrap();
    let inside = run(&draft, &target(&model.join("package"), PackageKind::Folder));
    assert!(
        matches!(&inside, Err(ExportError::Target { reason, .. }) if reason.contains("inside")),
        "{inside:?}"
    );
    let out = dir.path().join("package");
    run(&draft, &target(&out, PackageKind::Folder)).unwrap();
    let mut lines = String::new();
    for (name, bytes) in folder_files(&model) {
        lines.push_str(&format!("{}  {name}\n", hex(&Sha256::digest(&bytes))));
    }
    let expected = hex(&Sha256::digest(&lines));
    let mlmodel = fs::read_to_string(out.join("MLmodel")).unwrap();
    assert!(
        mlmodel.contains(&format!("source_sha256: '{expected}'"))
            || mlmodel.contains(&format!("source_sha256: {expected}")),
        "{lines}"
    );
}
