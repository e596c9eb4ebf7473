//! Folders in the form of the Hugging Face Hub: transformers, sentence-transformers, adapters (PEFT), diffusers.
//!
//! Read: the configurations, the headers of the weights, the front matter of the model card. Pickles among the weights
//! are judged as pickles, Python files are named and never run. Not read: vocabularies.

mod card;
mod describe;
mod files;
mod parts;
mod scan;
mod sentence;
mod task;
#[cfg(test)]
mod tests;
mod transformers;
mod weights;

use packwright_source::Folder;

use self::files::Files;
use crate::reader::{Claim, FolderReader, FolderSubject};
use crate::{InspectError, Inspection, strangers};

/// Reads folders of Hugging Face's libraries.
#[derive(Debug)]
pub(crate) struct HuggingfaceReader;

/// What lies beside a `config.json` of transformers and of no other library's.
const BESIDE_CONFIG: [&str; 12] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "flax_model.msgpack",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "generation_config.json",
    "preprocessor_config.json",
    "special_tokens_map.json",
];

impl FolderReader for HuggingfaceReader {
    fn claims(&self, folder: &Folder) -> Claim {
        let has = |name: &str| folder.get(name).is_some();
        if has("modules.json") || has("model_index.json") || has("adapter_config.json") {
            Claim::Likely
        } else if has("config.json") {
            if BESIDE_CONFIG.iter().any(|name| has(name)) { Claim::Likely } else { Claim::Maybe }
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
        let files = Files { folder: subject.folder, limits: subject.limits };
        if let Some(error) = links_only(&files) {
            return Err(error);
        }
        if let Some(modules) = files.json("modules.json")?.filter(sentence::is_modules) {
            return sentence::read(subject, &files, &modules);
        }
        if let Some(index) =
            files.json("model_index.json")?.filter(|index| index.get("_class_name").is_some())
        {
            return parts::diffusers(subject, &files, &index);
        }
        if let Some(config) = files.json("adapter_config.json")?.filter(serde_json::Value::is_object) {
            return parts::adapter(subject, &files, &config);
        }
        match files.json("config.json")?.filter(transformers::is_config) {
            Some(config) => transformers::read(subject, &files, &config),
            None => Err(strangers::name_folder(subject.folder)),
        }
    }
}

/// The cache of the Hub keeps links in place of files.
fn links_only(files: &Files<'_>) -> Option<InspectError> {
    const NAMES: [&str; 4] = ["modules.json", "model_index.json", "adapter_config.json", "config.json"];
    let is_link = |name: &&str| files.folder.get(name).is_some_and(|entry| entry.is_link);
    let name = NAMES.iter().find(|name| is_link(name))?;
    Some(InspectError::Unknown {
        what: format!(
            "the files of the folder are links ({name} is one), as in the cache of the Hugging Face Hub"
        ),
        hint: "copy the folder with its links resolved (cp -rL) and drop the copy".to_owned(),
    })
}
