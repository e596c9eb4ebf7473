use serde_json::{Value, json};

use super::config::Network;
use super::graph;
use super::judge::{self, Judged};
use super::{FORMAT, Line, Saved};
use crate::Serving;
use crate::safety::Severity;

/// The shapes that come out of a chain over `input`.
fn chain(input: &Value, layers: &[Value]) -> Option<Vec<Option<i64>>> {
    let first = json!({"class_name": "InputLayer", "config": {"batch_shape": input, "dtype": "float32", "name": "x"}});
    let layers: Vec<Value> = std::iter::once(first).chain(layers.iter().cloned()).collect();
    let model = json!({"class_name": "Sequential", "config": {"name": "m", "layers": layers}});
    let network = Network::of(&model).unwrap();
    graph::outputs(&network).pop().unwrap().spec.map(|spec| spec.shape)
}

fn layer(class: &str, config: &Value) -> Value {
    json!({"module": "keras.layers", "class_name": class, "config": config})
}

#[test]
fn shapes_follow_from_the_configuration_of_each_layer() {
    // As `compute_output_shape` of Keras 3.15 gives them, where there is a rule.
    let image = json!([null, 28, 28, 3]);
    let conv = |more: Value| {
        let mut config = json!({"filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1]});
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        config
    };
    let cases: Vec<(&str, Value, Value, Option<Value>)> = vec![
        ("Dense", json!([null, 4]), json!({"units": 3}), Some(json!([null, 3]))),
        ("Dense", json!([null, 7, 4]), json!({"units": 3}), Some(json!([null, 7, 3]))),
        ("Dropout", json!([null, 4]), json!({"rate": 0.5}), Some(json!([null, 4]))),
        ("Conv2D", image.clone(), conv(json!({})), Some(json!([null, 26, 26, 8]))),
        (
            "Conv2D",
            image.clone(),
            conv(json!({"padding": "same", "strides": [2, 2]})),
            Some(json!([null, 14, 14, 8])),
        ),
        ("Conv2D", image.clone(), conv(json!({"dilation_rate": [3, 3]})), Some(json!([null, 22, 22, 8]))),
        ("Conv2D", json!([null, null, 28, 3]), conv(json!({})), Some(json!([null, null, 26, 8]))),
        (
            "Conv2D",
            json!([null, 3, 28, 28]),
            conv(json!({"data_format": "channels_first"})),
            Some(json!([null, 8, 26, 26])),
        ),
        ("Conv2D", json!([null, 28, 3]), conv(json!({})), None),
        (
            "Conv1D",
            json!([null, 10, 2]),
            json!({"filters": 4, "kernel_size": [3], "strides": [1], "padding": "causal", "dilation_rate": [2]}),
            Some(json!([null, 10, 4])),
        ),
        (
            "DepthwiseConv2D",
            image.clone(),
            conv(json!({"depth_multiplier": 2})),
            Some(json!([null, 26, 26, 6])),
        ),
        (
            "MaxPooling2D",
            image.clone(),
            json!({"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}),
            Some(json!([null, 14, 14, 3])),
        ),
        (
            "MaxPooling2D",
            json!([null, 27, 27, 3]),
            json!({"pool_size": [2, 2], "strides": null, "padding": "same"}),
            Some(json!([null, 14, 14, 3])),
        ),
        (
            "Conv2DTranspose",
            json!([null, 7, null, 3]),
            conv(json!({"strides": [2, 2]})),
            Some(json!([null, 15, null, 8])),
        ),
        (
            "Conv2DTranspose",
            json!([null, 7, 7, 3]),
            conv(json!({"strides": [4, 4], "padding": "same"})),
            Some(json!([null, 28, 28, 8])),
        ),
        ("Conv2DTranspose", image.clone(), conv(json!({"output_padding": [1, 1]})), None),
        ("GlobalAveragePooling2D", image.clone(), json!({"keepdims": false}), Some(json!([null, 3]))),
        ("UpSampling2D", image.clone(), json!({"size": [2, 2]}), Some(json!([null, 56, 56, 3]))),
        (
            "ZeroPadding2D",
            image.clone(),
            json!({"padding": [[1, 2], [0, 0]]}),
            Some(json!([null, 31, 28, 3])),
        ),
        ("Cropping1D", json!([null, 10, 2]), json!({"cropping": [1, 2]}), Some(json!([null, 7, 2]))),
        ("Flatten", image.clone(), json!({}), Some(json!([null, 2352]))),
        ("Flatten", json!([null, null, 3]), json!({}), Some(json!([null, null]))),
        ("Reshape", json!([null, 12]), json!({"target_shape": [3, -1]}), Some(json!([null, 3, 4]))),
        ("Permute", json!([null, 2, 3]), json!({"dims": [2, 1]}), Some(json!([null, 3, 2]))),
        ("RepeatVector", json!([null, 2]), json!({"n": 5}), Some(json!([null, 5, 2]))),
        ("Embedding", json!([null, null]), json!({"output_dim": 4}), Some(json!([null, null, 4]))),
        ("LSTM", json!([null, 6, 2]), json!({"units": 5, "return_sequences": false}), Some(json!([null, 5]))),
        (
            "GRU",
            json!([null, 6, 2]),
            json!({"units": 5, "return_sequences": true}),
            Some(json!([null, 6, 5])),
        ),
        ("LSTM", json!([null, 6, 2]), json!({"units": 5, "return_state": true}), None),
        (
            "Bidirectional",
            json!([null, 6, 2]),
            json!({"merge_mode": "concat", "layer": layer("LSTM", &json!({"units": 5}))}),
            Some(json!([null, 10])),
        ),
        (
            "TimeDistributed",
            json!([null, 6, 2]),
            json!({"layer": layer("Dense", &json!({"units": 5}))}),
            Some(json!([null, 6, 5])),
        ),
        ("Resizing", image, json!({"height": 8, "width": 9}), Some(json!([null, 8, 9, 3]))),
        ("Anything", json!([null, 4]), json!({}), None),
        ("Dense", json!([null, 4]), json!({"units": "many"}), None),
        ("Reshape", json!([null, 12]), json!({"target_shape": [0, -1]}), Some(json!([null, 0, null]))),
    ];
    for (class, input, config, expected) in cases {
        let found = chain(&input, &[layer(class, &config)]);
        assert_eq!(found.map(|shape| json!(shape)), expected, "{class} {config}");
    }
}

#[test]
fn a_layer_without_a_rule_hides_nothing_when_the_next_says_what_it_was_built_for() {
    assert_eq!(chain(&json!([null, 3]), &[json!("no layer")]), None);
    let custom = json!({"module": "mine", "class_name": "Dense", "config": {"units": 9}});
    let mut dense = layer("Dense", &json!({"units": 2}));
    assert_eq!(chain(&json!([null, 3]), &[custom.clone(), dense.clone()]), None);
    dense["build_config"] = json!({"input_shape": [null, 3]});
    assert_eq!(chain(&json!([null, 3]), &[custom, dense]), Some(vec![None, Some(2)]));
}

#[test]
fn a_graph_is_worked_out_in_the_words_of_keras_2_and_3() {
    let input = |name: &str| json!({"class_name": "InputLayer", "name": name, "config": {"batch_input_shape": [null, 4], "dtype": "int32", "name": name}, "inbound_nodes": []});
    let tensor = |name: &str| json!({"class_name": "__keras_tensor__", "config": {"shape": [null, 4], "dtype": "int32", "keras_history": [name, 0, 0]}});
    for calls in [
        json!([[["a", 0, 0, {}], ["b", 0, 0, {}]]]),
        json!([{"args": [[tensor("a"), tensor("b")]], "kwargs": {}}]),
    ] {
        let inner = json!({"class_name": "Sequential", "name": "head", "config": {"name": "head", "layers": [layer("Dense", &json!({"units": 2}))]}, "inbound_nodes": [[["join", 0, 0, {}]]]});
        let join = json!({"class_name": "Concatenate", "name": "join", "config": {"axis": -1}, "inbound_nodes": calls});
        let model = json!({"class_name": "Functional", "config": {
            "layers": [input("a"), input("b"), join, inner],
            "input_layers": {"first": ["a", 0, 0], "second": ["b", 0, 0]},
            "output_layers": [["join", 0, 0], ["head", 0, 0]],
        }});
        let network = Network::of(&model).unwrap();
        let names: Vec<String> = graph::inputs(&network).into_iter().map(|end| end.name).collect();
        assert_eq!(names, ["first", "second"]);
        let specs: Vec<_> = graph::outputs(&network).into_iter().map(|end| end.spec.unwrap()).collect();
        assert_eq!((&specs[0].shape, &*specs[0].dtype), (&vec![None, Some(8)], "int32"));
        assert_eq!((&specs[1].shape, &*specs[1].dtype), (&vec![None, Some(2)], "float32"));
    }
}

#[test]
fn models_inside_models_are_not_worked_out_without_end() {
    let mut model = layer("Dense", &json!({"units": 2}));
    for _ in 0..40 {
        model = json!({"class_name": "Functional", "name": "m", "inbound_nodes": [[["x", 0, 0, {}]]], "config": {
            "layers": [{"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, 4], "name": "x"}, "inbound_nodes": []}, model],
            "input_layers": ["x", 0, 0], "output_layers": ["m", 0, 0],
        }});
    }
    let network = Network::of(&model).unwrap();
    assert_eq!(graph::outputs(&network)[0].spec, None);
}

type Row = (&'static str, Severity, String);

#[test]
fn every_object_of_a_configuration_is_judged() {
    let of = |object: Value| {
        let mut judged = Judged::default();
        judge::walk(&json!({"config": {"deep": [object]}}), "config.json", &mut judged);
        judged.findings.first().map(|finding| (finding.rule, finding.severity, finding.what.clone()))
    };
    let review = |rule, what: &str| Some((rule, Severity::Review, what.to_owned()));
    let dangerous = |rule, what: &str| Some((rule, Severity::Dangerous, what.to_owned()));
    let code = "4wEAAAAAAAAAAAAAAAIAAAATAAAA8wwAAACXAHwAZAF6BQAAUwApAk7nAAAAAAAAAECpAKkB2gF4";
    let cases: Vec<(Value, Option<Row>)> = vec![
        (layer("Dense", &json!({"units": 1, "activation": "relu"})), None),
        (
            json!({"module": "keras.initializers", "class_name": "GlorotUniform", "config": {}, "registered_name": null}),
            None,
        ),
        (
            json!({"module": "keras.src.models.functional", "class_name": "Functional", "config": {}, "registered_name": "Functional"}),
            None,
        ),
        (
            json!({"module": "keras.src.ops.numpy", "class_name": "Add", "config": {}, "registered_name": "Add"}),
            None,
        ),
        (json!({"class_name": "Custom>Adam", "config": {}}), None),
        (
            json!({"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"}),
            None,
        ),
        (json!({"class_name": "__lambda__", "config": {"code": code}}), review("keras/lambda", "Lambda")),
        (
            json!({"class_name": "Lambda", "config": {"function": [code, null, null], "function_type": "lambda"}}),
            review("keras/lambda", "Lambda"),
        ),
        (
            json!({"class_name": "__lambda__", "config": {"code": 5}}),
            Some(("keras/lambda", Severity::Unscanned, "Lambda".to_owned())),
        ),
        (
            json!({"module": "shop", "class_name": "Scale", "config": {}, "registered_name": "shop>Scale"}),
            review("keras/custom-object", "shop.Scale"),
        ),
        (json!({"class_name": "Scale", "config": {}}), review("keras/custom-object", "Scale")),
        (
            json!({"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "shop>Dense2"}),
            review("keras/custom-object", "shop>Dense2"),
        ),
        (
            json!({"module": "builtins", "class_name": "function", "config": "my_loss", "registered_name": "function"}),
            review("keras/custom-object", "my_loss"),
        ),
        (
            json!({"module": "os", "class_name": "function", "config": "system"}),
            dangerous("keras/unsafe-module", "os.system"),
        ),
        (
            json!({"module": "os", "registered_name": "system", "config": {}}),
            dangerous("keras/unsafe-module", "os.system"),
        ),
        (
            json!({"module": "keras.utils", "class_name": "function", "config": "get_file"}),
            dangerous("keras/unsafe-function", "keras.utils.get_file"),
        ),
        (
            json!({"module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {}}),
            dangerous("keras/unsafe-function", "keras.src.utils.file_utils.get_file"),
        ),
        (
            json!({"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}}),
            dangerous("keras/unsafe-function", "keras.config.enable_unsafe_deserialization"),
        ),
        (
            json!({"module": "keras.src.backend", "class_name": "Odd", "config": {}}),
            review("keras/unknown-name", "keras.src.backend.Odd"),
        ),
        (
            json!({"module": "keras_nlp.layers", "class_name": "Odd", "config": {}}),
            review("keras/other-library", "keras_nlp.layers.Odd"),
        ),
        (
            json!({"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/x"}}),
            review("keras/other-file", "TFSMLayer"),
        ),
        (
            json!({"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}}),
            Some(("keras/torch-module", Severity::Unscanned, "TorchModuleWrapper".to_owned())),
        ),
        (
            layer("StringLookup", &json!({"vocabulary": "/etc/passwd"})),
            review("keras/other-file", "StringLookup with vocabulary=\"/etc/passwd\""),
        ),
        (layer("StringLookup", &json!({"vocabulary": ["a"]})), None),
        (layer("TFOpLambda", &json!({"function": "math.add"})), None),
        (
            layer("TFOpLambda", &json!({"function": "io.write_file"})),
            dangerous("keras/unsafe-function", "tf.io.write_file in TFOpLambda"),
        ),
    ];
    for (object, expected) in cases {
        assert_eq!(of(object.clone()), expected, "{object}");
    }
}

#[test]
fn each_model_goes_to_the_flavor_that_can_load_it() {
    let of = |format, line: &str, outputs: Value, extra: Value| {
        let model = json!({"class_name": "Functional", "compile_config": extra.get("compiled"), "config": {
            "layers": [extra.get("layer")], "output_layers": outputs,
        }});
        let mut judged = Judged::default();
        judge::walk(&model, "config.json", &mut judged);
        let saved = Saved { format, place: "config.json", config: &model, compiled: None, version: None };
        saved.serving(&Network::of(&model).unwrap(), &judged, Line::of(line)).0
    };
    let one = || json!(["out", 0, 0]);
    let tensorflow = |keras_module, is_h5| Serving::TensorflowKeras { keras_module, is_h5 };
    let loader = |custom_objects: &[(&str, &str)], holds_code| Serving::KerasLoader {
        keras_module: "keras",
        is_h5: false,
        custom_objects: custom_objects.iter().map(|(name, path)| ((*name).into(), (*path).into())).collect(),
        holds_code,
    };
    let custom =
        |module: Value, name: &str| json!({"module": module, "class_name": "Scale", "registered_name": name});
    let lambda = json!({"class_name": "__lambda__", "config": {"code": "YQ=="}});
    let cases = [
        (of(FORMAT, "3.15.1", one(), json!({})), Serving::Keras),
        (of(FORMAT, "3.15.1", json!([one(), one()]), json!({})), tensorflow("keras", false)),
        (of(FORMAT, "2.21.0", one(), json!({})), tensorflow("tf_keras", false)),
        (of(FORMAT, "2.13.1", one(), json!({})), tensorflow("tensorflow.keras", false)),
        (of("keras-h5", "3.15.1", one(), json!({})), tensorflow("keras", true)),
        (of("keras-h5", "2.2.4-tf", one(), json!({})), tensorflow("tensorflow.keras", true)),
        (of(FORMAT, "3.15.1", one(), json!({"layer": lambda})), loader(&[], true)),
        (
            of(FORMAT, "3.15.1", one(), json!({"layer": custom(json!("shop"), "shop>Big")})),
            loader(&[("shop>Big", "shop.Scale")], false),
        ),
        // What only training needs is left out, and MLflow would ask for it.
        (
            of(FORMAT, "3.15.1", one(), json!({"compiled": custom(json!(null), "shop>Loss")})),
            loader(&[], false),
        ),
        // Nothing says where it is, or what says so is no name.
        (of(FORMAT, "3.15.1", one(), json!({"layer": custom(json!(null), "Scale")})), Serving::No),
        (of(FORMAT, "3.15.1", one(), json!({"layer": custom(json!("a; import b"), "Scale")})), Serving::No),
    ];
    for (i, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "case {i}");
    }
}

fn fixture(name: &str) -> crate::Inspection {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    let limits = packwright_source::Limits::default();
    crate::inspect(&path, &limits).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn weights_that_are_cut_into_files_are_listed_and_what_keras_does_not_open_is_said() {
    let found = fixture("keras/sharded.keras");
    let tensors = found.tensors.unwrap();
    let shapes: Vec<&[u64]> = tensors.listed.iter().map(|tensor| tensor.shape.as_slice()).collect();
    assert_eq!(shapes, [&[4, 8][..], &[8], &[8, 3], &[3]]);
    assert_eq!(found.serving, Serving::No);
    assert!(found.warnings[0].contains("model.weights.h5"), "{:?}", found.warnings);
}

#[test]
fn a_configuration_says_what_weights_it_takes_where_every_layer_has_a_rule() {
    let found = fixture("keras/model_config.json");
    assert_eq!((found.format, &found.serving), ("keras-json-config", &Serving::No));
    let expected = json!([["dense", [[4, 8], [8]]], ["dense_1", [[8, 3], [3]]]]);
    assert_eq!(found.fact("expected_weights").unwrap().value, expected);
    assert_eq!(found.fact("n_parameters").unwrap().value, 67);
    assert!(found.warnings[0].contains("holds no weights"));
    let open = json!({"class_name": "Sequential", "config": {"name": "m", "layers": [layer("EinsumDense", &json!({"name": "e"}))]}});
    assert!(super::expected::weights(&Network::of(&open).unwrap()).is_none());
}

#[test]
fn what_a_configuration_hides_in_another_layer_is_found() {
    for (name, verdict) in [
        ("lambda_in_sequential", "review"),
        ("lambda_in_time_distributed", "review"),
        ("lambda_in_bidirectional", "review"),
        ("lambda_in_functional", "review"),
        ("lambda_in_custom", "review"),
        ("system_as_activation", "dangerous"),
    ] {
        let found = fixture(&format!("hostile/keras_json/{name}.json"));
        assert_eq!(found.safety.verdict().word(), verdict, "{name}");
        let has_lambda = found.safety.findings.iter().any(|finding| finding.rule == "keras/lambda");
        assert_eq!(has_lambda, name.starts_with("lambda"), "{name}");
    }
}
