//! Files that different loaders read differently, and states that stand in for methods. The payload is `true`.

use std::sync::Arc;

use packwright_source::{ByteSource, Limits, MemorySource};

use super::tests::{judge, judge_within};
use super::{Needs, Safety, Verdict, readings};

const MODEL: &[u8] = b"csklearn.svm._classes\nSVC\n)\x81}b";
const PAYLOAD: &[u8] = b"cposix\nsystem\n\x8c\x04true\x85R0";
const WRAPPER: &[u8] = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81";

/// `numpy.dtype(code, False, True)`.
fn dtype(code: &str) -> Vec<u8> {
    [b"cnumpy\ndtype\n", text(code).as_slice(), b"\x89\x88\x87R"].concat()
}

fn text(text: &str) -> Vec<u8> {
    let len = u8::try_from(text.len()).expect("a short text");
    [&[0x8c, len], text.as_bytes()].concat()
}

/// What `maker` makes, with the state of a wrapper; `more` are further keys and values.
fn built(maker: &[u8], n_items: usize, dtype: &[u8], more: &[u8]) -> Vec<u8> {
    let len = u8::try_from(n_items).expect("a short array");
    let state = [
        text("subclass").as_slice(),
        b"cnumpy\nndarray\n",
        &text("shape"),
        &[b'K', len, 0x85],
        &text("order"),
        &text("C"),
        &text("dtype"),
        dtype,
        &text("allow_mmap"),
        b"\x89",
        more,
    ]
    .concat();
    [maker, b"}(", &state, b"ub"].concat()
}

fn wrapper(n_items: usize, dtype: &[u8]) -> Vec<u8> {
    built(WRAPPER, n_items, dtype, b"")
}

/// A pickle that drops what `parts` leave and returns a model.
fn file(parts: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x04", parts.concat().as_slice(), b"0", MODEL, b"."].concat()
}

#[track_caller]
fn check(bytes: &[u8], verdict: Verdict, rule: &str) -> Safety {
    let safety = judge(bytes);
    assert_eq!(safety.verdict(), verdict, "{} {:#?}", bytes.escape_ascii(), safety.findings);
    let has_rule = rule.is_empty() || safety.findings.iter().any(|finding| finding.rule == rule);
    assert!(has_rule, "{rule} {:#?}", safety.findings);
    safety
}

#[test]
fn an_array_that_a_plain_loader_runs_is_judged_as_opcodes() {
    let bytes = file(&[&wrapper(PAYLOAD.len(), &dtype("u1")), PAYLOAD]);
    let safety = check(&bytes, Verdict::Dangerous, "pickle/dangerous-name");
    assert!(safety.findings[0].why.starts_with("as a plain pickle.load reads the file"), "{safety:#?}");
    // The name is spelled in octal, and numbers stand before it that are not written as pickle writes them.
    for sneaky in [&b"S'p\\157six'\nVsystem\n\x93\x8c\x04true\x85R0"[..], b"I1_0\n0cposix\nsystem\n0"] {
        let bytes = file(&[&wrapper(sneaky.len(), &dtype("u1")), sneaky]);
        assert_ne!(judge(&bytes).verdict(), Verdict::Safe, "{}", bytes.escape_ascii());
    }
}

#[test]
fn an_array_at_which_a_plain_loader_breaks_changes_nothing() {
    for array in [
        &b"\0\0\x80\x3f"[..],
        b"NK\x01\xff",
        b"R000",
        b"b000",
        b"c\x9c\n\xff\n",
        b"\x93\xff",
        b"\x82\x01",
        b"h\xf0ab",
        b"\x95abcdefgh",
        b"Q0",
    ] {
        let bytes = file(&[b"]", &wrapper(array.len(), &dtype("u1")), array, b"a"]);
        check(&bytes, Verdict::Safe, "");
    }
}

/// An object array of one text, as joblib 1.6 writes it: MEMOIZE counts from 0.
const OBJECTS: &[u8] =
    b"\x80\x04\x8c\x15numpy.core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94\x8c\x05numpy\x94\
    \x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01K\x01\x85\x94h\x03\x8c\x05dtype\x94\x93\x94\
    \x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94b\x89]\x94\
    \x8c\x01a\x94at\x94b.";

#[test]
fn the_pickle_of_an_object_array_is_read_by_a_plain_reader() {
    let nested = [b"\x80\x04", wrapper(PAYLOAD.len(), &dtype("u1")).as_slice(), PAYLOAD, b"0N."].concat();
    let bytes = file(&[&wrapper(1, &dtype("O8")), &nested]);
    check(&bytes, Verdict::Dangerous, "pickle/dangerous-name");
    // Read with the memo of the file around it, number 3 is another text than "numpy".
    let memo = b"](\x8c\x01a\x94\x8c\x01b\x94\x8c\x01c\x94\x8c\x06Forest\x94";
    let benign = file(&[memo, &wrapper(1, &dtype("O8")), OBJECTS, b"e"]);
    check(&benign, Verdict::Safe, "");
}

#[test]
fn a_wrapper_of_a_class_that_is_handed_around_is_dangerous() {
    let class = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n";
    for maker in [
        [b"csklearn.neighbors._kd_tree\nnewObj\n", &class[..], b"\x85R"].concat(),
        [b"ccopyreg\n_reconstructor\ncbuiltins\ntuple\n](", &class[..], b"cbuiltins\nobject\nNe\x85RR"]
            .concat(),
    ] {
        let bytes = file(&[&built(&maker, 7, &dtype("u1"), b""), b"0B\x00\x00\x00\x000", PAYLOAD]);
        check(&bytes, Verdict::Dangerous, "joblib/hidden-wrapper");
    }
    // Protocols 0 and 1 make it in this way.
    let plain = [b"ccopy_reg\n_reconstructor\n(", &class[..], b"c__builtin__\nobject\nNtR"].concat();
    check(&file(&[&built(&plain, 2, &dtype("u1"), b""), b"\0\0"]), Verdict::Safe, "");
}

#[test]
fn a_size_that_is_not_certain_is_never_guessed() {
    let swallowed = [0; 32];
    let state = |dtype: &[u8], size: &[u8]| {
        [dtype, b"(K\x03\x8c\x01|NNN", size, b"J\xff\xff\xff\xffK\x00tb"].concat()
    };
    for dtype in [
        dtype("f8,f8"),
        dtype("2f8"),
        dtype("f08"),
        dtype("g"),
        dtype("S"),
        dtype("U0"),
        dtype("i2,O"),
        state(&dtype("u1"), b"K\x09"),
        state(&dtype("V1"), b"K\x09"),
        state(&dtype("V1"), &[b"cnumpy\nint8\nK\x01".as_slice(), b"\x85R"].concat()),
    ] {
        check(&file(&[&wrapper(2, &dtype), &swallowed]), Verdict::Unscanned, "pickle/not-read-to-the-end");
    }
    for (dtype, size) in [(dtype("f"), 4), (dtype("i8"), 8), (dtype("U3"), 12), (dtype("M8[ns]"), 8)] {
        check(&file(&[&wrapper(2, &dtype), &swallowed[..2 * size]]), Verdict::Safe, "");
    }
}

#[test]
fn a_wrapper_described_in_a_way_of_its_own_is_not_read() {
    let u1 = dtype("u1");
    let more = [text("read"), b"cnumpy\nexp\n".to_vec()].concat();
    let computed = [b"cbuiltins\nstr\n", text("shape").as_slice(), b"\x85RK\x09\x85"].concat();
    for wrapper in [
        built(WRAPPER, 2, &u1, &more),
        built(WRAPPER, 2, &u1, &computed),
        built(WRAPPER, 2, &u1, &[text("shape"), b"(K\x02K\x02\x91".to_vec()].concat()),
        built(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R", 2, &u1, b""),
    ] {
        assert_ne!(judge(&file(&[&wrapper, b"\0\0"])).verdict(), Verdict::Safe);
    }
    // The memo keeps the wrapper; it may be completed again.
    let memo = [WRAPPER, b"q\x00"].concat();
    let bytes = file(&[&built(&memo, 2, &u1, b""), b"\0\0", b"0h\x00}b"]);
    check(&bytes, Verdict::Unscanned, "pickle/second-build");
}

#[test]
fn joblib_that_knows_no_padding_reads_on_too_early() {
    let padded = [text("numpy_array_alignment_bytes"), b"K\x10".to_vec()].concat();
    let n_padding = PAYLOAD.len() - 1;
    let padding =
        [&[u8::try_from(n_padding).expect("a short payload")], vec![0xff; n_padding].as_slice()].concat();
    let array = |tail: &[u8]| [&[0; 40], tail].concat();
    let bytes = |tail: &[u8]| {
        let array = array(tail);
        file(&[&built(WRAPPER, array.len(), &dtype("u1"), &padded), &padding, &array])
    };
    let safety = check(&bytes(PAYLOAD), Verdict::Dangerous, "pickle/dangerous-name");
    assert!(safety.findings[0].why.starts_with("as joblib below 1.2 reads the file"), "{safety:#?}");
    check(&bytes(&vec![0; PAYLOAD.len()]), Verdict::Safe, "");
    check(&bytes(&[b"N", vec![0xff; n_padding].as_slice()].concat()), Verdict::Safe, "");
}

#[test]
fn a_state_that_stands_in_for_a_method_needs_a_look() {
    let with =
        |state: &[u8], after: &[u8]| file(&[b"csklearn.svm._classes\nSVC\n)\x81}(", state, b"ub", after]);
    let function = b"cnumpy\nexp\n";
    let entry = |key: &str| [text(key).as_slice(), function].concat();
    for key in ["append", "add", "pop", "from_arrays", "__setstate__", "__reduce_ex__"] {
        check(&with(&entry(key), b""), Verdict::Review, "pickle/shadowed-method");
    }
    check(&with(&entry("append"), b"K\x01a"), Verdict::Dangerous, "pickle/computed-call");
    check(&with(&entry("extend"), b"(K\x01e"), Verdict::Dangerous, "pickle/computed-call");
    check(&with(&entry("add"), b"(K\x01\x90"), Verdict::Dangerous, "pickle/computed-call");
    check(&with(&entry("__setstate__"), b"}b"), Verdict::Dangerous, "pickle/computed-call");
    check(&with(&entry("C"), b"}b"), Verdict::Review, "pickle/second-build");
    let computed = [b"cbuiltins\nstr\n", text("append").as_slice(), b"\x85R", function].concat();
    check(&with(&computed, b""), Verdict::Review, "pickle/computed-key");
    let append = text("append");
    let late = [b"csklearn.svm._classes\nSVC\n)\x81}q\x00bh\x00", append.as_slice(), function, b"s0"];
    check(&file(&late), Verdict::Review, "pickle/state-changed");
    // Parameters and fitted attributes may have such names.
    for value in [&b"\x88"[..], b"N", b"]", b"cnumpy\ndtype\n\x8c\x02f8\x85R"] {
        check(&with(&[text("copy").as_slice(), value].concat(), b""), Verdict::Safe, "");
    }
}

#[test]
fn what_is_not_kept_is_not_called_safe() {
    let limits = Limits { values: 40, ..Limits::default() };
    let many = b")0".repeat(60);
    let hidden = wrapper(PAYLOAD.len() + 6, &dtype("u1"));
    let swallowed = u8::try_from(PAYLOAD.len()).expect("a short payload");
    let bytes = file(&[&many, &hidden, b"0B", &[swallowed, 0, 0, 0], PAYLOAD]);
    assert_ne!(judge_within(&bytes, &limits).verdict(), Verdict::Safe);
    let many_pickles = [file(&[b"N"]), b"\x80\x04N.".repeat(15)].concat();
    check(&many_pickles, Verdict::Safe, "");
    check(&[many_pickles, file(&[PAYLOAD, b"N"])].concat(), Verdict::Unscanned, "");
}

#[test]
fn a_file_of_another_format_that_is_a_pickle_too_is_judged_as_both() {
    let judged = |bytes: &[u8]| {
        let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(bytes.to_vec()));
        let (needs, unread, findings) = (Needs::DataOnly, Vec::new(), Vec::new());
        let mut safety = Safety { needs, unread, findings, summary: String::new() };
        readings::with_plain(&source, &Limits::default(), &mut safety);
        safety.verdict()
    };
    assert_eq!(judged(b"(N20cposix\nsystem\n(Vtrue\ntR.\x08\x07\x12\x04onnx"), Verdict::Dangerous);
    for benign in
        [&b"\x08\x0a\x12\x08skl2onnx"[..], b"tree\nversion=v4\n", b"{\"learner\":{}}", b"PK\x03\x04\n\0"]
    {
        assert_eq!(judged(benign), Verdict::Safe);
    }
}
