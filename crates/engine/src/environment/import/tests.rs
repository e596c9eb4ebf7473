use super::*;

fn lines(file: &str, text: &str) -> (Vec<String>, Option<String>, Vec<String>) {
    let found = read(file, text).unwrap();
    (found.lines, found.python, found.left_out)
}

#[test]
fn requirements_files_keep_packages_and_tell_what_they_leave_out() {
    let text = "# made by hand\nnumpy==1.26.4  # pinned\n--extra-index-url https://me:secret@pypi.example.org/simple\n\
        pandas>=2,<3 ; python_version > '3.9'\n-e .\n-r base.txt\n./wheels/own.whl\n";
    let (found, python, left_out) = lines("requirements.txt", text);
    assert_eq!(found, ["numpy==1.26.4", "pandas>=2,<3 ; python_version > '3.9'"]);
    assert_eq!(python, None);
    assert_eq!(
        left_out,
        [
            "the login in \"--extra-index-url https://pypi.example.org/simple\": a package is no place for it; pip takes it \
             from .netrc, keyring or PIP_ variables where the environment is built",
            "-e . is an option of pip",
            "base.txt is another file; import it too",
            "./wheels/own.whl lies only on the machine that wrote the file"
        ]
    );
}

#[test]
fn hashes_of_a_lock_file_stay_in_it() {
    let text =
        "numpy==1.26.4 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nscipy==1.11.1 --hash=sha256:22\n";
    assert_eq!(lines("requirements.lock.txt", text).0, ["numpy==1.26.4", "scipy==1.11.1"]);
}

#[test]
fn conda_environments_become_lines_of_pypi() {
    let text = "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.7\n- numpy=1.26.4=py311h0b1\n- conda-forge::pytorch=2.5\n\
        - libgcc-ng=13.2.0=h1\n- scikit-learn>=1.3,<1.5\n- pip\n- pip:\n  - skops==0.10.0\n  - -e .\n";
    let (found, python, left_out) = lines("environment.yml", text);
    assert_eq!(found, ["numpy==1.26.4", "torch==2.5.*", "scikit-learn>=1.3,<1.5", "skops==0.10.0"]);
    assert_eq!(python.as_deref(), Some("3.11"));
    assert_eq!(left_out, ["-e . is an option of pip", "libgcc-ng: conda's packages, and not known on PyPI"]);
}

#[test]
fn lock_files_of_uv_poetry_pipenv_and_pylock_are_read() {
    let uv = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
        [[package]]\nname = \"numpy\"\nversion = \"2.1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    assert_eq!(
        lines("uv.lock", uv),
        (vec!["numpy==2.1.0".into()], None, vec!["app is not from an index".into()])
    );
    let poetry =
        "[[package]]\nname = \"scipy\"\nversion = \"1.11.1\"\n[metadata]\npython-versions = \"^3.9\"\n";
    assert_eq!(lines("poetry.lock", poetry).0, ["scipy==1.11.1"]);
    let pylock = "lock-version = \"1.0\"\n[[packages]]\nname = \"pandas\"\nversion = \"2.2.3\"\n";
    assert_eq!(lines("pylock.toml", pylock).0, ["pandas==2.2.3"]);
    let pipfile = r#"{"_meta": {"requires": {"python_version": "3.10"}}, "default": {"numpy": {"version": "==1.26.4"}}}"#;
    let (found, python, _) = lines("Pipfile.lock", pipfile);
    assert_eq!((found, python.as_deref()), (vec!["numpy==1.26.4".to_owned()], Some("3.10")));
}

#[test]
fn files_that_are_something_else_say_what_was_expected() {
    for (file, text, expected) in [
        (
            "environment.yml",
            "a: 1",
            "environment.yml is no conda environment: it has no list of dependencies",
        ),
        ("uv.lock", "a = 1", "uv.lock is no lock file: it lists no packages"),
        ("Pipfile.lock", "[]", "Pipfile.lock is no Pipfile.lock: it has no default packages"),
    ] {
        assert_eq!(read(file, text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_list_of_powershell_is_utf_16() {
    let bytes: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("numpy==2.1.0\r\n".bytes().flat_map(|b| [b, 0])).collect();
    assert_eq!(lines("requirements.txt", &decoded(&bytes).unwrap()).0, ["numpy==2.1.0"]);
}

#[test]
fn an_import_takes_versions_or_everything_and_keeps_mlflow() {
    let line = |text: &str| Requirement { requirement: text.into(), source: "x".into() };
    let draft = [line("mlflow==3.17.2"), line("scikit-learn==1.9.1"), line("numpy")];
    let found = ImportedEnvironment {
        file: "freeze.txt".into(),
        lines: vec!["numpy==2.1.0".into(), "rich==13.0".into()],
        ..ImportedEnvironment::default()
    };
    let texts =
        |scope| found.applied(&draft, scope).into_iter().map(|line| line.requirement).collect::<Vec<_>>();
    assert_eq!(texts(ImportScope::Versions), ["mlflow==3.17.2", "scikit-learn==1.9.1", "numpy==2.1.0"]);
    assert_eq!(texts(ImportScope::All), ["mlflow==3.17.2", "numpy==2.1.0", "rich==13.0"]);
}

#[test]
fn other_indexes_are_kept_without_their_logins() {
    let indexes = |file: &str, text: &str| read(file, text).unwrap().indexes;
    let text = "-i https://pypi.org/simple\n--extra-index-url=https://me:secret@a.example.org/simple\n\
        --extra-index-url https://a.example.org/simple\n-f https://b.example.org/whl\n-f ./wheels\nnumpy\n";
    let found = read("requirements.txt", text).unwrap();
    let kept = ["--extra-index-url https://a.example.org/simple", "--find-links https://b.example.org/whl"];
    assert_eq!(found.indexes, kept);
    assert!(found.left_out.iter().all(|why| !why.contains("secret")), "{:?}", found.left_out);
    assert_eq!(found.left_out.len(), 2);
    let conda = "channels: [pytorch, conda-forge]\ndependencies:\n- pip:\n  - --index-url https://a.example.org\n  - net==1\n";
    let found = read("environment.yml", conda).unwrap();
    assert_eq!(found.indexes, ["--index-url https://a.example.org"]);
    assert_eq!(found.left_out, ["conda's channels (pytorch): pip installs every package"]);
    let beside = ["--extra-index-url https://a.example.org/simple"];
    let uv = "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://a.example.org/simple\" }\n\
        [[package]]\nname = \"b\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    assert_eq!(indexes("uv.lock", uv), beside);
    let poetry = "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.source]\ntype = \"legacy\"\n\
        url = \"https://me:secret@a.example.org/simple\"\nreference = \"a\"\n";
    let found = read("poetry.lock", poetry).unwrap();
    assert_eq!(
        (found.indexes.as_slice(), found.lines.as_slice()),
        (&beside.map(str::to_owned)[..], &["a==1".to_owned()][..])
    );
    let pipfile = r#"{"_meta": {"sources": [{"url": "https://pypi.org/simple"}, {"url": "https://a.example.org/simple"}]},
        "default": {"a": {"version": "==1"}}}"#;
    assert_eq!(indexes("Pipfile.lock", pipfile), beside);
}

#[test]
fn what_mlflow_and_conda_lock_write_is_read() {
    let env = "python: '3.10'\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n";
    let (found, python, left_out) = lines("python_env.yaml", env);
    assert_eq!((found.len(), python.as_deref()), (0, Some("3.10")));
    assert_eq!(left_out, ["requirements.txt is another file; import it too"]);
    let entry = |name: &str, version: &str, manager: &str, platform: &str| {
        format!(
            "- {{name: {name}, version: {version}, manager: {manager}, platform: {platform}, category: main}}\n"
        )
    };
    let lock = format!(
        "version: 1\npackage:\n{}{}{}{}{}{}",
        entry("python", "3.11.7", "conda", "linux-64"),
        entry("pytorch", "2.5.1", "conda", "linux-64"),
        entry("pytorch", "2.5.1", "conda", "osx-64"),
        entry("libgcc", "13.2.0", "conda", "linux-64"),
        entry("skops", "0.10.0", "pip", "linux-64"),
        entry("pytest", "8.0.0", "pip", "linux-64").replace("main", "dev"),
    );
    let (found, python, left_out) = lines("conda-lock.yml", &lock);
    assert_eq!(
        (found.as_slice(), python.as_deref()),
        (&["skops==0.10.0".to_owned(), "torch==2.5.1".to_owned()][..], Some("3.11"))
    );
    assert_eq!(left_out, ["libgcc: conda's packages, and not known on PyPI"]);
}

#[test]
fn indexes_come_with_any_import_and_the_last_index_url_counts() {
    let line = |text: &str, source: &str| Requirement { requirement: text.into(), source: source.into() };
    let draft =
        [line("mlflow==3.17.2", "x"), line("--index-url https://old.example.org", "you"), line("numpy", "x")];
    let found = ImportedEnvironment {
        file: "r.txt".into(),
        lines: vec!["numpy==2.1.0".into()],
        indexes: vec!["--index-url https://new.example.org".into()],
        ..ImportedEnvironment::default()
    };
    for scope in [ImportScope::Versions, ImportScope::All] {
        let texts: Vec<String> =
            found.applied(&draft, scope).into_iter().map(|line| line.requirement).collect();
        assert_eq!(texts, ["mlflow==3.17.2", "--index-url https://new.example.org", "numpy==2.1.0"]);
    }
    // Again it changes nothing, and every line keeps its source.
    let once = found.applied(&draft, ImportScope::Versions);
    assert_eq!(found.applied(&once, ImportScope::Versions), once);
}
