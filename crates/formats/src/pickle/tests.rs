use packwright_source::{Budget, Cursor, Limits, MemorySource};
use proptest::prelude::*;

use super::*;
use crate::joblib::JoblibInline;

fn read_bytes(bytes: &[u8]) -> Pickle {
    read_within(bytes, Limits::default())
}

fn read_within(bytes: &[u8], limits: Limits) -> Pickle {
    let source = MemorySource::new(bytes.to_vec());
    read(&mut Cursor::over("pickle", &source, 0), &mut Budget::new(limits), &mut JoblibInline)
}

/// The root as Python would print it, calls included.
fn show(pickle: &Pickle, value: Value) -> String {
    let list = |items: &[Value]| items.iter().map(|item| show(pickle, *item)).collect::<Vec<_>>().join(", ");
    match value {
        Value::None => "None".into(),
        Value::Bool(bool) => format!("{bool}"),
        Value::Int(int) => format!("{int}"),
        Value::Float(float) => format!("{float}"),
        Value::Dropped => "?".into(),
        Value::Global(_) => {
            let global = pickle.trace.global(value).unwrap();
            format!("{}.{}", global.module, global.name)
        }
        Value::Node(_) => match pickle.tree.get(value).unwrap() {
            Node::BigInt(bytes) => format!("int{bytes:?}"),
            Node::Text(text) => format!("{text:?}"),
            Node::Bytes(bytes) => format!("b{:?}", bytes.kept.as_deref().unwrap_or_default()),
            Node::List(items) => format!("[{}]", list(&items.kept)),
            Node::Tuple(items) => format!("({})", list(items)),
            Node::Set(items) | Node::FrozenSet(items) => format!("{{{}}}", list(&items.kept)),
            Node::Dict(entries) => {
                let pair = |(key, value): &(Value, Value)| {
                    format!("{}: {}", show(pickle, *key), show(pickle, *value))
                };
                format!("{{{}}}", entries.kept.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
            Node::Object(object) => {
                let state =
                    object.state.map(|state| format!(" <- {}", show(pickle, state))).unwrap_or_default();
                format!(
                    "{:?} {}{}{state}",
                    object.call,
                    show(pickle, object.callee),
                    show(pickle, object.args)
                )
            }
            Node::Persistent(id) => format!("pid({})", show(pickle, *id)),
            Node::Array(_) => "array".into(),
        },
    }
}

fn check(bytes: &[u8], expected: &str) {
    let pickle = read_bytes(bytes);
    let shown = match (&pickle.error, pickle.root()) {
        (Some(error), _) => error.to_string(),
        (None, Some(root)) => show(&pickle, root),
        (None, None) => "nothing".into(),
    };
    assert_eq!(shown, expected, "{:?}", bytes.escape_ascii().to_string());
}

#[test]
fn every_kind_of_value_is_read_in_every_protocol() {
    for (bytes, expected) in [
        (&b"N."[..], "None"),
        (b"I01\n.", "true"),
        (b"I-7\n.", "-7"),
        (b"L12345678901L\n.", "12345678901"),
        (b"F1.5\n.", "1.5"),
        (b"S'a\\x41\\n'\n.", "\"aA\\n\""),
        (b"V\\u00e9\\U0001f600x\n.", "\"é😀x\""),
        (b"(lp0\nI1\naI2\na.", "[1, 2]"),
        (b"(dp0\nS'k'\nI1\ns.", "{\"k\": 1}"),
        (b"(I1\nI2\nt.", "(1, 2)"),
        (b"\x80\x02K\x05.", "5"),
        (b"\x80\x02J\xff\xff\xff\xff.", "-1"),
        (b"\x80\x02M\x01\x02.", "513"),
        (b"\x80\x02\x8a\x02\xff\xff.", "-1"),
        (b"\x80\x02\x8a\x00.", "0"),
        (b"\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", "int[0, 0, 0, 0, 0, 0, 0, 0, 1]"),
        (b"\x80\x02G\x3f\xf8\x00\x00\x00\x00\x00\x00.", "1.5"),
        (b"\x80\x02U\x02ab.", "\"ab\""),
        (b"\x80\x02X\x02\x00\x00\x00ab.", "\"ab\""),
        (b"\x80\x03C\x02\x01\x02.", "b[1, 2]"),
        (b"\x80\x04\x8c\x02ab.", "\"ab\""),
        (b"\x80\x04\x8f(K\x01K\x02\x90.", "{1, 2}"),
        (b"\x80\x04(K\x01\x91.", "{1}"),
        (b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00z.", "b[122]"),
        (b"\x80\x02](K\x01K\x02e.", "[1, 2]"),
        (b"\x80\x02}(U\x01aK\x01U\x01bK\x02u.", "{\"a\": 1, \"b\": 2}"),
        (b"\x80\x02K\x01K\x02K\x03\x87.", "(1, 2, 3)"),
        (b"\x80\x02\x88\x89\x86.", "(true, false)"),
        (b"\x80\x02K\x012\x86.", "(1, 1)"),
        (b"\x80\x02K\x01K\x020.", "1"),
        (b"\x80\x02(K\x01K\x021K\x03.", "3"),
    ] {
        check(bytes, expected);
    }
}

#[test]
fn calls_remember_what_would_be_called_with_what() {
    for (bytes, expected) in [
        (&b"cos\nsystem\n(S'ls'\ntR."[..], "Function os.system(\"ls\")"),
        (b"(S'ls'\nios\nsystem\n.", "Function os.system(\"ls\")"),
        (b"(cos\nsystem\nS'ls'\no.", "Function os.system(\"ls\")"),
        (b"\x80\x02ca\nB\n)\x81.", "New a.B()"),
        (b"\x80\x02ca\nB\n)\x81}U\x01kK\x01sb.", "New a.B() <- {\"k\": 1}"),
        (b"\x80\x04\x8c\x01a\x8c\x01B\x93)}\x92.", "New a.B()"),
        (
            b"ccopy_reg\n_reconstructor\n(ca\nB\nc__builtin__\nobject\nNtR.",
            "New a.B(a.B, __builtin__.object, None)",
        ),
        (b"\x80\x02X\x01\x00\x00\x00kQ.", "pid(\"k\")"),
    ] {
        check(bytes, expected);
    }
}

#[test]
fn the_memo_is_numbered_as_python_numbers_it() {
    // MEMOIZE counts entries, so a number that was put by hand shifts it.
    check(b"\x80\x04K\x01\x94K\x02\x94h\x00h\x01\x86.", "(1, 2)");
    check(b"\x80\x04K\x07q\x05K\x08\x94h\x01.", "8");
    check(b"\x80\x04K\x07q\x00K\x08q\x00h\x00.", "8");
    check(b"I1\np12\n0g12\n.", "1");
}

#[test]
fn errors_name_the_place_and_what_was_expected() {
    for (bytes, expected) in [
        (&b""[..], "pickle at byte 0: the input ends 1 bytes short of the next opcode"),
        (b"\x80\x02K", "pickle at byte 3: the input ends 1 bytes short of an integer"),
        (
            b"\x80\x02\xff",
            "pickle at byte 2: malformed opcode: expected one of the 68 pickle opcodes, found 0xff",
        ),
        (b"\x80\x02R.", "pickle at byte 2: malformed stack: expected a value, found an empty stack"),
        (b"\x80\x02t.", "pickle at byte 2: malformed stack: expected a mark, found none"),
        (
            b"\x80\x02X\xff\xff\xff\x7fab.",
            "pickle at byte 7: the input ends 2147483644 bytes short of a text",
        ),
        (b"Ix\n.", "pickle at byte 3: malformed integer: expected decimal digits, found \"x\""),
    ] {
        let pickle = read_bytes(bytes);
        let error = pickle.error.expect("an error").to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn a_mark_protects_what_lies_below_it() {
    let pickle = read_bytes(b"\x80\x02K\x01(a.");
    assert!(pickle.error.is_some());
}

fn oddities(bytes: &[u8]) -> Vec<OddityKind> {
    read_bytes(bytes).trace.oddities().iter().map(|odd| odd.kind).collect()
}

#[test]
fn tricks_are_noticed() {
    for (bytes, kind) in [
        (&b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00\x8c\x05abcde."[..], OddityKind::FrameCrossed),
        (
            b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x02\x00\x00\x00\x00\x00\x00\x00N.",
            OddityKind::FrameNested,
        ),
        (b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.", OddityKind::FrameTooLong),
        (b"\x80\x02\x82\x01.", OddityKind::ExtensionCode),
        (b"\x80\x02h\x07.", OddityKind::MemoMissing),
        (b"\x80\x04K\x01\x8c\x01a\x93.", OddityKind::ComputedName),
        (b"\x80\x02ca\nB\nU\x01kK\x01s.", OddityKind::GlobalChanged),
        (b"\x80\x02ca\nf\n)R)R.", OddityKind::ComputedCallee),
        (b"\x80\x05\x97.", OddityKind::OutOfBandBuffer),
        (b"\x80\x02N\x80\x020.", OddityKind::LateProto),
        (b"\x80\x02ca\nB\n)\x81N}U\x09__class__ca\nC\ns\x86b.", OddityKind::SlotNames),
        (b"\x80\x02ca\nB\n)\x81N}K\x01Ns\x86b.", OddityKind::SlotNames),
        (b"\x80\x02ca\nB\n)\x81}bNb.", OddityKind::SecondBuild),
    ] {
        assert!(oddities(bytes).contains(&kind), "{kind:?}: {:?}", oddities(bytes));
    }
    // functools.partial(a.f) called is a.f called, unless its state says another function.
    let partial = |state: &str| format!("\u{80}\u{2}cfunctools\npartial\nca\nf\n\u{85}R{state})R.");
    let latin = |text: String| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
    let called = latin(partial("(ca\nf\n)}Ntb"));
    assert!(oddities(&called).is_empty(), "{:?}", oddities(&called));
    let pickle = read_bytes(&called);
    assert!(pickle.trace.globals().iter().any(|global| global.name == "f" && global.called_at.is_some()));
    assert!(oddities(&latin(partial("(ca\ng\n)}Ntb"))).contains(&OddityKind::ComputedCallee));
    assert!(oddities(b"\x80\x04\x95\x04\x00\x00\x00\x00\x00\x00\x00\x8c\x01a.").is_empty());
}

#[test]
fn what_follows_the_first_pickle_is_seen() {
    let two = read_bytes(b"\x80\x02K\x01.\x80\x02cos\nsystem\n.");
    assert_eq!(two.roots.len(), 2);
    assert_eq!(two.trace.globals().len(), 1);
    let tail = read_bytes(b"\x80\x02K\x01.junk");
    assert_eq!((tail.roots.len(), tail.trailing, tail.end), (1, 4, 5));
}

#[test]
fn a_long_dict_costs_what_its_first_entries_cost() {
    let mut bytes = b"\x80\x02}".to_vec();
    for batch in 0..100_u32 {
        bytes.push(b'(');
        for item in 0..1_000_u32 {
            let key = format!("{:06}", batch * 1_000 + item);
            bytes.extend([b'U', 6]);
            bytes.extend(key.bytes());
            bytes.extend(b"(K\x01K\x02t");
        }
        bytes.push(b'u');
    }
    bytes.push(b'.');
    let pickle = read_bytes(&bytes);
    let root = pickle.root().expect("a root");
    assert_eq!(pickle.tree.len_of(root), Some(100_000));
    assert_eq!(pickle.tree.entries(root).expect("a dict").len(), KEPT_ITEMS);
    assert_eq!(show(&pickle, pickle.tree.entry(root, "065535").expect("the last one kept")), "(1, 2)");
    assert!(pickle.tree.len() < 2 * KEPT_ITEMS + 4_000, "{}", pickle.tree.len());
    assert!(!pickle.is_cut);
}

#[test]
fn what_was_given_back_is_never_mistaken_for_something_else() {
    // A list that is full gives back what was made since the mark, and the memo forgets it too.
    let mut bytes = b"\x80\x02]".to_vec();
    for _ in 0..=KEPT_ITEMS / 1_000 {
        bytes.push(b'(');
        bytes.extend(b"K\x01".repeat(1_000));
        bytes.push(b'e');
    }
    bytes.extend(b"(U\x03oneq\x00U\x03twoeU\x05threeh\x00\x86.");
    let pickle = read_bytes(&bytes);
    assert_eq!(show(&pickle, pickle.root().expect("a root")), "(\"three\", ?)");
}

#[test]
fn a_budget_stops_what_would_cost_too_much() {
    let deep = [b"\x80\x02".as_slice(), &b"]".repeat(1_000), b"."].concat();
    let limits = Limits { values: 100, ..Limits::default() };
    assert!(read_within(&deep, limits).is_cut);
    let limits = Limits { steps: 100, ..Limits::default() };
    let stopped = read_within(&deep, limits);
    assert!(stopped.error.expect("an error").to_string().contains("opcodes needs 1; the limit is 0"));
}

/// `N.`: a whole pickle of protocol 0.
const NONE: &[u8] = b"N.";

#[test]
fn text_pickles_behind_the_first_are_read_too() {
    let pickle = read_bytes(&[NONE, b"cos\nsystem\n(S'x'\ntR.", b"I1\n."].concat());
    assert_eq!((pickle.roots.len(), pickle.trailing, pickle.starts), (3, 0, vec![0, 2, 22]));
    assert_eq!(pickle.trace.globals()[0].called_at, Some(20));
}

#[test]
fn what_follows_and_is_no_pickle_leaves_no_trace() {
    for rest in [&b"cos\nsystem\n"[..], b"\0\0\0\0", b"(lp0\nI1\na", b"some text", b"c\x01\n\x02\n(tR\xff"] {
        let pickle = read_bytes(&[NONE, rest].concat());
        assert_eq!((pickle.roots.len(), pickle.trailing, pickle.end), (1, rest.len() as u64, 2));
        assert!(pickle.trace.globals().is_empty() && pickle.error.is_none(), "{rest:?}");
    }
}

#[test]
fn a_call_behind_the_first_pickle_counts_although_its_pickle_breaks() {
    let pickle = read_bytes(&[NONE, b"cos\nsystem\n(S'x'\ntR\xff"].concat());
    assert_eq!((pickle.roots.len(), pickle.trailing), (1, 20));
    assert_eq!(pickle.trace.globals()[0].name, "system");
}

#[test]
fn byte_strings_that_begin_as_pickles_are_remembered() {
    let pickle = read_bytes(b"\x80\x04(C\x04\x80\x04N.C\x03abcB\x05\0\0\0\x80\x02]q\x00t.");
    let nested: Vec<_> = pickle.nested.iter().map(|bytes| (bytes.offset, bytes.len)).collect();
    assert_eq!(nested, [(5, 4), (19, 5)]);
}

proptest! {
    #[test]
    fn any_bytes_give_a_value_or_a_located_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let pickle = read_bytes(&bytes);
        if let Some(error) = &pickle.error {
            prop_assert!(error.offset() <= bytes.len() as u64);
        } else {
            prop_assert!(!pickle.roots.is_empty());
        }
    }

    #[test]
    fn any_opcodes_give_a_value_or_a_located_error(
        bytes in proptest::collection::vec(proptest::sample::select(
            b"(.012NIJKMGSTUVX]lae)tds}ughjcioRbQ\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x91\x92\x93\x94\x95\x00\x01\n".to_vec()
        ), 0..400)
    ) {
        let pickle = read_bytes(&bytes);
        if let Some(error) = &pickle.error {
            prop_assert!(error.offset() <= bytes.len() as u64);
        }
    }
}

#[test]
fn what_is_given_is_noted_for_every_call_and_state() {
    let bytes = b"\x80\x02ca\nf\n(NK\x01tR0ca\nf\n(Nca\nC\ntR0ca\nf\n(ca\nf\n)RNt\x81(ca\nC\nNtb.";
    let pickle = read_bytes(bytes);
    let given = &pickle.trace.globals()[0].given;
    let found: Vec<(To, u8, Argument)> =
        given.iter().map(|given| (given.to, given.place, given.what)).collect();
    assert_eq!(
        found,
        [
            (To::Call, 0, Argument::MadeBy(0)),
            (To::Call, 1, Argument::Global(1)),
            (To::State, 0, Argument::Global(1)),
        ]
    );
}

#[test]
fn names_marks_and_values_on_the_stack_are_bounded() {
    let names: Vec<String> = (0..30_000).map(|n| format!("ca\nb{n}\n0")).collect();
    for bytes in [names.concat().into_bytes(), b"(".repeat(2_000_000), b"N".repeat(5_000_000)] {
        let error = read_bytes(&bytes).error.expect("an error");
        assert!(matches!(error.kind(), ErrorKind::Limit { .. }), "{error}");
    }
}
