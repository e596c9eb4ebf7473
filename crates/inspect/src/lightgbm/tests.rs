use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::SourcedSchema;
use crate::safety::Verdict;
use crate::tests::with_subject;

const TREE: &str = "Tree=0\nnum_leaves=2\nleaf_value=0.5 -0.5\n\n\n";

/// A text model of two trees, from the lines of its head and what follows its trees.
fn text(head: &[&str], tail: &str) -> String {
    let sizes = format!("tree_sizes={0} {0}", TREE.len());
    let mut lines = vec!["tree"];
    lines.extend(head);
    lines.push(&sizes);
    format!("{}\n\n{TREE}{TREE}end of trees\n\n{tail}", lines.join("\n"))
}

const HEAD: [&str; 7] = [
    "version=v4",
    "num_class=1",
    "num_tree_per_iteration=1",
    "max_feature_idx=1",
    "objective=binary sigmoid:1",
    "feature_names=age city",
    "feature_infos=[18:79] -1:0:2:1",
];

const TAIL: &str = "feature_importances:\nage=2\n\nparameters:\n[boosting: gbdt]\n[categorical_feature: 1]\n\
                    end of parameters\n\npandas_categorical:[[\"Graz\", \"Oslo\"]]\n";

fn inspect(text: &str) -> Result<Inspection, InspectError> {
    with_subject("model.txt", text.as_bytes(), |subject| LightgbmReader.read(subject))
}

fn explain(text: &str) -> String {
    inspect(text).map_or_else(|error| error.to_string(), |inspection| inspection.format.to_owned())
}

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

fn changed(from: &str, to: &str) -> Vec<String> {
    HEAD.iter().map(|line| if *line == from { to.to_owned() } else { (*line).to_owned() }).collect()
}

fn with_line(from: &str, to: &str, tail: &str) -> String {
    let lines = changed(from, to);
    text(&lines.iter().map(String::as_str).collect::<Vec<_>>(), tail)
}

#[test]
fn a_text_model_says_what_it_is() {
    let inspection = inspect(&text(&HEAD, TAIL)).expect("a model");
    assert_eq!(inspection.format, "lightgbm-text");
    assert_eq!(inspection.serving, Serving::LightgbmText);
    assert_eq!(inspection.framework_version, None);
    assert_eq!(inspection.requirements[0].requirement, "lightgbm>=4");
    assert_eq!(shown(inspection.signature.outputs.as_ref()), "float64[-1]");
    let fact = |name| inspection.fact(name).map(|fact| fact.value.clone());
    assert_eq!(fact("n_features"), Some(json!(2)));
    assert_eq!(fact("feature_names"), Some(json!(["age", "city"])));
    assert_eq!(fact("objective"), Some(json!("binary")));
    assert_eq!(fact("n_classes"), Some(json!(2)));
    assert_eq!(fact("n_trees"), Some(json!(2)));
    assert_eq!(fact("categorical_features"), Some(json!(["city"])));
    assert_eq!(fact("categories"), Some(json!({"city": ["Graz", "Oslo"]})));
    assert_eq!(fact("hyperparameters"), Some(json!({"boosting": "gbdt"})));
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
}

#[test]
fn the_input_follows_from_what_the_names_tell() {
    let plain = text(&HEAD, "pandas_categorical:null\n");
    let made_up = with_line("feature_names=age city", "feature_names=Column_0 Column_1", "");
    let table = [
        (plain, "age: Scalar(Double), city: Scalar(Double)"),
        (made_up, "float64[-1, 2]"),
        (text(&HEAD, TAIL), "age: Any, city: Any"),
    ];
    for (text, expected) in table {
        assert_eq!(shown(inspect(&text).expect("a model").signature.inputs.as_ref()), expected);
    }
}

#[test]
fn several_trees_per_iteration_give_one_value_each() {
    let lines =
        ["version=v3", "num_class=3", "num_tree_per_iteration=3", "max_feature_idx=0", "feature_names=a"];
    let inspection = inspect(&text(&lines, "")).expect("a model");
    assert_eq!(shown(inspection.signature.outputs.as_ref()), "float64[-1, 3]");
    assert_eq!(inspection.requirements[0].requirement, "lightgbm>=3");
    assert_eq!(inspection.fact("n_classes").expect("stored").value, json!(3));
    assert_eq!(inspection.fact("objective"), None);
}

#[test]
fn trees_without_sizes_are_counted_line_by_line() {
    let whole = text(&HEAD, TAIL);
    let sizes = format!("tree_sizes={0} {0}\n", TREE.len());
    let inspection = inspect(&whole.replace(&sizes, "")).expect("a model");
    assert_eq!(inspection.fact("n_trees").expect("counted").value, json!(2));
    assert!(inspection.fact("hyperparameters").is_some(), "what follows the trees is read");
    let cut = whole.replace(&sizes, "").replace("end of trees", "");
    let cut = &cut[..cut.find("feature_importances").expect("there")];
    assert!(explain(cut).contains("short of the end of its trees"), "{}", explain(cut));
    let old = cut.replace("version=v4\n", "");
    assert_eq!(explain(&old.replacen("tree\n", "tree\nversion=v2\n", 1)), "lightgbm-text");
}

#[test]
fn contradictions_are_located_errors() {
    let table = [
        (
            with_line("max_feature_idx=1", "max_feature_idx=2147483647", ""),
            "malformed feature_names: expected 2147483648 names, found 2",
        ),
        (with_line("num_class=1", "num_class=x", ""), "malformed num_class: expected a count, found x"),
        (text(&HEAD, "pandas_categorical:{\n"), "malformed pandas_categorical: expected lists of categories"),
        (text(&HEAD, "").replace("tree_sizes=", "tree_sizes=99999999999 "), "short of its trees"),
        (text(&HEAD, "").replace("tree_sizes=", "tree_sizes=a "), "malformed tree_sizes: expected counts"),
        (
            text(&HEAD, "").replace("tree_sizes=", "tree_sizes=1 "),
            "malformed trees: expected their end, by tree_sizes",
        ),
    ];
    for (text, expected) in table {
        let message = explain(&text);
        assert!(message.starts_with("lightgbm-text at byte ") && message.contains(expected), "{message}");
    }
}

#[test]
fn a_cut_before_the_end_of_the_parameters_is_never_safe() {
    let whole = text(&HEAD, TAIL);
    let end = whole.find("end of parameters").expect("there");
    let start = whole.find("end of trees").expect("there");
    for cut in 0..end {
        if let Ok(inspection) = inspect(&whole[..cut]) {
            assert!(start <= cut, "cut at {cut}");
            if whole[..cut].contains("parameters:\n") {
                assert_eq!(inspection.safety.verdict(), Verdict::Unscanned, "cut at {cut}");
            }
        }
    }
}

#[test]
fn a_json_dump_is_described_and_not_served() {
    let dump = json!({
        "name": "tree", "version": "v4", "num_class": 1, "num_tree_per_iteration": 1, "max_feature_idx": 1,
        "objective": "regression", "feature_names": ["a", "b"],
        "tree_info": [{"tree_index": 0, "tree_structure": {"leaf_value": 1.5}}, {"tree_index": 1}],
        "pandas_categorical": null,
    });
    let inspection = inspect(&dump.to_string()).expect("a dump");
    assert_eq!(inspection.format, "lightgbm-json-dump");
    assert_eq!(inspection.flavor(), None);
    assert!(inspection.warnings[0].contains("cannot be served"), "{:?}", inspection.warnings);
    assert_eq!(inspection.fact("n_trees").expect("counted").value, json!(2));
    assert_eq!(shown(inspection.signature.inputs.as_ref()), "a: Scalar(Double), b: Scalar(Double)");
}

#[test]
fn claims_follow_from_the_first_lines() {
    let table: [(&str, Claim); 5] = [
        ("tree\nversion=v4\n", Claim::Certain),
        ("tree\r\nversion=v3\r\n", Claim::Certain),
        ("tree\nare green\n", Claim::No),
        (r#"{"name":"tree","num_tree_per_iteration":1,"max_feature_idx":1}"#, Claim::Likely),
        (r#"{"name":"tree"}"#, Claim::No),
    ];
    for (text, expected) in table {
        assert_eq!(
            with_subject("model.txt", text.as_bytes(), |subject| LightgbmReader.claims(subject)),
            expected,
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn a_changed_line_gives_a_model_or_an_error(at in 0..40_usize, line in ".{0,40}") {
        let whole = text(&HEAD, TAIL);
        let lines: Vec<&str> = whole.lines().enumerate().map(|(index, old)| if index == at { &line } else { old }).collect();
        prop_assert!(!explain(&lines.join("\n")).is_empty());
    }

    #[test]
    fn any_bytes_after_the_first_line_give_a_model_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [b"tree\nversion=v4\n".as_slice(), &tail].concat();
        let outcome = with_subject("model.txt", &bytes, |subject| LightgbmReader.read(subject).err().map(|error| error.to_string()));
        prop_assert!(outcome.is_none_or(|message| !message.is_empty()));
    }
}
