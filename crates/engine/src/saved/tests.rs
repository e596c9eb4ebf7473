//! Drafts that are saved, restored, gone, changed and damaged.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::edit::Side;
use crate::metadata::MetadataField;
use crate::testing::fixture;

const MODEL: &str = "sklearn/pipe_scaler_logreg_df.pkl";

struct Room {
    dir: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn store(&self) -> DraftStore {
        DraftStore::in_folder(self.at("data/drafts"))
    }

    fn file(&self, key: &str) -> PathBuf {
        self.at("data/drafts").join(key).with_extension("json")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.at("data/drafts")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A draft of a copy of the model, which may be removed and changed.
    fn draft(&self) -> Draft {
        std::fs::copy(fixture(MODEL), self.at("churn.pkl")).unwrap();
        open(&self.at("churn.pkl")).unwrap()
    }
}

fn name(name: &str) -> Edit {
    Edit::SetName { name: name.into() }
}

fn ty(ty: &str) -> Edit {
    Edit::SetColumnType { side: Side::Inputs, index: 0, ty: ty.into() }
}

fn saved(draft: &Draft) -> SavedDraft {
    SavedDraft::of(draft, SavedArtifact::of(draft), 7)
}

fn type_of_the_first(draft: &Draft) -> String {
    format!("{:?}", draft.signature().inputs)
}

#[test]
fn a_draft_comes_back_with_all_that_undo_and_redo_reach() {
    let room = Room::new();
    let mut draft = room.draft();
    for text in ["A", "A model"] {
        draft.apply(Edit::SetDescription { description: text.into() }).unwrap();
    }
    for edit in [
        name("one"),
        ty("float"),
        name("two"),
        Edit::SetMetadata { field: MetadataField::Version, value: "1.2.0".into() },
    ] {
        draft.apply(edit).unwrap();
    }
    draft.undo();
    draft.undo();
    let store = room.store();
    let key = DraftStore::new_key(7);
    store.save(&key, &saved(&draft)).unwrap();
    assert_eq!(room.names(), [format!("{key}.json")], "nothing partial is left");

    let list = store.list();
    assert!(list.problems.is_empty(), "{:?}", list.problems);
    assert_eq!(list.drafts, [(key.clone(), saved(&draft))]);
    let Restored { draft: mut back, notes, artifact } = store.load(&key).unwrap().restore().unwrap();
    assert_eq!((notes, artifact), (Vec::<String>::new(), SavedArtifact::of(&draft)));
    assert_eq!(back.recipe(), draft.recipe());
    assert_eq!(saved(&back), saved(&draft));
    // As far forward as before, and as far back.
    loop {
        assert_eq!(back.redo_label(), draft.redo_label());
        let redone = draft.redo();
        assert_eq!(back.redo(), redone);
        assert_eq!(back.name(), draft.name());
        if !redone {
            break;
        }
    }
    assert_eq!(back.name().value, "two");
    let mut n_undone = 0;
    while back.undo() {
        assert!(draft.undo());
        assert_eq!((back.undo_label(), back.description()), (draft.undo_label(), draft.description()));
        assert_eq!(type_of_the_first(&back), type_of_the_first(&draft));
        n_undone += 1;
    }
    assert_eq!(n_undone, 5, "the typing was one step");
}

#[test]
fn a_model_that_is_gone_keeps_its_changes() {
    let room = Room::new();
    let mut draft = room.draft();
    draft.apply(name("mine")).unwrap();
    room.store().save("1-1", &saved(&draft)).unwrap();
    std::fs::rename(room.at("churn.pkl"), room.at("away.pkl")).unwrap();
    let error = room.store().load("1-1").unwrap().restore().unwrap_err();
    assert!(error.to_string().starts_with("churn.pkl is no longer where it was"), "{error}");
    std::fs::rename(room.at("away.pkl"), room.at("churn.pkl")).unwrap();
    assert_eq!(room.store().load("1-1").unwrap().restore().unwrap().draft.name().value, "mine");
    room.store().remove("1-1").unwrap();
    room.store().remove("1-1").unwrap();
    assert!(room.store().list().drafts.is_empty());
}

#[test]
fn a_model_that_changed_is_read_anew_and_says_so() {
    let room = Room::new();
    let mut draft = room.draft();
    for edit in [name("mine"), ty("float")] {
        draft.apply(edit).unwrap();
    }
    let kept = saved(&draft);
    // The same bytes at another time.
    let file = std::fs::File::options().write(true).open(room.at("churn.pkl")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_hours(24)).unwrap();
    let back = kept.restore().unwrap();
    assert_eq!(back.draft.recipe(), draft.recipe());
    assert!(
        matches!(&back.notes[..], [note] if note.starts_with("churn.pkl was changed")),
        "{:?}",
        back.notes
    );

    // Another model, without the column that was typed.
    std::fs::copy(fixture("sklearn/unfitted_rf.pkl"), room.at("churn.pkl")).unwrap();
    let back = kept.restore().unwrap();
    assert_eq!(back.draft.name().value, "mine");
    assert_eq!(back.draft.recipe().edits, [name("mine")]);
    assert!(
        back.notes[1].starts_with("1 change could not be made again: set input type ("),
        "{:?}",
        back.notes
    );
}

#[test]
fn a_danger_is_confirmed_again_for_another_file() {
    let room = Room::new();
    let path = room.at("evil.pkl");
    std::fs::copy(fixture("hostile/pickle/real_model_with_payload_attr.pkl"), &path).unwrap();
    let mut draft = open(&path).unwrap();
    let typed = draft.confirm_word().unwrap().to_owned();
    draft.apply(Edit::ConfirmDanger { typed }).unwrap();
    let kept = saved(&draft);
    assert_eq!(kept.restore().unwrap().draft.confirm_word(), None);
    let other = SavedDraft { artifact: SavedArtifact { size_bytes: 1, ..kept.artifact.clone() }, ..kept };
    let back = other.restore().unwrap();
    assert!(back.draft.confirm_word().is_some());
    assert!(back.notes[1].contains("confirm the danger"), "{:?}", back.notes);
}

#[test]
fn a_program_that_dies_while_it_saves_leaves_the_old_draft() {
    let room = Room::new();
    let mut draft = room.draft();
    draft.apply(name("old")).unwrap();
    room.store().save("1-1", &saved(&draft)).unwrap();
    draft.apply(name("new")).unwrap();
    let text = serde_json::to_vec(&saved(&draft)).unwrap();
    // Dead between the writing and the renaming; and in the middle of the writing.
    store::write_beside(&room.file("1-1"), &text).unwrap();
    store::write_beside(&room.file("1-1"), &text[..9]).unwrap();
    assert_eq!(room.names().len(), 3);
    let list = room.store().list();
    assert_eq!(list.drafts[0].1.edits, [name("old")]);
    assert_eq!((list.problems.len(), room.names()), (0, vec!["1-1.json".to_owned()]));
}

#[test]
fn what_is_damaged_is_put_aside_and_the_rest_comes_back() {
    let room = Room::new();
    let draft = room.draft();
    let store = room.store();
    store.save("1-5", &saved(&draft)).unwrap();
    store.note_shown("1-5").unwrap();
    let good = std::fs::read_to_string(room.file("1-5")).unwrap();
    let relative = SavedArtifact { path: "churn.pkl".into(), ..SavedArtifact::of(&draft) };
    let relative = SavedDraft { artifact: relative, ..saved(&draft) };
    for (key, bytes) in [
        ("1-1", b"".to_vec()),
        ("1-2", good.as_bytes()[..good.len() / 2].to_vec()),
        ("1-3", b"\xff\xfe{}".to_vec()),
        ("1-4", vec![b' '; (4 << 20) + 1]),
        ("1-6", serde_json::to_vec(&relative).unwrap()),
        ("1-7", "[".repeat(100_000).into_bytes()),
    ] {
        std::fs::write(room.file(key), bytes).unwrap();
    }
    std::fs::create_dir(room.file("1-8")).unwrap();
    let list = store.list();
    assert_eq!(list.drafts, [("1-5".to_owned(), saved(&draft))]);
    assert_eq!(list.shown.as_deref(), Some("1-5"));
    assert_eq!(list.problems.len(), 7, "{:?}", list.problems);
    assert_eq!(room.names().iter().filter(|name| name.ends_with(".damaged")).count(), 7);
    assert!(store.list().problems.is_empty(), "told once");
}

#[test]
fn no_key_leads_out_of_the_folder_and_no_draft_too_long_is_written() {
    let room = Room::new();
    let mut draft = room.draft();
    room.store().save("../out", &saved(&draft)).unwrap();
    assert!(!Path::new(&room.at("data/out.json")).exists());
    assert!(room.store().load("../out").is_err());
    draft.apply(Edit::SetDescription { description: "x".repeat(5 << 20) }).unwrap();
    assert_eq!(room.store().save("1-1", &saved(&draft)).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
}

#[test]
fn only_the_newest_of_very_many_come_back() {
    let room = Room::new();
    let draft = room.draft();
    std::fs::create_dir_all(room.at("data/drafts")).unwrap();
    let text = serde_json::to_vec(&saved(&draft)).unwrap();
    for number in 0..203 {
        std::fs::write(room.file(&format!("{number:03}")), &text).unwrap();
    }
    let list = room.store().list();
    assert_eq!((list.drafts.len(), list.drafts[0].0.as_str()), (200, "003"));
    assert!(list.problems[0].starts_with("3 saved drafts were left"), "{:?}", list.problems);
    assert_eq!(room.names().len(), 203);
}
