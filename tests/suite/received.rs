//! Packages as they are received: what lies in them is judged, never what they say.

use std::path::Path;
use std::time::Duration;

use packwright_engine::inspect::safety::{Severity, Verdict};
use packwright_engine::judgement::judge;
use packwright_engine::{Cancel, Edit, Journal, PackageKind, Target, Timestamp, export, open};
use packwright_tests::{Fixture, benign, hostile, packwright_within};

const MEMORY_BYTES: u64 = 256 << 20;
const TIME: Duration = if cfg!(debug_assertions) { Duration::from_secs(8) } else { Duration::from_secs(1) };

/// What says of itself that it is safe.
const MODEL: &str = "flavors:\n  python_function: {loader_module: mlflow.sklearn, model_path: NAME}\n  \
    sklearn: {pickled_model: NAME, serialization_format: pickle}\nmetadata: {packwright: {safety: safe}}\n";

#[test]
fn a_package_is_never_judged_better_than_its_model_and_worse_only_for_code_of_its_own() {
    let out = tempfile::tempdir().expect("there is room");
    let mut n_judged = 0;
    for (index, fixture) in benign().iter().filter(|fixture| fixture.is_model != Some(false)).enumerate() {
        let name = &fixture.path;
        let mut draft = open::open(&fixture.full_path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        if draft.export_blocked().is_some() {
            continue;
        }
        if let Some(word) = draft.confirm_word() {
            draft.apply(Edit::ConfirmDanger { typed: word.into() }).expect("the word confirms");
        }
        let kind = if index % 2 == 0 { PackageKind::Folder } else { PackageKind::Zip };
        let target = Target { path: out.path().join(format!("{index}")), kind, overwrite: false };
        let receipt =
            export(&draft, &target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        let judged = judge(&receipt.path).unwrap_or_else(|error| panic!("{name}: {error}")).safety;
        let verdict = draft.inspection().safety.verdict();
        let is_own = |rule: &str| matches!(rule, "package/code" | "package/loader");
        let has_code = judged.findings.iter().any(|finding| is_own(finding.rule));
        let least = if has_code { verdict.max(Verdict::Review) } else { verdict };
        let telling: Vec<_> =
            judged.findings.iter().filter(|finding| finding.severity != Severity::Info).collect();
        assert_eq!(judged.verdict(), least, "{name}: {telling:?} {:?}", judged.unread);
        n_judged += 1;
    }
    assert!(80 < n_judged, "only {n_judged}");
}

fn verified(fixture: &Fixture, folder: &Path, name: &str) -> packwright_tests::Run {
    std::fs::create_dir(folder).expect("the folder can be made");
    std::fs::copy(fixture.full_path(), folder.join(name)).expect("the file can be copied");
    std::fs::write(folder.join("MLmodel"), MODEL.replace("NAME", name)).expect("the file can be written");
    packwright_within(MEMORY_BYTES, ["verify", "--json", &folder.to_string_lossy()])
}

#[test]
fn hostile_files_in_a_package_end_in_time_and_memory_and_none_that_runs_code_is_safe() {
    let out = tempfile::tempdir().expect("there is room");
    let (mut n_running, mut n_dangerous) = (0, 0);
    for (index, fixture) in hostile().iter().enumerate() {
        if fixture.full_path().is_dir() {
            continue;
        }
        // Under the name that the MLmodel gives it, and under its own, which nothing names.
        let own = fixture.path.rsplit('/').next().unwrap_or_default();
        for (which, name) in ["model.pkl", own].into_iter().enumerate() {
            let what = format!("{} as {name}", fixture.path);
            let run = verified(fixture, &out.path().join(format!("{index}-{which}")), name);
            assert!(matches!(run.code, Some(0 | 1)), "{what}: exit {:?}\n{}", run.code, run.stderr);
            assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
            assert!(run.took < TIME, "{what} took {:?}", run.took);
            let document = run.json();
            let verdict = document["safety"]["verdict"].as_str().unwrap_or("-").to_owned();
            if fixture.executes_on_load == Some(true) {
                assert_ne!(verdict, "safe", "{what}: {document:#}");
                n_running += 1;
            }
            if verdict == "dangerous" {
                assert_eq!((run.code, document["ok"].as_bool()), (Some(1), Some(false)), "{what}");
                assert_eq!(document["recorded_safety"], "safe");
                n_dangerous += 1;
            }
        }
    }
    assert!(40 < n_running && 40 < n_dangerous, "{n_running} run code, {n_dangerous} are dangerous");
}
