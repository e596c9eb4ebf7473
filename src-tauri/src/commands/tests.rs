use std::path::{Path, PathBuf};

use packwright_engine::saved::DraftStore;
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager as _, WebviewWindow, WebviewWindowBuilder};

use super::install;
use crate::drafts::Drafts;
use crate::paths::{Paths, PickedTarget};
use crate::saving::Saving;

const SAMPLE: &[u8] = include_bytes!("../../resources/sample_model.joblib");

/// The commands behind a window that is not shown.
struct Window {
    app: App<MockRuntime>,
    webview: WebviewWindow<MockRuntime>,
    dir: tempfile::TempDir,
}

impl Window {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::open_in(dir)
    }

    /// With what an earlier window saved there.
    fn open_in(dir: tempfile::TempDir) -> Self {
        let saving = Saving::new(DraftStore::in_folder(dir.path().join("drafts")));
        let builder = install(mock_builder()).manage(packwright_engine::Journal::none()).manage(saving);
        let app = builder.build(mock_context(noop_assets())).unwrap();
        let webview = WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build().unwrap();
        Self { app, webview, dir }
    }

    /// The response, or the error as the page gets it.
    fn call(&self, command: &str, request: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(request),
            headers: tauri::http::HeaderMap::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.webview, request).map(|body| body.deserialize().unwrap())
    }

    fn error_code(&self, command: &str, request: Value) -> String {
        let error = self.call(command, request).unwrap_err();
        assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
        error["code"].as_str().unwrap().to_owned()
    }

    /// A file that the person dropped.
    fn dropped(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.app.state::<Paths>().allow_artifacts([path.clone()]);
        path
    }

    /// The draft of a model that can be exported.
    fn draft(&self) -> Value {
        let path = self.dropped("churn.joblib", SAMPLE);
        self.call("open_artifact", json!({ "path": path })).unwrap()
    }

    /// What the page sends to export a draft to a place that the person picked.
    fn export_request(&self, draft: &Value, path: &Path) -> Value {
        let picked = PickedTarget { path: path.to_path_buf(), replace_confirmed: false };
        let path = self.app.state::<Paths>().allow_target(picked);
        json!({ "draftId": draft["id"], "kind": "zip", "path": path, "overwrite": false, "confirmation": "", "onProgress": "__CHANNEL__:1" })
    }
}

#[test]
fn a_model_is_opened_edited_exported_and_closed() {
    let window = Window::open();
    let draft = window.draft();
    assert_eq!(draft["framework"]["text"], "scikit-learn");
    assert_eq!(draft["safety"]["verdict"], "safe");
    assert_eq!(draft["signature"]["inputs"]["columns"].as_array().unwrap().len(), 7);
    assert_eq!(draft["exportBlocked"], Value::Null);

    let id = &draft["id"];
    let edit = json!({ "kind": "setTag", "key": "stage", "value": "candidate" });
    let edited = window.call("edit_draft", json!({ "draftId": id, "edit": edit })).unwrap();
    assert_eq!(edited["tags"], json!([{ "key": "stage", "value": "candidate" }]));
    let undone = window.call("undo_draft", json!({ "draftId": id })).unwrap();
    assert_eq!(undone["tags"], json!([]));
    let redone = window.call("redo_draft", json!({ "draftId": id })).unwrap();
    assert_eq!(redone["tags"], edited["tags"]);

    let plan = window.call("plan_export", json!({ "draftId": id, "kind": "zip" })).unwrap();
    assert_eq!(plan["suggestedName"], "churn.zip");
    let target = window.dir.path().join("churn.zip");
    let receipt = window.call("start_export", window.export_request(&draft, &target)).unwrap();
    assert_eq!(receipt["path"], target.to_str().unwrap());
    assert_eq!(receipt["sizeBytes"].as_u64().unwrap(), target.metadata().unwrap().len());

    window.call("close_draft", json!({ "draftId": id })).unwrap();
    assert_eq!(window.call("list_drafts", json!({})).unwrap(), json!([]));
}

#[test]
fn drafts_are_listed_newest_first() {
    let window = Window::open();
    let first = window.draft();
    let second = window.call("open_artifact", json!({ "path": first["path"] })).unwrap();
    let listed = window.call("list_drafts", json!({})).unwrap();
    assert_eq!(listed[0]["id"], second["id"]);
    assert_eq!(listed[1]["id"], first["id"]);
}

#[test]
fn a_table_is_no_model_and_the_sample_of_a_draft() {
    let window = Window::open();
    let draft = window.draft();
    let path = window.dropped("customers.csv", b"age,city\n34,Graz\n51,Oslo\n");
    assert_eq!(window.error_code("open_artifact", json!({ "path": path })), "dataFile");
    let edit = json!({ "kind": "setSample", "path": path });
    let changed = window.call("edit_draft", json!({ "draftId": draft["id"], "edit": edit })).unwrap();
    assert_eq!(changed["sample"]["size"], "2 rows, 2 columns");
    let secret = window.dir.path().join("secret.csv");
    std::fs::write(&secret, "a\n1\n").unwrap();
    let edit = json!({ "kind": "setSample", "path": secret });
    assert_eq!(window.error_code("edit_draft", json!({ "draftId": draft["id"], "edit": edit })), "notFound");
    let path = window.dropped("notes.txt", b"nothing\n");
    assert_eq!(window.error_code("open_artifact", json!({ "path": path })), "notAModel");
}

#[test]
fn an_environment_file_is_no_model_and_gives_versions_to_a_draft() {
    let window = Window::open();
    let draft = window.draft();
    let text = b"numpy==1.26.0\n--extra-index-url https://pypi.example.org/simple\n-r base.txt\n";
    let path = window.dropped("requirements.txt", text);
    assert_eq!(window.error_code("open_artifact", json!({ "path": path })), "environmentFile");
    let request = json!({ "draftId": draft["id"], "path": path });
    let found = window.call("read_environment", request.clone()).unwrap();
    assert_eq!(found["isChange"], true);
    assert_eq!(found["indexes"], json!(["--extra-index-url https://pypi.example.org/simple"]));
    assert_eq!(found["leftOut"].as_array().unwrap().len(), 1);
    let import = json!({ "draftId": draft["id"], "path": path, "scope": "versions" });
    let changed = window.call("import_environment", import).unwrap();
    let lines: Vec<&str> = changed["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["requirement"].as_str())
        .collect();
    assert!(lines.contains(&"--extra-index-url https://pypi.example.org/simple"), "{lines:?}");
    assert_eq!(window.call("read_environment", request).unwrap()["isChange"], false);
}

#[test]
fn a_network_goes_to_the_weights_that_lack_it_and_to_no_other_draft() {
    let window = Window::open();
    let fixture = |name: &str| match name {
        "sequential.weights.h5" => {
            include_bytes!("../../../tests/fixtures/keras/sequential.weights.h5").as_slice()
        }
        "model_config.json" => include_bytes!("../../../tests/fixtures/keras/model_config.json"),
        _ => include_bytes!("../../../tests/fixtures/keras/cnn.keras"),
    };
    let weights = window.dropped("net.weights.h5", fixture("sequential.weights.h5"));
    let draft = window.call("open_artifact", json!({ "path": weights })).unwrap();
    assert_eq!(draft["wantsNetwork"], true);
    let take = |file: &str| {
        let path = window.dropped(file, fixture(file));
        window.call("take_network", json!({ "draftId": draft["id"], "path": path })).unwrap()
    };
    let other = take("cnn.keras");
    assert_eq!(other["draft"], json!(null));
    assert!(other["whyNot"].as_str().unwrap().contains("do not fit cnn.keras"));
    assert_eq!(take("sequential.weights.h5"), json!({ "draft": null, "whyNot": null }));
    let taken = take("model_config.json");
    assert_eq!(
        (&taken["draft"]["wantsNetwork"], &taken["draft"]["exportBlocked"]),
        (&json!(false), &json!(null))
    );
    let undone = window.call("undo_draft", json!({ "draftId": draft["id"] })).unwrap();
    assert_eq!(undone["wantsNetwork"], true);
    let path = window.dir.path().join("secret.json");
    assert_eq!(
        window.error_code("take_network", json!({ "draftId": draft["id"], "path": path })),
        "notFound"
    );
}

#[test]
fn a_file_that_ends_too_early_is_damaged() {
    let window = Window::open();
    // An ONNX model's first field (ir_version) and then a graph that claims 100 bytes and has none.
    let path = window.dropped("cut.onnx", &[0x08, 0x08, 0x3a, 0x64]);
    assert_eq!(window.error_code("open_artifact", json!({ "path": path })), "damaged");
}

#[test]
fn a_file_that_is_gone_is_unreadable() {
    let window = Window::open();
    let path = window.dropped("gone.pkl", b"");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(window.error_code("open_artifact", json!({ "path": path })), "unreadable");
}

#[test]
fn what_lies_at_the_target_is_not_replaced_without_a_yes() {
    let window = Window::open();
    let draft = window.draft();
    let target = window.dir.path().join("mine.zip");
    std::fs::write(&target, "mine").unwrap();
    let mut request = window.export_request(&draft, &target);
    assert_eq!(window.error_code("start_export", request.clone()), "targetExists");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    request["overwrite"] = json!(true);
    // Nor with one, when it is no package.
    assert_eq!(window.error_code("start_export", request.clone()), "writeFailed");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    std::fs::remove_file(&target).unwrap();
    window.call("start_export", request.clone()).unwrap();
    window.call("start_export", request).unwrap();
}

#[test]
fn the_dialogs_yes_to_replacing_is_not_asked_for_again() {
    let window = Window::open();
    let draft = window.draft();
    let target = window.dir.path().join("mine.zip");
    window.call("start_export", window.export_request(&draft, &target)).unwrap();
    let request = window.export_request(&draft, &target);
    let picked = PickedTarget { path: target, replace_confirmed: true };
    window.app.state::<Paths>().allow_target(picked);
    window.call("start_export", request.clone()).unwrap();
    assert_eq!(window.error_code("start_export", request), "targetExists", "it was for one export");
}

#[test]
fn a_target_in_a_folder_that_does_not_exist_cannot_be_written() {
    let window = Window::open();
    let draft = window.draft();
    let request = window.export_request(&draft, &window.dir.path().join("missing/churn.zip"));
    assert_eq!(window.error_code("start_export", request), "writeFailed");
}

#[test]
fn a_cancelled_export_says_so_and_leaves_nothing() {
    let window = Window::open();
    let draft = window.draft();
    let out = window.dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let request = window.export_request(&draft, &out.join("churn.zip"));
    window.app.state::<Drafts>().cancel_the_next_export();
    assert_eq!(window.error_code("start_export", request.clone()), "cancelled");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    window.call("start_export", request).unwrap();
}

#[test]
fn an_edit_that_mlflow_would_refuse_is_invalid() {
    let window = Window::open();
    let draft = window.draft();
    for edit in [
        json!({ "kind": "setPython", "version": "newest" }),
        json!({ "kind": "setColumnType", "side": "sideways", "index": 0, "type": "double" }),
        json!({ "kind": "setColumnType", "side": "inputs", "index": 4_000_000_000_u32, "type": "double" }),
    ] {
        let request = json!({ "draftId": draft["id"], "edit": edit });
        assert_eq!(window.error_code("edit_draft", request), "invalidEdit", "{edit}");
    }
}

#[test]
fn a_closed_draft_is_not_found_by_any_command() {
    let window = Window::open();
    let draft = window.draft();
    let request = window.export_request(&draft, &window.dir.path().join("churn.zip"));
    window.call("close_draft", json!({ "draftId": draft["id"] })).unwrap();
    assert_eq!(window.error_code("start_export", request), "notFound");
    let edit = json!({ "kind": "setName", "name": "x" });
    assert_eq!(window.error_code("edit_draft", json!({ "draftId": draft["id"], "edit": edit })), "notFound");
    assert_eq!(
        window.error_code("plan_export", json!({ "draftId": draft["id"], "kind": "zip" })),
        "notFound"
    );
    for command in ["undo_draft", "redo_draft", "close_draft", "cancel_export"] {
        assert_eq!(window.error_code(command, json!({ "draftId": draft["id"] })), "notFound", "{command}");
    }
}

#[test]
fn a_path_that_nobody_gave_is_neither_read_nor_written_nor_shown() {
    let window = Window::open();
    let draft = window.draft();
    let secret = window.dir.path().join("secret.pkl");
    std::fs::write(&secret, SAMPLE).unwrap();
    assert_eq!(window.error_code("open_artifact", json!({ "path": secret })), "notFound");
    assert_eq!(window.error_code("reveal_export", json!({ "path": secret })), "notFound");
    let mut request = window.export_request(&draft, &window.dir.path().join("given.zip"));
    request["path"] = json!(window.dir.path().join("not-given.zip"));
    assert_eq!(window.error_code("start_export", request), "notFound");
    assert!(!window.dir.path().join("not-given.zip").exists());
}

#[test]
fn a_panic_in_a_task_is_a_fault_of_ours_and_not_the_end() {
    let window = Window::open();
    let task = super::off_the_ui_thread(window.app.handle().clone(), |_, _| -> Result<(), _> {
        panic!("on purpose")
    });
    let error = tauri::async_runtime::block_on(task).unwrap_err();
    assert_eq!(error.code, crate::wire::ErrorCode::Internal);
    window.draft();
}

#[test]
fn a_picked_key_seals_the_package_and_its_passphrase_is_asked_for() {
    let window = Window::open();
    let draft = window.draft();
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/engine/tests/keys");
    let locked = keys.join("p521_encrypted.pem");
    let request = |passphrase: &str| json!({ "path": locked, "passphrase": passphrase });
    let check = |passphrase: &str| json!({ "key": request(passphrase) });
    assert_eq!(window.error_code("check_key", check("")), "notFound", "nobody picked it");
    window.app.state::<Paths>().allow_key(locked.clone());
    assert_eq!(window.call("check_key", check("")).unwrap()["isLocked"], true);
    assert_eq!(window.error_code("check_key", check("wrong")), "keyRefused");
    let key = window.call("check_key", check("correct horse")).unwrap();
    assert_eq!((&key["isLocked"], &key["curve"]), (&json!(false), &json!("P-521")));

    let target = window.dir.path().join("sealed.zip");
    let mut export = window.export_request(&draft, &target);
    export["key"] = request("wrong");
    assert_eq!(window.error_code("start_export", export.clone()), "keyRefused");
    assert!(!target.exists());
    export["key"] = request("correct horse");
    let plan = json!({ "draftId": draft["id"], "kind": "zip", "path": export["path"], "isSealed": true });
    let plan = window.call("plan_export", plan).unwrap();
    assert_eq!(plan["files"].as_array().unwrap().last().unwrap()["origin"], "sealed");
    assert!(0 < plan["freeBytes"].as_u64().unwrap());
    let receipt = window.call("start_export", export).unwrap();
    assert_eq!(receipt["sealedBy"], key["fingerprint"]);
}

#[test]
fn the_card_is_edited_field_by_field() {
    let window = Window::open();
    let id = window.draft()["id"].clone();
    let edit = |field: &str, value: &str| json!({ "draftId": id, "edit": { "kind": "setMetadata", "field": field, "value": value } });
    let draft = window.call("edit_draft", edit("license", "MIT")).unwrap();
    let given = draft["metadata"]["completeness"].as_array().unwrap().iter().filter(|e| e["isGiven"] == true);
    assert_eq!(given.count(), 1);
    assert_eq!(window.error_code("edit_draft", edit("license", "Apache 2.0")), "invalidEdit");
    assert_eq!(window.error_code("edit_draft", edit("owner", "me")), "invalidEdit");
}

impl Window {
    /// What is waiting to be saved is saved, the program dies, and another starts.
    fn die_and_start(self) -> Self {
        self.app.state::<Saving>().flush(&self.app.state::<Drafts>());
        let Self { dir, .. } = self;
        Self::open_in(dir)
    }

    fn saved(&self) -> Value {
        self.call("list_saved_drafts", json!({})).unwrap()
    }
}

#[test]
fn drafts_come_back_in_their_order_until_they_are_closed() {
    let window = Window::open();
    let first = window.draft();
    let second = window.call("open_artifact", json!({ "path": first["path"] })).unwrap();
    let id = &first["id"];
    let edit = json!({ "kind": "setTag", "key": "stage", "value": "candidate" });
    window.call("edit_draft", json!({ "draftId": id, "edit": edit })).unwrap();
    window.call("undo_draft", json!({ "draftId": id })).unwrap();
    window.call("show_draft", json!({ "draftId": id })).unwrap();

    let window = window.die_and_start();
    assert_eq!(window.call("list_drafts", json!({})).unwrap(), json!([]));
    let saved = window.saved();
    let keys: Vec<&Value> = saved["drafts"].as_array().unwrap().iter().map(|draft| &draft["key"]).collect();
    assert_eq!((keys.len(), &saved["shown"], &saved["problems"]), (2, keys[0], &json!([])));
    // In any order: each finds its place.
    let newer = window.call("restore_draft", json!({ "key": keys[1] })).unwrap();
    let older = window.call("restore_draft", json!({ "key": keys[0] })).unwrap();
    assert_eq!(older["openedAtMillis"], first["openedAtMillis"]);
    assert_eq!(newer["openedAtMillis"], second["openedAtMillis"]);
    assert_eq!((&older["redo"], &older["warnings"]), (&json!("set tag \"stage\""), &first["warnings"]));
    let open = window.call("list_drafts", json!({})).unwrap();
    assert_eq!((&open[0]["id"], &open[1]["id"]), (&newer["id"], &older["id"]));
    assert_eq!(window.saved()["drafts"], json!([]), "they are open");
    // The path counts as given.
    window.call("open_artifact", json!({ "path": older["path"] })).unwrap();
    let redone = window.call("redo_draft", json!({ "draftId": older["id"] })).unwrap();
    assert_eq!(redone["tags"][0]["value"], "candidate");

    for draft in window.call("list_drafts", json!({})).unwrap().as_array().unwrap() {
        window.call("close_draft", json!({ "draftId": draft["id"] })).unwrap();
    }
    assert_eq!(window.die_and_start().saved()["drafts"], json!([]));
}

#[test]
fn a_draft_of_a_model_that_is_gone_waits_until_it_is_given_up() {
    let window = Window::open();
    let draft = window.draft();
    std::fs::remove_file(draft["path"].as_str().unwrap()).unwrap();
    let window = window.die_and_start();
    let key = json!({ "key": window.saved()["drafts"][0]["key"] });
    let error = window.call("restore_draft", key.clone()).unwrap_err();
    assert!(
        error["message"].as_str().unwrap().starts_with("churn.joblib is no longer where it was"),
        "{error}"
    );
    let window = window.die_and_start();
    assert_eq!(window.saved()["drafts"].as_array().unwrap().len(), 1, "nothing was lost");
    window.call("forget_saved_draft", key.clone()).unwrap();
    assert_eq!(window.saved()["drafts"], json!([]));
    assert_eq!(window.error_code("restore_draft", key), "notFound");
}

#[test]
fn a_draft_that_cannot_be_saved_says_so() {
    let window = Window::open();
    let draft = window.draft();
    std::fs::write(window.dir.path().join("drafts"), "in the way").unwrap();
    window.app.state::<Saving>().flush(&window.app.state::<Drafts>());
    let shown = window.call("list_drafts", json!({})).unwrap();
    assert!(
        shown[0]["warnings"][0].as_str().unwrap().starts_with("This draft could not be saved"),
        "{shown}"
    );
    assert_eq!(
        draft["warnings"].as_array().unwrap().len() + 1,
        shown[0]["warnings"].as_array().unwrap().len()
    );
}
