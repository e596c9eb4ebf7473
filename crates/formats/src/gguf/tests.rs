use packwright_source::MemorySource;

use super::*;

/// Writes the parts of a file in either byte order.
#[derive(Clone)]
struct Build {
    bytes: Vec<u8>,
    is_big: bool,
    is_short: bool,
}

impl Build {
    fn new(version: u32, is_big: bool, n_tensors: u64, n_keys: u64) -> Self {
        let build = Self { bytes: b"GGUF".to_vec(), is_big, is_short: version == 1 };
        build.u32(version).length(n_tensors).length(n_keys)
    }

    fn number<const N: usize>(mut self, mut bytes: [u8; N]) -> Self {
        if self.is_big {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
        self
    }

    fn u32(self, n: u32) -> Self {
        self.number(n.to_le_bytes())
    }

    fn u64(self, n: u64) -> Self {
        self.number(n.to_le_bytes())
    }

    fn length(self, n: u64) -> Self {
        if self.is_short { self.u32(u32::try_from(n).unwrap()) } else { self.u64(n) }
    }

    fn text(self, text: &str) -> Self {
        let mut build = self.length(text.len() as u64);
        build.bytes.extend(text.as_bytes());
        build
    }

    fn tensor(self, name: &str, shape: &[u64], kind: u32, start: u64) -> Self {
        let mut build = self.text(name).u32(u32::try_from(shape.len()).unwrap());
        for side in shape {
            build = build.length(*side);
        }
        build.u32(kind).u64(start)
    }

    fn data(mut self, n: usize) -> Vec<u8> {
        let start = self.bytes.len().next_multiple_of(32);
        self.bytes.resize(start + n, 0);
        self.bytes
    }
}

fn read_bytes(bytes: &[u8]) -> Result<Gguf, ReadError> {
    read(&MemorySource::new(bytes.to_vec()), &Limits::default())
}

fn small(version: u32, is_big: bool) -> Vec<u8> {
    let build = Build::new(version, is_big, 1, 3)
        .text("general.architecture")
        .u32(8)
        .text("llama")
        .text("llama.context_length")
        .u32(4)
        .u32(4096);
    let mut build = build.text("tokens").u32(9).u32(8).length(20);
    for index in 0..20 {
        build = build.text(&format!("token {index}"));
    }
    build.tensor("w", &[64, 3], 2, 0).data(108)
}

#[test]
fn every_version_and_byte_order_says_the_same() {
    for (version, is_big) in [(1, false), (2, false), (3, false), (3, true)] {
        let gguf = read_bytes(&small(version, is_big)).unwrap();
        assert_eq!((gguf.version, gguf.is_big_endian), (version, is_big));
        assert_eq!(gguf.text("general.architecture"), Some("llama"));
        assert_eq!(gguf.count("llama.context_length"), Some(4096));
        let Some(Value::Array { len, first }) = gguf.get("tokens") else { panic!("no array") };
        assert_eq!((*len, first.len()), (20, 8));
        let tensor = &gguf.tensors[0];
        assert_eq!((tensor.shape.as_slice(), tensor.kind.as_str()), (&[3, 64][..], "Q4_0"));
        assert_eq!(tensor.size_bytes, Some(108));
    }
}

#[test]
fn a_file_that_lies_is_an_error_with_its_place() {
    let key = |kind| Build::new(3, false, 0, 1).text("k").u32(kind);
    let tensor = |shape: &[u64], kind| Build::new(3, false, 1, 0).tensor("w", shape, kind, 0).data(64);
    for (bytes, says) in [
        (Build::new(3, false, 1 << 60, 1 << 60).data(64), "malformed tensors"),
        (Build::new(3, false, 0, 1 << 60).data(64), "malformed keys"),
        (Build::new(3, false, 0, 1).u64(1 << 60).data(64), "a key needs"),
        (key(99).data(64), "unsupported value of the type 99"),
        (key(8).u64(1 << 60).data(64), "a text needs"),
        (key(9).u32(4).u64(1 << 60).data(64), "malformed items of an array"),
        (key(9).u32(9).u64(1).data(64), "array of arrays"),
        (Build::new(4, false, 0, 0).data(64), "version 4"),
        (Build::new(0, false, 0, 0).data(64), "version 0"),
        (tensor(&[1 << 40, 1 << 40], 0), "does not fit into 64 bits"),
        (tensor(&[20, 2], 2), "rows of 20 items"),
        (tensor(&[1; 9], 0), "at most 8 dimensions"),
        (tensor(&[100], 0), "short of the last tensor"),
        (b"GGML\x03\0\0\0".to_vec(), "malformed magic"),
    ] {
        let error = read_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    assert_eq!(read_bytes(&tensor(&[9], 999)).unwrap().tensors[0].size_bytes, None);
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    let whole = small(3, false);
    for n in 0..whole.len() {
        assert!(read_bytes(&whole[..n]).is_err(), "{n} bytes");
    }
}

#[test]
fn what_comes_twice_is_listed() {
    let build = Build::new(3, false, 2, 2).text("k").u32(7).number([1]).text("k").u32(7).number([0]);
    let gguf = read_bytes(&build.tensor("w", &[1], 0, 0).tensor("w", &[1], 0, 0).data(4)).unwrap();
    let names: Vec<_> = gguf.duplicates.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["k", "w"]);
    assert_eq!(gguf.get("k"), Some(&Value::Bool(true)));
}

proptest::proptest! {
    #[test]
    fn any_byte_in_any_place_gives_a_value_or_an_error(at in 0_usize..400, byte in 0_u8..) {
        let mut bytes = small(3, false);
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        drop(read_bytes(&bytes));
    }
}
