//! Models and payloads inside archives, compressed files and other pickles.

use std::path::Path;

use packwright_tests::{fixtures, packwright, packwright_within};
use serde_json::Value;

const MEMORY_BYTES: u64 = 256 << 20;

fn inspected(path: &str) -> Value {
    let run = packwright_within(MEMORY_BYTES, ["inspect", "--json", path]);
    assert_eq!(run.code, Some(0), "{path}: {}", run.stderr);
    run.json()
}

/// What a tricky archive must give: the verdict, a rule that must be reported, and where.
const HOSTILE: &[(&str, &str, &str, &str)] = &[
    ("any_name.zip", "dangerous", "pickle/dangerous-name", "weights.txt in any_name.zip, byte 54"),
    ("deep.zip", "dangerous", "pickle/dangerous-name", "b.gz in a.tar in deep.zip, byte 54"),
    ("payload.tar.bz2", "dangerous", "pickle/dangerous-name", "model in payload.tar.bz2, byte 54"),
    ("duplicate.zip", "dangerous", "archive/duplicate", "model.pkl in duplicate.zip, byte 136"),
    ("other_name.zip", "dangerous", "archive/other-name", "model.pkl in other_name.zip, byte 97"),
    ("encrypted_flag.zip", "dangerous", "archive/flags", "model.pkl in encrypted_flag.zip, byte 97"),
    ("bad_crc.zip", "dangerous", "archive/checksum", "model.pkl in bad_crc.zip, byte 39"),
    ("unlisted.zip", "dangerous", "archive/unlisted", "hidden.bin in unlisted.zip, byte 0"),
    ("overlap.zip", "dangerous", "archive/overlap", "b.pkl in overlap.zip, byte 0"),
    ("traversal.zip", "dangerous", "archive/outside", "../../evil.pkl in traversal.zip, byte 691"),
    ("link.zip", "dangerous", "archive/outside", "model.pkl in link.zip, byte 39"),
    ("before.zip", "review", "archive/before", "before.zip, byte 0"),
    ("after.zip", "review", "archive/after", "after.zip, byte 724"),
    ("bomb_bzip2.zip", "unscanned", "archive/not-read", "zeros in bomb_bzip2.zip, byte 774"),
    ("bomb.tar.bz2", "unscanned", "archive/not-read", "bomb.tar.bz2, byte 0"),
    ("lying_length.zip", "dangerous", "archive/length", "model.pkl in lying_length.zip, byte 39"),
    ("cut.zip", "unscanned", "archive/not-read", "model.pkl in cut.zip, byte 39"),
    ("traversal.tar", "dangerous", "archive/outside", "../up.pkl in traversal.tar, byte 3584"),
    ("links.tar", "dangerous", "archive/outside", "out.pkl in links.tar, byte 2560"),
    ("links.tar", "dangerous", "archive/link", "same.pkl in links.tar, byte 2048"),
    ("links.tar", "dangerous", "archive/device", "dev in links.tar, byte 3584"),
    ("duplicate.tar", "dangerous", "archive/duplicate", "model.pkl in duplicate.tar, byte 2048"),
    ("after_end.tar", "review", "archive/after", "after_end.tar, byte 10240"),
    ("objects.npz", "dangerous", "pickle/dangerous-name", "x.npy in objects.npz, byte 182"),
    ("second_protocol0.pkl", "dangerous", "pickle/second-pickle", "byte 793"),
    ("second_broken.pkl", "dangerous", "pickle/trailing-bytes", "byte 793"),
    ("nested_bytes.pkl", "review", "pickle/nested-dangerous", "byte 56 in the bytes at byte 24"),
    ("gzip_members.pkl.gz", "dangerous", "pickle/dangerous-name", "byte 54"),
    ("gzip_trailing.pkl.gz", "safe", "compressed/trailing-bytes", "the last 40 bytes of the file"),
    ("zlib_trailing.pkl.z", "safe", "compressed/trailing-bytes", "the last 64 bytes of the file"),
];

#[test]
fn tricks_of_archives_and_streams_are_findings_with_their_place() {
    let mut wrong = Vec::new();
    for (name, verdict, rule, place) in HOSTILE {
        let document = inspected(&format!("hostile/containers/{name}"));
        let safety = &document["safety"];
        let has_row = safety["findings"]
            .as_array()
            .is_some_and(|rows| rows.iter().any(|row| row["rule"] == *rule && row["where"] == *place));
        if safety["verdict"] != *verdict || !has_row {
            wrong.push(format!("{name}: wanted {verdict} with {rule} at {place}, got {safety:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bomb_is_unscanned_with_the_number() {
    for (name, number) in [("bomb_bzip2.zip", "83886080"), ("bomb.tar.bz2", "67108864")] {
        let document = inspected(&format!("hostile/containers/{name}"));
        let unread = document["safety"]["unread"].to_string();
        assert!(unread.contains(number), "{name}: {unread}");
    }
}

#[test]
fn a_member_is_described_as_if_it_had_been_dropped_alone() {
    let alone = [
        ("one_model.zip", "sklearn/rf_iris_proto2.pkl", "models/forest.pkl in one_model.zip"),
        ("joblib_stored.zip", "sklearn/kmeans_plain.joblib", "kmeans.joblib in joblib_stored.zip"),
        ("joblib_zlib.tar", "sklearn/gbc_zlib3.joblib", "out/gbc.joblib in joblib_zlib.tar"),
        ("two_models.tar.gz", "sklearn/rf_iris_proto2.pkl", "forest.pkl in two_models.tar.gz"),
        ("nested.zip", "sklearn/rf_iris_proto2.pkl", "forest.pkl in run/model.tar.xz in nested.zip"),
        ("booster.json.gz", "xgboost/booster_multi_names.json", "booster.json in booster.json.gz"),
        ("booster.txt.bz2", "lightgbm/booster_binary.txt", "booster.txt in booster.txt.bz2"),
        ("net.onnx.xz", "onnx/multi_in_multi_out.onnx", "net.onnx in net.onnx.xz"),
    ];
    for (name, original, place) in alone {
        let found = inspected(&format!("containers/{name}"));
        let wanted = inspected(original);
        for field in ["format", "framework", "framework_version", "model_class", "flavor", "signature"] {
            assert_eq!(found[field], wanted[field], "{name}: {field}");
        }
        for field in ["verdict", "summary"] {
            assert_eq!(found["safety"][field], wanted["safety"][field], "{name}: {field}");
        }
        let facts = found["facts"].as_array().expect("facts are a list");
        assert!(
            facts.iter().any(|fact| fact["name"] == "model_file" && fact["value"] == place),
            "{name}: {facts:?}"
        );
    }
}

#[test]
fn a_package_of_a_member_holds_the_member_and_not_the_archive() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let copied = [
        ("one_model.zip", "forest.pkl", "sklearn/rf_iris_proto2.pkl"),
        ("two_models.tar.gz", "forest.pkl", "sklearn/rf_iris_proto2.pkl"),
        ("nested.zip", "forest.pkl", "sklearn/rf_iris_proto2.pkl"),
        ("booster.json.gz", "booster.json", "xgboost/booster_multi_names.json"),
        ("booster.txt.bz2", "booster.txt", "lightgbm/booster_binary.txt"),
        ("net.onnx.xz", "net.onnx", "onnx/multi_in_multi_out.onnx"),
    ];
    for (name, member, original) in copied {
        for (extension, what) in [("", "folder"), (".zip", "zip")] {
            let out = folder.path().join(format!("{}{extension}", name.replace('.', "_")));
            let artifact = format!("containers/{name}");
            let run = packwright(["pack".as_ref(), artifact.as_ref(), "-o".as_ref(), out.as_os_str()]);
            assert_eq!(run.code, Some(0), "{name} as {what}: {}", run.stderr);
            if extension.is_empty() {
                assert_eq!(data_file(&out), (member.to_owned(), read(&fixtures().join(original))), "{name}");
            }
        }
    }
}

#[test]
fn a_joblib_member_is_rewritten_like_the_file_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, original) in [
        ("containers/joblib_stored.zip", "sklearn/kmeans_plain.joblib"),
        ("containers/joblib_zlib.tar", "sklearn/gbc_zlib3.joblib"),
    ] {
        let pickled = |artifact: &str| {
            let out = folder.path().join(artifact.replace(['/', '.'], "_"));
            let run = packwright(["pack".as_ref(), artifact.as_ref(), "-o".as_ref(), out.as_os_str()]);
            assert_eq!(run.code, Some(0), "{artifact}: {}", run.stderr);
            read(&out.join("model.pkl"))
        };
        assert_eq!(pickled(name), pickled(original), "{name}");
    }
}

#[test]
fn another_model_of_an_archive_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let out = folder.path().join("ridge");
    let run = packwright([
        "pack".as_ref(),
        "containers/two_models.tar.gz".as_ref(),
        "--model".as_ref(),
        "ridge.pkl in two_models.tar.gz".as_ref(),
        "-o".as_ref(),
        out.as_os_str(),
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(data_file(&out), ("ridge.pkl".to_owned(), read(&fixtures().join("sklearn/ridge_proto1.pkl"))));
}

/// The one file of a package that is neither text of ours nor code.
fn data_file(package: &Path) -> (String, Vec<u8>) {
    let own = [
        "MLmodel",
        "README.md",
        "SHA256SUMS",
        "bom.cdx.json",
        "conda.yaml",
        "python_env.yaml",
        "requirements.txt",
    ];
    let names: Vec<String> = packwright_tests::files_below(package)
        .into_iter()
        .filter(|name| !own.contains(&name.as_str()) && !name.starts_with("code/"))
        .collect();
    let [name] = names.as_slice() else { panic!("not one data file: {names:?}") };
    (name.rsplit('/').next().unwrap_or_default().to_owned(), read(&package.join(name)))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
