//! What each edit is called, for the undo menu.

use super::{Edit, Side};

impl Edit {
    /// What the edit does, for the undo menu: `set tag "stage"`.
    pub fn label(&self) -> String {
        match self {
            Self::SetName { name } if name.is_empty() => "reset name".into(),
            Self::SetName { .. } => "set name".into(),
            Self::SetDescription { .. } => "edit description".into(),
            Self::SetMetadata { field, .. } => format!("edit {}", field.label().to_lowercase()),
            Self::SetTag { key, .. } => format!("set tag \"{key}\""),
            Self::RenameTag { from, .. } => format!("rename tag \"{from}\""),
            Self::RemoveTag { key } => format!("remove tag \"{key}\""),
            Self::SetRequirement { requirement, .. } if requirement.is_empty() => "remove requirement".into(),
            Self::SetRequirement { .. } => "set requirement".into(),
            Self::SetRequirements { lines, .. } if lines.is_empty() => "reset requirements".into(),
            Self::SetRequirements { .. } => "import requirements".into(),
            Self::SetPython { version } if version.is_empty() => "reset Python version".into(),
            Self::SetPython { .. } => "set Python version".into(),
            Self::SetColumnType { side, .. } => format!("set {} type", side.word()),
            Self::SetColumnName { side, .. } => format!("set {} name", side.word()),
            Self::ResetSchema { side } => format!("reset {}s", side.word()),
            Self::SetSchema { side, .. } | Self::ReplaceSchema { side, .. } => {
                format!("set {}s", side.word())
            }
            Self::SetRequired { .. } => "set required".into(),
            Self::SetShape { side, .. } => format!("set {} shape", side.word()),
            Self::AddColumn { side, name, .. } => format!("add {} \"{name}\"", side.word()),
            Self::RemoveColumn { side, .. } => format!("remove {}", side.word()),
            Self::MoveColumn { side, .. } => format!("move {}", side.word()),
            Self::SetParam { name, .. } => format!("set parameter \"{name}\""),
            Self::RemoveParam { .. } => "remove parameter".into(),
            Self::SetSample { .. } => "add sample data".into(),
            Self::RemoveSample => "remove sample data".into(),
            Self::MarkColumn { name, .. } => format!("mark \"{name}\""),
            Self::SetExample { .. } | Self::SetExampleText { .. } => "edit the example".into(),
            Self::ResetExample => "reset the example".into(),
            Self::SelectModel { .. } => "choose another model".into(),
            Self::AddCode { .. } => "add code".into(),
            Self::RemoveCode { .. } => "remove code".into(),
            Self::Acknowledge { .. } => "accept a finding".into(),
            Self::Withdraw { .. } => "withdraw an acceptance".into(),
            Self::ConfirmDanger { .. } => "confirm the danger".into(),
            Self::SetTrust { name, is_trusted: true } => format!("trust {name}"),
            Self::SetTrust { name, .. } => format!("distrust {name}"),
            Self::SetArchitecture { class, .. } if class.is_empty() => "reset architecture".into(),
            Self::SetArchitecture { class, .. } => format!("set architecture {class}"),
            Self::SetGenerated { file, text, .. } if text.is_empty() => format!("revert {file}"),
            Self::SetGenerated { file, .. } => format!("edit {file}"),
            Self::ReplaceParams { .. } => "set parameters".into(),
            Self::ReplaceExample { .. } => "set the example".into(),
            Self::SetExtra { key, value } if value.is_null() => format!("remove metadata \"{key}\""),
            Self::SetExtra { key, .. } => format!("keep metadata \"{key}\""),
            Self::TakenOver { edit, .. } => edit.label(),
        }
    }
}

impl Side {
    /// `input` or `output`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inputs => "input",
            Self::Outputs => "output",
        }
    }
}
