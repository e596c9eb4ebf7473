use packwright_source::Limits;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{Borders, Feature, FeatureKind};
use super::*;
use crate::SourcedSchema;
use crate::safety::Verdict;
use crate::tests::with_subject;

const LABELS: &[u8] = include_bytes!("../../../../tests/fixtures/catboost/clf_string_labels.cbm");
const CATEGORIES: &[u8] =
    include_bytes!("../../../../tests/fixtures/catboost/v1.2.10/positions_with_categories.cbm");
const TEXTS: &[u8] = include_bytes!("../../../../tests/fixtures/catboost/v1.2.10/texts.cbm");

fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject("model", bytes, |subject| CatboostReader.read(subject))
}

fn explain(bytes: &[u8]) -> String {
    inspect(bytes).map_or_else(|error| error.to_string(), |inspection| inspection.format.to_owned())
}

fn shown(schema: Option<&SourcedSchema>) -> String {
    match schema {
        None => "unknown".to_owned(),
        Some(SourcedSchema::Tensors(tensors)) => {
            let tensor = &tensors.first().expect("one").value;
            format!("{} {:?}", tensor.dtype, tensor.shape)
        }
        Some(SourcedSchema::Columns(columns)) => {
            let column = |column: &Sourced<packwright_mlflow::schema::ColSpec>| {
                let name = column.value.name.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{name}: {:?}", column.value.ty)
            };
            columns.iter().map(column).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A JSON model with these features, class parameters, loss and biases.
fn document(features: &Value, class_params: &Value, loss: &str, biases: usize) -> Value {
    json!({
        "features_info": features,
        "model_info": {
            "catboost_version_info": "Git info:\n    Branch: heads/master\n    Summary: CatBoost release 1.2.5. 73c7\n",
            "class_params": class_params,
            "params": {"loss_function": {"type": loss, "params": {}}, "flat_params": {"depth": 2}},
            "training": {"metrics": [1, 2, 3]},
            "owner": "shop",
        },
        "oblivious_trees": [{"splits": []}, {"splits": []}],
        "scale_and_bias": [1, vec![0.0; biases]],
    })
}

fn number(index: u64, name: &str, borders: &[f64]) -> Value {
    json!({"flat_feature_index": index, "feature_id": name, "borders": borders})
}

fn inspect_json(document: &Value) -> Inspection {
    inspect(document.to_string().as_bytes()).expect("a model")
}

#[test]
fn a_cbm_file_is_described_from_its_core() {
    let found = inspect(LABELS).expect("a model");
    assert_eq!(found.format, "catboost-cbm");
    assert_eq!(found.framework_version.as_ref().expect("known").value, "1.2.10");
    assert_eq!(found.model_class.as_ref().expect("known").value, "catboost.core.CatBoostClassifier");
    let model_type = "CatBoostClassifier".to_owned();
    assert_eq!(found.serving, Serving::Catboost { model_type, save_format: "cbm" });
    assert_eq!(shown(found.signature.outputs.as_ref()), "object [-1, 1]");
    assert_eq!(
        found.fact("class_labels").expect("known").value,
        json!(["setosa", "versicolor", "virginica"])
    );
    assert_eq!(found.fact("n_trees").expect("known").value, json!(4));
    assert_eq!(found.safety.verdict(), Verdict::Safe);
}

#[test]
fn columns_without_names_stay_positions_when_they_are_not_all_numbers() {
    let found = inspect(CATEGORIES).expect("a model");
    let inputs = shown(found.signature.inputs.as_ref());
    assert!(inputs.starts_with("-: ") && inputs.ends_with("-: Any, -: Any"), "{inputs}");
    let found = inspect(TEXTS).expect("a model");
    let inputs = shown(found.signature.inputs.as_ref());
    assert!(inputs.ends_with("plan: Any, region: Any, note: Scalar(String)"), "{inputs}");
    assert_eq!(found.fact("text_features").expect("known").value, json!(["note"]));
}

#[test]
fn the_borders_tell_which_columns_may_hold_integers() {
    let cases: [(&[f64], Borders); 5] = [
        (&[], Borders::None),
        (&[0.5, 18.0, -3.5], Borders::Halves),
        (&[0.5, 0.25], Borders::Fractions),
        (&[f64::INFINITY], Borders::Fractions),
        (&[f64::from(f32::MIN)], Borders::Halves),
    ];
    for (borders, expected) in cases {
        assert_eq!(Borders::of(borders.iter().copied()), expected, "{borders:?}");
    }
    let features = |first: &[f64]| json!({"float_features": [number(0, "age", first), number(1, "pay", &[1.25]), number(2, "x", &[])]});
    let inputs = |first: &[f64]| {
        let found = inspect_json(&document(&features(first), &Value::Null, "RMSE", 1));
        shown(found.signature.inputs.as_ref())
    };
    assert_eq!(inputs(&[0.1]), "age: Scalar(Double), pay: Scalar(Double), x: Scalar(Double)");
    assert_eq!(inputs(&[40.5]), "age: Any, pay: Scalar(Double), x: Any");
}

#[test]
fn the_loss_and_the_classes_decide_what_comes_out() {
    let classes = |ty: &str, names: Value| json!({"class_label_type": ty, "class_names": names, "class_to_label": [0, 1], "classes_count": 0});
    let cases = [
        ("Logloss", classes("Integer", json!([0, 1])), 1, "CatBoostClassifier int64 [-1]"),
        ("Logloss", classes("Boolean", json!([false, true])), 1, "CatBoostClassifier bool [-1]"),
        ("Logloss", classes("Float", json!([0, 2.5])), 1, "CatBoostClassifier float64 [-1]"),
        ("CrossEntropy", classes("Integer", json!([])), 1, "CatBoostClassifier int64 [-1]"),
        ("MultiClass", classes("String", json!(["a", "b", "c"])), 3, "CatBoostClassifier object [-1, 1]"),
        ("MultiLogloss", classes("String", json!(["a", "b"])), 2, "CatBoostClassifier int64 [-1, 2]"),
        ("Logloss", Value::Null, 1, "CatBoostClassifier unknown"),
        ("RMSE", Value::Null, 1, "CatBoostRegressor float64 [-1]"),
        ("RMSEWithUncertainty", Value::Null, 2, "CatBoostRegressor float64 [-1, 2]"),
        ("YetiRank", Value::Null, 1, "CatBoostRanker float64 [-1]"),
        ("PythonUserDefinedPerObject", Value::Null, 1, "CatBoost float64 [-1]"),
    ];
    for (loss, class_params, biases, expected) in cases {
        let features = json!({"float_features": [number(0, "", &[0.1]), number(1, "", &[])]});
        let found = inspect_json(&document(&features, &class_params, loss, biases));
        assert_eq!(shown(found.signature.inputs.as_ref()), "float64 [-1, 2]");
        let class = found.model_class.expect("known").value;
        let outputs = shown(found.signature.outputs.as_ref());
        assert_eq!(format!("{} {outputs}", class.trim_start_matches("catboost.core.")), expected, "{loss}");
    }
}

#[test]
fn labels_follow_the_rules_of_classes() {
    let labels = |class_params: Value| {
        let features = json!({"float_features": [number(0, "a", &[0.1])]});
        let found = inspect_json(&document(&features, &class_params, "MultiClass", 2));
        found.fact("class_labels").map(|fact| fact.value.clone())
    };
    assert_eq!(labels(json!({"class_label_type": "Float", "class_names": [0, 1]})), Some(json!([0.0, 1.0])));
    assert_eq!(
        labels(json!({"class_label_type": "Integer", "class_names": [], "classes_count": 3})),
        Some(json!([0, 1, 2]))
    );
    assert_eq!(
        labels(json!({"class_label_type": "Integer", "class_to_label": [0.0, 1.0]})),
        Some(json!([0, 1]))
    );
    assert_eq!(labels(json!({"class_label_type": "Integer", "classes_count": u64::MAX})), None);
    assert_eq!(labels(json!([])), None);
}

#[test]
fn a_release_is_known_from_a_tag_or_from_the_commit_that_made_it() {
    let version = |text: &str| {
        let mut info = info::Info::default();
        info.put(info::VERSION, json!(text), &Limits::default());
        info.version
    };
    assert_eq!(version("Git info:\n    Branch: tags/v1.2.10\n").as_deref(), Some("1.2.10"));
    assert_eq!(
        version("Branch: heads/master\nSummary: CatBoost Release 1.2.5. 73c7").as_deref(),
        Some("1.2.5")
    );
    assert_eq!(version("Branch: heads/master\nSummary: Proper ranges"), None);
    assert_eq!(version("Branch: tags/v; rm -rf\n"), None);
}

#[test]
fn the_facts_leave_the_history_of_the_training_out() {
    let features =
        json!({"float_features": [number(0, "a", &[0.1])], "categorical_features": [number(1, "b", &[])]});
    let found = inspect_json(&document(&features, &Value::Null, "RMSE", 1));
    assert_eq!(found.fact("metadata").expect("known").value, json!({"owner": "shop"}));
    assert_eq!(found.fact("hyperparameters").expect("known").value, json!({"depth": 2}));
    assert_eq!(found.fact("categorical_features").expect("known").value, json!(["b"]));
    assert_eq!(found.fact("n_trees").expect("known").value, json!(2));
    assert_eq!(found.framework_version.expect("known").value, "1.2.5");
}

#[test]
fn columns_are_in_order_and_gaps_are_undescribed() {
    let feature = |index: u64| Feature::new(FeatureKind::Text, index, None);
    let ordered = CatboostModel::in_order(vec![feature(2), feature(0)]).expect("fits");
    let kinds: Vec<FeatureKind> = ordered.iter().map(|feature| feature.kind).collect();
    assert_eq!(kinds, [FeatureKind::Text, FeatureKind::Undescribed, FeatureKind::Text]);
    assert_eq!(CatboostModel::in_order(vec![feature(1), feature(1)]), Err("two features in column 1".into()));
    assert_eq!(CatboostModel::in_order(vec![feature(u64::MAX)]), Err(format!("column {}", u64::MAX)));
}

#[test]
fn a_cbm_file_cut_anywhere_is_an_error() {
    for (bytes, whole) in [(LABELS, 7464), (CATEGORIES, CATEGORIES.len())] {
        assert_eq!(bytes.len(), whole);
        for n in 0..whole {
            assert!(inspect(&bytes[..n]).is_err(), "{n}");
        }
    }
    // The text dictionaries after the core have no length of their own: what can be seen is seen.
    for n in (0..TEXTS.len()).step_by(97) {
        assert!(!explain(&TEXTS[..n]).is_empty(), "{n}");
    }
}

#[test]
fn errors_name_the_place() {
    assert_eq!(
        explain(&LABELS[..6]),
        "catboost-cbm at byte 4: the input ends 2 bytes short of the length of the core"
    );
    assert_eq!(
        explain(&LABELS[..100]),
        "catboost-cbm at byte 8: the input ends 7364 bytes short of the buffer"
    );
    let cut = explain(&CATEGORIES[..CATEGORIES.len() - 1]);
    assert!(cut.ends_with("the input ends 1 bytes short of a table of categories"), "{cut}");
    let mut other = LABELS.to_vec();
    let at = other.windows(4).position(|window| window == b"Flab").expect("the version of the core");
    other[at] = b'X';
    assert!(
        explain(&other).ends_with("unsupported version of the core, \"XlabuffersModel_v1\""),
        "{}",
        explain(&other)
    );
    for (text, expected) in [
        (
            "{\"features_info\": {\"float_features\": []}}",
            "catboost-json at byte 0: malformed model: expected oblivious_trees or trees, found none",
        ),
        (
            "{\"features_info\": {\"float_features\": [{}]}}",
            "catboost-json at byte 40: malformed feature: expected flat_feature_index, found none",
        ),
        ("{\"features_info\": {}, ", "catboost-json at byte 22: the input ends 1 bytes short of a key"),
        (
            "{\"oblivious_trees\": [], \"x\": \"features_info\"}",
            "catboost-json at byte 0: malformed model: expected features_info, found none",
        ),
    ] {
        assert_eq!(explain(text.as_bytes()), expected);
    }
}

#[test]
fn only_catboost_s_json_is_claimed() {
    let claim = |text: &str| with_subject("model", text.as_bytes(), |subject| CatboostReader.claims(subject));
    assert_eq!(claim("CBM1"), Claim::Certain);
    assert_eq!(claim("{\n\"features_info\":\n{\"float_features\":["), Claim::Likely);
    assert_eq!(claim("{\"ctr_data\": {\"{\\\"identifier\\\":[]}\": {}}"), Claim::Likely);
    assert_eq!(claim("{\"oblivious_trees\": [{\"leaf_values\": []"), Claim::No);
    assert_eq!(claim("{\"oblivious_trees\":[{\"leaf_weights\":[1]"), Claim::Likely);
    assert_eq!(claim("{\"model_info\": {\"name\": \"x\"}}"), Claim::No);
    assert_eq!(claim("{\"learner\": {}}"), Claim::No);
    assert_eq!(claim(""), Claim::No);
}

proptest! {
    #[test]
    fn any_changed_byte_gives_a_value_or_an_error(at in 0..TEXTS.len(), byte: u8) {
        let mut bytes = TEXTS.to_vec();
        bytes[at] = byte;
        prop_assert!(!explain(&bytes).is_empty());
    }

    #[test]
    fn any_bytes_after_the_magic_give_a_value_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [b"CBM1".as_slice(), &tail].concat();
        prop_assert!(!explain(&bytes).is_empty());
    }
}
