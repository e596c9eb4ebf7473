//! What the text of a Python file tells without running it: the names it defines and the libraries it imports.
//!
//! Only lines at the margin count, which is where modules define what others import. Not a parser: a text inside a
//! long string can look like a definition, so the answers are used for help and warnings, never for safety.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use packwright_inspect::{Member, open_member};
use packwright_source::{ByteSource, FileSource, Limits, read_up_to};

use crate::flavors::DataFile;

/// A longer file is data.
const LONGEST_BYTES: u64 = 4 << 20;

/// The text of one file; empty when it cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Source {
    text: String,
}

impl Source {
    /// A text that is in memory.
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The text of a file that is to be packed, wherever it lies. What cannot be read defines nothing; copying it will
    /// say why.
    pub(crate) fn of_file(file: &DataFile) -> Self {
        let bytes = match &file.member {
            Some(member) => packed(&file.from, member),
            None => plain(&file.from),
        };
        bytes.map(|bytes| Self { text: String::from_utf8_lossy(&bytes).into_owned() }).unwrap_or_default()
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Whether the module would have this name: a class, function, assignment or import at the margin. A star import
    /// may bring anything.
    pub(crate) fn defines(&self, name: &str) -> bool {
        let first = name.split('.').next().unwrap_or(name);
        let mut in_import = false;
        for line in self.text.lines() {
            if in_import {
                if words(line).any(|word| word == first) {
                    return true;
                }
                in_import = !line.contains(')');
                continue;
            }
            if line.starts_with(|c: char| c.is_whitespace() || c == '#') {
                continue;
            }
            let mut found = words(line);
            match found.next() {
                Some("class" | "def") if found.next() == Some(first) => return true,
                Some("async") if found.nth(1) == Some(first) => return true,
                Some("from" | "import") => {
                    if line.trim_end().ends_with("import *") || words(line).skip(1).any(|word| word == first)
                    {
                        return true;
                    }
                    in_import = line.contains('(') && !line.contains(')');
                }
                Some(word) if word == first && is_assignment(line, first) => return true,
                _ => {}
            }
        }
        false
    }

    /// The top-level modules that the text imports, at any depth: libraries are often imported inside functions.
    pub(crate) fn imports(&self) -> Vec<String> {
        let mut found = Vec::new();
        for line in self.text.lines().map(str::trim_start) {
            if let Some(rest) = line.strip_prefix("import ") {
                found.extend(rest.split(',').filter_map(top_of));
            } else if let Some(rest) = line.strip_prefix("from ") {
                found.extend(top_of(rest));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn plain(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of a file in an archive.
fn packed(archive: &Path, member: &Member) -> io::Result<Vec<u8>> {
    let whole: Arc<dyn ByteSource> = Arc::new(FileSource::open(archive)?);
    let source = open_member(whole, member, &Limits::default()).map_err(io::Error::other)?;
    let length = usize::try_from(source.len_bytes().min(LONGEST_BYTES)).unwrap_or_default();
    let mut bytes = vec![0; length];
    let n = read_up_to(&*source, 0, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn is_assignment(line: &str, name: &str) -> bool {
    let rest = line.strip_prefix(name).unwrap_or_default().trim_start();
    rest.starts_with(':') || (rest.starts_with('=') && !rest.starts_with("=="))
}

/// `numpy` of ` numpy.linalg as la`; nothing for relative imports.
fn top_of(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let top = text.get(..end)?;
    (!top.is_empty()).then(|| top.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
import os, numpy.linalg as la
from sklearn.base import (
    BaseEstimator,
    TransformerMixin as Mixin,
)
from . import sibling
LIMIT: int = 3
scale = make()
class Ratio(BaseEstimator):
    inner = 1
    def fit(self): import pandas
async def serve(): pass
if scale == 1: pass
";

    #[test]
    fn names_at_the_margin_are_defined() {
        let source = Source { text: TEXT.into() };
        for (name, expected) in [
            ("Ratio", true),
            ("Ratio.Inner", true),
            ("LIMIT", true),
            ("scale", true),
            ("serve", true),
            ("BaseEstimator", true),
            ("Mixin", true),
            ("la", true),
            ("sibling", true),
            ("inner", false),
            ("fit", false),
            ("Share", false),
        ] {
            assert_eq!(source.defines(name), expected, "{name}");
        }
        assert!(Source { text: "from base import *\n".into() }.defines("Anything"));
    }

    #[test]
    fn imports_are_found_at_any_depth() {
        let mut expected = vec!["numpy", "os", "sklearn"];
        assert_eq!(Source { text: TEXT.into() }.imports(), expected);
        expected.push("torch");
        let text = format!("{TEXT}def f():\n    import torch\n");
        assert_eq!(Source { text }.imports(), expected);
    }
}
