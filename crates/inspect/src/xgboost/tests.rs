use packwright_source::{Limits, MemorySource};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::SourcedSchema;
use crate::tests::with_subject;

/// A model of two trees over the named features.
fn document() -> Value {
    json!({
        "learner": {
            "attributes": {"best_iteration": "1", "scikit_learn": "{\"_estimator_type\": \"classifier\"}"},
            "feature_names": ["age", "is_member"],
            "feature_types": ["float", "i"],
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "2"},
                    "tree_info": [0, 0],
                    "trees": [{"left_children": [1, -1, -1], "split_conditions": [0.5, 1.0, 2.0]}, {"id": 1}]
                },
                "name": "gbtree"
            },
            "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "2", "num_target": "1"},
            "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}}
        },
        "version": [2, 1, 3]
    })
}

fn edited(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = document();
    edit(&mut document);
    document.to_string().into_bytes()
}

/// UBJSON as XGBoost writes it: lengths of eight bytes, objects and arrays that are not counted.
fn ubjson(value: &Value) -> Vec<u8> {
    let text = |text: &str| {
        let length = i64::try_from(text.len()).expect("small").to_be_bytes();
        [b"L".as_slice(), &length, text.as_bytes()].concat()
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().flat_map(|(key, value)| [text(key), ubjson(value)].concat());
            [b"{".to_vec(), members.collect(), b"}".to_vec()].concat()
        }
        Value::Array(items) => {
            [b"[".to_vec(), items.iter().flat_map(ubjson).collect(), b"]".to_vec()].concat()
        }
        Value::String(string) => [b"S".to_vec(), text(string)].concat(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => [b"L".to_vec(), integer.to_be_bytes().to_vec()].concat(),
            None => [b"D".to_vec(), number.as_f64().expect("a double").to_be_bytes().to_vec()].concat(),
        },
        Value::Bool(_) | Value::Null => b"Z".to_vec(),
    }
}

/// The old binary form of a model of one tree of one node.
fn binary() -> Vec<u8> {
    let text = |text: &str| {
        [u64::try_from(text.len()).expect("small").to_le_bytes().to_vec(), text.as_bytes().to_vec()].concat()
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    [
        b"binf".to_vec(),
        0.5_f32.to_le_bytes().to_vec(),
        words(&[4, 3, 1, 1, 1, 7, 1]),
        vec![0; 136 - 32],
        text("multi:softprob"),
        text("gbtree"),
        words(&[1]),
        vec![0; 156],
        words(&[1, 1, 0, 0, 4, 0]),
        vec![0; 124 + 36],
        words(&[0]),
        1_u64.to_le_bytes().to_vec(),
        text("best_iteration"),
        text("2"),
        1_u64.to_le_bytes().to_vec(),
        text("mlogloss"),
    ]
    .concat()
}

fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject("model.bin", bytes, |subject| XgboostReader.read(subject))
}

fn model(bytes: &[u8]) -> XgboostModel {
    read_embedded(&MemorySource::new(bytes.to_vec()), &Limits::default()).expect("a model")
}

fn explain(bytes: &[u8]) -> String {
    inspect(bytes).map_or_else(|error| error.to_string(), |inspection| inspection.format.to_owned())
}

/// The columns as `name: type`, or the tensor as `dtype[shape]`.
fn shown(schema: Option<&SourcedSchema>) -> String {
    match schema {
        None => "unknown".to_owned(),
        Some(SourcedSchema::Tensors(tensors)) => {
            let tensor = &tensors.first().expect("one").value;
            format!("{}{:?}", tensor.dtype, tensor.shape)
        }
        Some(SourcedSchema::Columns(columns)) => {
            let columns = columns.iter().map(|column| {
                format!("{}: {:?}", column.value.name.as_ref().expect("named"), column.value.ty)
            });
            columns.collect::<Vec<_>>().join(", ")
        }
    }
}

#[test]
fn a_json_model_says_what_it_is() {
    let inspection = inspect(&edited(|_| ())).expect("a model");
    assert_eq!(inspection.format, "xgboost-json");
    assert_eq!(inspection.framework_version.as_ref().expect("stored").value, "2.1.3");
    assert_eq!(inspection.model_class.as_ref().expect("marked").value, "xgboost.sklearn.XGBClassifier");
    let serving = Serving::Xgboost { model_class: "xgboost.sklearn.XGBClassifier".into(), extension: "json" };
    assert_eq!(inspection.serving, serving);
    assert_eq!(
        shown(inspection.signature.inputs.as_ref()),
        "age: Scalar(Double), is_member: Scalar(Boolean)"
    );
    assert_eq!(shown(inspection.signature.outputs.as_ref()), "int64[-1]");
    let fact = |name| inspection.fact(name).map(|fact| fact.value.clone());
    assert_eq!(fact("n_features"), Some(json!(2)));
    assert_eq!(fact("feature_names"), Some(json!(["age", "is_member"])));
    assert_eq!(fact("n_trees"), Some(json!(2)));
    assert_eq!(fact("best_iteration"), Some(json!(1)));
    assert_eq!(fact("objective"), Some(json!("binary:logistic")));
    assert_eq!(fact("n_classes"), Some(json!(2)));
    assert_eq!(inspection.safety.verdict(), crate::safety::Verdict::Safe);
}

#[test]
fn ubjson_says_the_same_as_json() {
    let from_json = model(&edited(|_| ()));
    let from_ubj = model(&ubjson(&document()));
    assert_eq!(from_ubj.container, Container::Ubj);
    assert_eq!(XgboostModel { container: Container::Json, ..from_ubj }, from_json);
    assert_eq!(explain(&ubjson(&document())), "xgboost-ubj");
}

#[test]
fn the_old_binary_form_is_read_with_and_without_its_magic() {
    let bytes = binary();
    for bytes in [&bytes[..], &bytes[4..]] {
        let inspection = inspect(bytes).expect("a model");
        assert_eq!(inspection.format, "xgboost-binary");
        assert_eq!(inspection.framework_version.as_ref().expect("stored").value, "1.7");
        assert_eq!(shown(inspection.signature.inputs.as_ref()), "float64[-1, 4]");
        assert_eq!(shown(inspection.signature.outputs.as_ref()), "float32[-1, 3]");
        assert_eq!(inspection.fact("n_trees").expect("counted").value, json!(1));
        assert_eq!(inspection.fact("best_iteration").expect("stored").value, json!(2));
        assert_eq!(inspection.requirements[0].requirement, "xgboost==1.7.*");
    }
}

// From a package of MLflow 2.22 with XGBoost 2.0, which says 1 where a leaf has one value.
#[test]
fn leaves_of_one_value_have_no_vectors_behind_them() {
    let mut bytes = binary();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let (with, without) = (words(&[1, 1, 0, 0, 4, 1]), words(&[1, 1, 0, 0, 4, 0]));
    let at = bytes.windows(without.len()).position(|part| part == without).expect("the tree");
    bytes[at..at + with.len()].copy_from_slice(&with);
    assert_eq!(inspect(&bytes).expect("a model").fact("n_trees").expect("counted").value, json!(1));
}

#[test]
fn every_cut_is_an_error_and_no_panic() {
    for bytes in [edited(|_| ()), ubjson(&document()), binary()] {
        for end in 0..bytes.len() {
            assert!(inspect(&bytes[..end]).is_err(), "cut at {end} of {}", bytes.len());
        }
    }
}

#[test]
fn what_is_no_model_is_named_with_the_way_out() {
    let config = edited(|document| {
        let booster = &mut document["learner"]["gradient_booster"];
        booster.as_object_mut().expect("an object").remove("model");
    });
    let twice = Value::from(document().to_string()).to_string();
    let table: [(&[u8], &str); 4] = [
        (&config, "this is the configuration of an XGBoost booster"),
        (twice.as_bytes(), "this is a JSON string that holds an XGBoost model, encoded twice"),
        (br#"[ { "nodeid": 0, "depth": 0, "leaf": 1 } ]"#, "this is a dump of XGBoost trees"),
        (b"booster[0]:\n0:[a<1] yes=1,no=2\n\t1:leaf=0.5\n", "this is a dump of XGBoost trees"),
    ];
    for (bytes, expected) in table {
        assert!(explain(bytes).starts_with(expected), "{}", explain(bytes));
        assert_eq!(with_subject("model.bin", bytes, |subject| XgboostReader.claims(subject)), Claim::Likely);
    }
}

#[test]
fn a_field_of_another_type_is_a_located_error() {
    type Edit = fn(&mut Value);
    let table: [(Edit, &str); 6] = [
        (|it| it["learner"] = json!([1]), "malformed value: expected an object, found ["),
        (|it| it["learner"]["objective"] = json!("x"), "malformed value: expected an object, found \""),
        (
            |it| it["learner"]["feature_names"] = json!({"a": 1}),
            "malformed learner: expected an array, found an object",
        ),
        (
            |it| it["learner"]["learner_model_param"] = json!(3),
            "malformed learner: expected an object, found a number",
        ),
        (
            |it| it["learner"]["learner_model_param"]["num_feature"] = json!("-4"),
            "malformed num_feature: expected a count, found -4",
        ),
        (
            |it| it["learner"]["learner_model_param"] = json!({}),
            "malformed learner_model_param: expected num_feature, found none",
        ),
    ];
    for (edit, expected) in table {
        let text = explain(&edited(edit));
        assert!(text.starts_with("xgboost-json at byte ") && text.ends_with(expected), "{text}");
    }
}

#[test]
fn the_output_follows_from_the_objective_and_the_class_that_predicts() {
    let table = [
        ("binary:logistic", "0", "1", "Booster", "float32[-1]"),
        ("binary:logistic", "0", "3", "Booster", "float32[-1, 3]"),
        ("binary:logistic", "0", "1", "XGBClassifier", "int64[-1]"),
        ("binary:logistic", "0", "3", "XGBClassifier", "float64[-1, 3]"),
        ("multi:softprob", "5", "1", "Booster", "float32[-1, 5]"),
        ("multi:softprob", "5", "1", "XGBClassifier", "int64[-1]"),
        ("multi:softmax", "5", "1", "Booster", "float32[-1]"),
        ("reg:squarederror", "0", "1", "XGBRegressor", "float32[-1]"),
        ("reg:squarederror", "0", "2", "XGBRegressor", "float32[-1, 2]"),
        ("rank:ndcg", "0", "1", "XGBRanker", "float32[-1]"),
        ("survival:aft", "0", "1", "Booster", "float32[-1]"),
        ("mine", "0", "1", "Booster", "unknown"),
    ];
    for (objective, classes, targets, class, expected) in table {
        let model = model(&edited(|document| {
            document["learner"]["objective"]["name"] = json!(objective);
            document["learner"]["learner_model_param"]["num_class"] = json!(classes);
            document["learner"]["learner_model_param"]["num_target"] = json!(targets);
        }));
        let class = format!("xgboost.x.{class}");
        assert_eq!(
            shown(signature(&model, &class).outputs.as_ref()),
            expected,
            "{objective} {classes} {targets} {class}"
        );
    }
}

#[test]
fn columns_that_mlflow_would_refuse_are_left_unchecked() {
    let bytes = edited(|document| {
        document["learner"]["feature_names"] = json!(["a", "b", "c", "d"]);
        document["learner"]["feature_types"] = json!(["float", "int", "c", "q"]);
        document["learner"]["learner_model_param"]["num_feature"] = json!("4");
    });
    let inspection = inspect(&bytes).expect("a model");
    let expected = "a: Scalar(Double), b: Any, c: Any, d: Scalar(Double)";
    assert_eq!(shown(inspection.signature.inputs.as_ref()), expected);
    assert!(
        inspection.warnings[0].starts_with("1 of the features are categorical"),
        "{:?}",
        inspection.warnings
    );
}

#[test]
fn without_names_the_input_is_one_tensor() {
    let bytes = edited(|document| document["learner"]["feature_names"] = json!([]));
    let inspection = inspect(&bytes).expect("a model");
    assert_eq!(shown(inspection.signature.inputs.as_ref()), "float64[-1, 2]");
    let bytes = edited(|document| document["learner"]["feature_names"] = json!(["only"]));
    let inspection = inspect(&bytes).expect("a model");
    assert_eq!(shown(inspection.signature.inputs.as_ref()), "float64[-1, 2]");
    assert_eq!(inspection.warnings, ["The file names 1 features and says it has 2; the names are not used."]);
}

#[test]
fn old_releases_ask_for_the_libraries_of_their_time() {
    let table: [(Value, &[&str]); 4] = [
        (json!([3, 2, 0]), &["xgboost==3.2.0", "scikit-learn", "numpy", "pandas"]),
        (json!([2, 1, 3]), &["xgboost==2.1.3", "scikit-learn<1.6", "numpy", "pandas"]),
        (json!([1, 5, 0]), &["xgboost==1.5.0", "scikit-learn<1.6", "numpy<2", "pandas<2"]),
        (json!([-1, -1, -1]), &["xgboost>=1,<3.1", "numpy"]),
    ];
    for (version, expected) in table {
        let inspection = inspect(&edited(|document| document["version"] = version)).expect("a model");
        let lines: Vec<&str> = inspection.requirements.iter().map(|line| line.requirement.as_str()).collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_booster_that_a_pickle_holds_is_read_in_each_of_its_forms() {
    let expected = model(&edited(|_| ()));
    let both = json!({"Config": {"learner": {"generic_param": {"device": "cpu"}}}, "Model": document()});
    assert_eq!(model(both.to_string().as_bytes()), expected);
    let from_ubj = model(&ubjson(&both));
    assert_eq!(XgboostModel { container: Container::Json, ..from_ubj }, expected);
    let old =
        [b"CONFIG-offset:".to_vec(), 0_u64.to_le_bytes().to_vec(), binary()[4..].to_vec(), b"{}".to_vec()];
    assert_eq!(model(&old.concat()), model(&binary()));
}

#[test]
fn categories_are_read_from_bytes_and_offsets() {
    let model = model(&edited(|document| {
        document["learner"]["gradient_booster"]["model"]["cats"] = json!({"enc": [
            {"offsets": [], "values": []},
            {"offsets": [0, 2, 5, 900], "values": [-61, -87, 97, 98, 99, 7]},
            {"values": [3, 5]},
        ]});
    }));
    let expected = [(1, vec![json!("é"), json!("abc")]), (2, vec![json!(3), json!(5)])];
    assert_eq!(model.categories.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn dart_and_linear_boosters_are_models_too() {
    let dart = model(&edited(|document| {
        let booster = &mut document["learner"]["gradient_booster"];
        *booster = json!({"gbtree": booster.clone(), "name": "dart", "weight_drop": [1, 1]});
    }));
    assert_eq!((dart.booster.as_deref(), dart.n_trees), (Some("dart"), Some(2)));
    let linear = model(&edited(|document| {
        document["learner"]["gradient_booster"] =
            json!({"model": {"weights": [1, 2, 3]}, "name": "gblinear"});
    }));
    assert_eq!((linear.booster.as_deref(), linear.n_trees), (Some("gblinear"), None));
}

#[test]
fn other_json_is_not_claimed() {
    for text in
        ["{}", "[]", r#"{"name": "learner"}"#, r#"{"a": 1, "learner": {}}"#, "tree\nversion=v4", "binary"]
    {
        assert_eq!(
            with_subject("model.bin", text.as_bytes(), |subject| XgboostReader.claims(subject)),
            Claim::No,
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn a_changed_byte_gives_a_model_or_an_error(at in any::<prop::sample::Index>(), byte in any::<u8>(), form in 0..3_usize) {
        let mut bytes = vec![edited(|_| ()), ubjson(&document()), binary()].swap_remove(form);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        prop_assert!(!explain(&bytes).is_empty());
    }

    #[test]
    fn any_bytes_after_a_magic_give_a_model_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..300), form in 0..3_usize) {
        let magics: [&[u8]; 3] = [b"{\"learner\":", b"{L\0\0\0\0\0\0\0\x07learner", b"binf"];
        prop_assert!(!explain(&[magics[form], &tail].concat()).is_empty());
    }
}
