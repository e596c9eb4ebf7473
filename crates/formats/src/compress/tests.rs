use std::io::Write as _;

use packwright_source::{Limits, MemorySource};

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn lzma(text: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(0);
    let mut encoder = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn lz4(text: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// What comes out, and how many bytes are left over.
fn inflate(bytes: &[u8]) -> (String, u64) {
    let compression = Compression::of(bytes).unwrap();
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let mut inflated = compression.open(source, &Budget::new(Limits::default()));
    let trailing = inflated.trailing();
    let mut text = String::new();
    inflated.read_to_string(&mut text).unwrap();
    (text, trailing.n_bytes())
}

#[test]
fn streams_that_follow_one_another_are_one() {
    for compress in [gzip, bz2, xz, lzma, lz4] {
        assert_eq!(inflate(&[compress(b"one"), compress(b"two")].concat()), ("onetwo".into(), 0));
    }
    for compress in [gzip, bz2, xz, lzma] {
        assert_eq!(inflate(&[compress(b"one"), b"garbage".to_vec()].concat()), ("one".into(), 7));
    }
}

#[test]
fn padding_is_skipped_where_readers_skip_it() {
    assert_eq!(inflate(&[gzip(b"one"), vec![0; 5], gzip(b"two"), vec![0; 3]].concat()), ("onetwo".into(), 0));
    assert_eq!(inflate(&[xz(b"one"), vec![0; 8], xz(b"two")].concat()), ("onetwo".into(), 0));
    let two = bz2(b"two");
    assert_eq!(
        inflate(&[bz2(b"one"), vec![0; 2], two.clone()].concat()),
        ("one".into(), 2 + two.len() as u64)
    );
}

#[test]
fn xz_and_lzma_follow_each_other_and_an_empty_stream_is_one() {
    assert_eq!(inflate(&[lzma(b"one"), xz(b"two")].concat()), ("onetwo".into(), 0));
    assert_eq!(inflate(&[xz(b"one"), lzma(b"two")].concat()), ("onetwo".into(), 0));
    assert_eq!(inflate(&[lzma(b""), lzma(b"two")].concat()), ("two".into(), 0));
    assert_eq!(inflate(&[lz4(b""), lz4(b"two")].concat()), ("two".into(), 0));
}

#[test]
fn a_zlib_stream_has_no_successor() {
    let two = zlib(b"two");
    assert_eq!(inflate(&[zlib(b"one"), two.clone()].concat()), ("one".into(), two.len() as u64));
}
