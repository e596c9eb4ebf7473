use packwright_source::{ErrorKind, Limits, MemorySource, ReadError};
use proptest::prelude::*;

use super::{File, Storage, read};

fn of(bytes: &[u8]) -> Result<File, ReadError> {
    read(&MemorySource::new(bytes.to_vec()), &Limits::default())
}

/// Bytes that are put down one after the other, with holes that are filled when it is known where things lie.
#[derive(Default)]
struct Builder(Vec<u8>);

impl Builder {
    fn here(&self) -> u64 {
        self.0.len() as u64
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    fn fill(&mut self, at: u64, value: u64) {
        let at = usize::try_from(at).unwrap();
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn space(shape: &[u64]) -> Vec<u8> {
    let mut bytes = vec![1, u8::try_from(shape.len()).unwrap(), 0, 0, 0, 0, 0, 0];
    for side in shape {
        bytes.extend(side.to_le_bytes());
    }
    bytes
}

/// An attribute of version 1 with one text of fixed length.
fn attribute(name: &str, text: &str) -> Vec<u8> {
    let name = [name.as_bytes(), b"\0"].concat();
    let ty = [&[0x13, 0, 0, 0][..], &u32::try_from(text.len()).unwrap().to_le_bytes()].concat();
    let mut bytes = vec![1, 0];
    for len in [name.len(), ty.len(), space(&[]).len()] {
        bytes.extend(u16::try_from(len).unwrap().to_le_bytes());
    }
    [bytes, padded(&name), padded(&ty), space(&[]), text.as_bytes().to_vec()].concat()
}

/// An object header of version 1.
fn header(messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, message) in messages {
        let message = padded(message);
        body.extend(kind.to_le_bytes());
        body.extend(u16::try_from(message.len()).unwrap().to_le_bytes());
        body.extend([0; 4]);
        body.extend(message);
    }
    let n = u16::try_from(messages.len()).unwrap();
    let len = u32::try_from(body.len()).unwrap();
    [&[1, 0][..], &n.to_le_bytes(), &1_u32.to_le_bytes(), &len.to_le_bytes(), &[0; 4], &body].concat()
}

fn float32() -> Vec<u8> {
    vec![0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0]
}

/// A file as the library writes it by default: a root with an attribute, and a symbol table with a dataset `w`, a soft
/// link `s`, and whatever `more` says.
fn file(dataset: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut out = Builder::default();
    out.put(super::MAGIC).put(&[0, 0, 0, 0, 0, 8, 8, 0]).put(&[4, 0, 16, 0]).put(&[0; 4]);
    out.u64(0).u64(u64::MAX);
    let end = out.here();
    out.u64(0).u64(u64::MAX).u64(0);
    let root = out.here();
    out.u64(0).put(&[0; 24]);
    let at = out.here();
    out.fill(root, at);
    let table = [vec![0_u8; 16], vec![]].concat();
    let bytes = header(&[(0x11, table), (0x0c, attribute("kind", "model"))]);
    let table = out.here() + 16 + 8;
    out.put(&bytes);
    let heap = out.here();
    out.fill(table + 8, heap);
    out.put(b"HEAP").put(&[0; 4]).u64(24).u64(u64::MAX).u64(heap + 32);
    out.put(b"\0\0\0\0\0\0\0\0w\0\0\0s\0\0\0where\0\0\0");
    let tree = out.here();
    out.fill(table, tree);
    out.put(b"TREE").put(&[0, 0, 1, 0]).u64(u64::MAX).u64(u64::MAX).u64(0);
    let child = out.here();
    out.u64(0).u64(12);
    let node = out.here();
    out.fill(child, node);
    out.put(b"SNOD").put(&[1, 0, 2, 0]);
    out.u64(8);
    let hole = out.here();
    out.u64(0).put(&[0; 24]);
    out.u64(12).u64(u64::MAX).put(&[2, 0, 0, 0]).put(&[0; 4]).put(&16_u32.to_le_bytes()).put(&[0; 12]);
    let at = out.here();
    out.fill(hole, at);
    let bytes = header(dataset);
    out.put(&bytes);
    let len = out.here();
    out.fill(end, len);
    out.0
}

fn dataset(layout: &[u8]) -> Vec<(u16, Vec<u8>)> {
    vec![(0x01, space(&[4, 3])), (0x03, float32()), (0x08, layout.to_vec()), (0x0c, attribute("unit", "m"))]
}

#[test]
fn groups_datasets_attributes_and_links_are_listed() {
    let found = of(&file(&dataset(&[3, 1]))).unwrap();
    assert_eq!(found.unread, [""; 0]);
    let [root, w] = found.objects.as_slice() else { panic!("{found:?}") };
    assert_eq!((root.path.as_str(), root.text("kind")), ("", Some("model")));
    assert_eq!((w.path.as_str(), w.text("unit")), ("w", Some("m")));
    let data = w.dataset.as_ref().unwrap();
    assert_eq!(
        (data.shape.as_slice(), data.dtype.as_deref(), data.size_bytes),
        (&[4, 3][..], Some("float32"), 48)
    );
    assert_eq!(data.storage, Storage::Inside);
    assert_eq!(found.links[0].path, "s");
    assert_eq!((found.links[0].file.as_deref(), found.links[0].to.as_str()), (None, "where"));
}

#[test]
fn data_in_other_files_is_told() {
    for (layout, storage) in
        [(&[4, 3][..], Storage::Virtual), (&[1, 2, 1], Storage::Inside), (&[3, 2], Storage::Inside)]
    {
        let found = of(&file(&dataset(layout))).unwrap();
        assert_eq!(found.objects[1].dataset.as_ref().unwrap().storage, storage);
    }
    let mut messages = dataset(&[3, 1]);
    messages.insert(0, (0x07, vec![1, 0, 0, 0]));
    let found = of(&file(&messages)).unwrap();
    assert_eq!(found.objects[1].dataset.as_ref().unwrap().storage, Storage::External);
}

#[test]
fn types_have_numpy_s_names() {
    let of = |ty: &[u8]| {
        let messages = [(0x01, space(&[])), (0x03, ty.to_vec()), (0x08, vec![3, 1])];
        of(&file(&messages)).unwrap().objects[1].dataset.clone().unwrap().dtype
    };
    let size = |kind: u8, low: u8, size: u8| vec![kind, low, 0, 0, size, 0, 0, 0];
    assert_eq!(of(&size(0x10, 8, 8)).as_deref(), Some("int64"));
    assert_eq!(of(&size(0x10, 0, 1)).as_deref(), Some("uint8"));
    assert_eq!(of(&[size(0x11, 0, 2), vec![0, 0, 16, 0, 10, 5]].concat()).as_deref(), Some("float16"));
    assert_eq!(of(&[size(0x11, 0, 2), vec![0, 0, 16, 0, 7, 8]].concat()).as_deref(), Some("bfloat16"));
    assert_eq!(of(&[size(0x18, 2, 1), size(0x10, 8, 1)].concat()).as_deref(), Some("bool"));
    assert_eq!(of(&size(0x19, 1, 16)).as_deref(), Some("object"));
    assert_eq!(of(&size(0x16, 0, 12)), None);
}

#[test]
fn a_broken_field_is_an_error_with_its_place_or_is_told() {
    let good = file(&dataset(&[3, 1]));
    let broken = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        match of(&bytes) {
            Ok(file) => format!("{:?}", file.unread),
            Err(error) => error.to_string(),
        }
    };
    assert!(broken(0, 0).contains("signature"), "{}", broken(0, 0));
    assert!(broken(8, 9).contains("superblock version 9"));
    assert!(broken(13, 3).contains("2, 4 or 8 bytes"));
    assert!(broken(70, 1).contains("address"));
    assert!(broken(96, 7).contains("object header version 7"));
    let error = of(&good[..good.len() - 1]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated { missing: 1, .. }), "{error}");
}

#[test]
fn what_lies_in_fractal_heaps_is_told_and_not_missed() {
    let found = of(&file(&[(0x02, [&[0, 0][..], &7_u64.to_le_bytes()].concat())])).unwrap();
    assert!(found.unread[0].contains("the names in the heap of w"), "{:?}", found.unread);
    let found = of(&file(&[(0x15, [&[0, 0][..], &7_u64.to_le_bytes()].concat())])).unwrap();
    assert!(found.unread[0].contains("the attributes in the heap of w"), "{:?}", found.unread);
    let found = of(&file(&[(0x02, [&[0, 0][..], &u64::MAX.to_le_bytes()].concat())])).unwrap();
    assert_eq!(found.unread, [""; 0]);
}

#[test]
fn links_in_the_header_lead_to_objects_and_to_other_files() {
    let external = [&[1, 8, 64, 1, b'x'][..], &14_u16.to_le_bytes(), b"\0other.h5\0/w\0\0"].concat();
    let found = of(&file(&[(0x06, external)])).unwrap();
    let link = found.links.iter().find(|link| link.path == "w/x").unwrap();
    assert_eq!((link.file.as_deref(), link.to.as_str()), (Some("other.h5"), "/w"));
}

proptest! {
    #[test]
    fn any_bytes_give_a_file_or_an_error(at in 0_usize..700, bytes in proptest::collection::vec(any::<u8>(), 1..12)) {
        let mut file = file(&dataset(&[3, 1]));
        for (i, byte) in bytes.into_iter().enumerate() {
            if let Some(place) = file.get_mut(at + i) {
                *place = byte;
            }
        }
        drop(of(&file));
    }
}
