use packwright_inspect::{LoaderCall, Serving};

use super::*;
use crate::Recipe;
use crate::plan::{Origin, plan};
use crate::testing::draft;

fn set(file: &str, text: &str) -> Edit {
    Edit::SetGenerated { file: file.into(), text: text.into(), over: None }
}

fn chat() -> Draft {
    draft(|inspection| {
        inspection.artifact.path = "chat.gguf".into();
        inspection.serving = Serving::Gguf { is_chat: true };
    })
}

fn text_of(draft: &Draft, path: &str) -> Option<String> {
    let file = plan(draft).unwrap().files.into_iter().find(|file| file.path == path)?;
    let Origin::Generated { bytes } = file.origin else { panic!("{path} is not generated") };
    Some(String::from_utf8(bytes).unwrap())
}

const EDITED: &str = "import scipy\nfrom mlflow.models import set_model\n\nset_model(None)\n";

#[test]
fn the_package_holds_the_person_s_text_until_it_is_reverted() {
    let mut draft = chat();
    let generated = text_of(&draft, "model.py").unwrap();
    draft.apply(set("model.py", &EDITED.replace('\n', "\r\n"))).unwrap();
    assert_eq!(text_of(&draft, "model.py").as_deref(), Some(EDITED));
    let [file] = &draft.generated_files()[..] else { panic!("one file") };
    assert_eq!((file.is_edited, file.is_outdated, &file.problem), (true, false, &None));
    assert_eq!(file.generated, generated);
    assert!(draft.requirements().iter().any(|line| line.requirement == "scipy"
        && line.source == "model.py as you changed it imports it; its version is not known"));
    draft.apply(set("model.py", "  \n")).unwrap();
    assert_eq!(text_of(&draft, "model.py"), Some(generated.clone()));
    assert_eq!(draft.undo_label(), Some("revert model.py"));
    assert!(draft.undo());
    assert_eq!(text_of(&draft, "model.py").as_deref(), Some(EDITED));
    draft.apply(set("model.py", &generated)).unwrap();
    assert!(!draft.generated_files()[0].is_edited, "the generated text is no edit");
}

#[test]
fn a_run_of_typing_is_one_step_and_a_revert_another() {
    let mut draft = chat();
    let first = draft.choices().clone();
    for end in [10, 20, EDITED.len()] {
        draft.apply(set("model.py", &EDITED[..end])).unwrap();
    }
    draft.apply(set("model.py", "")).unwrap();
    assert!(draft.undo());
    assert_eq!(draft.choices().generated["model.py"].text, EDITED);
    assert!(draft.undo());
    assert_eq!(draft.choices(), &first);
    assert!(draft.redo() && draft.redo() && !draft.redo());
    assert_eq!(draft.choices(), &first);
}

#[test]
fn a_changed_loader_gets_a_name_of_its_own_wherever_it_is_named() {
    let mut draft = draft(|inspection| {
        inspection.serving =
            Serving::PickleLoader { path: "[1]".into(), call: LoaderCall::Predict, is_joblib: false };
    });
    let before = draft.generated_files();
    let changed = before[0].generated.replace("self._model.predict(data)", "self._model.predict(data) + 1");
    assert_ne!(changed, before[0].generated);
    draft.apply(set("loader.py", &changed)).unwrap();
    let after = draft.generated_files();
    assert_ne!(after[0].path, before[0].path);
    assert_eq!(text_of(&draft, &after[0].path), Some(changed));
    assert_eq!(text_of(&draft, &before[0].path), None);
    let mlmodel = text_of(&draft, "MLmodel").unwrap();
    let module = module_of(&after[0].path);
    assert!(mlmodel.contains(&format!("loader_module: {module}\n")), "{mlmodel}");
    assert!(!mlmodel.contains(&module_of(&before[0].path)), "{mlmodel}");
}

#[test]
fn another_text_beneath_an_edit_is_told_and_either_can_be_kept() {
    let mut draft = chat();
    draft.apply(set("model.py", EDITED)).unwrap();
    let recipe = draft.recipe();
    let text = serde_json::to_string(&recipe).unwrap();
    let recipe: Recipe = serde_json::from_str(&text).unwrap();
    // The same edits over a model for which other code is generated.
    let mut other = crate::testing::draft(|inspection| {
        inspection.artifact.path = "chat.gguf".into();
        inspection.serving = Serving::Gguf { is_chat: false };
    });
    for edit in recipe.edits {
        other.apply(edit).unwrap();
    }
    assert!(other.generated_files()[0].is_outdated);
    assert!(other.decisions().iter().any(|decision| decision.id == "generated-outdated"));
    let mut kept = other.clone();
    kept.apply(set("model.py", EDITED)).unwrap();
    assert!(!kept.generated_files()[0].is_outdated && kept.generated_files()[0].is_edited);
    other.apply(set("model.py", "")).unwrap();
    assert_eq!(other.decisions().iter().filter(|decision| decision.id.starts_with("generated")).count(), 0);
}

#[test]
fn what_will_not_load_is_said_and_does_not_stop_the_export() {
    let mut draft = chat();
    for (text, line, what) in [
        ("import os\nx = (1\n", 2, "( is never closed"),
        ("import os\n", 1, "set_model is not called; MLflow finds the model by mlflow.models.set_model(…)"),
    ] {
        draft.apply(set("model.py", text)).unwrap();
        let problem = draft.generated_files().remove(0).problem.unwrap();
        assert_eq!((problem.line, problem.what.as_str()), (line, what));
        assert!(draft.decisions().iter().any(|decision| decision.text.contains(what)));
        assert_eq!(draft.export_blocked(), None);
        assert_eq!(text_of(&draft, "model.py").as_deref(), Some(text));
    }
}

#[test]
fn only_generated_code_can_be_changed_and_only_to_code() {
    let mut draft = chat();
    assert!(matches!(draft.apply(set("MLmodel", "x: 1")), Err(EditError::Generated(_))));
    assert!(matches!(draft.apply(set("loader.py", "x = 1")), Err(EditError::Generated(_))));
    let long = "#".repeat(LONGEST_BYTES + 1);
    assert!(matches!(draft.apply(set("model.py", &long)), Err(EditError::Generated(_))));
    assert_eq!(draft.undo_label(), None);
}
