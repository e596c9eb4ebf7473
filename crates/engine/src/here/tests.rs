use std::fs;

use tempfile::TempDir;

use super::machine::{Kind, Tool};
use super::*;
use crate::testing::{fixture, requirement};
use crate::{Cancel, Journal, PackageKind, Target, Timestamp, export, open};

const GIB: u64 = 1 << 30;

fn asked(lines: &[&str]) -> Asked {
    Asked {
        path: "/home/ada/models/churn".into(),
        lines: lines.iter().map(|line| requirement(line)).collect(),
        python: Some("3.12.4".into()),
        size_bytes: 20_000,
        requirements_file: Some("requirements.txt"),
        conda_file: Some("conda.yaml"),
        ..Asked::default()
    }
}

fn machine(os: Os, environments: Vec<Environment>) -> Machine {
    Machine {
        os,
        arch: "x86_64",
        memory: Some(Memory { total: 16 * GIB, available: 8 * GIB }),
        free_bytes: Some(100 * GIB),
        has_nvidia: false,
        tools: Vec::new(),
        home: Some("/home/ada".into()),
        environments,
        is_cut: false,
    }
}

fn environment(place: &str, python: &str, projects: &[(&str, &str)]) -> Environment {
    Environment {
        prefix: place.into(),
        executable: Path::new(place).join("bin/python"),
        python: python.to_owned(),
        kind: Kind::Venv,
        projects: projects
            .iter()
            .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
            .collect(),
        is_cut: false,
    }
}

const LINES: [&str; 4] = ["mlflow==3.17.2", "scikit-learn==1.6.1", "numpy>=2", "pandas"];
const HAS: [(&str, &str); 4] =
    [("mlflow", "3.17.2"), ("scikit-learn", "1.6.1"), ("numpy", "2.1.0"), ("pandas", "2.2.0")];

fn with(name: &str, version: &str) -> Vec<(&'static str, String)> {
    HAS.iter()
        .map(|(known, has)| (*known, if *known == name { version.to_owned() } else { (*has).to_owned() }))
        .collect()
}

fn having(place: &str, python: &str, projects: &[(&'static str, String)]) -> Environment {
    let projects: Vec<(&str, &str)> =
        projects.iter().map(|(name, version)| (*name, version.as_str())).collect();
    environment(place, python, &projects)
}

#[test]
fn an_environment_that_has_everything_is_a_yes_with_the_line_that_uses_it() {
    let here = answer(
        &asked(&LINES),
        &machine(
            Os::Linux,
            vec![
                environment("/home/ada/.venv", "3.12.9", &[]),
                environment("/home/ada/proj/.venv", "3.12.1", &HAS),
            ],
        ),
    );
    assert_eq!(here.outcome, Outcome::Yes);
    assert_eq!(here.headline, "Yes: ~/proj/.venv has everything that it asks for");
    assert_eq!((here.environments.len(), here.n_more), (1, 1));
    assert_eq!(
        here.commands[0].text,
        "/home/ada/proj/.venv/bin/python -m mlflow models serve -m /home/ada/models/churn --env-manager local -p 5001"
    );
    assert!(here.reasons.iter().any(|reason| reason.contains("nothing was started")));
}

#[test]
fn one_other_version_is_an_almost_that_names_both() {
    let close = having("/home/ada/old", "3.12.1", &with("scikit-learn", "1.5.2"));
    let mut machine = machine(Os::Linux, vec![close]);
    let here = answer(&asked(&LINES), &machine);
    assert_eq!(here.outcome, Outcome::Almost);
    assert_eq!(here.headline, "Almost: in ~/old scikit-learn is 1.5.2 and 1.6.1 is asked for");
    assert_eq!(here.environments[0].summary, "has 3 of 4");
    // Nothing here builds another one.
    assert_eq!(here.commands.len(), 1);
    assert!(here.commands[0].text.ends_with("-m pip install scikit-learn==1.6.1"), "{:?}", here.commands);
    machine.tools = vec![Tool::Uv];
    let here = answer(&asked(&LINES), &machine);
    assert!(here.commands[0].text.starts_with("uv venv --python 3.12.4 "), "{:?}", here.commands);
    assert!(here.commands[1].text.starts_with("uv pip install --python /home/ada/old/bin/python "));
}

#[test]
fn another_python_is_an_almost_and_says_what_follows() {
    let here = answer(&asked(&LINES), &machine(Os::Linux, vec![environment("/v", "3.11.7", &HAS)]));
    assert_eq!(here.outcome, Outcome::Almost);
    assert!(
        here.headline.contains("Python is 3.11.7 and 3.12.4 is asked for: MLflow warns"),
        "{}",
        here.headline
    );
    // Of 3.1 and 3.12 one is not the beginning of the other.
    let mut asked = asked(&LINES);
    asked.python = Some("3.1".into());
    assert_eq!(
        answer(&asked, &machine(Os::Linux, vec![environment("/v", "3.12.1", &HAS)])).outcome,
        Outcome::Almost
    );
}

#[test]
fn without_one_the_answer_is_what_can_build_one() {
    let base = |python: &str| Environment { kind: Kind::Base, ..environment("/opt/py", python, &[]) };
    let of = |tools: Vec<Tool>, environments: Vec<Environment>| {
        let machine = Machine { tools, ..machine(Os::Linux, environments) };
        let here = answer(&asked(&LINES), &machine);
        let titles: Vec<String> = here.commands.iter().map(|command| command.title.clone()).collect();
        (here.outcome, here.headline, titles)
    };
    let (outcome, headline, titles) = of(vec![Tool::Uv, Tool::Conda, Tool::Docker], vec![base("3.12.0")]);
    assert_eq!(outcome, Outcome::Build);
    assert!(headline.ends_with("and uv can build one"), "{headline}");
    assert_eq!(
        titles,
        [
            "Build an environment with uv",
            "Build an environment with conda",
            "Build an environment with Python 3.12",
            "Run it in a container with Docker"
        ]
    );
    assert!(of(vec![Tool::Docker], vec![base("3.12.0")]).1.ends_with("and Python 3.12 can build one"));
    assert!(of(vec![Tool::Docker], vec![base("3.11.0")]).1.ends_with("and Docker can build one"));
    let (outcome, headline, titles) = of(vec![], vec![base("3.11.0")]);
    assert_eq!((outcome, titles.len()), (Outcome::No, 0));
    assert!(headline.contains("neither uv, conda, Docker nor Python 3.12.4 is here"), "{headline}");
}

#[test]
fn lines_count_where_their_markers_say_so() {
    let lines = ["mlflow==3.17.2", "pywin32; sys_platform == 'win32'", "numpy>=2; python_version >= '3.12'"];
    let projects = [("mlflow", "3.17.2")];
    let of = |os, python: &str| {
        let fit = fit::fit(&asked(&lines), &environment("/v", python, &projects), &machine(os, Vec::new()));
        let missing: Vec<String> = fit.differences.into_iter().map(|difference| difference.project).collect();
        (fit.n_asked, missing)
    };
    assert_eq!(of(Os::Linux, "3.11"), (1, vec![]));
    assert_eq!(of(Os::Linux, "3.12.1"), (2, vec!["numpy".to_owned()]));
    assert_eq!(of(Os::Windows, "3.11.2"), (2, vec!["pywin32".to_owned()]));
}

#[test]
fn what_cannot_be_decided_is_said_and_never_a_difference() {
    let lines = [
        "mlflow",
        "net @ https://example.org/net.zip",
        "transformers[torch]",
        "odd==not-a-version",
        "a; nonsense == 'x'",
    ];
    let projects = [("mlflow", "3"), ("net", "1"), ("transformers", "5"), ("odd", "1"), ("a", "1")];
    let fit =
        fit::fit(&asked(&lines), &environment("/v", "3.12", &projects), &machine(Os::Linux, Vec::new()));
    assert_eq!(fit.differences, []);
    for word in ["address", "for torch", "odd 1 meets", "nonsense"] {
        assert!(fit.unsure.iter().any(|text| text.contains(word)), "{word}: {:?}", fit.unsure);
    }
    let deep = format!("a; {}os_name == 'posix'{}", "(".repeat(9000), ")".repeat(9000));
    let fit =
        fit::fit(&asked(&[&deep]), &environment("/v", "3.12", &projects), &machine(Os::Linux, Vec::new()));
    assert_eq!(fit.unsure.len(), 1);
}

#[test]
fn what_no_environment_mends_is_told_with_how_sure_it_is() {
    let of = |change: &dyn Fn(&mut Asked, &mut Machine), lines: &[&str]| {
        let (mut asked, mut machine) =
            (asked(lines), machine(Os::Linux, vec![environment("/v", "3.12", &HAS)]));
        change(&mut asked, &mut machine);
        let here = answer(&asked, &machine);
        let first = here.obstacles.first().map(|obstacle| (obstacle.is_certain, obstacle.text.clone()));
        (here.outcome, first)
    };
    let none = of(&|_, _| (), &LINES);
    assert_eq!(none, (Outcome::Yes, None));
    let (outcome, coreml) = of(&|asked, _| asked.is_coreml = true, &LINES);
    assert_eq!(outcome, Outcome::No);
    assert!(
        coreml.is_some_and(|(is_certain, text)| is_certain && text.contains("macOS only, and this is Linux"))
    );
    assert_eq!(of(&|asked, machine| (asked.is_coreml, machine.os) = (true, Os::Mac), &LINES), none);
    let cuda = ["mlflow==3.17.2", "torch==2.9.1+cu126"];
    let (_, found) = of(&|_, _| (), &cuda);
    assert!(found.is_some_and(|(is_certain, text)| !is_certain && text.contains("no driver")));
    assert_eq!(of(&|_, machine| machine.has_nvidia = true, &cuda).1, None);
    let (outcome, found) = of(&|_, machine| machine.os = Os::Mac, &cuda);
    assert!(outcome == Outcome::No && found.is_some_and(|(is_certain, _)| is_certain));
    let (outcome, found) = of(&|_, _| (), &["mlflow", "tensorflow-macos==2.13.0"]);
    assert!(
        outcome == Outcome::No && found.is_some_and(|(_, text)| text.contains("released for macOS only"))
    );
    let elsewhere = ["mlflow", "tensorflow==2.21.0; sys_platform == 'darwin'"];
    assert!(
        of(&|_, _| (), &elsewhere)
            .1
            .is_some_and(|(is_certain, text)| !is_certain && text.contains("other systems"))
    );
    let twin = ["mlflow", "torch==2.9.1; sys_platform == 'darwin'", "torch==2.9.1; sys_platform != 'darwin'"];
    assert_eq!(of(&|_, _| (), &twin).1, None);
    let (_, found) = of(&|asked, _| asked.size_bytes = 40 * GIB, &LINES);
    assert!(found.is_some_and(|(_, text)| text.contains("40.0 GB and this computer has 16.0 GB of memory")));
    let (_, found) = of(&|asked, _| asked.size_bytes = 7 * GIB, &LINES);
    assert!(found.is_some_and(|(_, text)| text.contains("8.0 GB of memory are free now")));
    let full = |asked: &mut Asked, machine: &mut Machine| {
        (asked.is_zip, asked.size_bytes, machine.free_bytes) = (true, 3 * GIB, Some(GIB));
    };
    let (outcome, found) = of(&full, &LINES);
    assert!(
        outcome == Outcome::No && found.is_some_and(|(_, text)| text.starts_with("Unpacked it takes 3.0 GB"))
    );
    let (_, found) = of(&|_, machine| machine.free_bytes = Some(GIB / 4), &LINES);
    assert!(found.is_some_and(|(is_certain, text)| !is_certain && text.contains("assumed")));
    // What cannot be asked is not guessed.
    let blind = |_: &mut Asked, machine: &mut Machine| (machine.memory, machine.free_bytes) = (None, None);
    assert_eq!(of(&blind, &LINES).1, None);
}

#[test]
fn lines_to_paste_are_words_of_the_shell_that_is_here() {
    let path = |text: &str, os| {
        let mut asked = asked(&LINES);
        (asked.path, asked.is_zip) = (text.into(), true);
        let base = Environment { kind: Kind::Base, ..environment("/opt/my py", "3.12.0", &[]) };
        let here = answer(&asked, &Machine { tools: vec![Tool::Docker], ..machine(os, vec![base]) });
        here.commands.into_iter().map(|command| command.text).collect::<Vec<_>>()
    };
    let posix = path("/home/ada/it's $(here).zip", Os::Linux);
    assert!(
        posix[0].starts_with(
            "'/opt/my py/bin/python' -m zipfile -e '/home/ada/it'\\''s $(here).zip' '/home/ada/it'\\''s $(here)'\n"
        ),
        "{}",
        posix[0]
    );
    let windows = path("/home/ada/it's.zip", Os::Windows);
    assert!(
        windows[0].starts_with("& '/opt/my py/bin/python' -m zipfile -e '/home/ada/it''s.zip'"),
        "{}",
        windows[0]
    );
}

/// Makes files, empty where only their name matters.
fn made(dir: &TempDir, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn around(dir: &TempDir, os: Os, path: &[&str]) -> Surroundings {
    Surroundings {
        os,
        home: Some(dir.path().join("home")),
        path: path.iter().map(|folder| dir.path().join(folder)).collect(),
        variable: |_| None,
        beside: dir.path().join("home/work/models"),
        root: dir.path().to_path_buf(),
    }
}

/// What is found, as `place python kind: project version …`.
fn listed(dir: &TempDir, around: &Surroundings) -> Vec<String> {
    let (found, is_cut) = places::find(around);
    assert!(!is_cut);
    let line = |one: &Environment| {
        let place = one.prefix.strip_prefix(dir.path()).unwrap().display().to_string();
        let projects: Vec<String> =
            one.projects.iter().map(|(name, version)| format!("{name} {version}")).collect();
        format!("{place} {} {:?}: {}", one.python, one.kind, projects.join(", "))
    };
    found.iter().map(line).collect()
}

#[test]
fn environments_of_linux_are_found_where_they_usually_lie() {
    let dir = tempfile::tempdir().unwrap();
    made(
        &dir,
        &[
            ("home/work/.venv/pyvenv.cfg", "home = /usr/bin\nversion_info = 3.12.4.final.0\n"),
            ("home/work/.venv/bin/python", ""),
            ("home/work/.venv/lib/python3.12/site-packages/Scikit_Learn-1.6.1.dist-info/METADATA", ""),
            ("home/work/.venv/lib/python3.12/site-packages/ruamel.yaml-0.18-py3.12.egg-info", ""),
            ("home/work/.venv/lib/python3.12/site-packages/sklearn/__init__.py", ""),
            // Left over of a Python that the environment had before.
            ("home/work/.venv/lib/python3.9/site-packages/numpy-1.0.dist-info/METADATA", ""),
            ("home/work/.venv/bin/python3.9", ""),
            ("home/.pyenv/versions/3.11.7/bin/python3.11", ""),
            ("home/.pyenv/versions/3.11.7/lib/python3.11/site-packages/pip-23.0.dist-info/METADATA", ""),
            ("home/.pyenv/versions/2.7.18/bin/python2.7", ""),
            ("home/.pyenv/versions/2.7.18/lib/python2.7/os.py", ""),
            ("home/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3.13", ""),
            ("home/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/lib/python3.13/os.py", ""),
            ("home/miniconda3/conda-meta/python-3.10.4-h1_0.json", ""),
            ("home/miniconda3/bin/python", ""),
            ("home/miniconda3/lib/python3.10/site-packages/mlflow-2.0.dist-info/METADATA", ""),
            ("home/miniconda3/envs/churn/conda-meta/python-3.11.4-h1_0.json", ""),
            ("home/miniconda3/envs/churn/bin/python", ""),
            ("home/miniconda3/envs/churn/lib/python3.11/os.py", ""),
            // A venv whose Python is gone, and a folder that is none.
            ("home/.virtualenvs/gone/pyvenv.cfg", "version = 3.8.1\n"),
            ("home/.virtualenvs/gone/lib/python3.8/os.py", ""),
            ("home/.virtualenvs/notes/readme.txt", ""),
            ("usr/bin/python3.11", ""),
            ("usr/lib/python3.11/os.py", ""),
            ("usr/lib/python3/dist-packages/numpy-1.24.2.egg-info", ""),
            ("home/.local/lib/python3.11/site-packages/pandas-2.2.0.dist-info/METADATA", ""),
        ],
    );
    assert_eq!(
        listed(&dir, &around(&dir, Os::Linux, &["usr/bin", "nothing"])),
        [
            "home/work/.venv 3.12.4 Venv: ruamel-yaml 0.18, scikit-learn 1.6.1",
            "usr 3.11 Base: numpy 1.24.2, pandas 2.2.0",
            "home/.pyenv/versions/3.11.7 3.11.7 Base: pandas 2.2.0, pip 23.0",
            "home/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu 3.13.1 Base: ",
            "home/miniconda3/envs/churn 3.11.4 Conda: ",
            "home/miniconda3 3.10.4 Conda: mlflow 2.0",
        ]
    );
}

#[test]
fn environments_of_windows_have_another_shape() {
    let dir = tempfile::tempdir().unwrap();
    made(
        &dir,
        &[
            ("home/work/models/.venv/pyvenv.cfg", "version = 3.12.4\ninclude-system-site-packages = false\n"),
            ("home/work/models/.venv/Scripts/python.exe", ""),
            ("home/work/models/.venv/Lib/site-packages/numpy-2.1.0.dist-info/METADATA", ""),
            ("home/AppData/Local/Programs/Python/Python311/python.exe", ""),
            ("home/AppData/Local/Programs/Python/Python311/python3.dll", ""),
            ("home/AppData/Local/Programs/Python/Python311/python311.dll", ""),
            (
                "home/AppData/Local/Programs/Python/Python311/Lib/site-packages/pandas-2.2.0.dist-info/METADATA",
                "",
            ),
            ("ProgramData/miniconda3/conda-meta/python-3.10.4-h1_0.json", ""),
            ("ProgramData/miniconda3/python.exe", ""),
            ("tools/uv.exe", ""),
        ],
    );
    let around = around(&dir, Os::Windows, &["tools"]);
    assert_eq!(
        listed(&dir, &around),
        [
            "home/work/models/.venv 3.12.4 Venv: numpy 2.1.0",
            "home/AppData/Local/Programs/Python/Python311 3.11 Base: pandas 2.2.0",
            "ProgramData/miniconda3 3.10.4 Conda: ",
        ]
    );
    assert_eq!(places::tools(&around), [Tool::Uv]);
}

#[cfg(unix)]
#[test]
fn a_link_on_the_path_leads_to_its_python_and_one_place_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    made(
        &dir,
        &[
            ("opt/python/3.12/Versions/3.12/bin/python3.12", ""),
            ("opt/python/3.12/Versions/3.12/lib/python3.12/site-packages/numpy-2.0.dist-info/METADATA", ""),
            ("home/base/bin/python3.12", ""),
            ("home/venv/pyvenv.cfg", "include-system-site-packages = true\n"),
        ],
    );
    let link = |to: &str, from: &str| {
        let from = dir.path().join(from);
        fs::create_dir_all(from.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(dir.path().join(to), from).unwrap();
    };
    link("opt/python/3.12/Versions/3.12/bin/python3.12", "brew/bin/python3");
    link("opt/python/3.12/Versions/3.12", "home/.pyenv/versions/3.12");
    // A virtual environment sees what its base has, and its own first.
    let real = dir.path().join("opt/python/3.12/Versions/3.12");
    let cfg = format!(
        "home = {}\nversion = 3.12.1\ninclude-system-site-packages = true\n",
        real.join("bin").display()
    );
    made(
        &dir,
        &[
            ("home/work/venv/pyvenv.cfg", &cfg),
            ("home/work/venv/bin/python3.12", ""),
            ("home/work/venv/lib/python3.12/site-packages/pandas-2.2.0.dist-info/METADATA", ""),
        ],
    );
    assert_eq!(
        listed(&dir, &around(&dir, Os::Mac, &["brew/bin"])),
        [
            "home/work/venv 3.12.1 Venv: numpy 2.0, pandas 2.2.0",
            "opt/python/3.12/Versions/3.12 3.12 Base: numpy 2.0",
        ]
    );
}

#[test]
fn a_package_of_ours_asks_for_what_it_lists() {
    let dir = tempfile::tempdir().unwrap();
    let draft = open::open(&fixture("sklearn/pipe_scaler_logreg_df.pkl")).unwrap();
    let target = Target { path: dir.path().join("m.zip"), kind: PackageKind::Zip, overwrite: false };
    export(&draft, &target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none()).unwrap();
    let asked = Asked::of(&target.path).unwrap();
    assert!(asked.is_zip && asked.python.as_deref() == Some("3.12") && asked.unsure.is_empty());
    assert!(asked.lines.iter().any(|line| line.requirement.starts_with("scikit-learn==")));
    fs::create_dir(dir.path().join("bare")).unwrap();
    fs::write(dir.path().join("bare/MLmodel"), "flavors: {}\n").unwrap();
    let asked = Asked::of(&dir.path().join("bare")).unwrap();
    assert_eq!(asked.lines.len(), 1, "MLflow itself");
    assert!(asked.unsure[0].contains("lists no requirements"));
    assert!(matches!(will_it_run(dir.path()), Err(VerifyError::NotAPackage { .. })));
    // This computer, whatever it is: it answers, and its answer is one of the four.
    let here = will_it_run(&target.path).unwrap();
    assert!(here.headline.starts_with(['Y', 'A', 'N']), "{}", here.headline);
}
