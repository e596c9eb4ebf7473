//! What a signal leaves behind: nothing, or what the next start sweeps.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sklearn/pipe_scaler_logreg_df.pkl");

fn packwright(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packwright"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env("XDG_DATA_HOME", data).env("HOME", data);
    command
}

fn n_entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Starts an export that takes long, and waits until it writes.
fn long_export(data: &Path, out: &Path, start: fn(&mut Command) -> Child) -> Child {
    let code = data.join("long.bin");
    // Takes no room on the disk, and longer to hash and deflate than any test waits.
    File::create(&code).unwrap().set_len(1 << 30).unwrap();
    let mut command = packwright(data);
    command.args(["pack", MODEL, "-o"]).arg(out.join("m.zip")).arg("--code").arg(code);
    let mut child = start(&mut command);
    let is_writing = || {
        fs::read_dir(out)
            .unwrap()
            .any(|entry| entry.unwrap().path().extension().is_some_and(|ending| ending == "partial"))
    };
    while !is_writing() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote");
        sleep(Duration::from_millis(10));
    }
    child
}

/// Starts it as `nohup` in the background does, with what the terminal sends ignored.
fn in_the_background(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' INT HUP; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    shell
}

fn send(signal: &str, child: &Child) {
    let done = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_request_to_end_cancels_the_export_and_leaves_nothing() {
    let plainly: fn(&mut Command) -> Child = |command| command.spawn().unwrap();
    let apart: fn(&mut Command) -> Child = |command| in_the_background(command).spawn().unwrap();
    for (signal, start) in [("TERM", plainly), ("INT", plainly), ("TERM", apart)] {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let child = long_export(data.path(), out.path(), start);
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{signal}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("cancelled"));
        assert_eq!(n_entries(out.path()), 0, "{signal}");
        assert_eq!(n_entries(&data.path().join("org.packwright.app/exports")), 0, "{signal}");
    }
}

#[test]
fn what_a_killed_export_leaves_is_swept_at_the_next_start_whatever_that_does() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = long_export(data.path(), out.path(), |command| command.spawn().unwrap());
    // While it lives, another start leaves it alone.
    assert!(packwright(data.path()).args(["inspect", MODEL]).status().unwrap().success());
    assert_eq!(n_entries(out.path()), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(n_entries(out.path()), 2);
    assert!(packwright(data.path()).args(["inspect", MODEL]).status().unwrap().success());
    assert_eq!(n_entries(out.path()), 0);
    assert_eq!(n_entries(&data.path().join("org.packwright.app/exports")), 0);
}
