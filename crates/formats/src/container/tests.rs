use std::io::{Cursor as IoCursor, Write as _};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use packwright_source::{Limits, MemorySource};
use proptest::prelude::*;

use super::*;

/// A zip of a stored and a deflated member.
fn sample_zip() -> Vec<u8> {
    let mut writer = ZipWriter::new(IoCursor::new(Vec::new()));
    for (name, method) in [("a.txt", CompressionMethod::Stored), ("b/c.txt", CompressionMethod::Deflated)] {
        writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(name.repeat(40).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_header(name: &str, kind: u8, link: &str, len: usize) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(124, format!("{len:011o}").as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn sample_tar(members: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, link, data) in members {
        bytes.extend(tar_header(name, *kind, link, data.len()));
        bytes.extend(*data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn open(bytes: &[u8]) -> Result<Container, ReadError> {
    let kind = Kind::of(bytes)
        .ok_or_else(|| ReadError::new("archive", 0, ErrorKind::Unsupported("no magic".into())))?;
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    Container::open(kind, source, &mut Budget::new(Limits::default()))
}

fn content(container: &Container, member: &Member) -> Result<Vec<u8>, ReadError> {
    let opened = container.member(member, &mut Budget::new(Limits::default()))?;
    let mut bytes = vec![0; usize::try_from(opened.source.len_bytes().min(1 << 20)).unwrap()];
    let n = read_up_to(&*opened.source, 0, &mut bytes)
        .map_err(|error| ReadError::new("archive", 0, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    opened.error.map_or(Ok(bytes), Err)
}

fn kinds(container: &Container) -> Vec<(OddityKind, &str)> {
    container.oddities().iter().map(|oddity| (oddity.kind.clone(), oddity.member.as_str())).collect()
}

#[test]
fn an_ordinary_zip_gives_its_members_and_nothing_odd() {
    let container = open(&sample_zip()).unwrap();
    let names: Vec<_> = container.members().iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["a.txt", "b/c.txt"]);
    assert_eq!(kinds(&container), []);
    for member in container.members() {
        assert_eq!(content(&container, member).unwrap(), member.name.repeat(40).into_bytes());
    }
    assert_eq!(container.members()[1].file_name(), "c.txt");
}

#[test]
fn a_comment_and_a_long_record_are_no_oddities() {
    let mut bytes = sample_zip();
    let end = bytes.len() - 2;
    bytes[end..].copy_from_slice(&5_u16.to_le_bytes());
    bytes.extend(b"hello");
    assert_eq!(kinds(&open(&bytes).unwrap()), []);
    let mut writer = ZipWriter::new(IoCursor::new(Vec::new()));
    writer.start_file("long.bin", SimpleFileOptions::default().large_file(true)).unwrap();
    writer.write_all(b"long").unwrap();
    let container = open(&writer.finish().unwrap().into_inner()).unwrap();
    assert_eq!(kinds(&container), []);
    assert_eq!(content(&container, &container.members()[0]).unwrap(), b"long");
}

#[test]
fn what_a_member_s_own_header_says_otherwise_is_told() {
    let zip = sample_zip();
    let changed = |at: usize, new: &[u8]| {
        let mut bytes = zip.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        let container = open(&bytes).unwrap();
        kinds(&container).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(changed(6, &[1]), [OddityKind::OtherHeader("flags")]);
    assert_eq!(changed(8, &[8]), [OddityKind::OtherHeader("packing")]);
    assert_eq!(changed(14, &[1, 2, 3, 4]), [OddityKind::OtherHeader("checksum")]);
    assert_eq!(changed(22, &[1]), [OddityKind::OtherHeader("lengths")]);
    assert_eq!(changed(30, b"z"), [OddityKind::OtherName("z.txt".into())]);
}

#[test]
fn a_tar_gives_files_links_and_what_leads_outside() {
    let bytes = sample_tar(&[
        ("a.txt", b'0', "", b"hello"),
        ("d/", b'5', "", b""),
        ("d/up", b'2', "../a.txt", b""),
        ("d/out", b'2', "../../a.txt", b""),
        ("hard", b'1', "a.txt", b""),
        ("pipe", b'6', "", b""),
        ("/abs", b'0', "", b"x"),
        ("a.txt", b'0', "", b"again"),
    ]);
    let container = open(&bytes).unwrap();
    let names: Vec<_> = container.members().iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["a.txt", "/abs", "a.txt"]);
    assert_eq!(content(&container, &container.members()[2]).unwrap(), b"again");
    let wanted = [
        (OddityKind::Link("../a.txt".into()), "d/up"),
        (OddityKind::Outside, "d/out"),
        (OddityKind::Link("a.txt".into()), "hard"),
        (OddityKind::Device, "pipe"),
        (OddityKind::Duplicate, "a.txt"),
        (OddityKind::Outside, "/abs"),
    ];
    assert_eq!(kinds(&container), wanted);
}

#[test]
fn long_names_of_gnu_and_pax_are_read() {
    let long = "d/".repeat(60) + "model.pkl";
    let mut gnu = Vec::from(tar_header("././@LongLink", b'L', "", long.len() + 1));
    gnu.extend(long.as_bytes());
    gnu.resize(1024, 0);
    gnu.extend(sample_tar(&[("cut", b'0', "", b"x")]));
    assert_eq!(open(&gnu).unwrap().members()[0].name, long);
    let record = format!("path={long}\n");
    let record = format!("{} {record}", record.len() + 4);
    let mut pax = Vec::from(tar_header("x", b'x', "", record.len()));
    pax.extend(record.as_bytes());
    pax.resize(1024, 0);
    pax.extend(sample_tar(&[("cut", b'0', "", b"x")]));
    assert_eq!(open(&pax).unwrap().members()[0].name, long);
}

#[test]
fn a_cut_archive_says_so_and_keeps_what_lies_before() {
    let tar = sample_tar(&[("a", b'0', "", b"hello"), ("b", b'0', "", &[7; 2000])]);
    let container = open(&tar[..2000]).unwrap();
    assert!(container.error().is_some());
    assert_eq!(content(&container, &container.members()[0]).unwrap(), b"hello");
    assert!(content(&container, &container.members()[1]).is_err());
    let zip = sample_zip();
    for cut in 0..zip.len() {
        assert!(open(&zip[..cut]).is_err(), "cut to {cut}");
    }
}

#[test]
fn a_compressed_file_holds_one_member_of_any_length() {
    let text = b"0123456789".repeat(1_000_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&text).unwrap();
    let container = open(&encoder.finish().unwrap()).unwrap();
    let opened = container.member(&container.members()[0], &mut Budget::new(Limits::default())).unwrap();
    assert_eq!(opened.source.len_bytes(), 10_000_000);
    // Behind what is kept, then back, then far ahead.
    for at in [9_000_003_u64, 17, 8_999_995, 9_999_999] {
        let mut byte = [0];
        assert_eq!(read_up_to(&*opened.source, at, &mut byte).unwrap(), 1);
        assert_eq!(byte[0], b'0' + u8::try_from(at % 10).unwrap(), "at {at}");
    }
}

#[test]
fn a_member_that_states_a_bomb_is_refused_with_the_number() {
    let mut writer = ZipWriter::new(IoCursor::new(Vec::new()));
    writer.start_file("zeros", SimpleFileOptions::default()).unwrap();
    writer.write_all(&vec![0; 200_000]).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let limits = Limits { inflated_grace_bytes: 1000, ..Limits::default() };
    let mut budget = Budget::new(limits);
    let container = Container::open(Kind::Zip, Arc::new(MemorySource::new(bytes)), &mut budget).unwrap();
    let opened = container.member(&container.members()[0], &mut budget).unwrap();
    assert!(opened.error.unwrap().to_string().contains("needs 200000"));
}

/// Everything that may be asked of some bytes is asked; the outcome does not matter.
fn exhaust(bytes: &[u8]) {
    let Ok(container) = open(bytes) else { return };
    for member in container.members() {
        content(&container, member).map(drop).unwrap_or_default();
    }
}

proptest! {
    #[test]
    fn any_bytes_give_members_or_a_located_error(bytes in prop::collection::vec(any::<u8>(), 0..600), magic in 0..7_usize) {
        let magics: [&[u8]; 7] = [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x5d\0\0"];
        exhaust(&[magics[magic], &bytes].concat());
    }

    #[test]
    fn any_damage_to_an_archive_gives_members_or_a_located_error(at in 0..10_000_usize, byte in any::<u8>(), is_tar in any::<bool>()) {
        let mut bytes = if is_tar { sample_tar(&[("a", b'0', "", b"hello"), ("b", b'2', "a", b"")]) } else { sample_zip() };
        let at = at % bytes.len();
        bytes[at] = byte;
        exhaust(&bytes);
    }
}
