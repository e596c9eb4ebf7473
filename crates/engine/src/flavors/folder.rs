//! Folders as artifacts: every file of theirs goes into the package under its own name.

use packwright_inspect::Inspection;
use packwright_source::{Folder, Limits};

use super::DataFile;
use crate::plan::PlanError;

/// What version control and downloaders keep for themselves.
const BOOKKEEPING: [&str; 2] = [".git/", ".cache/"];

/// The files of a folder, or of one in an archive, to be copied below `to`; links are left out. `is_wanted` is asked for the name in the folder.
pub(super) fn files(
    inspection: &Inspection,
    to: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<DataFile>, PlanError> {
    let artifact = &inspection.artifact;
    if let Some(member) = artifact.member.as_ref().filter(|member| !member.files.is_empty()) {
        let wanted =
            member.files.iter().filter(|file| !is_bookkeeping(&file.file_name) && is_wanted(&file.file_name));
        let unpacked = wanted.map(|file| DataFile {
            member: Some(file.clone()),
            ..DataFile::copied(format!("{to}/{}", file.file_name), artifact.path.clone(), artifact.size_bytes)
        });
        return Ok(unpacked.collect());
    }
    let root = &artifact.path;
    let folder = Folder::open(root, &Limits::default()).map_err(|error| PlanError::SideFile {
        name: root.display().to_string(),
        reason: error.to_string(),
    })?;
    let entries = folder
        .entries()
        .iter()
        .filter(|entry| !entry.is_link && !is_bookkeeping(&entry.name) && is_wanted(&entry.name));
    let copied = entries.map(|entry| {
        DataFile::copied(format!("{to}/{}", entry.name), root.join(&entry.name), entry.len_bytes)
    });
    Ok(copied.collect())
}

/// Whether a file is of version control or a downloader, and stays behind.
pub(super) fn is_bookkeeping(name: &str) -> bool {
    BOOKKEEPING.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::flavors::{Layout, layout};
    use crate::open::open;
    use crate::testing::fixtures;

    fn packed(path: &Path) -> Layout {
        layout(&open(path).unwrap(), None).unwrap()
    }

    fn fixture(name: &str) -> Layout {
        packed(&fixtures().join("transformers").join(name))
    }

    fn paths(layout: &Layout) -> Vec<&str> {
        layout.data.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn a_model_of_transformers_lies_in_model_and_its_tokenizer_again_in_components() {
        let bert = fixture("bert_classifier");
        let expected = [
            "model/config.json",
            "model/model.safetensors",
            "model/tokenizer.json",
            "model/tokenizer_config.json",
            "components/tokenizer/config.json",
            "components/tokenizer/tokenizer.json",
            "components/tokenizer/tokenizer_config.json",
        ];
        assert_eq!(paths(&bert), expected);
        let block = serde_json::to_value(&bert.blocks[1].1).unwrap();
        let expected = serde_json::json!({
            "components": ["tokenizer"],
            "instance_type": "TextClassificationPipeline",
            "model_binary": "model",
            "pipeline_model_type": "BertForSequenceClassification",
            "task": "text-classification",
            "tokenizer_type": "AutoTokenizer",
            "torch_dtype": "torch.float32",
            "transformers_version": "5.23.0",
        });
        assert_eq!((bert.blocks[1].0, block), ("transformers", expected));
        assert!(bert.params.is_empty());
        // It has place for 32 tokens, half of them for the answer.
        assert_eq!(fixture("gpt2_lm").params[0].default, 16);
    }

    #[test]
    fn a_sentence_transformer_lies_in_the_folder_that_mlflow_insists_on() {
        let layout = fixture("sentence_transformer");
        assert!(paths(&layout).contains(&"model.sentence_transformer/1_Pooling/config.json"));
        assert!(paths(&layout).iter().all(|path| path.starts_with("model.sentence_transformer/")));
        assert_eq!(layout.blocks[0].1["data"], "model.sentence_transformer");
        assert_eq!(layout.blocks[1].1["pipeline_model_type"], "BertModel");
    }

    #[test]
    fn bookkeeping_and_links_stay_behind() {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(fixtures().join("transformers/gpt2_lm")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        for name in [".git/config", ".cache/huggingface/x", "extra/notes.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let layout = packed(folder.path());
        let paths = paths(&layout);
        assert!(paths.contains(&"model/extra/notes.txt"), "{paths:?}");
        let odd = paths
            .iter()
            .find(|path| path.contains(".git") || path.contains(".cache") || path.contains("link"));
        assert_eq!(odd, None);
    }
}
