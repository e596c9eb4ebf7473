//! What a full container gives back must not change what is read after it.

use packwright_source::{Budget, Cursor, Limits, MemorySource};
use proptest::prelude::*;
use std::collections::BTreeSet;

use super::*;

/// A list that is full on the stack, or an empty one: only the first gives anything back.
fn read_behind(is_full: bool, opcodes: &[u8]) -> Pickle {
    let mut bytes = b"\x80\x04]".to_vec();
    if is_full {
        bytes.push(b'(');
        bytes.extend(b"N".repeat(KEPT_ITEMS));
        bytes.push(b'e');
    }
    bytes.extend(opcodes);
    let source = MemorySource::new(bytes);
    read(&mut Cursor::over("pickle", &source, 0), &mut Budget::new(Limits::default()), &mut NoInline)
}

/// What is imported, and whether it is called and made.
fn names(pickle: &Pickle) -> BTreeSet<(&str, &str, bool, bool)> {
    let globals = pickle.trace.globals().iter();
    globals
        .map(|global| {
            let (module, name) = (global.module.as_str(), global.name.as_str());
            (module, name, global.called_at.is_some(), global.made_at.is_some())
        })
        .collect()
}

fn is_computed(pickle: &Pickle) -> bool {
    let is_computed = |kind| matches!(kind, OddityKind::ComputedName | OddityKind::ComputedCallee);
    pickle.trace.oddities().iter().any(|oddity| is_computed(oddity.kind))
}

/// Every name of one reading is one of the other, or was forgotten and is said to be computed.
fn agree(opcodes: &[u8]) -> Result<(), TestCaseError> {
    let (giving, keeping) = (read_behind(true, opcodes), read_behind(false, opcodes));
    let modules = |pickle: &Pickle| -> BTreeSet<(String, String)> {
        names(pickle).into_iter().map(|(module, name, ..)| (module.to_owned(), name.to_owned())).collect()
    };
    prop_assert!(modules(&giving).is_subset(&modules(&keeping)), "{}", opcodes.escape_ascii());
    prop_assert!(is_computed(&giving) || names(&giving) == names(&keeping), "{}", opcodes.escape_ascii());
    prop_assert_eq!(giving.error.is_some(), keeping.error.is_some());
    Ok(())
}

/// Texts, remembered or not, names of remembered texts, and marks that POP takes away; the stack stays as it was.
const BETWEEN: [&[u8]; 12] = [
    b"Vbase\n0",
    b"Vlist\n0",
    b"]0",
    b"Vos\nq\x000",
    b"Vsys\nq\x010",
    b"Vpty\nq\x500",
    b"Vrun\nq\x510",
    b"Vend\n\x940",
    b"((Vos\nq\x000Vsys\nq\x01000",
    b"(Vpty\nq\x5000",
    b"h\x00h\x01\x93)R0",
    b"h\x50h\x51\x930",
];

/// Items of a batch.
const ITEMS: [&[u8]; 5] = [b"Vin\n", b"Vos\nq\x00", b"Vpty\nq\x50", b"h\x01", b"N"];

/// A batch of items for the list: pieces that leave something behind, and pieces that do not.
fn batch() -> impl Strategy<Value = Vec<u8>> {
    let item = proptest::sample::select(&ITEMS[..]);
    let between = proptest::sample::select(&BETWEEN[..]);
    let piece = prop_oneof![item, between];
    proptest::collection::vec(piece, 0..8)
        .prop_map(|pieces| [b"(", pieces.concat().as_slice(), b"e"].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn giving_back_never_changes_a_name(
        parts in proptest::collection::vec(
            prop_oneof![batch(), proptest::sample::select(&BETWEEN[..]).prop_map(<[u8]>::to_vec)],
            0..12,
        )
    ) {
        agree(&[parts.concat().as_slice(), b"h\x00h\x01\x93h\x50h\x51\x93)R."].concat())?;
    }

    #[test]
    fn giving_back_never_matters_to_any_opcodes(
        bytes in proptest::collection::vec(
            proptest::sample::select(b"((eee001t2sR)b}]u\x93VVa\n\n\x94qh\x00\x00\x07".to_vec()), 0..80
        )
    ) {
        agree(&bytes)?;
    }
}

#[test]
fn memo_numbers_never_come_to_mean_something_else() {
    for opcodes in [
        // Sparse numbers.
        &b"(Vposix\nq\x50Vsystem\nq\x51e0Vbase\n0Vlist\n0h\x50h\x51\x93."[..],
        // Numbers in use before, changed under a mark that POP takes away.
        b"Nq\x000Nq\x010((Vposix\nq\x000Vsystem\nq\x0100e0Vbase\n0Vlist\n0h\x00h\x01\x93.",
        // A sparse number that is used again.
        b"Nq\x500(Vposix\nq\x50Vsystem\nq\x51e0Vbase\n0Vlist\n0h\x50h\x51\x93.",
    ] {
        let pickle = read_behind(true, opcodes);
        let names = names(&pickle);
        assert!(names.contains(&("posix", "system", false, false)) || is_computed(&pickle), "{names:?}");
        agree(opcodes).expect("the same names");
    }
}
