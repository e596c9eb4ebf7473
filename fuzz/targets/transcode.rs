//! What the transcoder writes is a plain pickle that describes the same objects as its input.
#![no_main]

use std::collections::BTreeSet;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use packwright_formats::joblib::{JoblibInline, transcode};
use packwright_formats::numpy::{ArrayData, NdArray};
use packwright_formats::pickle::{self, Inline, InlineData, NoInline, Node, NodeId, Pickle, Value};
use packwright_source::{Budget, ByteSource, Cursor, Limits, MemorySource};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { steps: 100_000, inflated_bytes: 1 << 20, ..Limits::default() };
    let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(bytes));
    // Both readings below are of plain streams: compression is the business of another target.
    if packwright_formats::compress::Compression::of(bytes).is_some() {
        return;
    }
    let mut out = Vec::new();
    if transcode(Arc::clone(&source), &limits, &mut out).is_err() {
        return;
    }
    let before = read(&*source, &mut JoblibInline);
    let after = read(&MemorySource::new(out.clone()), &mut NoInline);
    let (Some(old), Some(new)) = (before.root(), after.root()) else {
        panic!("the output has no root: {:?}\n{out:02x?}", after.error);
    };
    let same = Same { before: (&before, bytes), after: (&after, &out), seen: BTreeSet::new() };
    if !(before.is_cut || after.is_cut) {
        let mut same = same;
        same.values(old, new, 0);
    }
});

fn read(source: &dyn ByteSource, inline: &mut dyn Inline) -> Pickle {
    let mut cursor = Cursor::over("pickle", source, 0);
    pickle::read(&mut cursor, &mut Budget::new(Limits::default()), inline)
}

/// Two pickles side by side, with the bytes that they were read from.
struct Same<'a> {
    before: (&'a Pickle, &'a [u8]),
    after: (&'a Pickle, &'a [u8]),
    /// Pairs that were compared or are being compared: pickles may hold themselves.
    seen: BTreeSet<(NodeId, NodeId)>,
}

impl Same<'_> {
    fn values(&mut self, old: Value, new: Value, depth: u32) {
        let ((a, a_bytes), (b, b_bytes)) = (self.before, self.after);
        if 200 < depth {
            return;
        }
        let deeper = depth + 1;
        // An object array is a pickle of its own: what it holds takes its place.
        if let Some(Node::Array(array)) = a.tree.get(old)
            && let InlineData::Pickle(root) = array.data
        {
            return self.values(root, new, deeper);
        }
        match (old, new) {
            (Value::Global(_), Value::Global(_)) => {
                let name = |pickle: &Pickle, value| {
                    pickle.trace.global(value).map(|global| (global.module.clone(), global.name.clone()))
                };
                assert_eq!(name(a, old), name(b, new));
            }
            (Value::Node(x), Value::Node(y)) => {
                if !self.seen.insert((x, y)) {
                    return;
                }
                if let Some(Node::Array(_)) = a.tree.get(old) {
                    if let (Some(x), Some(y)) = (NdArray::from_value(a, old), NdArray::from_value(b, new)) {
                        assert_eq!(x.dtype, y.dtype);
                        match (&x.data, &y.data) {
                            (ArrayData::Raw(p), ArrayData::Raw(q)) => {
                                assert_eq!((&x.shape, x.is_fortran), (&y.shape, y.is_fortran));
                                assert_eq!(slice(a_bytes, p), slice(b_bytes, q));
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                    return;
                }
                self.nodes(old, new, deeper);
            }
            // Floats may be NaN.
            (Value::Float(x), Value::Float(y)) => assert_eq!(x.to_bits(), y.to_bits()),
            (old, new) => assert_eq!(old, new),
        }
    }

    fn nodes(&mut self, old: Value, new: Value, depth: u32) {
        let ((a, a_bytes), (b, b_bytes)) = (self.before, self.after);
        match (a.tree.get(old), b.tree.get(new)) {
            (Some(Node::Bytes(x)), Some(Node::Bytes(y))) => {
                assert_eq!(slice(a_bytes, x), slice(b_bytes, y));
            }
            (Some(Node::Text(x)), Some(Node::Text(y))) => assert_eq!(x, y),
            (Some(Node::BigInt(x)), Some(Node::BigInt(y))) => assert_eq!(x, y),
            (Some(Node::Persistent(x)), Some(Node::Persistent(y))) => self.values(*x, *y, depth),
            (Some(Node::Dict(x)), Some(Node::Dict(y))) => {
                assert_eq!(x.len, y.len);
                for ((k, v), (l, w)) in x.kept.iter().zip(&y.kept) {
                    self.values(*k, *l, depth);
                    self.values(*v, *w, depth);
                }
            }
            (Some(Node::Object(x)), Some(Node::Object(y))) => {
                assert_eq!(x.call, y.call);
                self.values(x.callee, y.callee, depth);
                self.values(x.args, y.args, depth);
                for (x, y) in [(x.kwargs, y.kwargs), (x.state, y.state)] {
                    assert_eq!(x.is_some(), y.is_some());
                    if let (Some(x), Some(y)) = (x, y) {
                        self.values(x, y, depth);
                    }
                }
                for (x, y) in x.items.kept.iter().zip(&y.items.kept) {
                    self.values(*x, *y, depth);
                }
            }
            (Some(_), Some(_)) => {
                assert_eq!(a.tree.len_of(old), b.tree.len_of(new));
                let (x, y) = (a.tree.items(old).unwrap_or_default(), b.tree.items(new).unwrap_or_default());
                for (x, y) in x.iter().zip(y) {
                    self.values(*x, *y, depth);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The bytes of a value, kept or not.
fn slice<'a>(source: &'a [u8], bytes: &'a pickle::Bytes) -> &'a [u8] {
    match &bytes.kept {
        Some(kept) => kept,
        None => &source[bytes.offset as usize..][..bytes.len as usize],
    }
}
