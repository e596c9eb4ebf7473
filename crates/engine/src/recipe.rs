//! All choices of a person in a file, to be made again: for the next version of a model, or by somebody else.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clean::Staging;
use crate::edit::Edit;
use crate::journal::Journal;

/// A longer recipe is some other file.
const LONGEST_RECIPE_BYTES: u64 = 4 << 20;

/// The edits that a person made, to be made again: the file that `packwright pack --recipe` reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// In the order in which they were made.
    pub edits: Vec<Edit>,
}

/// Why a recipe could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file could not be read.
    #[error("the recipe {} could not be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no recipe.
    #[error("{} is not a recipe: {reason}", path.display())]
    NotARecipe {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`].
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(LONGEST_RECIPE_BYTES).read_to_string(&mut text))
            .map_err(|error| RecipeError::Read { path: path.to_path_buf(), error })?;
        serde_json::from_str(&text)
            .map_err(|error| RecipeError::NotARecipe { path: path.to_path_buf(), reason: error.to_string() })
    }

    /// Writes the recipe, whole or not at all. A recipe that lies there, or an empty file, is replaced; nothing else is.
    ///
    /// # Errors
    ///
    /// What the system says, or that something else lies there.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        if let Ok(metadata) = path.symlink_metadata() {
            let is_ours = metadata.is_file() && (metadata.len() == 0 || Self::load(path).is_ok());
            if !is_ours {
                let problem = "something that is no recipe lies there; choose another name";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
            }
        }
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let staging = Staging::beside(&std::path::absolute(path)?, &Journal::none())?;
        let mut file = File::create_new(staging.partial())?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(staging.partial(), path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(name: &str) -> Recipe {
        Recipe { edits: vec![Edit::SetName { name: name.into() }] }
    }

    #[test]
    fn a_saved_recipe_is_read_again_and_replaced_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("churn.json");
        for name in ["one", "two"] {
            recipe(name).save(&path).unwrap();
            assert_eq!(Recipe::load(&path).unwrap(), recipe(name));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_no_recipe_is_neither_read_nor_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("package.json");
        std::fs::write(&path, "{\"name\": \"mine\"}").unwrap();
        assert!(matches!(Recipe::load(&path), Err(RecipeError::NotARecipe { .. })));
        assert_eq!(recipe("one").save(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(recipe("one").save(dir.path()).is_err());
        assert!(recipe("one").save(&dir.path().join("no/such/folder.json")).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"name\": \"mine\"}");
    }
}
