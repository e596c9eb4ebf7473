//! The zip of the same file and choices is the same bytes: in every run, on every machine, whoever runs it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use packwright_tests::{cli, files_below, fixtures};
use sha2::{Digest as _, Sha256};

/// What the zips of [`models`] are. Another value says that packages made from now on differ from those made before: that
/// is allowed, for a reason that the commit gives.
const SHA256: [(&str, &str); 2] = [
    ("gpt2", "9757631973a0af3faf50e15fdc2ce04c3bea56fa12c4dce230c8995dde69c7e6"),
    ("gbc_zlib3.joblib", "40905bb633b30b2e983e4bb4b5161a65938edf2cb6213ff3913cc1d4ad8a3898"),
];

/// 2020-09-13T12:26:40Z.
const EPOCH: &str = "1600000000";

/// Bytes from a fixed generator. `n_symbols` of them differ: 256 make noise, a few make what deflate takes to pieces.
fn generated(n_bytes: usize, n_symbols: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from((state >> 16) % n_symbols).expect("less than 256")
    };
    (0..n_bytes).map(|_| next()).collect()
}

/// A folder of transformers with two more files, one that is stored and one that is deflated, and a joblib file that is
/// rewritten. Their files are made in this order or the other way around. More than 16 MiB are deflated at another level.
fn models(below: &Path, n_words: usize, is_reversed: bool) -> Vec<PathBuf> {
    let folder = below.join("gpt2");
    fs::create_dir_all(&folder).expect("the folder can be made");
    let fixture = fixtures().join("transformers/gpt2_lm");
    let read = |path: PathBuf| fs::read(path).expect("the fixture can be read");
    let mut files: Vec<(String, Vec<u8>)> =
        files_below(&fixture).into_iter().map(|name| (name.clone(), read(fixture.join(name)))).collect();
    files.push(("noise.bin".to_owned(), generated((1 << 20) + 17, 256)));
    files.push(("words.txt".to_owned(), generated(n_words, 20)));
    if is_reversed {
        files.reverse();
    }
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("the file can be written");
    }
    let joblib = below.join("gbc_zlib3.joblib");
    fs::copy(fixtures().join("sklearn/gbc_zlib3.joblib"), &joblib).expect("the fixture can be copied");
    vec![folder, joblib]
}

/// Packs with a command that ends in `packwright` and gives the hash of the zip.
fn packed(mut command: Command, model: &Path, out: &Path) -> String {
    command.arg("pack").arg(model).arg("-o").arg(out).env("SOURCE_DATE_EPOCH", EPOCH);
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let mut bytes = Vec::new();
    fs::File::open(out).and_then(|mut file| file.read_to_end(&mut bytes)).expect("the zip can be read");
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn plain(home: &Path) -> Command {
    let mut command = Command::new(cli());
    command.env("HOME", home).env("XDG_DATA_HOME", home).current_dir(home);
    command
}

/// A folder in memory, where there is one: such a folder lists its files by when they were made.
fn workplace() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder can be made")
}

#[test]
fn the_zip_of_a_model_is_the_one_that_every_machine_makes() {
    let place = workplace();
    let found: Vec<_> = models(place.path(), (17 << 20) + 5, false)
        .iter()
        .map(|model| {
            let name = model.file_name().expect("it has a name").to_string_lossy().into_owned();
            let out = place.path().join(format!("{name}.zip"));
            let sha256 = packed(plain(place.path()), model, &out);
            if name == "gpt2" {
                let mut archive =
                    zip::ZipArchive::new(fs::File::open(&out).expect("it is there")).expect("a zip");
                for (end, expected) in [
                    ("noise.bin", zip::CompressionMethod::Stored),
                    ("words.txt", zip::CompressionMethod::Deflated),
                ] {
                    let n = archive.len();
                    let method = |index| {
                        let entry = archive.by_index(index).expect("the entry can be read");
                        entry.name().is_ok_and(|name| name.ends_with(end)).then(|| entry.compression())
                    };
                    let entry = (0..n).find_map(method);
                    assert_eq!(entry, Some(expected), "{end}");
                }
            }
            (name, sha256)
        })
        .collect();
    let expected = SHA256.map(|(name, sha256)| (name.to_owned(), sha256.to_owned()));
    assert_eq!(found, expected);
}

#[cfg(target_os = "linux")]
#[test]
fn who_packs_it_where_and_on_how_many_cores_does_not_matter() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = workplace();
    let [there, other, home] = ["there", "other", "home"].map(|name| {
        let path = place.path().join(name);
        fs::create_dir(&path).expect("the folder can be made");
        path
    });
    let with = |variable: &str, value: &str| {
        let mut command = plain(&home);
        command.env(variable, value);
        command
    };
    let through = |words: &[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(cli()).env("HOME", &home).env("XDG_DATA_HOME", &home);
        command
    };
    let n_words = (3 << 20) + 5;
    for (model, again) in models(&there, n_words, false).iter().zip(models(&other, n_words, true)) {
        let name = model.file_name().expect("it has a name").to_string_lossy().into_owned();
        let expected = packed(plain(&home), model, &home.join("first.zip"));
        let mut beside = plain(&home);
        beside.current_dir(&there);
        let ways: Vec<(&str, Command, PathBuf)> = vec![
            ("time zone", with("TZ", "Pacific/Apia"), model.clone()),
            ("language", with("LC_ALL", "tr_TR.UTF-8"), model.clone()),
            ("no language", with("LANG", "C"), model.clone()),
            ("home folder", with("HOME", "/nowhere"), model.clone()),
            ("relative path", beside, PathBuf::from(&name)),
            ("mask of permissions", through(&["sh", "-c", "umask 077; exec \"$0\" \"$@\""]), model.clone()),
            ("one core", through(&["taskset", "--cpu-list", "0"]), model.clone()),
            ("files made in another order, at another time", plain(&home), again.clone()),
        ];
        for (n, (what, command, path)) in ways.into_iter().enumerate() {
            assert_eq!(packed(command, &path, &home.join(format!("{n}.zip"))), expected, "{name}: {what}");
        }
        let files = if again.is_dir() {
            files_below(&again).into_iter().map(|file| again.join(file)).collect()
        } else {
            vec![again.clone()]
        };
        for file in files {
            fs::File::options()
                .write(true)
                .open(&file)
                .and_then(|file| file.set_modified(std::time::UNIX_EPOCH))
                .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o700)))
                .expect("time and permissions can be set");
        }
        let out = home.join("touched.zip");
        assert_eq!(packed(plain(&home), &again, &out), expected, "{name}: permissions and times");
        for entry in fs::read_dir(&home).expect("the folder can be listed") {
            let path = entry.expect("the entry can be read").path();
            if path.extension().is_some_and(|ending| ending == "zip") {
                fs::remove_file(path).expect("the zip can be removed");
            }
        }
    }
}
