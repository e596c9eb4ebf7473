use std::sync::Arc;

use packwright_source::{Limits, MemorySource};

use super::{Safety, Verdict};
use crate::pickled::PickleFile;

pub(super) fn judge(bytes: &[u8]) -> Safety {
    judge_within(bytes, &Limits::default())
}

pub(super) fn judge_within(bytes: &[u8], limits: &Limits) -> Safety {
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let mut file = PickleFile::read(source, bytes, limits);
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
fn a_known_call_is_safe_with_known_arguments_alone() {
    for (bytes, verdict) in [
        // NumPy's makers of generators call the second argument, or make an instance of the first.
        (&b"\x80\x02cnumpy.random._pickle\n__generator_ctor\nU\x05PCG64cnumpy.random._pickle\n__bit_generator_ctor\n\x86R."[..], Verdict::Safe),
        (b"\x80\x02cnumpy.random._pickle\n__generator_ctor\nU\x01xcnumpy.core._multiarray_umath\nfromfile\n\x86R.", Verdict::Dangerous),
        (b"\x80\x02cnumpy.random._pickle\n__generator_ctor\nU\x01xcsklearn.svm._classes\nSVC\n\x86R.", Verdict::Review),
        (b"\x80\x02cnumpy.random._pickle\n__generator_ctor\nU\x01xcfunctools\npartial\ncnumpy\nmean\n\x85R\x86R.", Verdict::Review),
        (b"\x80\x02cnumpy.random._pickle\n__bit_generator_ctor\ncsklearn.svm._classes\nSVC\n\x85R.", Verdict::Review),
        // A later call counts as much as the first.
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00U\x01b\x87R0cnumpy.core.multiarray\n_reconstruct\ncsklearn.svm._classes\nSVC\nK\x00U\x01b\x87R.", Verdict::Review),
        (b"\x80\x02cpandas.core.indexes.base\n_new_Index\ncpandas.core.indexes.base\nIndex\n}\x86R.", Verdict::Safe),
        (b"\x80\x02cpandas.core.indexes.base\n_new_Index\ncjoblib.numpy_pickle\nNumpyArrayWrapper\n}\x86R.", Verdict::Dangerous),
        // A partial keeps functions that only compute, given at once or by its state.
        (b"\x80\x02cfunctools\npartial\ncnumpy\nclip\n\x85R.", Verdict::Safe),
        (b"\x80\x02cfunctools\npartial\ncsklearn.svm._classes\nSVC\n\x85R.", Verdict::Review),
        (b"\x80\x02cfunctools\npartial\ncnumpy\nclip\n\x85R(csklearn.svm._classes\nSVC\n)}Ntb.", Verdict::Review),
        (b"\x80\x02cfunctools\npartial\ncos\nsystem\n\x85R.", Verdict::Dangerous),
        (b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R.", Verdict::Safe),
        (b"\x80\x02ccollections\ndefaultdict\ncsklearn.svm._classes\nSVC\n\x85R.", Verdict::Review),
        (b"ccopy_reg\n_reconstructor\n(csklearn.svm._classes\nSVC\nc__builtin__\nobject\nNtR.", Verdict::Safe),
        (b"ccopy_reg\n_reconstructor\n(csklearn.svm._classes\nSVC\ncsklearn.svm._classes\nSVC\nNtR.", Verdict::Review),
        // The arguments are computed; the wrapper is made where no reader sees it.
        (b"\x80\x02ccopy_reg\n__newobj__\ncbuiltins\nlist\n]csklearn.svm._classes\nSVC\na\x85RR.", Verdict::Dangerous),
        // Appending asks the object for `extend`, and a Bunch answers with an item.
        (b"\x80\x02csklearn.utils._bunch\nBunch\n)\x81U\x06extendcnumpy\nmean\ns(K\x01e.", Verdict::Review),
        (b"\x80\x02ccollections\ndeque\n)R(K\x01e.", Verdict::Safe),
        // What gives its argument back.
        (b"\x80\x02cnumpy\nobject_\ncsklearn.svm._classes\nSVC\n)\x81\x85\x81.", Verdict::Review),
        (b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x01O\x85R]\x86R.", Verdict::Review),
        (b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8\x85RU\x0800000000\x86R.", Verdict::Safe),
        // Attributes that are set with `setattr`.
        (b"\x80\x02csklearn.model_selection._split\nKFold\n)\x81N}U\x09__class__csklearn.svm._classes\nSVC\ns\x86b.", Verdict::Dangerous),
        (b"\x80\x02csklearn.model_selection._split\nKFold\n)\x81N}U\x01ncsklearn.svm._classes\nSVC\ns\x86b.", Verdict::Safe),
        (b"\x80\x02csklearn.model_selection._split\nKFold\n)\x81Nccollections\nOrderedDict\n)R\x86b.", Verdict::Review),
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

/// `class(state)` made without its constructor, in protocol 2. The state is given as opcodes.
fn made(class: &str, state: &str) -> Vec<u8> {
    let (module, name) = class.rsplit_once('.').expect("a module");
    let mut bytes = b"\x80\x02".to_vec();
    bytes.extend(format!("c{module}\n{name}\n)").bytes());
    bytes.push(0x81);
    bytes.extend(state.bytes());
    bytes.extend(b"b.");
    bytes
}

#[test]
fn a_state_that_loading_would_run_is_judged() {
    let table = "cpandas.core.frame\nDataFrame\n)\u{81}}S'_mgr'\nNsb";
    let latin =
        |text: String| text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect::<Vec<u8>>();
    let data = |frame: &str, formula: &str| {
        let state = format!("}}(S'restore_design_info'\nI01\nS'formula'\nS'{formula}'\nS'frame'\n{frame}u");
        latin(format!("\u{80}\u{2}cstatsmodels.base.data\nPandasData\n)\u{81}{state}b."))
    };
    for (bytes, verdict) in [
        (data(table, "y ~ x + np.log(z)"), Verdict::Safe),
        (data(table, "y ~ my_transform(x)"), Verdict::Review),
        (data(table, "y ~ __import__(\"os\").system(\"ls\")"), Verdict::Dangerous),
        (data("}", "y ~ C(x)"), Verdict::Review),
        (data("cpandas.core.frame\nDataFrame\n)\u{81}}S'_get_item'\nNsb", "y ~ x"), Verdict::Review),
        (made("statsmodels.base.data.PandasData", "}S'formula'\nS'y ~ eval(x)'\ns"), Verdict::Safe),
        (made("statsmodels.base.data.PandasData", "N"), Verdict::Review),
        (made("statsmodels.discrete.discrete_model.NegativeBinomial", "}"), Verdict::Safe),
        (
            made("statsmodels.discrete.discrete_model.NegativeBinomial", "}S'_initialize'\nNs"),
            Verdict::Dangerous,
        ),
        (made("pmdarima.arima.arima.ARIMA", "}S'tmp_pkl_'\nNs"), Verdict::Dangerous),
        (made("sklearn.isotonic.IsotonicRegression", "}S'_build_f'\nNs"), Verdict::Dangerous),
        (made("sklearn.isotonic.IsotonicRegression", "}S'X_thresholds_'\nNs"), Verdict::Safe),
        (made("lightgbm.basic.Booster", "}S'free_network'\nNs"), Verdict::Dangerous),
    ] {
        let safety = judge(&bytes);
        assert_eq!(safety.verdict(), verdict, "{} {:#?}", bytes.escape_ascii(), safety.findings);
    }
}

#[test]
fn an_object_that_is_changed_again_is_not_safe() {
    let again = b"\x80\x02csklearn.svm._classes\nSVC\n)\x81}S'__setstate__'\ncnumpy\nlog1p\nsbK\x01b.";
    assert_eq!(judge(again).verdict(), Verdict::Dangerous);
    let item =
        b"\x80\x02cscipy.optimize._optimize\nOptimizeResult\n)\x81(S'__setstate__'\ncnumpy\nlog1p\nu}b.";
    assert_eq!(judge(item).verdict(), Verdict::Dangerous);
}

#[test]
fn a_distribution_is_safe_with_the_template_that_scipy_writes() {
    let template = |shapes: &str, after: &str| {
        format!(
            "\ndef _parse_args(self, {shapes} loc=0, scale=1):\n    return ({shapes}), loc, scale\n\n\
             def _parse_args_rvs(self, {shapes} loc=0, scale=1, size=None):\n    \
             return self._argcheck_rvs({shapes} loc, scale, size=size)\n\n\
             def _parse_args_stats(self, {shapes} loc=0, scale=1, moments='mv'):\n    \
             return ({shapes}), loc, scale, moments\n{after}"
        )
    };
    let text = |text: &str| {
        let len = u32::try_from(text.len()).expect("a short text");
        [b"X".as_slice(), &len.to_le_bytes(), text.as_bytes()].concat()
    };
    let verdict = |state: &[u8]| {
        let class = b"\x80\x02cscipy.stats._continuous_distns\nuniform_gen\n)\x81}(".as_slice();
        judge(&[class, state, b"ub."].concat()).verdict()
    };
    let with = |template: &str| [text("_parse_arg_template"), text(template)].concat();
    assert_eq!(verdict(&with(&template("", ""))), Verdict::Safe);
    assert_eq!(verdict(&with(&template("a, b, ", ""))), Verdict::Safe);
    assert_eq!(verdict(&with(&template("", "print(1)\n"))), Verdict::Dangerous);
    assert_eq!(verdict(&with(&template("a=print(1), ", ""))), Verdict::Dangerous);
    assert_eq!(verdict(&[text("_parse_arg_template"), b"N".to_vec()].concat()), Verdict::Review);
    assert_eq!(verdict(&[with(&template("", "")), with("print(1)")].concat()), Verdict::Review);
    assert_eq!(
        verdict(&[with(&template("", "")), text("_attach_methods"), b"N".to_vec()].concat()),
        Verdict::Dangerous
    );
    assert_ne!(verdict(b""), Verdict::Safe);
}

#[test]
fn getattr_is_known_only_for_a_listed_method_of_a_model() {
    let taken = |class: &str, name: &str| {
        let (module, class) = class.rsplit_once('.').expect("a module");
        let mut bytes = format!("\x02c__builtin__\ngetattr\n(c{module}\n{class}\n)").into_bytes();
        bytes.insert(0, 0x80);
        bytes.push(0x81);
        bytes.extend(format!("}}bS'{name}'\ntR.").bytes());
        judge(&bytes).verdict()
    };
    let model = "statsmodels.tsa.exponential_smoothing.ets.ETSModel";
    assert_eq!(taken(model, "loglike"), Verdict::Safe);
    assert_eq!(taken(model, "__class__"), Verdict::Dangerous);
    assert_eq!(taken("sklearn.svm._classes.SVC", "loglike"), Verdict::Dangerous);
}
