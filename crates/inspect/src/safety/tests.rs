use std::sync::Arc;

use packwright_source::{Limits, MemorySource};

use super::{Safety, Verdict};
use crate::pickled::PickleFile;

fn judge(bytes: &[u8]) -> Safety {
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let mut file = PickleFile::read(source, bytes, &Limits::default());
    let error = file.pickle.error.take();
    super::pickle::judge(&file, error.as_ref())
}

#[test]
fn the_verdict_follows_from_what_a_load_would_do() {
    for (bytes, verdict) in [
        (&b"\x80\x02}q\x00."[..], Verdict::Safe),
        (b"\x80\x02csklearn.svm._classes\nSVC\n)\x81}b.", Verdict::Safe),
        (b"\x80\x02csklearn.svm._classes\nSVC\n)R.", Verdict::Review),
        (b"\x80\x02cshop.features\nRatio\n)\x81}b.", Verdict::Review),
        (b"\x80\x02c__main__\nRatio\n)\x81}b.", Verdict::Review),
        (b"\x80\x02cos\nsystem\n(U\x02lstR.", Verdict::Dangerous),
        (b"cposix\nsystem\n(S'ls'\ntR.", Verdict::Dangerous),
        (b"\x80\x02cos\nsystem\n.", Verdict::Dangerous),
        (b"\x80\x02(U\x02lsios\nsystem\n.", Verdict::Dangerous),
        (b"\x80\x02c__builtin__\neval\n(U\x011tR.", Verdict::Dangerous),
        (b"\x80\x04\x8c\x07logging\x8c\x09os.system\x93\x8c\x02ls\x85R.", Verdict::Dangerous),
        (b"\x80\x02cnumpy\nload\n(U\x01xtR.", Verdict::Dangerous),
        (b"\x80\x02cfunctools\npartial\n(cos\nsystem\ntR.", Verdict::Dangerous),
        (b"\x80\x02csklearn.base\nclone\n)R)R.", Verdict::Dangerous),
        (b"\x80\x02csklearn.base\nClonable\nU\x01kK\x01s.", Verdict::Dangerous),
        (b"\x80\x02\x82\x01.", Verdict::Dangerous),
        (b"\x80\x02U\x01kQ.", Verdict::Review),
        (b"\x80\x02csklearn.svm._classes\nSVC\n)\x81}b", Verdict::Unscanned),
        (b"\x80\x02cos\nsystem\n(U\x02lstR", Verdict::Dangerous),
        (b"\x80\x02N.\x80\x02cos\nsystem\n(U\x02lstR.", Verdict::Dangerous),
    ] {
        let safety = judge(bytes);
        assert_eq!(safety.verdict(), verdict, "{} {:#?}", bytes.escape_ascii(), safety.findings);
    }
}

#[test]
fn a_finding_says_what_where_and_why() {
    let safety = judge(b"\x80\x02cos\nsystem\n(U\x02lstR.");
    let finding = safety.findings.first().expect("a finding");
    assert_eq!(finding.rule, "pickle/dangerous-name");
    assert_eq!(finding.what, "os.system");
    assert_eq!(finding.place, "byte 19");
    assert_eq!(finding.why, "loading calls it with (\"ls\"); it can run programs");
    assert_eq!(safety.summary, "loading would use os.system");
}

#[test]
fn names_that_hide_something_are_dangerous() {
    for module in ["os\u{200b}", "\u{ff4f}s", "os ", ""] {
        let bytes = format!("\u{8}c{module}\nsystem\n.");
        let bytes = bytes.trim_start_matches('\u{8}');
        assert_eq!(judge(bytes.as_bytes()).verdict(), Verdict::Dangerous, "{module:?}");
    }
}

#[test]
fn arguments_are_shown_within_bounds() {
    let long = "x".repeat(100_000);
    let bytes = format!("cos\nsystem\n(S'{long}'\ntR.");
    let why = judge(bytes.as_bytes()).findings.first().expect("a finding").why.clone();
    assert!(why.chars().count() < 300, "{}", why.len());
}
