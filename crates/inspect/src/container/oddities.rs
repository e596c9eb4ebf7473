//! What an archive's own tricks mean.

use packwright_formats::container::{Kind, Oddity, OddityKind};

use crate::safety::{Finding, Severity};

/// Judges one oddity. Unpacking is part of loading what lies in an archive, so a member that would be written outside
/// the target is as bad as a call that writes files; what makes readers disagree is for a person to decide, because
/// every reading of it was judged.
pub(crate) fn judge(oddity: &Oddity, kind: Kind, place: &str) -> Finding {
    let member = &oddity.member;
    let (rule, severity, what, why): (_, _, &str, String) = match &oddity.kind {
        OddityKind::Outside => (
            "archive/outside",
            Severity::Dangerous,
            "a member that leads out of the archive",
            "unpacking it would reach outside the folder that it is unpacked into".into(),
        ),
        OddityKind::Duplicate => (
            "archive/duplicate",
            Severity::Review,
            "two members of one name",
            "readers disagree about which one they take; both were looked at".into(),
        ),
        OddityKind::OtherName(name) => (
            "archive/other-name",
            Severity::Review,
            "a member with two names",
            format!("its own header calls it {name:?}: some readers refuse it, others load it"),
        ),
        OddityKind::OtherHeader(field) => (
            "archive/other-header",
            Severity::Review,
            "a member with two descriptions",
            format!("its own header states other {field} than the directory: readers disagree about it"),
        ),
        OddityKind::Flags(flags) => (
            "archive/flags",
            Severity::Review,
            "a member that is marked as encrypted or patched",
            format!("its flags are {flags:#06x}: some readers refuse it, others ignore them and load it"),
        ),
        OddityKind::Crc => (
            "archive/checksum",
            Severity::Review,
            "a member with a wrong checksum",
            "some readers refuse it, others load it; it was damaged or changed".into(),
        ),
        OddityKind::Length(len) => (
            "archive/length",
            Severity::Review,
            "a member with a wrong length",
            format!("it unpacks to {len} bytes and the archive states another number"),
        ),
        OddityKind::Link(to) => (
            "archive/link",
            Severity::Review,
            "a link",
            format!("unpacking makes a link to {to}; what it leads to is not in its own bytes"),
        ),
        OddityKind::Device => {
            ("archive/device", Severity::Review, "a device or a pipe", "no model needs one".into())
        }
        OddityKind::Overlap => (
            "archive/overlap",
            Severity::Review,
            "members that share bytes",
            "no archiver writes them; that is how small files unpack to huge ones".into(),
        ),
        OddityKind::Unlisted => (
            "archive/unlisted",
            Severity::Review,
            "a member that the directory does not list",
            "readers that go through the file from its start see it; it was looked at".into(),
        ),
        OddityKind::Before(n) => (
            "archive/before",
            Severity::Review,
            "bytes before the first member",
            format!("{n} bytes; a reader that starts at the first byte sees something else"),
        ),
        OddityKind::Between(n) => (
            "archive/between",
            Severity::Review,
            "bytes between members",
            format!("{n} bytes belong to no member"),
        ),
        OddityKind::After(n) => (
            "archive/after",
            Severity::Review,
            "bytes after the end",
            format!("{n} bytes follow the last record; no {} reader needs them", kind.name()),
        ),
        OddityKind::Directory => (
            "archive/directory",
            Severity::Review,
            "a directory of another length",
            "it holds more or fewer entries than it states".into(),
        ),
    };
    let what = if member.is_empty() { what.to_owned() } else { format!("{what}: {member}") };
    let of_member = place.starts_with(&format!("{member} in ")) && !member.is_empty();
    let within =
        if member.is_empty() || of_member { place.to_owned() } else { format!("{member} in {place}") };
    Finding { rule, severity, what, place: format!("{within}, byte {}", oddity.offset), why }
}
