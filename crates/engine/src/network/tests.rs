use std::path::Path;

use packwright_inspect::{Serving, SourcedSchema};

use crate::draft::{Draft, NetworkOffer};
use crate::edit::Edit;
use crate::open::open;
use crate::plan::plan;
use crate::testing::fixtures;

fn weights() -> Draft {
    open(&fixtures().join("keras/sequential.weights.h5")).unwrap()
}

fn with(path: &Path) -> Draft {
    let mut draft = weights();
    draft.apply(Edit::AddCode { path: path.to_path_buf() }).unwrap();
    draft
}

/// A configuration of one Dense layer with `more` among its settings.
fn dense(more: &str) -> String {
    format!(
        r#"{{"module": "keras", "class_name": "Sequential", "config": {{"name": "n", "layers": [
            {{"module": "keras.layers", "class_name": "InputLayer", "config": {{"name": "x", "batch_shape": [null, 4]}}}},
            {{"module": "keras.layers", "class_name": "Dense", "config": {{"name": "d", "units": 2, "use_bias": true{more}}},
              "build_config": {{"input_shape": [null, 4]}}}}]}}}}"#
    )
}

#[test]
fn weights_say_which_piece_is_missing_and_the_network_gives_what_they_lack() {
    let alone = weights();
    assert!(matches!(alone.inspection().serving, Serving::KerasWeights { is_by_layer: false }));
    assert!(alone.export_blocked().unwrap().contains("model.to_json()"));
    assert!(alone.decisions().iter().any(|decision| decision.id == "architecture-missing"));
    for (network, place) in [
        ("keras/model_config.json", "artifacts/network.json"),
        ("keras/sequential.keras", "artifacts/network.keras"),
        ("keras/sequential_full.h5", "artifacts/network.h5"),
    ] {
        let mut draft = with(&fixtures().join(network));
        assert_eq!(draft.export_blocked(), None, "{network}");
        let Some(SourcedSchema::Tensors(inputs)) = draft.signature().inputs else { panic!("{network}") };
        assert_eq!(inputs[0].value.shape, [-1, 4]);
        let plan = plan(&draft).unwrap();
        let paths: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(&paths[..3], ["artifacts/model.weights.h5", place, "model.py"]);
        assert!(!paths.iter().any(|path| path.starts_with("code/")), "{paths:?}");
        // The version that the network knows.
        let lines = draft.requirements();
        let keras = lines.iter().find(|line| line.requirement.starts_with("keras")).unwrap();
        assert_eq!(keras.requirement == "keras", network.ends_with("json"));
        assert!(draft.undo() && draft.export_blocked().is_some());
    }
}

#[test]
fn a_network_that_does_not_fit_or_holds_code_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let own = dense(r#", "activation": {"module": "shop.net", "class_name": "Own", "config": {}}"#);
    for (path, said) in [
        (written("other.json", &dense("")), "the file lacks [2], [4, 2]"),
        (written("own.json", &own), "more than a description of layers"),
        (written("open.json", &dense("").replace("\"batch_shape\"", "\"other\"").replace("null, 4", "")), "does not say what goes"),
        (fixtures().join("keras/cnn.keras"), "do not fit cnn.keras"),
        (fixtures().join("keras/lambda_unsafe.keras"), "more than a description of layers"),
    ] {
        let problem = with(&path).export_blocked().unwrap_or_default();
        assert!(problem.contains(said), "{}: {problem}", path.display());
    }
    // A layer without a rule leaves open what it takes: nothing is compared then.
    let open = dense("").replace("\"Dense\"", "\"EinsumDense\"");
    assert_eq!(with(&written("einsum.json", &open)).export_blocked(), None);
}

#[test]
fn a_file_is_offered_as_the_network_only_where_it_is_known_to_fit_and_asked_for() {
    let mut draft = weights();
    for theirs in ["keras/model_config.json", "keras/sequential.keras", "keras/sequential_full.h5"] {
        let path = fixtures().join(theirs);
        assert_eq!(draft.network_offer(&path), Some(NetworkOffer::Theirs(Edit::AddCode { path })));
    }
    let Some(NetworkOffer::Another(why)) = draft.network_offer(&fixtures().join("keras/cnn.keras")) else { panic!() };
    assert!(why.contains("do not fit cnn.keras"), "{why}");
    let dir = tempfile::tempdir().unwrap();
    let open = dir.path().join("open.json");
    std::fs::write(&open, dense("").replace("\"Dense\"", "\"EinsumDense\"")).unwrap();
    let Some(NetworkOffer::Another(why)) = draft.network_offer(&open) else { panic!() };
    assert!(why.contains("not all known"), "{why}");
    assert_eq!(draft.network_offer(&fixtures().join("keras/sequential.weights.h5")), None);
    assert_eq!(draft.network_offer(dir.path()), None);
    // One that does not fit does not stand in the way of the one that does.
    draft.apply(Edit::AddCode { path: fixtures().join("keras/cnn.keras") }).unwrap();
    let path = fixtures().join("keras/model_config.json");
    let Some(NetworkOffer::Theirs(edit)) = draft.network_offer(&path) else { panic!() };
    draft.apply(edit).unwrap();
    assert_eq!(draft.export_blocked(), None);
    assert!(!draft.wants_network() && draft.network_offer(&path).is_none());
}

#[test]
fn weights_of_keras_2_keep_the_name_that_tells_their_layout() {
    let mut draft = open(&fixtures().join("keras/keras2_weights.h5")).unwrap();
    draft.apply(Edit::AddCode { path: fixtures().join("keras/keras2_sequential.h5") }).unwrap();
    let plan = plan(&draft).unwrap();
    assert_eq!(plan.files[0].path, "artifacts/weights.h5");
    // Keras 3 does not open them.
    let mut draft = open(&fixtures().join("keras/keras2_weights.h5")).unwrap();
    draft.apply(Edit::AddCode { path: fixtures().join("keras/sequential.keras") }).unwrap();
    assert!(draft.export_blocked().unwrap().contains("written by keras, and the weights by tf-keras"));
}
