//! The architecture of weights alone, made for showing.

use packwright_engine::{ArchitectureClass, Argument, Draft, argument_text};

use crate::wire::{ArchitectureClassView, ArchitectureView, ArgumentView, ParameterView, SourcedText};

/// The classes, the chosen one and its arguments; `None` for models that have an architecture.
pub(super) fn architecture_view(draft: &Draft) -> Option<ArchitectureView> {
    if !draft.needs_architecture() {
        return None;
    }
    let classes = draft.architectures().into_iter().map(class_view).collect();
    let architecture = draft.architecture();
    let arguments = architecture.iter().flat_map(|chosen| &chosen.arguments).map(argument_view).collect();
    let chosen = architecture.map(|chosen| SourcedText { text: chosen.class, source: chosen.source });
    Some(ArchitectureView { classes, chosen, arguments })
}

fn class_view(class: ArchitectureClass) -> ArchitectureClassView {
    let parameters = class.parameters.into_iter();
    let parameters =
        parameters.map(|parameter| ParameterView { name: parameter.name, default: parameter.default });
    ArchitectureClassView { class: class.class, parameters: parameters.collect() }
}

fn argument_view(argument: &Argument) -> ArgumentView {
    ArgumentView {
        name: argument.name.clone(),
        value: argument_text(&argument.value),
        source: argument.source.clone(),
    }
}
