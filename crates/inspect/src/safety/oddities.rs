//! What no pickler writes, and what it means.

use packwright_formats::pickle::OddityKind;

use super::Severity;

/// How bad an oddity is, its rule, what it is, and why it matters.
pub(super) fn judge(kind: OddityKind) -> (Severity, &'static str, &'static str, &'static str) {
    match kind {
        OddityKind::ComputedCallee => (
            Severity::Dangerous,
            "pickle/computed-call",
            "a call of something computed",
            "what is called can't be told from the file",
        ),
        OddityKind::GlobalChanged => (
            Severity::Dangerous,
            "pickle/changes-global",
            "a change of a module or class",
            "loading would change code that is already running",
        ),
        OddityKind::FrameCrossed | OddityKind::FrameNested => (
            Severity::Dangerous,
            "pickle/frame",
            "an opcode across the end of its frame",
            "Python versions disagree about what follows: it hides code from one of them",
        ),
        OddityKind::FrameTooLong => (
            Severity::Review,
            "pickle/frame-length",
            "a frame longer than the file",
            "the file is cut off or was edited",
        ),
        OddityKind::ExtensionCode => (
            Severity::Dangerous,
            "pickle/extension",
            "a name from the extension registry",
            "what it stands for is decided elsewhere",
        ),
        OddityKind::ComputedName => (
            Severity::Dangerous,
            "pickle/computed-name",
            "an import of a computed name",
            "what is imported can't be told from the file",
        ),
        OddityKind::OutOfBandBuffer => {
            (Severity::Review, "pickle/buffer", "an out-of-band buffer", "files never have them")
        }
        OddityKind::MemoMissing => {
            (Severity::Review, "pickle/memo", "a reference to nothing", "no pickler writes it")
        }
        OddityKind::Leftovers => (
            Severity::Info,
            "pickle/leftovers",
            "values that nothing returns",
            "no pickler leaves any behind; loaders drop them",
        ),
        OddityKind::OddTarget => (
            Severity::Review,
            "pickle/odd-target",
            "items set on something that holds none",
            "no pickler writes it",
        ),
        OddityKind::SlotNames => (
            Severity::Dangerous,
            "pickle/slot-names",
            "attributes with names like __class__",
            "loading would turn the object into another one; no pickler writes it",
        ),
        OddityKind::OddPadding => {
            (Severity::Review, "joblib/padding", "bytes in the padding of an array", "joblib pads with 0xff")
        }
        OddityKind::SecondBuild => (
            Severity::Review,
            "pickle/second-build",
            "an object that is given a state twice",
            "the first state may change what taking the second does; no pickler writes it",
        ),
        OddityKind::ShadowedMethod => (
            Severity::Review,
            "pickle/shadowed-method",
            "a state that stands in for a method",
            "what calls the method on the object calls what the file put in its place",
        ),
        OddityKind::ComputedKey => (
            Severity::Review,
            "pickle/computed-key",
            "a state whose keys can't all be told",
            "an attribute may stand in for a method of the object",
        ),
        OddityKind::StateChanged => (
            Severity::Review,
            "pickle/state-changed",
            "a change of a dict that is the state of an object already",
            "the object may change with it; no pickler writes it",
        ),
        OddityKind::Unseen => (
            Severity::Unscanned,
            "pickle/too-many-values",
            "an object beyond the values that are kept",
            "what it is given can't be told",
        ),
        OddityKind::UnknownProtocol => {
            (Severity::Review, "pickle/protocol", "a protocol above 5", "what its opcodes mean is not known")
        }
        OddityKind::LateProto => (
            Severity::Info,
            "pickle/late-proto",
            "PROTO after the start",
            "no pickler writes it; loaders accept it",
        ),
    }
}
