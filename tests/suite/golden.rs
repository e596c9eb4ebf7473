//! What `packwright inspect --json` says of every fixture, as files in `tests/golden`.
//!
//! The fixtures drive the run. `UPDATE_GOLDEN=1` rewrites the files; read the difference before you commit it.

use std::path::PathBuf;

use packwright_tests::{Fixture, benign, files_below, fixtures, packwright, root};
use serde_json::Value;

fn golden(fixture: &Fixture) -> PathBuf {
    root().join("tests/golden").join(format!("{}.json", fixture.path))
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

#[test]
fn every_fixture_is_inspected_as_its_golden_file_says() {
    let mut different = Vec::new();
    for fixture in benign() {
        let run = packwright(["inspect", "--json", &fixture.path]);
        let found = serde_json::to_string_pretty(&run.json()).expect("JSON can be written") + "\n";
        let path = golden(&fixture);
        if is_updating() {
            std::fs::create_dir_all(path.parent().expect("it lies in a folder"))
                .expect("the folder can be made");
            std::fs::write(&path, found).expect("the golden file can be written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(found.as_str()) {
            different.push(format!("{}:\n{found}", fixture.path));
        }
    }
    assert!(
        different.is_empty(),
        "{} differ, UPDATE_GOLDEN=1 rewrites them\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn no_golden_file_is_left_of_a_fixture_that_is_gone() {
    let known: Vec<_> = benign().iter().map(|fixture| format!("{}.json", fixture.path)).collect();
    for file in files_below(&root().join("tests/golden")) {
        assert!(known.contains(&file), "tests/golden/{file} belongs to no fixture");
    }
}

/// PyPI's name of a framework that the manifest calls by its import name.
fn pypi_name(framework: &str) -> &str {
    match framework {
        "sklearn" => "scikit-learn",
        "coreml" => "coremltools",
        "pytorch" => "torch",
        "sentence_transformers" => "sentence-transformers",
        _ => framework,
    }
}

/// Formats that the manifest tells apart and their bytes do not.
fn is_same_format(wanted: &str, found: &str) -> bool {
    wanted == found || (wanted == "cloudpickle" && found == "pickle")
}

#[test]
fn format_framework_and_class_are_the_truth_of_the_manifest() {
    let mut wrong = Vec::new();
    for fixture in benign().iter().filter(|fixture| fixture.is_model != Some(false)) {
        let document = packwright(["inspect", "--json", &fixture.path]).json();
        let text = |name: &str| document[name].as_str().unwrap_or("-").to_owned();
        let mut check = |what: &str, wanted: &str, is_right: bool| {
            if !is_right {
                wrong.push(format!("{}: {what} is {}, wanted {wanted}", fixture.path, document[what]));
            }
        };
        if let Some(format) = &fixture.format {
            check("format", format, is_same_format(format, &text("format")));
        }
        if let Some(framework) = &fixture.framework {
            check("framework", pypi_name(framework), text("framework") == pypi_name(framework));
        }
        let is_pickled =
            matches!(fixture.format.as_deref(), Some("pickle" | "joblib" | "cloudpickle" | "skops"));
        if let Some(class) = fixture.model_class.as_ref().filter(|_| is_pickled) {
            check("model_class", class, &text("model_class") == class);
        }
        // A version that is stated must be the true one; not knowing it is fine.
        if let (Some(version), Some(stated)) =
            (&fixture.framework_version, document["framework_version"].as_str())
        {
            let is_begun = version.starts_with(stated)
                && version[stated.len()..].chars().next().is_none_or(|c| c == '.');
            check("framework_version", version, is_begun || fixture.format.as_deref() == Some("onnx"));
        }
    }
    assert!(wrong.is_empty(), "{} facts are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn column_names_and_counts_are_the_truth_of_the_manifest() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for fixture in benign().iter().filter(|fixture| fixture.is_model != Some(false)) {
        let document = packwright(["inspect", "--json", &fixture.path]).json();
        let Some(inputs) = document["signature"]["inputs"].as_array() else { continue };
        let names: Vec<_> = inputs.iter().filter_map(|input| input["name"].as_str()).collect();
        if let Some(wanted) = fixture.feature_names.as_ref().filter(|_| names.len() == inputs.len()) {
            asked += 1;
            if names != wanted.iter().map(String::as_str).collect::<Vec<_>>() {
                wrong.push(format!("{}: names are {names:?}, wanted {wanted:?}", fixture.path));
            }
        }
        let width =
            inputs.first().and_then(|input| input["tensor-spec"]["shape"].as_array()?.get(1)?.as_i64());
        if let (Some(wanted), Some(width), 1) = (fixture.n_features_in, width, inputs.len()) {
            asked += 1;
            if u64::try_from(width) != Ok(wanted) {
                wrong.push(format!("{}: the tensor has {width} columns, wanted {wanted}", fixture.path));
            }
        }
    }
    assert!(40 < asked, "only {asked} fixtures could be asked");
    assert!(wrong.is_empty(), "{} signatures are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_column_and_fact_says_where_it_comes_from() {
    fn has_source(row: &Value) -> bool {
        row["source"].as_str().is_some_and(|source| !source.is_empty())
    }
    for fixture in benign() {
        let document = packwright(["inspect", "--json", &fixture.path]).json();
        let sides = ["inputs", "outputs", "params"].map(|side| &document["signature"][side]);
        let lists = sides.into_iter().chain([&document["facts"], &document["requirements"]]);
        for row in lists.filter_map(Value::as_array).flatten() {
            assert!(has_source(row), "{}: {row} has no source", fixture.path);
        }
    }
}

#[test]
fn plain_library_models_are_safe() {
    // What these files need beyond scikit-learn is the point of them.
    let with_own_code =
        ["custom_", "function_lambda", "_cloudpickle", "torch/main_class_module", "torch/fastai_"];
    let mut wrong = Vec::new();
    for fixture in benign() {
        let is_pickled = matches!(
            fixture.format.as_deref(),
            Some("pickle" | "joblib" | "torch-zip" | "torch-legacy" | "torchscript" | "torch-export-pt2")
        );
        let is_exception = with_own_code.iter().any(|part| fixture.path.contains(part));
        if !is_pickled || is_exception || fixture.is_model == Some(false) {
            continue;
        }
        let document = packwright(["inspect", "--json", &fixture.path]).json();
        if document["safety"]["verdict"] != "safe" {
            wrong.push(format!("{}: {}", fixture.path, document["safety"]));
        }
    }
    assert!(wrong.is_empty(), "{} are not safe:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn models_with_code_of_their_own_are_at_least_for_review() {
    let mut seen = 0;
    for fixture in benign() {
        let is_own =
            ["custom_", "function_lambda", "by_value"].iter().any(|part| fixture.path.contains(part));
        if !is_own || fixture.format.as_deref() == Some("skops") {
            continue;
        }
        seen += 1;
        let document = packwright(["inspect", "--json", &fixture.path]).json();
        let verdict = document["safety"]["verdict"].as_str().unwrap_or("-");
        assert!(matches!(verdict, "review" | "dangerous"), "{} is {verdict}", fixture.path);
        // Code that a file carries is for a person to judge; nothing in these files does harm when it is loaded.
        assert!(verdict == "review" || !fixture.path.contains("by_value"), "{} is {verdict}", fixture.path);
    }
    assert!(0 < seen, "no fixture carries code of its own in {}", fixtures().display());
}
