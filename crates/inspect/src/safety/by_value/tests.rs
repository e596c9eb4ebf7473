use std::sync::Arc;

use packwright_source::{Limits, MemorySource};

use crate::pickled::PickleFile;
use crate::safety::{Safety, Verdict, pickle};

/// Text opcodes of protocol 2; `{CP}` and `{DILL}` stand for an import from cloudpickle and from dill, `~` for NEWOBJ.
fn judge(text: &str) -> Safety {
    let text = text.replace("{CP}", "ccloudpickle.cloudpickle\n").replace("{DILL}", "cdill._dill\n");
    let mut bytes = b"\x80\x02".to_vec();
    bytes.extend(text.bytes().map(|byte| if byte == b'~' { 0x81 } else { byte }));
    let source = Arc::new(MemorySource::new(bytes.clone()));
    let mut file = PickleFile::read(source, &bytes, &Limits::default());
    let error = file.pickle.error.take();
    assert!(error.is_none(), "{text:?}: {error:?}");
    pickle::judge(&file, error.as_ref())
}

/// A code object of Python 3.9 with these names, and a function of it with these globals (opcodes of a dict).
fn function(name: &str, names: &[&str], globals: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("S'{name}'\n")).collect();
    let names = names.concat();
    format!(
        "{{CP}}_make_function\n({{CP}}_builtin_type\n(S'CodeType'\ntR(I0\nI0\nI0\nI0\nI2\nI67\nS't'\n(Nt({names}t(tS'train.py'\n\
         S'{name}'\nI12\nS''\n(t(ttR{globals}NNNtR"
    )
}

/// A class of that name and those entries.
fn class(name: &str, entries: &str) -> String {
    format!(
        "{{CP}}_make_skeleton_class\n(cbuiltins\ntype\nS'{name}'\n(cbuiltins\nobject\nt(dS'id'\nNtRp9\n0{{CP}}_class_setstate\n(g9\n\
         ((d{entries}(dttR0g9\n"
    )
}

const OS: &str = "(dS'os'\n{CP}subimport\n(S'os'\ntRs";
const NUMPY: &str = "(dS'np'\n{CP}subimport\n(S'numpy'\ntRs";

fn found<'a>(safety: &'a Safety, rule: &str) -> Vec<(&'a str, &'a str)> {
    let found = safety.findings.iter().filter(|finding| finding.rule == rule);
    found.map(|finding| (finding.what.as_str(), finding.why.as_str())).collect()
}

#[test]
fn a_carried_function_is_named_with_its_source_and_what_it_refers_to() {
    let safety = judge(&format!("{}.", function("scale", &["np", "log1p"], NUMPY)));
    assert_eq!(safety.verdict(), Verdict::Review);
    let rows = found(&safety, "pickle/code-function");
    assert_eq!(
        rows,
        [("function scale (train.py, line 12)", "the file carries its code; it refers to numpy.log1p")]
    );
    assert_eq!(safety.summary, "carries the code of 1 function");
}

#[test]
fn a_carried_class_is_named_with_its_methods() {
    let entries = format!("S'transform'\n{}s", function("transform", &["np", "log1p"], NUMPY));
    let safety = judge(&format!("{})~}}b.", class("Log", &entries)));
    assert_eq!(safety.verdict(), Verdict::Review, "{:#?}", safety.findings);
    let why = "the file carries the code of its methods transform; it refers to numpy.log1p";
    assert_eq!(found(&safety, "pickle/code-class"), [("class Log (train.py, line 12)", why)]);
    assert_eq!(safety.summary, "carries the code of 1 class");
}

#[test]
fn referring_to_a_harmful_name_is_mentioned_and_running_it_is_dangerous() {
    let evil = function("evil", &["os", "system"], OS);
    let quiet = function("quiet", &["np", "log1p"], NUMPY);
    for (text, verdict) in [
        (format!("{evil}."), Verdict::Review),
        (format!("{evil}(tR."), Verdict::Dangerous),
        (format!("{quiet}(tR."), Verdict::Review),
        (format!("{})~}}b.", class("C", &format!("S'save'\n{evil}s"))), Verdict::Review),
        (format!("{})~}}b.", class("C", &format!("S'__setstate__'\n{evil}s"))), Verdict::Dangerous),
        (format!("{})~}}b.", class("C", &format!("S'__del__'\n{evil}s"))), Verdict::Dangerous),
        (format!("{}(tR.", class("C", &format!("S'__init__'\n{evil}s"))), Verdict::Dangerous),
        (format!("{})~(I1\ne.", class("C", &format!("S'extend'\n{evil}s"))), Verdict::Dangerous),
        (format!("(d{})~I1\ns.", class("C", &format!("S'__hash__'\n{evil}s"))), Verdict::Dangerous),
        (format!("{{DILL}}_create_weakref\n(N{evil}tR."), Verdict::Dangerous),
        (
            format!("cbuiltins\nlist\n({})~tR.", class("C", &format!("S'__iter__'\n{evil}s"))),
            Verdict::Dangerous,
        ),
    ] {
        let safety = judge(&text);
        assert_eq!(safety.verdict(), verdict, "{text:?} {:#?}", safety.findings);
        assert!(safety.findings.iter().any(|finding| finding.why.contains("numpy.log1p")
            || finding.why.contains("os.system (can run programs)")));
    }
    let safety = judge(&format!("{quiet}(tR."));
    let why = "loading calls a function that the file carries; it refers to numpy.log1p";
    assert_eq!(found(&safety, "pickle/runs-carried-code"), [("a call of quiet", why)]);
}

#[test]
fn constructors_are_judged_by_what_they_are_given() {
    for (text, verdict) in [
        // What the libraries write.
        ("{CP}_make_cell\n(I1\ntR.", Verdict::Safe),
        ("{CP}subimport\n(S'numpy'\ntR.", Verdict::Safe),
        ("{DILL}_get_attr\n({DILL}_import_module\n(S'math'\ntRS'sqrt'\ntR.", Verdict::Safe),
        (
            "{DILL}_getattr\n(cbuiltins\ndict\nS'keys'\nS\"<method 'keys' of 'dict' objects>\"\ntR.",
            Verdict::Safe,
        ),
        ("cbuiltins\ngetattr\n(cbuiltins\nobject\nS'__new__'\ntR.", Verdict::Safe),
        // The same names, made to reach something else.
        ("{CP}subimport\n(S'shop.features'\ntR.", Verdict::Review),
        ("{CP}subimport\n(S'pip.__main__'\ntR.", Verdict::Dangerous),
        ("{CP}subimport\n({CP}_make_cell\n(I1\ntRtR.", Verdict::Dangerous),
        ("cbuiltins\ngetattr\n({CP}subimport\n(S'os'\ntRS'system'\ntR(S'ls'\ntR.", Verdict::Dangerous),
        ("{DILL}_get_attr\n({DILL}_import_module\n(S'math'\ntRS'eval'\ntR(S'1'\ntR.", Verdict::Dangerous),
        ("{DILL}_create_type\n(cos\nsystem\nS'ls'\ntR.", Verdict::Dangerous),
        (
            "{DILL}_create_array\n({DILL}_get_attr\n({DILL}_import_module\n(S'os'\ntRS'system'\ntR(S'ls'\ntNtR.",
            Verdict::Dangerous,
        ),
        (
            "{DILL}_create_ftype\n({DILL}_get_attr\n({DILL}_import_module\n(S'os'\ntRS'system'\ntRS'ls'\nNNtR.",
            Verdict::Dangerous,
        ),
        ("{DILL}_import_module\n(S'subprocess.Popen'\ntR(S'ls'\ntR.", Verdict::Dangerous),
        ("{DILL}_create_namedtuple\n(S'Popen'\n(tS'subprocess'\ntR(S'ls'\ntR.", Verdict::Dangerous),
        ("{DILL}_load_type\n(S'FileType'\ntR(S'x'\nS'w'\ntR.", Verdict::Dangerous),
        ("{DILL}_create_filehandle\n(S'x'\nS'w'\ntR.", Verdict::Dangerous),
        ("{DILL}_eval_repr\n(S'1'\ntR.", Verdict::Dangerous),
        ("{DILL}_getattr\n(NS'system'\nS\"<method 'x' of 'os' objects>\"\ntR.", Verdict::Dangerous),
        ("{DILL}_unmarshal\n(S'N'\ntR.", Verdict::Dangerous),
        ("{CP}_builtin_type\n(S'sys'\ntR(tR.", Verdict::Dangerous),
        (
            "cbuiltins\ngetattr\n({DILL}_import_module\n(S'dill._dill'\ntRS'nope'\ncbuiltins\ngetattr\ntR(I1\nS'x'\ntR.",
            Verdict::Dangerous,
        ),
        ("cbuiltins\nsetattr\n({CP}subimport\n(S'os'\ntRS'system'\nI1\ntR.", Verdict::Dangerous),
        ("{CP}_class_setstate\n({CP}subimport\n(S'os'\ntR((d(dttR.", Verdict::Dangerous),
        ("{CP}_class_setstate\n(cpickle\nUnpickler\n((d(dttR.", Verdict::Dangerous),
        ("{CP}subimport\n(S'os'\ntR(dS'system'\nI1\nsb.", Verdict::Dangerous),
        ("{CP}_make_skeleton_class\n(cos\nexecve\nS'/bin/ls'\n(t(dNNtR.", Verdict::Dangerous),
        ("{CP}_make_skeleton_class\n({CP}_make_cell\n(I1\ntRS'C'\n(t(dNNtR.", Verdict::Dangerous),
        ("(l{CP}subimport\na.", Verdict::Review),
        ("(lcbuiltins\ngetattr\na.", Verdict::Dangerous),
        ("{CP}_make_cell\n(I1\ntR(tR.", Verdict::Dangerous),
        ("{CP}loads\n(S'x'\ntR.", Verdict::Dangerous),
    ] {
        let safety = judge(text);
        assert_eq!(safety.verdict(), verdict, "{text:?} {:#?}", safety.findings);
    }
}

#[test]
fn a_metaclass_and_a_base_of_the_file_run_when_a_class_is_made() {
    let evil = function("hook", &["os", "system"], OS);
    let metaclass =
        class("M", &format!("S'__new__'\n{evil}s")).replace("cbuiltins\nobject\n", "cbuiltins\ntype\n");
    let derived = "{CP}_make_skeleton_class\n(cbuiltins\ntype\nS'D'\n(g9\nt(dS'id'\nNtR.";
    let base = class("B", &format!("S'__init_subclass__'\n{evil}s"));
    let of_metaclass = "{CP}_make_skeleton_class\n(g9\nS'D'\n(t(dS'id'\nNtR.";
    for (text, name) in
        [(format!("{metaclass}0{of_metaclass}"), "class M"), (format!("{base}0{derived}"), "class B")]
    {
        let safety = judge(&text);
        assert_eq!(safety.verdict(), Verdict::Dangerous, "{text:?} {:#?}", safety.findings);
        assert!(found(&safety, "pickle/runs-carried-code").iter().any(|(what, _)| *what == name));
    }
}

#[test]
fn a_path_below_a_home_folder_is_told() {
    for (path, is_told) in [
        ("/home/anna/churn/train.py", true),
        ("C:\\\\Users\\\\anna\\\\train.py", true),
        ("/Users/anna/train.py", true),
        ("/srv/home/train.py", false),
        ("/home/train.py", false),
        ("train.py", false),
    ] {
        let text = function("f", &[], "(d").replace("train.py", path);
        let safety = judge(&format!("{text}."));
        assert_eq!(found(&safety, "privacy/user-name-in-path").len(), usize::from(is_told), "{path}");
    }
}

#[test]
fn a_harmful_name_that_only_carried_code_can_call_is_for_review() {
    let globals = "(dS'Path'\ncpathlib\nPath\ns";
    let safety = judge(&format!("{}.", function("read", &["Path", "read_text"], globals)));
    assert_eq!(safety.verdict(), Verdict::Review, "{:#?}", safety.findings);
    assert_eq!(found(&safety, "pickle/code-refers-to").len(), 1);
    let elsewhere =
        judge(&format!("({}cpathlib\nPath\nt.", function("read", &["Path", "read_text"], globals)));
    assert_eq!(elsewhere.verdict(), Verdict::Dangerous, "{:#?}", elsewhere.findings);
}
