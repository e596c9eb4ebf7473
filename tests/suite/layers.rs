//! Arrows between the rooms go one way (ARCHITECTURE.md).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use packwright_tests::root;
use serde_json::Value;

/// Which packages of this repository each package may depend on, in any way: built with, built for or tested with.
const ALLOWED: &[(&str, &[&str])] = &[
    ("packwright-source", &[]),
    ("packwright-formats", &["packwright-source"]),
    ("packwright-mlflow", &[]),
    ("packwright-inspect", &["packwright-source", "packwright-formats", "packwright-mlflow"]),
    (
        "packwright-engine",
        &["packwright-source", "packwright-formats", "packwright-inspect", "packwright-mlflow"],
    ),
    ("packwright-cli", &["packwright-engine"]),
    ("packwright-app", &["packwright-engine"]),
    ("packwright-tests", &["packwright-engine"]),
];

/// Entries at the top of the repository. A new one needs a line in ARCHITECTURE.md.
const TOP: &[&str] = &[
    ".ci",
    ".gitattributes",
    ".gitignore",
    ".npmrc",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "icons",
    "package-lock.json",
    "package.json",
    "rustfmt.toml",
    "src-tauri",
    "tests",
    "ui",
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    metadata["packages"].as_array().expect("packages is a list").clone()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|dependency| dependency["name"].as_str())
}

#[test]
fn a_room_knows_only_the_rooms_below_it() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for package in packages() {
        let name = package["name"].as_str().expect("a package has a name");
        let below =
            allowed.get(name).unwrap_or_else(|| panic!("{name} is a new room: give it a line in this table"));
        for dependency in dependencies(&package).filter(|dependency| dependency.starts_with("packwright-")) {
            assert!(below.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn only_the_shell_knows_tauri_and_native_dialogs() {
    for package in packages() {
        let name = package["name"].as_str().expect("a package has a name");
        let graphical =
            |dependency: &&str| dependency.starts_with("tauri") || ["rfd", "wry", "tao"].contains(dependency);
        if name != "packwright-app" {
            assert_eq!(dependencies(&package).find(graphical), None, "{name} names a window library");
        }
    }
}

#[test]
fn frameworks_do_not_import_each_other() {
    let folder = root().join("crates/inspect/src");
    let frameworks = ["sklearn", "xgboost", "lightgbm", "onnx", "catboost", "torch", "keras", "tensorflow"];
    let here: Vec<_> = frameworks
        .iter()
        .filter(|name| folder.join(name).is_dir() || folder.join(format!("{name}.rs")).is_file())
        .collect();
    assert!(!here.is_empty(), "there is no framework module in {}", folder.display());
    for name in &here {
        for (path, text) in sources(&folder, &["rs"]) {
            let module = path.strip_prefix(&folder).expect("it lies below").to_string_lossy().into_owned();
            if module != format!("{name}.rs") && !module.starts_with(&format!("{name}/")) {
                continue;
            }
            for other in here.iter().filter(|other| other != &name) {
                assert!(!text.contains(&format!("crate::{other}::")), "{} uses {other}", path.display());
            }
        }
    }
}

#[test]
fn only_one_file_of_the_window_talks_to_tauri() {
    let allowed = Path::new("ui/src/lib/host/tauri.ts");
    for (path, text) in sources(&root().join("ui/src"), &["ts", "svelte", "js"]) {
        let relative = path.strip_prefix(root()).expect("it lies in the repository");
        assert!(
            relative == allowed || !text.contains("@tauri-apps/"),
            "{} imports @tauri-apps",
            relative.display()
        );
    }
}

#[test]
fn every_entry_at_the_top_is_known() {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git runs");
    let listed = String::from_utf8_lossy(&output.stdout);
    let mut seen = 0;
    for name in listed.lines().filter_map(|path| path.split('/').next()) {
        seen += 1;
        assert!(
            TOP.contains(&name),
            "{name} is new at the top: say in ARCHITECTURE.md what it is for, then here"
        );
    }
    assert!(0 < seen, "git lists no file in {}", root().display());
}

/// The text of every source file below a folder.
fn sources(folder: &Path, extensions: &[&str]) -> Vec<(std::path::PathBuf, String)> {
    packwright_tests::files_below(folder)
        .into_iter()
        .filter(|file| extensions.iter().any(|extension| file.ends_with(&format!(".{extension}"))))
        .map(|file| folder.join(file))
        .map(|path| {
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, text)
        })
        .collect()
}
