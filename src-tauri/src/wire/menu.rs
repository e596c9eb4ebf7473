//! The native menu, as the window hears of it.

use serde::Serialize;
use ts_rs::TS;

/// What the payload of the event `menu` says: the person chose this item, or pressed its keys. The words are the ids
/// of the window's own commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum MenuCommand {
    /// File, Open….
    Open,
    /// File, Open folder….
    OpenFolder,
    /// File, Export….
    Export,
    /// File, Close draft.
    Close,
    /// Edit, Undo; in a text field, of what was typed there.
    Undo,
    /// Edit, Redo; likewise.
    Redo,
    /// Edit, Find in the structure.
    Find,
    /// View, Overview.
    SectionOverview,
    /// View, Structure.
    SectionStructure,
    /// View, Signature.
    SectionSignature,
    /// View, Environment.
    SectionEnvironment,
    /// View, Metadata.
    SectionMetadata,
    /// View, Safety.
    SectionSafety,
    /// View, Checks.
    SectionChecks,
    /// View, Files.
    SectionFiles,
    /// View, All commands….
    Palette,
}

impl MenuCommand {
    /// Every command.
    pub const ALL: [Self; 16] = [
        Self::Open,
        Self::OpenFolder,
        Self::Export,
        Self::Close,
        Self::Undo,
        Self::Redo,
        Self::Find,
        Self::SectionOverview,
        Self::SectionStructure,
        Self::SectionSignature,
        Self::SectionEnvironment,
        Self::SectionMetadata,
        Self::SectionSafety,
        Self::SectionChecks,
        Self::SectionFiles,
        Self::Palette,
    ];

    /// The id of the menu item.
    pub fn id(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::OpenFolder => "open-folder",
            Self::Export => "export",
            Self::Close => "close",
            Self::Undo => "undo",
            Self::Redo => "redo",
            Self::Find => "find",
            Self::SectionOverview => "section-overview",
            Self::SectionStructure => "section-structure",
            Self::SectionSignature => "section-signature",
            Self::SectionEnvironment => "section-environment",
            Self::SectionMetadata => "section-metadata",
            Self::SectionSafety => "section-safety",
            Self::SectionChecks => "section-checks",
            Self::SectionFiles => "section-files",
            Self::Palette => "palette",
        }
    }

    /// The command with that id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.id() == id)
    }
}
