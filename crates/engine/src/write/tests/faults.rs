//! What may go wrong while a package is written: nothing is left, and the error names the file.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_source_that_vanishes_before_it_is_read_leaves_the_target_as_it_was() {
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let (source, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut draft = big(source.path(), 3 << 20);
        let code = source.path().join("own.py");
        fs::write(&code, "x = 1\n").unwrap();
        draft.apply(Edit::AddCode { path: code.clone() }).unwrap();
        let path = dir.path().join("m");
        run(&draft, &target(&path, kind)).unwrap();
        let before = folder_files(dir.path());
        let mut vanish = |progress: Progress| {
            if 0 < progress.done_bytes {
                fs::remove_file(&code).unwrap_or_default();
            }
        };
        let again = Target { overwrite: true, ..target(&path, kind) };
        let outcome = export(&draft, &again, Timestamp::EPOCH, &mut vanish, &Cancel::new(), &Journal::none());
        assert!(matches!(&outcome, Err(ExportError::Read { path, .. }) if *path == code), "{outcome:?}");
        assert_eq!(folder_files(dir.path()), before);
        let outcome = run(&draft, &again);
        assert!(outcome.is_err(), "and the next export does not even begin: {outcome:?}");
        assert_eq!(folder_files(dir.path()), before);
    }
}

#[test]
fn a_target_that_appears_meanwhile_is_not_replaced() {
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let (source, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let draft = big(source.path(), 3 << 20);
        let path = dir.path().join("m");
        let mut collide = |_| fs::write(&path, "mine").unwrap();
        let outcome = export(
            &draft,
            &target(&path, kind),
            Timestamp::EPOCH,
            &mut collide,
            &Cancel::new(),
            &Journal::none(),
        );
        assert!(matches!(outcome, Err(ExportError::TargetExists(_))), "{outcome:?}");
        assert_eq!(names(dir.path()), ["m"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}

#[test]
fn a_cancel_in_the_middle_of_two_gigabytes_is_heard_soon() {
    for kind in [PackageKind::Folder, PackageKind::Zip] {
        let (source, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = source.path().join("big.pkl");
        // Takes no room on the disk.
        fs::File::create(&path).unwrap().set_len(2 << 30).unwrap();
        let draft = draft(|inspection| {
            inspection.artifact.path = path;
            inspection.artifact.size_bytes = 2 << 30;
        });
        let cancel = Cancel::new();
        let mut asked = None;
        let began = Instant::now();
        let mut progress = |_| {
            if asked.is_none() && Duration::from_millis(100) < began.elapsed() {
                cancel.cancel();
                asked = Some(Instant::now());
            }
        };
        let target = target(&dir.path().join("m"), kind);
        let outcome = export(&draft, &target, Timestamp::EPOCH, &mut progress, &cancel, &Journal::none());
        assert!(matches!(outcome, Err(ExportError::Cancelled)), "{outcome:?}");
        let took = asked.unwrap().elapsed();
        println!("{kind:?}: heard after {took:?}");
        // 200 ms on a machine of one's own; this one may be busy with other tests.
        assert!(took < Duration::from_secs(2), "{kind:?} {took:?}");
        assert!(names(dir.path()).is_empty());
    }
}
