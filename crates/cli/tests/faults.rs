//! Disks that are full or closed, and a program that is killed: the target is as it was, and the message says why.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and says what this machine could not test"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_packwright");
const MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sklearn/pipe_scaler_logreg_df.pkl");

fn packwright(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("XDG_DATA_HOME", data).env("HOME", data);
    command
}

/// Bytes that do not shrink, as code that travels with the model.
fn code(folder: &Path, n_bytes: u32) -> String {
    let mut state = 1_u32;
    let bytes = (0..n_bytes).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let path = folder.join("noise.bin");
    fs::write(&path, bytes.collect::<Vec<u8>>()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Packs into a file system of its own that only this command sees, and prints what lies there afterwards. `None` where
/// the system does not let a test mount one.
fn in_a_mount(options: &str, code: &str, zip: bool) -> Option<(Output, String)> {
    let place = tempfile::tempdir().unwrap();
    let script = r#"
        mount -t tmpfs -o "$1" none "$2" || exit 77
        "$3" pack "$4" -o "$5" --code "$6"
        status=$?
        echo "left: $(ls -A "$2" | tr '\n' ' ')"
        exit $status
    "#;
    let target = place.path().join(if zip { "m.zip" } else { "m" });
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh", options])
        .arg(place.path())
        .args([PROGRAM, MODEL])
        .arg(target)
        .arg(code)
        .env("XDG_DATA_HOME", place.path().with_extension("data"))
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(77) || text.contains("unshare") {
        println!("not tested: no mounts here ({text})");
        return None;
    }
    Some((output, text))
}

#[test]
fn a_full_disk_is_told_before_or_while_it_fills_and_nothing_is_left() {
    let source = tempfile::tempdir().unwrap();
    // One page less than the disk: the code fits, and what follows does not.
    let fills = code(source.path(), (1 << 20) - 4096);
    for zip in [false, true] {
        let Some((output, text)) = in_a_mount("size=1m", &fills, zip) else { return };
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains("No space left on device") && text.contains(".packwright-m"), "{text}");
        assert!(String::from_utf8_lossy(&output.stdout).ends_with("left: \n"), "{output:?}");
    }
    let Some((output, text)) = in_a_mount("size=512k", &fills, false) else { return };
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("the package needs 10") && text.contains("524288 free"), "{text}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("left: \n"), "{output:?}");
}

#[test]
fn a_disk_that_nobody_may_write_is_named() {
    let source = tempfile::tempdir().unwrap();
    let small = code(source.path(), 100);
    for zip in [false, true] {
        let Some((output, text)) = in_a_mount("ro", &small, zip) else { return };
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains("Read-only file system"), "{text}");
    }
}

#[test]
fn a_folder_that_is_not_ours_is_named() {
    let dir = tempfile::tempdir().unwrap();
    // /proc lets nobody make files, root included.
    let output = packwright(dir.path())
        .args(["pack", MODEL, "-o", "/proc/packwright-test"])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/proc"));
}

#[test]
fn a_kill_at_any_of_fifty_moments_leaves_the_old_package_or_the_new_one() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let code = code(data.path(), 4 << 20);
    let pack = |target: &Path, tag: &str| {
        let mut command = packwright(data.path());
        command.args(["pack", MODEL, "-o"]).arg(target).args(["--force", "--code", &code, "--tag", tag]);
        command
    };
    let targets = [out.path().join("m"), out.path().join("m.zip")];
    let mut longest = Duration::ZERO;
    for target in &targets {
        let began = Instant::now();
        assert!(pack(target, "n=first").status().unwrap().success());
        longest = longest.max(began.elapsed());
    }
    // Pseudo-random, so that a failure comes again.
    let mut state = 7_u32;
    let mut n_killed = 0;
    for moment in 0..50 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let target = &targets[moment % 2];
        let mut child = pack(target, &format!("n={moment}")).spawn().unwrap();
        sleep(longest.mul_f64(f64::from(state >> 8) / f64::from(1 << 24)));
        child.kill().unwrap();
        n_killed += u32::from(child.wait().unwrap().code().is_none());
        let verified = packwright(data.path()).arg("verify").arg(target).status().unwrap();
        assert_eq!(verified.code(), Some(0), "moment {moment}");
        // That start swept what the killed one left.
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2, "moment {moment}");
    }
    assert!(10 < n_killed, "only {n_killed} exports were killed before they ended");
}
