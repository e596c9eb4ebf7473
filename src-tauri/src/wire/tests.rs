use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ts_rs::{Config, TS as _};

use super::{Commands, IpcError, MenuCommand};

fn committed_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/ipc/generated")
}

fn type_files(dir: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "ts"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        })
        .collect()
}

#[test]
fn the_committed_typescript_is_what_the_wire_types_say() {
    let fresh_dir = tempfile::tempdir().unwrap();
    // Not `Config::from_env`: the result must not depend on who runs it.
    let config = Config::new().with_out_dir(fresh_dir.path());
    Commands::export_all(&config).unwrap();
    IpcError::export_all(&config).unwrap();
    MenuCommand::export_all(&config).unwrap();
    let fresh = type_files(fresh_dir.path());
    let dir = committed_dir();
    if std::env::var_os("UPDATE_TYPES").is_some() {
        for stale in type_files(&dir).keys().filter(|name| !fresh.contains_key(*name)) {
            std::fs::remove_file(dir.join(stale)).unwrap();
        }
        for (name, text) in &fresh {
            std::fs::write(dir.join(name), text).unwrap();
        }
    }
    let committed = type_files(&dir);
    let differing: Vec<&String> = fresh
        .keys()
        .chain(committed.keys())
        .filter(|name| fresh.get(*name) != committed.get(*name))
        .collect();
    assert!(differing.is_empty(), "run UPDATE_TYPES=1 cargo test -p packwright-app; stale: {differing:?}");
}

#[test]
fn a_menu_id_is_the_word_that_the_window_gets() {
    for command in MenuCommand::ALL {
        assert_eq!(serde_json::to_value(command).unwrap(), command.id());
        assert_eq!(MenuCommand::from_id(command.id()), Some(command));
    }
}
