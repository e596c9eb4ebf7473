use std::fs;
use std::path::PathBuf;

use packwright_inspect::{Fact, Inspection, Serving, Tensor, Tensors, TorchWeightsForm};
use serde_json::{Value, json};

use super::*;
use crate::testing::draft;
use crate::{Draft, Edit, EditError, plan};

/// A folder with files, which goes with it.
struct Code(tempfile::TempDir);

impl Code {
    fn of(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn candidates(&self, names: &[&str]) -> Vec<ArchitectureClass> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.at(name)).collect();
        candidates(&CodeTree::read(&paths, &[]).unwrap())
    }
}

fn tensors(names: &[&str]) -> Tensors {
    let tensor = |name: &&str| Tensor {
        name: (*name).to_owned(),
        dtype: "float32".into(),
        shape: vec![1],
        size_bytes: 4,
        is_parameter: true,
    };
    Tensors {
        listed: names.iter().map(tensor).collect(),
        n: names.len() as u64,
        n_elements: 0,
        size_bytes: 0,
    }
}

fn weights(names: &[&str]) -> impl FnOnce(&mut Inspection) {
    let tensors = tensors(names);
    |inspection| {
        inspection.artifact.path = "net.pt".into();
        inspection.serving = Serving::TorchWeights {
            form: TorchWeightsForm::Torch,
            path: String::new(),
            allowed: Vec::new(),
            shards: Vec::new(),
        };
        inspection.tensors = Some(tensors);
    }
}

fn set(class: &str, arguments: &[(&str, Value)]) -> Edit {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Edit::SetArchitecture { class: class.to_owned(), arguments }
}

const NET: &str = "class Base(nn.Module):\n    def __init__(self, n_in, n_out=3):\n        self.fc1 = 1\n\
                   class Net(Base):\n    def build(self):\n        self.head = 1\n\
                   class Config:\n    def __init__(self, **rest): pass\n";

#[test]
fn classes_are_candidates_with_what_their_bases_give_them_networks_first() {
    let code = Code::of(&[
        ("a.py", "class Other(Base): pass\nclass Far(PreTrainedModel): pass\n"),
        ("net.py", NET),
        ("no-name.py", NET),
    ]);
    let found = code.candidates(&["a.py", "net.py", "no-name.py"]);
    let shown: Vec<String> = found
        .iter()
        .map(|class| {
            let parameters: Vec<&str> =
                class.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            format!(
                "{} {} {}{}",
                class.class,
                class.is_module,
                parameters.join(","),
                if class.takes_any { "+" } else { "" }
            )
        })
        .collect();
    let expected = [
        "a.Other true n_in,n_out",
        "net.Base true n_in,n_out",
        "net.Net true n_in,n_out",
        "a.Far false +",
        "net.Config false +",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn classes_that_derive_from_each_other_come_to_an_end() {
    let code = Code::of(&[("net.py", "class A(B, B): pass\nclass B(A, A): pass\n")]);
    assert_eq!(code.candidates(&["net.py"]).len(), 2);
}

#[test]
fn names_of_weights_fit_lose_a_wrapper_or_are_warned_of() {
    const CLASS: &str = "class Net(BASES):\n    def __init__(self):\n        self.fc1 = self.head = 1\n";
    for (bases, names, prefix, warning) in [
        ("nn.Module", vec!["fc1.weight", "head.bias"], "", None),
        ("nn.Module", vec!["model.fc1.weight", "model.head.bias"], "model.", Some("begin with \"model.\"")),
        (
            "nn.Module",
            vec!["module.net.fc1.weight", "module.net.fc1.bias"],
            "module.net.",
            Some("takes it off"),
        ),
        ("nn.Module", vec!["model.fc1.weight", "head.bias"], "", Some("layers named model,")),
        ("nn.Module", vec!["model.conv.weight"], "", Some("layers named model,")),
        ("nn.Module", vec!["a.x", "b.x", "c.x", "d.x", "e.x", "f.x"], "", Some("a, b, c, d, e and 1 more,")),
        ("nn.Module", vec!["fc1"], "", None),
        ("nn.Module", vec!["model"], "", Some("layers named model,")),
        ("nn.Sequential", vec!["0.weight", "2.bias"], "", None),
        ("nn.Sequential", vec!["net.0.weight", "net.2.bias"], "net.", Some("\"net.\"")),
        ("nn.Sequential", vec!["first.weight"], "", None),
        ("PreTrainedModel", vec!["bert.weight"], "", None),
        ("PreTrainedModel", vec!["module.head.weight"], "module.", Some("\"module.\"")),
    ] {
        let code = Code::of(&[("net.py", &CLASS.replace("BASES", bases))]);
        let strip = compare(&tensors(&names), &code.candidates(&["net.py"])[0]);
        assert_eq!(strip.prefix, prefix, "{bases} {names:?}");
        match (warning, &strip.warning) {
            (Some(part), Some(text)) => assert!(text.contains(part), "{text}"),
            (None, None) => {}
            (_, found) => panic!("{bases} {names:?}: {found:?}"),
        }
    }
}

#[test]
fn what_people_type_is_json_a_word_of_python_or_text() {
    for (text, value) in [
        ("4", json!(4)),
        (" 1e-3 ", json!(0.001)),
        ("true", json!(true)),
        ("True", json!(true)),
        ("None", Value::Null),
        ("[1, 2]", json!([1, 2])),
        ("\"4\"", json!("4")),
        ("'relu'", json!("relu")),
        ("relu", json!("relu")),
        ("", json!("")),
        ("don't", json!("don't")),
        ("(1, 2)", json!("(1, 2)")),
    ] {
        assert_eq!(argument_value(text), value, "{text}");
        assert_eq!(argument_value(&argument_text(&value)), value, "{text}");
    }
}

#[test]
fn what_cannot_be_called_is_refused() {
    let code = Code::of(&[("net.py", NET)]);
    let mut draft = draft(weights(&["fc1.weight"]));
    draft.apply(Edit::AddCode { path: code.at("net.py") }).unwrap();
    for (class, arguments, problem) in [
        ("Net", vec![], "no class with its module"),
        ("net.Net()", vec![], "no class with its module"),
        ("net.class", vec![], "no class with its module"),
        ("net.Net", vec![("n in", json!(1))], "cannot be the name"),
        ("net.Net", vec![("lambda", json!(1))], "cannot be the name"),
        ("net.Net", vec![("n_in", json!({"a": 1}))], "neither a number"),
        ("net.Net", vec![("n_in", json!([[1]]))], "neither a number"),
        ("net.Net", vec![("n_in", json!(1)), ("n_in", json!(2))], "given twice"),
        ("net.Net", vec![("wide", json!(1))], "takes no argument wide; it takes n_in, n_out"),
    ] {
        match draft.apply(set(class, &arguments)) {
            Err(EditError::Architecture(text)) => assert!(text.contains(problem), "{text}"),
            other => panic!("{class} {arguments:?}: {other:?}"),
        }
    }
    let mut other = crate::testing::draft(|_| {});
    assert!(matches!(other.apply(set("net.Net", &[])), Err(EditError::Architecture(_))));
}

fn model_code(draft: &Draft) -> String {
    let plan = plan(draft).unwrap();
    let file = plan.files.iter().find(|file| file.path == "model.py").unwrap();
    let crate::Origin::Generated { bytes } = &file.origin else { panic!("{file:?}") };
    String::from_utf8(bytes.clone()).unwrap()
}

#[test]
fn weights_are_blocked_until_a_class_is_chosen_and_can_be_made() {
    let code = Code::of(&[("net.py", NET)]);
    let mut draft = draft(weights(&["fc1.weight"]));
    let blocked = |draft: &Draft| draft.export_blocked().unwrap_or_default();
    assert!(blocked(&draft).contains("Add the Python file"), "{}", blocked(&draft));
    assert!(draft.decisions().iter().any(|decision| decision.id == "architecture-missing"));
    draft.apply(Edit::AddCode { path: code.at("net.py") }).unwrap();
    assert!(blocked(&draft).contains("Choose the class"), "{}", blocked(&draft));
    assert!(plan(&draft).is_err());
    draft.apply(set("net.Net", &[])).unwrap();
    assert_eq!(blocked(&draft), "net.Net needs a value for n_in.");
    draft.apply(set("net.Net", &[("n_in", json!(4))])).unwrap();
    assert_eq!(draft.export_blocked(), None);
    assert!(model_code(&draft).contains("from net import Net as Architecture"));
    assert!(model_code(&draft).contains("Architecture(n_in=4)"));
    fs::write(code.at("net.py"), format!("{NET}train(Net(4))\n")).unwrap();
    let warnings = plan(&draft).unwrap().warnings.join("\n");
    assert!(warnings.contains("then runs `train(Net(4))`"), "{warnings}");

    let recipe = serde_json::to_value(draft.recipe()).unwrap();
    assert_eq!(recipe["edits"][2]["arguments"], json!([["n_in", 4]]));
    assert!(draft.undo() && blocked(&draft).contains("n_in") && draft.redo());
    draft.apply(set("net.Gone", &[])).unwrap();
    assert!(blocked(&draft).contains("no class net.Gone"), "{}", blocked(&draft));
    draft.apply(set("", &[])).unwrap();
    assert!(blocked(&draft).contains("Choose the class"), "{}", blocked(&draft));
}

#[test]
fn a_class_of_a_known_library_needs_no_code_and_adds_the_library() {
    let mut draft = draft(weights(&["fc.weight"]));
    draft.apply(set("torchvision.models.resnet18", &[])).unwrap();
    assert_eq!(draft.export_blocked(), None);
    assert!(draft.requirements().iter().any(|line| line.requirement == "torchvision"));
}

#[test]
fn the_only_class_that_can_be_made_is_proposed_with_the_reason() {
    let only = "class Net(nn.Module):\n    def __init__(self, n=4): self.fc1 = 1\n";
    let needs = only.replace("n=4", "n, depth");
    let two = format!("{only}class Config: pass\n");
    let hyper = json!({"n": 7, "depth": [2, 3], "lr": 0.1});
    for (text, hyper, expected) in [
        (only, None, Some(("the only class in net.py", vec![]))),
        (&two, None, Some(("the only network in your code, in net.py", vec![]))),
        (&needs, None, None),
        (
            &needs,
            Some(hyper),
            Some(("the only class in net.py", vec![("n", json!(7)), ("depth", json!([2, 3]))])),
        ),
        (NET, None, None),
    ] {
        let code = Code::of(&[("net.py", text)]);
        let mut draft = draft(|inspection| {
            weights(&["fc1.weight"])(inspection);
            inspection.facts.extend(hyper.map(|value| Fact {
                name: "hyperparameters",
                value,
                source: "hyper_parameters".into(),
            }));
        });
        draft.apply(Edit::AddCode { path: code.at("net.py") }).unwrap();
        let found = draft.architecture();
        let found = found.as_ref().map(|found| {
            let arguments = found.arguments.iter();
            let arguments = arguments
                .map(|argument| (argument.name.as_str(), argument.value.clone()))
                .collect::<Vec<_>>();
            (found.source.as_str(), arguments)
        });
        assert_eq!(found, expected, "{text}");
    }
}
