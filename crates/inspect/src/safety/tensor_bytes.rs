//! Tensors in plain pickles: `torch.storage._load_from_bytes(bytes)`, which is `torch.load` of the bytes. They hold pickles
//! of their own, and what these would load is known when all of them are read.

use std::sync::Arc;

use packwright_formats::pickle::{Bytes, Global, Node, Object};
use packwright_source::{Limits, MemorySource};

use super::{Severity, Verdict, pickle};
use crate::pickled::{Dialect, PickleFile};
use crate::torch;

/// More tensors than a model has that anybody pickles without PyTorch.
const TENSORS: usize = 20_000;

/// The pickles around the bytes of one tensor are a few dozen opcodes.
const STEPS: u64 = 10_000;

/// What the calls of `_load_from_bytes` would load; `None` for every other name.
pub(super) fn judge(file: &PickleFile, global: &Global) -> Option<(Severity, String)> {
    if global.module != "torch.storage" || global.name != "_load_from_bytes" || file.dialect != Dialect::Plain
    {
        return None;
    }
    let name_of = |object: &&Object| {
        let callee = file.pickle.trace.global(object.callee);
        callee.is_some_and(|callee| callee.offset == global.offset && callee.name == global.name)
    };
    let calls: Vec<&Object> = file.pickle.tree.objects().filter(name_of).collect();
    // A call that left no object behind, or a name that is handed around, is one that can't be followed.
    let n_calls = u64::try_from(calls.len()).unwrap_or(0);
    // Opcodes can add to a bytearray, which leaves an oddity behind: what is read here would not be what is loaded.
    let is_odd = 0 < file.pickle.trace.n_oddities();
    if file.pickle.is_cut || is_odd || 0 < global.kept || n_calls != global.uses || TENSORS < calls.len() {
        return None;
    }
    for call in calls {
        let only = file.pickle.tree.items(call.args).filter(|args| args.len() == 1);
        let Some(Node::Bytes(bytes)) = only.and_then(|args| file.pickle.tree.get(*args.first()?)) else {
            return None;
        };
        let Some(inner) = tensor(file, bytes) else {
            let why = format!("the bytes at byte {} are too many to be read, or no tensor", bytes.offset);
            return Some((Severity::Unscanned, why));
        };
        let safety = pickle::judge_whole(inner);
        if safety.verdict() != Verdict::Safe {
            let why = format!("loading calls it with the bytes at byte {}: {}", bytes.offset, safety.summary);
            return Some((Severity::Dangerous, why));
        }
    }
    Some((Severity::Info, "loads the bytes of tensors, which hold nothing else".to_owned()))
}

/// The pickles of one tensor; `None` when they are none.
fn tensor(file: &PickleFile, bytes: &Bytes) -> Option<PickleFile> {
    let source = match file.compression {
        None => file.window(bytes)?,
        Some(_) => Arc::new(MemorySource::new(file.bytes(bytes)?)),
    };
    let mut head = [0; 16];
    let n = packwright_source::read_up_to(&*source, 0, &mut head).ok()?;
    if !torch::is_legacy(head.get(..n)?) {
        return None;
    }
    let limits = Limits { steps: STEPS, ..*file.limits() };
    Some(PickleFile::read_torch_legacy(source, &limits))
}

#[cfg(test)]
mod tests {
    use super::super::tests::judge;
    use super::*;

    /// The first three pickles: the magic number, the version, an empty dict in place of what wrote it.
    const HEAD: &[u8] =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00.";
    const STORAGE: &[u8] =
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01NtQ.";
    const KEYS: &[u8] = b"\x80\x02]X\x01\0\0\x000a.";
    const LOAD: &[u8] = b"ctorch.storage\n_load_from_bytes\n";

    fn given(opcode: u8, inner: &[u8], after: &[u8]) -> Vec<u8> {
        let len = u64::try_from(inner.len()).expect("short").to_le_bytes();
        [b"\x80\x05", LOAD, &[opcode], &len, inner, after, b"\x85R."].concat()
    }

    fn dropped(inner: &[u8]) -> Vec<u8> {
        let len = u64::try_from(inner.len()).expect("short").to_le_bytes();
        [b"\x80\x05N(", LOAD, b"\x8e", &len, inner, b"\x85R1."].concat()
    }

    #[test]
    fn the_bytes_of_a_tensor_are_safe_and_nothing_else_is() {
        const BYTES: u8 = 0x8e;
        const BYTEARRAY: u8 = 0x96;
        let tensor = [HEAD, STORAGE, KEYS, b"\x01\0\0\0\0\0\0\0\0\0\x80\x3f"].concat();
        let payload = [HEAD, b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R.", KEYS].concat();
        let late = [HEAD, STORAGE, b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."].concat();
        let unknown = [HEAD, b"\x80\x02cshop\nTensor\n)\x81.", KEYS].concat();
        let cut = [HEAD, b"\x80\x02(X\x07\0\0\0stor"].concat();
        let nested = [HEAD, b"\x80\x02", LOAD, b"U\x01x\x85R.", KEYS].concat();
        for (what, bytes, verdict) in [
            ("a tensor", given(BYTES, &tensor, b""), Verdict::Safe),
            ("a payload", given(BYTES, &payload, b""), Verdict::Dangerous),
            ("a payload in the last pickle", given(BYTES, &late, b""), Verdict::Dangerous),
            ("an unknown class", given(BYTES, &unknown, b""), Verdict::Dangerous),
            ("a tensor that breaks off", given(BYTES, &cut, b""), Verdict::Dangerous),
            ("a tensor without its keys", given(BYTES, &[HEAD, STORAGE].concat(), b""), Verdict::Dangerous),
            ("bytes in bytes", given(BYTES, &nested, b""), Verdict::Dangerous),
            ("no file of PyTorch", given(BYTES, b"\x80\x02N.", b""), Verdict::Unscanned),
            ("bytes that grow", given(BYTEARRAY, &tensor, b"(K\x01e"), Verdict::Dangerous),
            ("a call that is dropped", dropped(&payload), Verdict::Dangerous),
            ("a name that is handed around", [b"\x80\x05", LOAD, b"."].concat(), Verdict::Dangerous),
        ] {
            let safety = judge(&bytes);
            assert_eq!(safety.verdict(), verdict, "{what}: {:#?}", safety.findings);
        }
    }
}
