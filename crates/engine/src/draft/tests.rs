use packwright_inspect::safety::{Finding, Needs, Severity};
use packwright_inspect::{LoaderCall, OwnModule, Serving, SkopsType, SourcedSchema};

use super::*;
use crate::edit::Side;
use crate::testing::{draft, requirement};

fn tag(key: &str, value: &str) -> Edit {
    Edit::SetTag { key: key.into(), value: value.into() }
}

fn rows(schema: Option<SourcedSchema>) -> Vec<String> {
    match schema {
        None => vec!["unknown".into()],
        Some(SourcedSchema::Columns(columns)) => {
            columns.iter().map(|c| format!("{} <- {}", c.value.to_json(), c.source)).collect()
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            tensors.iter().map(|t| format!("{} <- {}", t.value.to_json(), t.source)).collect()
        }
    }
}

#[test]
fn every_edit_is_taken_back_whole_and_made_again_whole() {
    let edits = [
        Edit::SetName { name: "Churn".into() },
        Edit::SetDescription { description: "Who leaves?".into() },
        tag("stage", "dev"),
        Edit::RenameTag { from: "stage".into(), to: "level".into() },
        Edit::SetRequirement { index: 1, requirement: "scikit-learn==1.9.0".into() },
        Edit::SetPython { version: "3.11".into() },
        Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "long".into() },
        Edit::SetColumnName { side: Side::Inputs, index: 1, name: "town".into() },
        Edit::ResetSchema { side: Side::Inputs },
        Edit::SetSchema { side: Side::Outputs, names: vec![], ty: "float32".into(), shape: vec![-1, 2] },
        Edit::RemoveTag { key: "level".into() },
    ];
    let mut draft = draft(|_| {});
    let mut states = vec![draft.choices.clone()];
    for edit in edits.clone() {
        let label = edit.label();
        draft.apply(edit).unwrap();
        assert_eq!(draft.undo_label(), Some(label.as_str()));
        assert_ne!(Some(&draft.choices), states.last());
        states.push(draft.choices.clone());
    }
    for state in states.iter().rev().skip(1) {
        assert!(draft.undo());
        assert_eq!(&draft.choices, state);
    }
    assert!(!draft.undo());
    for state in states.iter().skip(1) {
        assert!(draft.redo());
        assert_eq!(&draft.choices, state);
    }
    assert!(!draft.redo());
    assert_eq!(draft.recipe().edits, edits);
}

#[test]
fn a_recipe_leads_a_fresh_draft_to_the_same_choices() {
    let mut first = draft(|_| {});
    first.apply(tag("a", "1")).unwrap();
    first.apply(Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "float".into() }).unwrap();
    let text = serde_json::to_string(&first.recipe()).unwrap();
    let mut second = draft(|_| {});
    for edit in serde_json::from_str::<Recipe>(&text).unwrap().edits {
        second.apply(edit).unwrap();
    }
    assert_eq!(first.choices, second.choices);
}

#[test]
fn a_new_change_ends_what_could_be_made_again() {
    let mut draft = draft(|_| {});
    draft.apply(tag("a", "1")).unwrap();
    draft.undo();
    draft.apply(tag("b", "2")).unwrap();
    assert!(!draft.redo());
    assert_eq!(draft.tags().iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_run_of_typing_is_taken_back_at_once_and_typing_after_undo_is_new() {
    let mut draft = draft(|_| {});
    for text in ["W", "Wh", "Who"] {
        draft.apply(Edit::SetDescription { description: text.into() }).unwrap();
    }
    assert_eq!(draft.description(), "Who");
    assert_eq!(draft.recipe().edits.len(), 1);
    draft.apply(tag("a", "1")).unwrap();
    draft.apply(Edit::SetDescription { description: "Why".into() }).unwrap();
    draft.undo();
    assert_eq!(draft.description(), "Who");
    draft.undo();
    draft.undo();
    assert_eq!(draft.description(), "");
}

#[test]
fn an_edit_that_changes_nothing_leaves_nothing_to_take_back() {
    let mut draft = draft(|_| {});
    draft.apply(Edit::SetName { name: String::new() }).unwrap();
    draft.apply(Edit::ResetSchema { side: Side::Inputs }).unwrap();
    assert_eq!(draft.undo_label(), None);
}

#[test]
fn refused_edits_leave_the_draft_as_it_was() {
    let names = vec!["a".to_owned(), "a".to_owned()];
    let cases = [
        (Edit::SetName { name: "a/b".into() }, "a name cannot contain \"/\""),
        (tag("a@b", ""), "a tag key cannot contain \"@\""),
        (Edit::RemoveTag { key: "none".into() }, "there is no tag \"none\""),
        (Edit::RenameTag { from: "none".into(), to: "x".into() }, "there is no tag \"none\""),
        (Edit::SetRequirement { index: 9, requirement: "x".into() }, "there is no requirement number 9"),
        (Edit::SetRequirement { index: 9, requirement: String::new() }, "there is no requirement number 9"),
        (Edit::SetRequirement { index: 0, requirement: "-r x".into() }, "is an option"),
        (
            Edit::SetRequirement { index: 0, requirement: "Scikit_Learn".into() },
            "there is a line for scikit-learn",
        ),
        (Edit::SetPython { version: "2.7".into() }, "MLflow runs on Python 3.6 and later"),
        (
            Edit::SetColumnType { side: Side::Inputs, index: 2, ty: "long".into() },
            "there is no input number 2",
        ),
        (
            Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "int64".into() },
            "no column type \"int64\"",
        ),
        (Edit::SetColumnType { side: Side::Outputs, index: 0, ty: "long".into() }, "no tensor type \"long\""),
        (
            Edit::SetColumnName { side: Side::Inputs, index: 0, name: "city".into() },
            "two rows named \"city\"",
        ),
        (Edit::SetColumnName { side: Side::Inputs, index: 0, name: String::new() }, "all rows named or none"),
        (
            Edit::SetSchema { side: Side::Inputs, names, ty: "long".into(), shape: vec![] },
            "two rows named \"a\"",
        ),
        (Edit::SetSchema { side: Side::Inputs, names: vec![], ty: "float32".into(), shape: vec![] }, "shape"),
        (
            Edit::SetSchema { side: Side::Inputs, names: vec![], ty: "float32".into(), shape: vec![-2] },
            "shape",
        ),
    ];
    let mut draft = draft(|_| {});
    for (edit, expected) in cases {
        let shown = format!("{edit:?}");
        let message = draft.apply(edit).unwrap_err().to_string();
        assert!(message.contains(expected), "{shown}: {message}");
    }
    assert_eq!(draft.choices, Choices::default());
}

#[test]
fn an_edited_row_is_yours_and_the_others_keep_their_source() {
    let mut draft = draft(|_| {});
    draft.apply(Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "long".into() }).unwrap();
    let expected = [
        r#"{"type":"long","name":"age","required":true} <- you"#,
        r#"{"type":"string","name":"city","required":true} <- feature_names_in_"#,
    ];
    assert_eq!(rows(draft.signature().inputs), expected);
    draft.apply(Edit::ResetSchema { side: Side::Inputs }).unwrap();
    assert!(rows(draft.signature().inputs)[0].ends_with("<- feature_names_in_"));
}

#[test]
fn an_unknown_side_can_be_set_as_columns_or_as_a_tensor() {
    let mut draft = draft(|inspection| inspection.signature = SourcedSignature::default());
    let names = vec!["x".to_owned(), "y".to_owned()];
    draft.apply(Edit::SetSchema { side: Side::Inputs, names, ty: "double".into(), shape: vec![] }).unwrap();
    draft
        .apply(Edit::SetSchema {
            side: Side::Outputs,
            names: vec![],
            ty: "float32".into(),
            shape: vec![-1, 3],
        })
        .unwrap();
    draft.apply(Edit::SetColumnName { side: Side::Outputs, index: 0, name: "scores".into() }).unwrap();
    assert_eq!(rows(draft.signature().inputs).len(), 2);
    let output =
        r#"{"name":"scores","type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,3]}} <- you"#;
    assert_eq!(rows(draft.signature().outputs), [output]);
}

#[test]
fn requirement_lines_are_set_added_and_removed_by_their_index() {
    let mut draft = draft(|inspection| inspection.signature.inputs = None);
    let lines = |draft: &Draft| {
        draft
            .requirements()
            .into_iter()
            .map(|line| format!("{} <- {}", line.requirement, line.source))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&draft).len(), 2);
    draft.apply(Edit::SetRequirement { index: 2, requirement: " pandas<3 ".into() }).unwrap();
    draft.apply(Edit::SetRequirement { index: 1, requirement: "scikit-learn==1.8.0".into() }).unwrap();
    assert_eq!(lines(&draft)[1..], ["scikit-learn==1.8.0 <- you", "pandas<3 <- you"]);
    draft.apply(Edit::SetRequirement { index: 0, requirement: String::new() }).unwrap();
    assert_eq!(lines(&draft), ["scikit-learn==1.8.0 <- you", "pandas<3 <- you"]);
    assert!(draft.warnings()[0].contains("does not install mlflow"));
}

#[test]
fn the_python_that_the_person_sets_chooses_the_mlflow() {
    let mut draft = draft(|_| {});
    assert_eq!(draft.requirements()[0].requirement, "mlflow==3.17.2");
    draft.apply(Edit::SetPython { version: "3.9.18".into() }).unwrap();
    assert_eq!(draft.python(), Sourced::new("3.9.18".into(), "you"));
    assert_eq!(draft.requirements()[0].requirement, "mlflow==2.22.0");
    draft.apply(Edit::SetPython { version: String::new() }).unwrap();
    assert_eq!(draft.python().value, "3.12");
}

#[test]
fn the_name_comes_from_the_file_until_it_is_set() {
    let mut draft = draft(|_| {});
    assert_eq!(draft.name(), Sourced::new("churn".into(), "the file's name"));
    draft.apply(Edit::SetName { name: " Churn v2 ".into() }).unwrap();
    assert_eq!(draft.name(), Sourced::new("Churn v2".into(), "you"));
    draft.apply(Edit::SetName { name: String::new() }).unwrap();
    assert_eq!(draft.name().value, "churn");
}

#[test]
fn what_only_the_person_can_decide_is_listed_and_goes_when_decided() {
    let ids = |draft: &Draft| draft.decisions().iter().map(|decision| decision.id).collect::<Vec<_>>();
    assert!(ids(&draft(|_| {})).is_empty());
    let mut unknown = draft(|inspection| {
        inspection.signature = SourcedSignature::default();
        inspection.requirements = vec![requirement("scikit-learn")];
        inspection.safety.needs = Needs::DangerousCalls;
    });
    assert_eq!(
        ids(&unknown),
        ["inputs-unknown", "outputs-unknown", "framework-version-unknown", "dangerous"]
    );
    unknown
        .apply(Edit::SetSchema {
            side: Side::Inputs,
            names: vec![],
            ty: "float64".into(),
            shape: vec![-1, 4],
        })
        .unwrap();
    unknown.apply(Edit::SetRequirement { index: 1, requirement: "scikit-learn==1.9.1".into() }).unwrap();
    assert_eq!(ids(&unknown), ["outputs-unknown", "dangerous"]);
    let mut partly = draft(|inspection| inspection.safety.unread = vec!["it ends early".into()]);
    assert_eq!(ids(&partly), ["unscanned"]);
    assert_eq!(partly.export_blocked(), None);
    partly = draft(|inspection| inspection.safety.needs = Needs::UnknownCode);
    assert_eq!(ids(&partly), ["review"]);
}

#[test]
fn what_cannot_be_served_cannot_be_exported_and_says_why() {
    let no = draft(|inspection| {
        inspection.serving = Serving::No;
        inspection.warnings = vec!["it holds an array and no model".into()];
    });
    assert_eq!(no.export_blocked().unwrap(), "MLflow cannot serve this: It holds an array and no model.");
    assert_eq!(no.decisions()[0].id, "not-servable");
    let package = draft(|inspection| inspection.serving = Serving::Package);
    assert_eq!(package.export_blocked().unwrap(), "This is an MLflow package already.");
}

fn to_review(what: &str) -> Finding {
    Finding {
        rule: "pickle/unknown-name",
        severity: Severity::Review,
        what: what.into(),
        place: "byte 7".into(),
        why: "on no list".into(),
    }
}

#[test]
fn rows_to_review_are_accepted_one_by_one_and_by_adding_their_code() {
    let dir = tempfile::tempdir().unwrap();
    let code = dir.path().join("shop.py");
    std::fs::write(&code, "class Ratio: pass\n").unwrap();
    let mut draft = draft(|inspection| {
        inspection.safety.needs = Needs::UnknownCode;
        inspection.safety.findings = vec![to_review("shop.Ratio"), to_review("acme.Thing")];
        inspection.own_modules = vec![OwnModule { module: "shop".into(), names: vec!["Ratio".into()] }];
    });
    let ids = |draft: &Draft| draft.decisions().iter().map(|decision| decision.id).collect::<Vec<_>>();
    assert_eq!(ids(&draft), ["code-missing", "review"]);
    draft.apply(Edit::AddCode { path: code }).unwrap();
    assert_eq!(ids(&draft), ["review"]);
    let key = draft.inspection().safety.findings[1].key();
    draft.apply(Edit::Acknowledge { finding: key.clone(), note: " ours ".into() }).unwrap();
    assert!(draft.is_reviewed() && ids(&draft).is_empty());
    let shown: Vec<_> = draft
        .acknowledgements()
        .into_iter()
        .filter_map(|(_, acknowledgement)| acknowledgement)
        .map(|accepted| (accepted.source, accepted.note))
        .collect();
    assert_eq!(shown, [("you added code/shop.py".into(), String::new()), ("you".into(), "ours".to_owned())]);
    draft.apply(Edit::Withdraw { finding: key.clone() }).unwrap();
    assert_eq!(ids(&draft), ["review"]);
    assert!(draft.apply(Edit::Withdraw { finding: key }).is_err());
    assert!(draft.apply(Edit::Acknowledge { finding: "nothing".into(), note: String::new() }).is_err());
}

#[test]
fn another_model_of_the_file_can_be_chosen_and_the_choice_taken_back() {
    let mut draft = draft(|inspection| {
        let mut other = inspection.clone();
        other.path_in_file = "[\"scaler\"]".into();
        other.signature = SourcedSignature::default();
        inspection.path_in_file = "[\"model\"]".into();
        inspection.others = vec![other];
    });
    assert_eq!(draft.models().count(), 2);
    draft.apply(Edit::SelectModel { path: "[\"scaler\"]".into() }).unwrap();
    assert_eq!(draft.inspection().path_in_file, "[\"scaler\"]");
    assert!(draft.signature().inputs.is_none());
    assert!(draft.apply(Edit::SelectModel { path: "[9]".into() }).is_err());
    assert!(draft.undo());
    assert!(draft.signature().inputs.is_some());
}

#[test]
fn types_of_known_libraries_are_trusted_and_others_when_the_person_says_so() {
    let mut draft = draft(|inspection| {
        let ty = |name: &str, is_known| SkopsType { name: name.into(), is_known, why: "asked".into() };
        inspection.serving = Serving::SklearnSkops {
            types: vec![ty("a.B", true), ty("c.D", false)],
            path: String::new(),
            call: LoaderCall::Predict,
        };
    });
    assert_eq!(draft.trusted_types(), ["a.B"]);
    assert_eq!(draft.decisions()[0].id, "types-untrusted");
    draft.apply(Edit::SetTrust { name: "c.D".into(), is_trusted: true }).unwrap();
    assert_eq!(draft.trusted_types(), ["a.B", "c.D"]);
    draft.apply(Edit::SetTrust { name: "a.B".into(), is_trusted: false }).unwrap();
    assert_eq!(draft.trusted_types(), ["c.D"]);
    assert!(draft.apply(Edit::SetTrust { name: "x.Y".into(), is_trusted: true }).is_err());
}

#[test]
fn adding_the_code_of_a_type_trusts_it_until_the_person_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let code = dir.path().join("shop.py");
    std::fs::write(&code, "class Ratio: pass\n").unwrap();
    let mut draft = draft(|inspection| {
        let ty = SkopsType { name: "shop.Ratio".into(), is_known: false, why: "asked".into() };
        let (path, call) = (String::new(), LoaderCall::Predict);
        inspection.serving = Serving::SklearnSkops { types: vec![ty], path, call };
        inspection.own_modules = vec![OwnModule { module: "shop".into(), names: vec!["Ratio".into()] }];
    });
    assert!(draft.trusted_types().is_empty());
    draft.apply(Edit::AddCode { path: code }).unwrap();
    assert_eq!(draft.trusted_types(), ["shop.Ratio"]);
    draft.apply(Edit::SetTrust { name: "shop.Ratio".into(), is_trusted: false }).unwrap();
    assert!(draft.trusted_types().is_empty());
}

#[test]
fn trusting_a_type_answers_its_row_to_review_and_distrust_asks_again() {
    let mut draft = draft(|inspection| {
        inspection.safety.needs = Needs::UnknownCode;
        inspection.safety.findings = vec![to_review("shop.Ratio")];
        let ty = SkopsType { name: "shop.Ratio".into(), is_known: false, why: "asked".into() };
        let (path, call) = (String::new(), LoaderCall::Predict);
        inspection.serving = Serving::SklearnSkops { types: vec![ty], path, call };
    });
    draft.apply(Edit::SetTrust { name: "shop.Ratio".into(), is_trusted: true }).unwrap();
    assert!(draft.is_reviewed());
    draft.apply(Edit::SetTrust { name: "shop.Ratio".into(), is_trusted: false }).unwrap();
    assert!(!draft.is_reviewed());
}

#[test]
fn a_dangerous_model_is_packed_only_after_its_word_was_typed() {
    let mut draft = draft(|inspection| inspection.safety.needs = Needs::DangerousCalls);
    assert_eq!(draft.confirm_word(), Some("dangerous"));
    assert!(draft.apply(Edit::ConfirmDanger { typed: "yes".into() }).is_err());
    draft.apply(Edit::ConfirmDanger { typed: " Dangerous ".into() }).unwrap();
    assert_eq!(draft.confirm_word(), None);
}

#[test]
fn places_where_pip_looks_are_lines_of_their_own_and_never_hold_a_login() {
    let mut draft = draft(|_| {});
    let n = draft.requirements().len();
    let set = |draft: &mut Draft, index: usize, line: &str| {
        draft
            .apply(Edit::SetRequirement { index, requirement: line.into() })
            .map_err(|error| error.to_string())
    };
    set(&mut draft, n, "-i https://a.example.org/simple").unwrap();
    assert_eq!(draft.requirements()[n].requirement, "--index-url https://a.example.org/simple");
    set(&mut draft, n + 1, "--extra-index-url https://${TOKEN}@b.example.org/simple").unwrap();
    let refused = set(&mut draft, n + 2, "--index-url https://c.example.org").unwrap_err();
    assert!(
        refused.contains("there is a line --index-url https://a.example.org/simple already"),
        "{refused}"
    );
    for line in
        ["--extra-index-url https://me:secret@c.example.org", "net @ https://me:secret@c.example.org/net.whl"]
    {
        let refused = set(&mut draft, n + 2, line).unwrap_err();
        assert!(refused.contains("holds a user or a password") && !refused.contains("secret"), "{refused}");
    }
    assert!(set(&mut draft, n + 2, "--pre").unwrap_err().contains("is an option"));
    // Their lines are no packages.
    set(&mut draft, n + 2, "numpy-financial==1.0").unwrap();
    set(&mut draft, n, "").unwrap();
    assert_eq!(
        draft.requirements()[n].requirement,
        "--extra-index-url https://${TOKEN}@b.example.org/simple"
    );
    let notes = draft.requirement_notes(&draft.requirements());
    assert_eq!(notes.iter().filter(|note| note.index == n && !note.is_fault).count(), 1);
}
