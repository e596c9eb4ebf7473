//! Packages that were changed or made elsewhere, read again.

use super::*;

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
fn verify_sees_a_change_to_the_mlmodel_itself() {
    let dir = tempfile::tempdir().unwrap();
    let draft = open::open(&fixture("sklearn/pipe_scaler_logreg_df.pkl")).unwrap();
    let receipt = run(&draft, &target(&dir.path().join("m"), PackageKind::Folder)).unwrap();
    let path = receipt.path.join("MLmodel");
    let text = String::from_utf8(folder_files(&receipt.path)["MLmodel"].clone()).unwrap();
    let is_changed = |text: &str| {
        fs::write(&path, text).unwrap();
        let problems = verify::verify(&receipt.path).unwrap();
        problems.iter().any(|problem| (problem.rule, problem.path.as_str()) == ("verify/changed", "MLmodel"))
    };
    assert!(!is_changed(&text));
    // The list of checksums is about bytes; without one, as packages had none once, line ends are not what it says.
    assert!(is_changed(&text.replace('\n', "\r\n")));
    fs::remove_file(receipt.path.join("SHA256SUMS")).unwrap();
    assert!(!is_changed(&text.replace('\n', "\r\n")));
    assert!(is_changed(&text.replace("predict_fn: predict", "predict_fn: transform")));
    let uuid = text.lines().find(|line| line.starts_with("model_uuid: ")).unwrap();
    assert!(is_changed(&text.replace(uuid, "model_uuid: 00000000000000000000000000000000")));
    // As packages have it that were written before the time was left out of the digest.
    let model = packwright_mlflow::mlmodel::MlModel::from_text(&text).unwrap();
    let old = format!("model_uuid: {}", texts::seal_with_time(model.keys()));
    assert!(uuid != old && !is_changed(&text.replace(uuid, &old)));
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
