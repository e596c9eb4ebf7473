//! The archive around a PyTorch model: one folder, whose name is that of the file when it was saved.

use std::sync::Arc;

use packwright_formats::container::{Container, Kind, Member};
use packwright_source::{Budget, ByteSource, ErrorKind, ReadError, read_exact_at};

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A pickle of values: `torch.save`.
    Saved,
    /// TorchScript: `torch.jit.save`.
    Script,
    /// An exported program: `torch.export.save`.
    Exported(Layout),
}

/// Where an exported program lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `models/<name>.json` (PyTorch 2.8 and later).
    Models,
    /// `serialized_exported_program.json`.
    Flat,
}

/// An open archive.
#[derive(Debug)]
pub(super) struct Archive {
    container: Container,
    /// The folder, with its `/`; empty for the old layout of exported programs.
    root: String,
}

impl Archive {
    /// Lists the members.
    ///
    /// # Errors
    ///
    /// What the container says.
    pub(super) fn open(source: Arc<dyn ByteSource>, budget: &mut Budget) -> Result<Self, ReadError> {
        let container = Container::open(Kind::Zip, source, budget)?;
        // PyTorch takes the folder of the first member for that of all.
        let first = container.members().first().map_or("", |member| member.name.as_str());
        let root = first.split_once('/').map_or(String::new(), |(root, _)| format!("{root}/"));
        Ok(Self { container, root })
    }

    /// What the names of the members say.
    pub(super) fn content(&self) -> Option<Content> {
        if self.get("archive_format").is_some() && self.models().next().is_some() {
            return Some(Content::Exported(Layout::Models));
        }
        if self.find("serialized_exported_program.json").is_some() {
            return Some(Content::Exported(Layout::Flat));
        }
        self.get("data.pkl")?;
        // torch.load hands the file to torch.jit.load when this member is there.
        Some(if self.get("constants.pkl").is_some() { Content::Script } else { Content::Saved })
    }

    /// The names of the graphs of an exported program, below the folder.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| {
            name.strip_prefix("models/")
                .and_then(|name| name.strip_suffix(".json"))
                .is_some_and(|stem| !stem.is_empty())
        })
    }

    /// The names of all members below the folder.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.container.members().iter().filter_map(|member| member.name.strip_prefix(self.root.as_str()))
    }

    fn get(&self, name: &str) -> Option<&Member> {
        self.find(&format!("{}{name}", self.root))
    }

    fn find(&self, name: &str) -> Option<&Member> {
        self.container.members().iter().find(|member| member.name == name)
    }

    /// A member as a source of its own; `None` when there is none of that name.
    ///
    /// # Errors
    ///
    /// What the container says.
    pub(super) fn source(
        &self,
        name: &str,
        budget: &mut Budget,
    ) -> Result<Option<Arc<dyn ByteSource>>, ReadError> {
        let Some(member) = self.get(name).or_else(|| self.find(name)) else { return Ok(None) };
        let opened = self.container.member(member, budget)?;
        match opened.error {
            Some(error) => Err(error),
            None => Ok(Some(opened.source)),
        }
    }

    /// A member as text; `None` when there is none of that name, or it is no UTF-8.
    ///
    /// # Errors
    ///
    /// What the container says; [`ErrorKind::Limit`] for a longer one than `limit` bytes.
    pub(super) fn text(
        &self,
        name: &str,
        limit: u64,
        budget: &mut Budget,
    ) -> Result<Option<String>, ReadError> {
        let Some(source) = self.source(name, budget)? else { return Ok(None) };
        let asked = source.len_bytes();
        if limit < asked {
            return Err(ReadError::new("zip", 0, ErrorKind::Limit { what: "a text", asked, limit }));
        }
        budget.keep("a text", asked).map_err(|kind| ReadError::new("zip", 0, kind))?;
        let mut bytes = vec![0; usize::try_from(asked).unwrap_or(0)];
        read_exact_at(&*source, 0, &mut bytes)
            .map_err(|error| ReadError::new("zip", 0, ErrorKind::Io(error)))?;
        Ok(String::from_utf8(bytes).ok())
    }
}
