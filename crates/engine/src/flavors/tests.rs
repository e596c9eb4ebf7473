use std::fs;
use std::path::Path;

use packwright_inspect::{Fact, LoaderCall, OwnModule, SkopsType, Sourced};

use super::*;
use crate::Edit;
use crate::testing::{draft, requirement};

/// The layout as text: the files, the blocks as MLflow reads them, the code.
fn shown(draft: &Draft, fallback: Option<&str>) -> String {
    let layout = layout(draft, fallback).unwrap();
    let mut out = String::new();
    for file in &layout.data {
        let how = match file.change {
            Change::None => "copied",
            Change::Pickle => "rewritten",
            Change::JsonString => "encoded",
            Change::OnnxBinary => "binary",
        };
        out.push_str(&format!("{} {how}\n", file.path));
    }
    for (path, _) in &layout.code {
        out.push_str(&format!("{path} generated\n"));
    }
    for (path, text) in &layout.texts {
        out.push_str(&format!("{path} {text}\n"));
    }
    for (name, block) in &layout.blocks {
        out.push_str(&format!("{name}: {}\n", serde_json::to_string(block).unwrap()));
    }
    out
}

#[test]
fn a_plain_pickle_goes_into_the_sklearn_flavor_as_it_is() {
    let expected = r#"churn.pkl copied
python_function: {"loader_module":"mlflow.sklearn","model_path":"churn.pkl","predict_fn":"predict"}
sklearn: {"pickled_model":"churn.pkl","serialization_format":"pickle","sklearn_version":"1.9.1"}
"#;
    assert_eq!(shown(&draft(|_| {}), None), expected);
}

#[test]
fn a_joblib_file_is_rewritten_and_falls_back_to_a_loader() {
    let draft = draft(|inspection| inspection.serving = Serving::SklearnJoblib { predict_fn: "predict" });
    let expected = r#"model.pkl rewritten
python_function: {"loader_module":"mlflow.sklearn","model_path":"model.pkl","predict_fn":"predict"}
sklearn: {"pickled_model":"model.pkl","serialization_format":"pickle","sklearn_version":"1.9.1"}
"#;
    assert_eq!(shown(&draft, None), expected);
    let fallback = layout(&draft, Some("It holds memory maps.")).unwrap();
    assert_eq!(fallback.data[0].path, "data/churn.pkl");
    assert_eq!(fallback.data[0].change, Change::None);
    assert_eq!(fallback.blocks.len(), 1);
    assert!(fallback.code[0].1.contains("self._model.predict(data)"), "{}", fallback.code[0].1);
    assert!(fallback.warnings[0].ends_with("It holds memory maps."));
}

#[test]
fn an_estimator_without_predict_gets_a_loader_beside_the_sklearn_flavor() {
    let draft = draft(|inspection| {
        let call = LoaderCall::Transform;
        inspection.serving = Serving::PickleLoader { path: String::new(), call, is_joblib: true };
    });
    let both = layout(&draft, None).unwrap();
    assert!(both.data[0].change == Change::Pickle && both.code[0].1.contains("self._model.transform(data)"));
    let blocks: Vec<_> = both.blocks.iter().map(|(name, _)| *name).collect();
    assert_eq!(blocks, ["python_function", "sklearn"]);
    let alone = layout(&draft, Some("It holds memory maps.")).unwrap();
    assert!(alone.data[0].change == Change::None && alone.code[0].1.contains("self._model.transform(data)"));
}

#[test]
fn a_script_that_defines_what_main_lacks_gets_a_loader_that_gives_it() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("train.py");
    fs::write(&script, "class Ratio:\n    pass\n").unwrap();
    let mut draft = draft(|inspection| {
        inspection.own_modules = vec![OwnModule { module: "__main__".into(), names: vec!["Ratio".into()] }];
    });
    assert!(shown(&draft, None).contains("mlflow.sklearn"), "without the script nothing changes");
    assert_eq!(draft.decisions()[0].id, "code-missing");
    draft.apply(Edit::AddCode { path: script }).unwrap();
    assert!(draft.decisions().is_empty());
    let own = layout(&draft, None).unwrap();
    assert!(own.code[0].1.contains("    import train\n"), "{}", own.code[0].1);
    assert_eq!(own.data[0].path, "data/churn.pkl");
}

#[test]
fn skops_lists_its_types_and_gets_a_loader_where_mlflow_2_is_meant() {
    let skops = |version: &str| {
        let version = version.to_owned();
        draft(move |inspection| {
            inspection.serving = Serving::SklearnSkops {
                types: [("a.B", true), ("c.D", false)]
                    .map(|(name, is_known)| SkopsType { name: name.into(), is_known, why: String::new() })
                    .into(),
                path: String::new(),
                call: LoaderCall::Predict,
            };
            inspection.artifact.path = "m.skops".into();
            inspection.framework_version.as_mut().unwrap().value = version;
        })
    };
    let native = shown(&skops("1.9.1"), None);
    assert!(
        native.contains(r#""skops_trusted_types":["a.B"]"#) && native.contains("mlflow.sklearn"),
        "{native}"
    );
    let own = layout(&skops("1.5.2"), None).unwrap();
    assert!(
        own.code[0].1.contains("\"a.B\"") && own.code[0].1.contains("skops.io.load"),
        "{}",
        own.code[0].1
    );
    let blocks: Vec<_> = own.blocks.iter().map(|(name, _)| *name).collect();
    assert_eq!(blocks, ["python_function", "sklearn"]);
    assert_eq!(own.data[0].path, "m.skops");
}

#[test]
fn xgboost_s_file_lies_in_the_root_with_the_ending_that_chooses_the_parser() {
    for (file, extension, path, format) in [
        ("booster", "json", "booster.json", "json"),
        ("b.json", "ubj", "b.ubj", "ubj"),
        ("b.bin", "model", "b.model", "xgb"),
        ("data/m.ubj", "ubj", "m.ubj", "ubj"),
    ] {
        let draft = draft(|inspection| {
            inspection.artifact.path = file.into();
            inspection.framework = Some(Sourced::new("xgboost".into(), "x"));
            inspection.serving = Serving::Xgboost { model_class: "xgboost.core.Booster".into(), extension };
        });
        let expected = format!(
            "{path} copied\npython_function: {{\"data\":\"{path}\",\"loader_module\":\"mlflow.xgboost\"}}\n\
             xgboost: {{\"data\":\"{path}\",\"model_class\":\"xgboost.core.Booster\",\"model_format\":\"{format}\",\
             \"xgb_version\":\"1.9.1\"}}\n"
        );
        assert_eq!(shown(&draft, None), expected);
    }
}

#[test]
fn catboost_s_files_get_the_name_that_mlflow_gives_them() {
    let draft = draft(|inspection| {
        inspection.artifact.path = "churn.json".into();
        inspection.framework = Some(Sourced::new("catboost".to_owned(), "the file"));
        inspection.framework_version = Some(Sourced::new("1.2.10".to_owned(), "the file"));
        let model_type = "CatBoostRanker".to_owned();
        inspection.serving = Serving::Catboost { model_type, save_format: "json" };
    });
    let expected = r#"model.cb copied
catboost: {"data":"model.cb","model_type":"CatBoostRanker","save_format":"json","catboost_version":"1.2.10"}
python_function: {"data":"model.cb","loader_module":"mlflow.catboost"}
"#;
    assert_eq!(shown(&draft, None), expected);
}

#[test]
fn lightgbm_s_text_and_pickles_lie_in_the_root() {
    let text = draft(|inspection| {
        inspection.artifact.path = "requirements.txt".into();
        inspection.serving = Serving::LightgbmText;
    });
    let expected = r#"model_requirements.txt copied
lightgbm: {"data":"model_requirements.txt","model_class":"lightgbm.basic.Booster"}
python_function: {"data":"model_requirements.txt","loader_module":"mlflow.lightgbm"}
"#;
    assert_eq!(shown(&text, None), expected);
    let joblib = draft(|inspection| {
        let model_class = "lightgbm.sklearn.LGBMRanker".to_owned();
        inspection.serving = Serving::LightgbmPickle { model_class, is_joblib: true };
    });
    let expected = r#"model.pkl rewritten
lightgbm: {"data":"model.pkl","model_class":"lightgbm.sklearn.LGBMRanker","serialization_format":"pickle"}
python_function: {"data":"model.pkl","loader_module":"mlflow.lightgbm"}
"#;
    assert_eq!(shown(&joblib, None), expected);
    assert!(shown(&joblib, Some("No.")).starts_with("data/churn.pkl copied\ncode/mlpack_"));
}

fn onnx(folder: &Path, side_files: &[&str]) -> Draft {
    draft(|inspection| {
        inspection.artifact.path = folder.join("my net.onnx");
        inspection.artifact.side_files = side_files.iter().map(|name| (*name).to_owned()).collect();
        inspection.requirements = vec![requirement("onnx==1.23.2")];
        inspection.serving = Serving::Onnx { is_text: false };
    })
}

#[test]
fn onnx_takes_its_external_data_along_under_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("w")).unwrap();
    fs::write(folder.path().join("w/a.bin"), "1234").unwrap();
    fs::write(folder.path().join("big data.bin"), "12").unwrap();
    let draft = onnx(folder.path(), &["./w/a.bin", "big data.bin"]);
    let expected = r#"my_net.onnx copied
w/a.bin copied
big data.bin copied
onnx: {"data":"my_net.onnx","providers":["CPUExecutionProvider"],"onnx_session_options":null,"onnx_version":"1.23.2"}
python_function: {"data":"my_net.onnx","loader_module":"mlflow.onnx"}
"#;
    assert_eq!(shown(&draft, None), expected);
    assert_eq!(layout(&draft, None).unwrap().data[1].size_bytes, 4);
}

#[test]
fn external_data_that_leads_out_or_onto_mlflow_s_files_stops_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("MLmodel"), "x").unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    for name in
        ["../a.bin", "/etc/passwd", "a\\b", "MLmodel", "code/x", "missing.bin", "d", "", "my_net.onnx"]
    {
        let outcome = layout(&onnx(folder.path(), &[name]), None);
        assert!(matches!(outcome, Err(PlanError::SideFile { .. })), "{name}: {outcome:?}");
    }
}

#[test]
fn a_loader_walks_to_the_model_and_offers_probabilities_where_there_are_classes() {
    let loader = |call, classes: bool| {
        let draft = draft(|inspection| {
            inspection.serving =
                Serving::PickleLoader { path: r#"["model"][0]"#.into(), call, is_joblib: false };
            if classes {
                let value = serde_json::json!([0, 1]);
                inspection.facts = vec![Fact { name: "class_labels", value, source: "classes_".into() }];
            }
        });
        layout(&draft, None).unwrap()
    };
    let plain = loader(LoaderCall::Predict, false);
    assert!(plain.code[0].1.contains(r#"joblib.load(path)["model"][0]"#));
    assert!(plain.params.is_empty());
    assert_eq!(plain.data[0].path, "data/churn.pkl");
    let choosing = loader(LoaderCall::Predict, true);
    assert_eq!(choosing.params[0].name, "predict_fn");
    assert!(choosing.code[0].1.contains("predict_proba"));
    assert!(loader(LoaderCall::XgboostBooster, true).code[0].1.contains("import xgboost\n"));
    let draft = draft(|inspection| {
        inspection.serving = Serving::PickleLoader {
            path: "[__import__('os')]".into(),
            call: LoaderCall::Predict,
            is_joblib: false,
        };
    });
    assert!(matches!(layout(&draft, None), Err(PlanError::NotServable(_))));
}

#[test]
fn what_cannot_be_served_has_no_layout() {
    let draft = draft(|inspection| inspection.serving = Serving::No);
    assert!(matches!(layout(&draft, None), Err(PlanError::NotServable(_))));
}

#[test]
fn boosters_trained_on_pandas_categoricals_get_a_loader_that_restores_them() {
    let draft = draft(|inspection| {
        inspection.artifact.path = "churn.txt".into();
        inspection.serving = Serving::LightgbmText;
        let value = serde_json::json!({"city \"x\"": ["Graz", "Oslo"], "plan": [1, 2.5, true]});
        inspection.facts.push(Fact { name: "categories", value, source: "pandas_categorical".into() });
    });
    let layout = layout(&draft, None).expect("a layout");
    let names: Vec<&str> = layout.blocks.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["lightgbm", "python_function"]);
    let (path, text) = layout.code.first().expect("a loader");
    assert!(path.starts_with("code/mlpack_"), "{path}");
    assert!(
        text.contains("    \"city \\\"x\\\"\": [\"Graz\", \"Oslo\"],\n    \"plan\": [1, 2.5, True],\n"),
        "{text}"
    );
    assert!(text.contains("lightgbm.Booster(model_file=path)"), "{text}");
}

#[test]
fn xgboost_s_wrappers_keep_giving_labels_when_categories_are_restored() {
    let draft = draft(|inspection| {
        let model_class = "xgboost.sklearn.XGBClassifier".to_owned();
        inspection.serving = Serving::Xgboost { model_class, extension: "json" };
        let value = serde_json::json!({"city": ["Graz"]});
        inspection.facts.push(Fact { name: "categories", value, source: "cats".into() });
    });
    let text = &layout(&draft, None).unwrap().code[0].1;
    assert!(text.contains("xgboost.XGBClassifier(enable_categorical=True)"), "{text}");
    assert!(text.contains("return self._model.predict(frame)"), "{text}");
}

#[test]
fn forecasters_go_into_their_own_flavors() {
    let shown_with = |serving: Serving, framework: &str, file: &str| {
        let (framework, file) = (framework.to_owned(), file.to_owned());
        let draft = draft(move |inspection| {
            inspection.serving = serving;
            inspection.artifact.path = file.into();
            inspection.framework.as_mut().unwrap().value = framework;
            inspection.framework_version.as_mut().unwrap().value = "2.1.1".into();
        });
        shown(&draft, None)
    };
    let statsmodels = |is_joblib| shown_with(Serving::Statsmodels { is_joblib }, "statsmodels", "ols.pickle");
    let expected = r#"ols.pickle copied
python_function: {"data":"ols.pickle","loader_module":"mlflow.statsmodels"}
statsmodels: {"data":"ols.pickle","statsmodels_version":"2.1.1"}
"#;
    assert_eq!(statsmodels(false), expected);
    assert!(statsmodels(true).starts_with("model.pkl rewritten\n"));
    let pmdarima = Serving::Pmdarima { model_type: "AutoARIMA".into(), is_joblib: false };
    let expected = r#"a.pkl copied
pmdarima: {"data":"a.pkl","model_type":"AutoARIMA","pmdarima_version":"2.1.1"}
python_function: {"data":"a.pkl","loader_module":"mlflow.pmdarima"}
"#;
    assert_eq!(shown_with(pmdarima, "pmdarima", "a.pkl"), expected);
    let prophet = |is_encoded| shown_with(Serving::Prophet { is_encoded }, "prophet", "p.json");
    let expected = r#"model.pr encoded
prophet: {"data":"model.pr","model_type":"Prophet","prophet_version":"2.1.1"}
python_function: {"data":"model.pr","loader_module":"mlflow.prophet"}
"#;
    assert_eq!(prophet(false), expected);
    assert!(prophet(true).starts_with("p.json copied\n"));
}

#[test]
fn a_joblib_file_of_a_forecaster_falls_back_to_a_loader_that_asks_as_mlflow_does() {
    let kind = |kind: &str| {
        let value = kind.to_owned();
        let draft = draft(move |inspection| {
            inspection.serving = Serving::Statsmodels { is_joblib: true };
            let source = "class of the model".to_owned();
            inspection.facts.push(Fact { name: "model_kind", value: value.into(), source });
        });
        layout(&draft, Some("It holds memory maps.")).unwrap().code[0].1.clone()
    };
    assert!(kind("forecaster").contains(r#"predict(start=data["start"].iloc[0], end=data["end"].iloc[0])"#));
    assert!(kind("regressor").contains("self._model.predict(data)"));
    let serving = Serving::Pmdarima { model_type: "ARIMA".into(), is_joblib: true };
    let draft = draft(|inspection| inspection.serving = serving);
    let code = &layout(&draft, Some("It holds memory maps.")).unwrap().code[0].1;
    assert!(code.contains("n_periods=int(asked[\"n_periods\"])"), "{code}");
}

#[test]
fn keras_models_lie_where_each_flavor_looks_for_them() {
    let of = |serving: Serving| {
        shown(
            &draft(|inspection| {
                inspection.framework = Some(Sourced::new("keras".into(), "structure"));
                inspection.framework_version = Some(Sourced::new("3.15.1".into(), "keras_version"));
                inspection.serving = serving;
            }),
            None,
        )
    };
    let expected = r#"data/model.keras copied
data/keras_module.txt keras
keras: {"data":"data","keras_version":"3.15.1","keras_backend":"tensorflow","save_exported_model":false}
python_function: {"loader_module":"mlflow.keras"}
"#;
    assert_eq!(of(Serving::Keras), expected);
    for (is_h5, file, format) in [(true, "model.h5", "h5"), (false, "model.keras", "tf")] {
        let expected = format!(
            r#"data/{file} copied
data/keras_module.txt tf_keras
data/save_format.txt {format}
tensorflow: {{"data":"data","model_type":"keras","keras_version":"3.15.1","keras_module":"tf_keras","save_format":"{format}"}}
python_function: {{"data":"data","loader_module":"mlflow.tensorflow"}}
"#
        );
        assert_eq!(of(Serving::TensorflowKeras { keras_module: "tf_keras", is_h5 }), expected);
    }
}

#[test]
fn a_keras_model_with_code_of_one_s_own_gets_a_loader_that_hands_it_over() {
    let of = |holds_code: bool| {
        let objects = [("shop>Scale", "shop.layers.Scale"), ("odd \" name", "shop.odd")];
        let draft = draft(|inspection| {
            inspection.serving = Serving::KerasLoader {
                keras_module: "keras",
                is_h5: false,
                custom_objects: objects.map(|(name, path)| (name.to_owned(), path.to_owned())).to_vec(),
                holds_code,
            };
        });
        layout(&draft, None).unwrap()
    };
    let layout = of(false);
    assert_eq!(layout.data[0].path, "data/model.keras");
    let text = &layout.code[0].1;
    let expected = "import pandas\nimport shop\nimport shop.layers\nfrom keras import models\n\nCUSTOM_OBJECTS = {\n    \
                    \"shop>Scale\": shop.layers.Scale,\n    \"odd \\\" name\": shop.odd,\n}\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(!text.contains("safe_mode") && of(true).code[0].1.contains("safe_mode=False"));
}

#[test]
fn a_folder_is_packed_with_all_of_its_files() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("variables")).unwrap();
    let names = ["fingerprint.pb", "saved_model.pb", "variables/variables.index"];
    for name in names {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let draft = draft(|inspection| {
        inspection.artifact.path = dir.path().to_path_buf();
        inspection.artifact.side_files = names.map(str::to_owned).to_vec();
        inspection.serving =
            Serving::SavedModel { tags: vec!["serve".into()], signature: "serving_default".into() };
    });
    let expected = r#"tfmodel/saved_model.pb copied
tfmodel/fingerprint.pb copied
tfmodel/variables/variables.index copied
tensorflow: {"saved_model_dir":"tfmodel","model_type":"tf1-estimator","meta_graph_tags":["serve"],"signature_def_key":"serving_default"}
python_function: {"loader_module":"mlflow.tensorflow"}
"#;
    assert_eq!(shown(&draft, None), expected);
    fs::remove_file(dir.path().join("fingerprint.pb")).unwrap();
    assert!(matches!(layout(&draft, None), Err(PlanError::SideFile { .. })));
}
