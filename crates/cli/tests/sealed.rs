//! Sealing, the model card and saved recipes, as a person or a script uses them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use packwright_engine::seal::SealKey;
use serde_json::Value;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/tests/keys");
const MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sklearn/pipe_scaler_logreg_df.pkl");

fn packwright(args: &[&str], passphrase: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packwright"));
    let data = env!("CARGO_TARGET_TMPDIR");
    command.env("XDG_DATA_HOME", data).env("HOME", data).env_remove("PACKWRIGHT_PASSPHRASE");
    command.envs(passphrase.map(|text| ("PACKWRIGHT_PASSPHRASE", text)));
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn key(name: &str) -> String {
    format!("{KEYS}/{name}.pem")
}

/// The public half of a key for tests, in a file.
fn public(dir: &Path, name: &str) -> String {
    let key = SealKey::open(Path::new(&key(name)), Some("correct horse")).unwrap();
    let path = dir.join(format!("{name}.pub"));
    fs::write(&path, key.public().pem()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_sealed_package_is_verified_with_its_key_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("m.zip").to_str().unwrap().to_owned();
    let packed = packwright(&["pack", MODEL, "-o", &out, "--seal", &key("p256_sec1"), "--json"], None);
    let receipt: Value = serde_json::from_slice(&packed.stdout).unwrap();
    let (ours, other) = (public(dir.path(), "p256_sec1"), public(dir.path(), "p384_pkcs8"));
    let verified = packwright(&["verify", &out, "--key", &ours, "--json"], None);
    let document: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(code(&verified), 0, "{document}");
    assert_eq!(document["seal"]["key"], receipt["sealed_by"]);
    assert_eq!((&document["seal"]["is_signed"], &document["seal"]["is_whole"]), (&true.into(), &true.into()));
    assert_eq!(code(&packwright(&["verify", &out, "--key", &other], None)), 1);
    let unsealed = dir.path().join("n").to_str().unwrap().to_owned();
    assert_eq!(code(&packwright(&["pack", MODEL, "-o", &unsealed], None)), 0);
    assert_eq!(code(&packwright(&["verify", &unsealed], None)), 0);
    assert_eq!(code(&packwright(&["verify", &unsealed, "--key", &ours], None)), 1, "a seal was asked for");
    assert_eq!(code(&packwright(&["verify", &out, "--key", MODEL], None)), 2);
}

#[test]
fn a_protected_key_asks_for_its_passphrase_and_nothing_is_written_without() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("m").to_str().unwrap().to_owned();
    let args = ["pack", MODEL, "-o", &out, "--seal", &key("p521_encrypted")];
    for passphrase in [None, Some("wrong")] {
        let output = packwright(&args, passphrase);
        assert_eq!(code(&output), 2);
        assert!(String::from_utf8_lossy(&output.stderr).contains("passphrase"));
        assert!(!Path::new(&out).exists());
    }
    let file = dir.path().join("passphrase");
    fs::write(&file, "correct horse\n").unwrap();
    let with_file = [args.as_slice(), &["--passphrase-file", file.to_str().unwrap()]].concat();
    assert_eq!(code(&packwright(&with_file, None)), 0);
    let again = [args.as_slice(), &["--force"]].concat();
    assert_eq!(code(&packwright(&again, Some("correct horse"))), 0);
}

#[test]
fn a_saved_recipe_replays_every_choice() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (one, two, recipe) = (at("one.zip"), at("two.zip"), at("recipe.json"));
    let said = [
        "--name",
        "churn",
        "--tag",
        "team=risk",
        "--metadata",
        "license=MIT",
        "--metadata",
        "intended-use=Teaching.",
        "--metadata",
        "metrics=accuracy = 0.97 on test",
        "--save-recipe",
        &recipe,
    ];
    let first = packwright(&[["pack", MODEL, "-o", &one].as_slice(), &said].concat(), None);
    assert_eq!(code(&first), 0, "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(code(&packwright(&["pack", MODEL, "-o", &two, "--recipe", &recipe], None)), 0);
    assert!(bytes(&one) == bytes(&two), "the same choices give the same bytes");
    for bad in ["license=Apache 2.0", "owner=me", "license"] {
        let output = packwright(&["pack", MODEL, "-o", &at("three"), "--metadata", bad], None);
        assert_eq!(code(&output), 2, "{bad}");
    }
}

fn bytes(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut fs::File::open(path).unwrap(), &mut bytes).unwrap();
    bytes
}
