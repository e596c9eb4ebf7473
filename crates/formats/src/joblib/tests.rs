use std::sync::Arc;

use packwright_source::{Budget, Cursor, Limits, MemorySource};

use super::*;
use crate::pickle::{NoInline, read};

fn text(text: &str) -> Vec<u8> {
    [&[0x8c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// A joblib file that is a list of object arrays, each with the given pickle as its data.
fn object_arrays(pickles: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"\x80\x04](".to_vec();
    for pickle in pickles {
        bytes.extend(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(");
        bytes.extend([text("subclass"), b"cnumpy\nndarray\n".to_vec()].concat());
        bytes.extend([text("shape"), b"K\x01\x85".to_vec(), text("order"), text("C")].concat());
        bytes.extend(
            [text("dtype"), b"cnumpy\ndtype\n".to_vec(), text("O8"), b"\x89\x88\x87R".to_vec()].concat(),
        );
        bytes.extend(b"ub");
        bytes.extend(*pickle);
    }
    bytes.extend(b"e.");
    bytes
}

fn rewritten(bytes: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let mut out = Vec::new();
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    transcode(source, &Limits::default(), &mut out).map(|_| out)
}

#[test]
fn the_pickles_of_object_arrays_are_inlined_with_numbers_of_their_own() {
    let out = rewritten(&object_arrays(&[b"\x80\x04]\x94h\x00a.", b"\x80\x04K\x05\x94."])).unwrap();
    let source = MemorySource::new(out);
    let mut cursor = Cursor::over("pickle", &source, 0);
    let pickle = read(&mut cursor, &mut Budget::new(Limits::default()), &mut NoInline);
    assert!(pickle.error.is_none() && pickle.trace.oddities().is_empty());
    assert!(pickle.trace.globals().iter().all(|name| !name.module.contains("joblib")), "no wrapper is left");
    let items = pickle.tree.items(pickle.root().unwrap()).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(pickle.tree.items(items[0]), Some(&items[..1]), "a list that holds itself");
    assert_eq!(items[1], Value::Int(5));
}

// Found by the fuzz target `transcode`: inlined, such pickles would give other objects than joblib gives.
#[test]
fn a_pickle_that_leaves_values_or_asks_for_missing_ones_is_not_inlined() {
    for pickle in [&b"K\x01K\x02."[..], b"(K\x02.", b"h\x00."] {
        let outcome = rewritten(&object_arrays(&[b"K\x07\x94.", pickle]));
        assert!(matches!(outcome, Err(TranscodeError::Unsupported(_))), "{pickle:?}: {outcome:?}");
    }
}

#[test]
fn a_wrapper_without_an_array_is_not_rewritten() {
    let mut bytes = object_arrays(&[b"\x80\x04K\x05\x94."]);
    bytes.truncate(bytes.len() - 2);
    bytes.extend(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81e.");
    assert!(matches!(rewritten(&bytes), Err(TranscodeError::Unsupported(_))));
}

// Found by the fuzz target `pickle`: a dtype that is its own base, or one of its own fields, ran the reader out of stack.
#[test]
fn a_dtype_that_is_a_part_of_itself_is_refused() {
    for part in [
        &b"(K\x03X\x01\0\0\0|h\x01K\x01\x86NNK\x08K\x01K\x00tb"[..],
        b"(K\x03X\x01\0\0\0|NN}K\x01h\x01\x85sK\x08K\x01K\x00tb",
    ] {
        let mut bytes = b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(".to_vec();
        bytes.extend([text("shape"), b"K\x01\x85".to_vec(), text("dtype")].concat());
        bytes.extend(
            [b"cnumpy\ndtype\n".to_vec(), text("f8"), b"\x89\x88\x87Rq\x01".to_vec(), part.to_vec()].concat(),
        );
        bytes.extend(b"ub.");
        let source = MemorySource::new(bytes);
        let mut cursor = Cursor::over("pickle", &source, 0);
        let pickle = read(&mut cursor, &mut Budget::new(Limits::default()), &mut JoblibInline);
        assert!(pickle.error.is_some() || pickle.n_inline <= 1);
    }
}
