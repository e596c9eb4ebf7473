//! zip archives, as they lie in the bytes: the directory, every member's own header, and what is in neither.

use std::io::Read;
use std::sync::Arc;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, ReadError, read_exact_at};

use super::{Inflate, Listing, Member, Oddity, OddityKind, Packing};
use crate::compress::{Compression, Inflated, SourceReader};

const DIRECTORY_ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";

/// The length of the last record without its comment.
const END_LEN: u64 = 22;
/// How far from the end the last record may begin: its comment is at most 65 535 bytes.
const END_REACH: u64 = END_LEN + 0xffff;
/// A descriptor behind a member: a signature, a CRC, and two lengths of 8 bytes.
const DESCRIPTOR_MOST: u64 = 24;
/// Encrypted, patched, strongly encrypted, masked header.
const ODD_FLAGS: u16 = 0x1 | 0x20 | 0x40 | 0x2000;
/// Lengths and checksum follow the member.
const HAS_DESCRIPTOR: u16 = 0x8;
const LINK: u32 = 0o120_000;
const TYPE_OF_FILE: u32 = 0o170_000;

/// Where the directory is.
struct End {
    directory_at: u64,
    n_entries: u64,
    /// What is added to the offsets: bytes that were put before the archive.
    shift: u64,
    /// Where the directory ends.
    records_at: u64,
    /// How many bytes follow the last record.
    trailing: u64,
}

/// What a header of a member says.
#[derive(Debug, Clone)]
struct Header {
    name: String,
    flags: u16,
    method: u16,
    crc32: u32,
    packed_len: u64,
    len: u64,
}

/// One member with the span of bytes that it takes.
struct Placed {
    member: Member,
    header_at: u64,
    has_descriptor: bool,
}

pub(super) fn list(source: &dyn ByteSource, budget: &mut Budget) -> Result<Listing, ReadError> {
    let end = find_end(source)?;
    let limit = budget.limits().entries;
    if limit < end.n_entries {
        let kind = ErrorKind::Limit { what: "the directory", asked: end.n_entries, limit };
        return Err(ReadError::new("zip", end.directory_at, kind));
    }
    let mut listing = Listing::default();
    let mut placed = Vec::new();
    if let Err(error) = directory(source, &end, budget, &mut listing, &mut placed) {
        listing.error = Some(error);
    }
    gaps(source, (&end, budget), &mut placed, &mut listing);
    if 0 < end.trailing {
        let at = source.len_bytes().saturating_sub(end.trailing);
        listing.oddities.push(Oddity::of(OddityKind::After(end.trailing), "", at));
    }
    listing.members = placed.into_iter().map(|placed| placed.member).collect();
    Ok(listing)
}

/// The last record that fits, searched from the end as Python does.
fn find_end(source: &dyn ByteSource) -> Result<End, ReadError> {
    let len = source.len_bytes();
    let reach = len.min(END_REACH);
    let start = len.saturating_sub(reach);
    let mut tail = vec![0; usize::try_from(reach).unwrap_or(0)];
    read_exact_at(source, start, &mut tail)
        .map_err(|error| ReadError::new("zip", start, ErrorKind::Io(error)))?;
    let found = tail.windows(4).rposition(|window| window == END);
    let Some(found) = found.and_then(|found| u64::try_from(found).ok()) else {
        let kind = ErrorKind::malformed("archive", "a directory at the end", "none");
        return Err(ReadError::new("zip", len, kind));
    };
    let at = start.saturating_add(found);
    let mut cursor = Cursor::over("zip", source, at.saturating_add(10));
    let n_entries = u16::from_le_bytes(cursor.array("the last record")?);
    let size = u32::from_le_bytes(cursor.array("the last record")?);
    let offset = u32::from_le_bytes(cursor.array("the last record")?);
    let comment = u16::from_le_bytes(cursor.array("the last record")?);
    let after = at.saturating_add(END_LEN).saturating_add(comment.into());
    let (mut n_entries, mut size, mut offset, mut records_at) =
        (u64::from(n_entries), u64::from(size), u64::from(offset), at);
    if let Some(long) = long_end(source, at) {
        (n_entries, size, offset, records_at) = long;
    }
    let Some(directory_at) = records_at.checked_sub(size) else {
        let kind = ErrorKind::malformed("directory", "a length inside the file", size.to_string());
        return Err(ReadError::new("zip", at, kind));
    };
    let shift = directory_at.saturating_sub(offset);
    Ok(End { directory_at, n_entries, shift, records_at, trailing: len.saturating_sub(after) })
}

/// The records of archives beyond 4 GiB or 65 535 members: count, length and offset of the directory, and its end.
fn long_end(source: &dyn ByteSource, end_at: u64) -> Option<(u64, u64, u64, u64)> {
    let locator_at = end_at.checked_sub(20)?;
    let mut cursor = Cursor::over("zip", source, locator_at);
    if cursor.array("a locator").ok()? != LOCATOR_64 {
        return None;
    }
    // The record lies right before its locator, whatever its stated offset: bytes may have been put before the archive.
    let record_at = locator_at.checked_sub(56)?;
    let mut cursor = Cursor::over("zip", source, record_at);
    if cursor.array("a long record").ok()? != END_64 {
        return None;
    }
    cursor.skip(28, "a long record").ok()?;
    let n_entries = u64::from_le_bytes(cursor.array("a long record").ok()?);
    let size = u64::from_le_bytes(cursor.array("a long record").ok()?);
    let offset = u64::from_le_bytes(cursor.array("a long record").ok()?);
    Some((n_entries, size, offset, record_at))
}

fn directory(
    source: &dyn ByteSource,
    end: &End,
    budget: &mut Budget,
    listing: &mut Listing,
    placed: &mut Vec<Placed>,
) -> Result<(), ReadError> {
    let mut cursor = Cursor::over("zip", source, end.directory_at);
    let mut n_entries = 0_u64;
    while cursor.position() < end.records_at {
        let at = cursor.position();
        n_entries = n_entries.saturating_add(1);
        let limit = budget.limits().entries;
        if limit < n_entries {
            return Err(cursor.error(ErrorKind::Limit { what: "the directory", asked: n_entries, limit }));
        }
        let signature: [u8; 4] = cursor.array("a directory entry")?;
        if signature != DIRECTORY_ENTRY {
            let kind = ErrorKind::malformed("directory", "an entry", format!("{signature:02x?}"));
            return Err(ReadError::new("zip", at, kind));
        }
        entry(&mut cursor, source, end, budget, (listing, placed))?;
    }
    if n_entries != end.n_entries {
        listing.oddities.push(Oddity::of(OddityKind::Directory, "", end.directory_at));
    }
    Ok(())
}

/// One entry of the directory and the header that it points at.
fn entry(
    cursor: &mut Cursor<'_>,
    source: &dyn ByteSource,
    end: &End,
    budget: &mut Budget,
    (listing, placed): (&mut Listing, &mut Vec<Placed>),
) -> Result<(), ReadError> {
    let at = cursor.position().saturating_sub(4);
    cursor.skip(4, "a directory entry")?;
    let mut stated = fields(cursor)?;
    let name_len = u16::from_le_bytes(cursor.array("a directory entry")?);
    let extra_len = u16::from_le_bytes(cursor.array("a directory entry")?);
    let comment_len = u16::from_le_bytes(cursor.array("a directory entry")?);
    cursor.skip(4, "a directory entry")?;
    let attributes = u32::from_le_bytes(cursor.array("a directory entry")?);
    let offset = u32::from_le_bytes(cursor.array("a directory entry")?);
    stated.name = name(cursor, budget, name_len)?;
    let extra = cursor.take(extra_len.into(), "an extra field")?;
    cursor.skip(comment_len.into(), "a comment")?;
    let mut offset = u64::from(offset);
    long_fields(&extra, [&mut stated.len, &mut stated.packed_len, &mut offset]);
    let header_at = offset.saturating_add(end.shift);

    let mut odd = |kind| listing.oddities.push(Oddity::of(kind, &stated.name, at));
    if stated.flags & ODD_FLAGS != 0 {
        odd(OddityKind::Flags(stated.flags));
    }
    let (own, data_at) = match local_header(source, header_at, budget) {
        Ok(own) => own,
        Err(error) => {
            // The members after this one can still be found.
            listing.error.get_or_insert(error);
            return Ok(());
        }
    };
    if own.name != stated.name {
        odd(OddityKind::OtherName(own.name.clone()));
    }
    if own.flags & ODD_FLAGS != stated.flags & ODD_FLAGS {
        odd(OddityKind::OtherHeader("flags"));
    }
    if own.method != stated.method {
        odd(OddityKind::OtherHeader("packing"));
    }
    let has_descriptor = own.flags & HAS_DESCRIPTOR != 0;
    let lengths = |header: &Header| (header.packed_len, header.len);
    // With a descriptor the header may hold zeros instead.
    if lengths(&own) != lengths(&stated) && !(has_descriptor && lengths(&own) == (0, 0)) {
        odd(OddityKind::OtherHeader("lengths"));
    }
    if own.crc32 != stated.crc32 && !(has_descriptor && own.crc32 == 0) {
        odd(OddityKind::OtherHeader("checksum"));
    }
    if stated.name.ends_with('/') && stated.packed_len == 0 {
        return Ok(());
    }
    let is_link = attributes >> 16 & TYPE_OF_FILE == LINK;
    let member = Member { is_link, ..member(&stated, data_at) };
    placed.push(Placed { member, header_at, has_descriptor });
    Ok(())
}

/// The fields that both kinds of header share, from the flags to the lengths.
fn fields(cursor: &mut Cursor<'_>) -> Result<Header, ReadError> {
    let flags = u16::from_le_bytes(cursor.array("a header")?);
    let method = u16::from_le_bytes(cursor.array("a header")?);
    cursor.skip(4, "a time")?;
    let crc32 = u32::from_le_bytes(cursor.array("a header")?);
    let packed_len = u32::from_le_bytes(cursor.array("a header")?).into();
    let len = u32::from_le_bytes(cursor.array("a header")?).into();
    Ok(Header { name: String::new(), flags, method, crc32, packed_len, len })
}

/// A member's own header, and where its bytes start.
fn local_header(
    source: &dyn ByteSource,
    header_at: u64,
    budget: &mut Budget,
) -> Result<(Header, u64), ReadError> {
    let mut local = Cursor::over("zip", source, header_at);
    let cursor = &mut local;
    let signature: [u8; 4] = cursor.array("a member's header")?;
    if signature != LOCAL_HEADER {
        let kind = ErrorKind::malformed("member", "a header", format!("{signature:02x?}"));
        return Err(ReadError::new("zip", header_at, kind));
    }
    cursor.skip(2, "a header")?;
    let mut header = fields(cursor)?;
    let name_len = u16::from_le_bytes(cursor.array("a header")?);
    let extra_len = u16::from_le_bytes(cursor.array("a header")?);
    header.name = name(cursor, budget, name_len)?;
    let extra = cursor.take(extra_len.into(), "an extra field")?;
    long_fields(&extra, [&mut header.len, &mut header.packed_len, &mut 0]);
    Ok((header, cursor.position()))
}

fn name(cursor: &mut Cursor<'_>, budget: &mut Budget, len: u16) -> Result<String, ReadError> {
    budget.keep("names", len.into()).map_err(|kind| cursor.error(kind))?;
    let bytes = cursor.take(len.into(), "a name")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Fields of 8 bytes for each of the three that holds 0xffffffff.
fn long_fields(mut extra: &[u8], fields: [&mut u64; 3]) {
    while let [id_low, id_high, len_low, len_high, rest @ ..] = extra {
        let len = usize::from(u16::from_le_bytes([*len_low, *len_high]));
        let (mut field, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        if u16::from_le_bytes([*id_low, *id_high]) == 1 {
            for value in fields {
                if *value == u64::from(u32::MAX)
                    && let Some((long, rest)) = field.split_first_chunk::<8>()
                {
                    *value = u64::from_le_bytes(*long);
                    field = rest;
                }
            }
            return;
        }
        extra = after;
    }
}

fn member(stated: &Header, data_at: u64) -> Member {
    let packing = match stated.method {
        0 => Packing::Stored,
        8 => Packing::Deflate,
        12 => Packing::Bzip2,
        14 => Packing::Lzma,
        other => Packing::Other(other),
    };
    Member {
        name: stated.name.clone(),
        offset: data_at,
        packing,
        packed_len: stated.packed_len,
        len: Some(stated.len),
        is_link: false,
        crc32: Some(stated.crc32),
    }
}

/// What lies between the members, and members that take the same bytes.
fn gaps(
    source: &dyn ByteSource,
    (end, budget): (&End, &Budget),
    placed: &mut Vec<Placed>,
    listing: &mut Listing,
) {
    placed.sort_by_key(|placed| placed.header_at);
    let mut covered = 0_u64;
    let mut descriptor = 0_u64;
    let mut unlisted = Vec::new();
    let mut overlapping = Vec::new();
    let mut gap = |from: u64, to: u64, descriptor: u64| {
        let n = to.saturating_sub(from);
        if n <= descriptor {
            return;
        }
        let mut magic = [0; 4];
        let is_member = read_exact_at(source, from, &mut magic).is_ok() && magic == LOCAL_HEADER;
        if is_member {
            unlisted.push((from, to));
        } else {
            let kind = if from == 0 { OddityKind::Before(n) } else { OddityKind::Between(n) };
            listing.oddities.push(Oddity::of(kind, "", from));
        }
    };
    let mut seen = None;
    placed.retain_mut(|placed| {
        let member = &mut placed.member;
        let bytes = (member.offset, member.packed_len, member.packing);
        let is_again = seen == Some(bytes);
        if placed.header_at < covered {
            overlapping.push(Oddity::of(OddityKind::Overlap, &member.name, placed.header_at));
            member.packing = Packing::Overlapping;
        }
        seen = Some(bytes);
        gap(covered, placed.header_at, descriptor);
        covered = covered.max(member.offset.saturating_add(member.packed_len));
        descriptor = if placed.has_descriptor { DESCRIPTOR_MOST } else { 0 };
        // The same bytes under another name were looked at already.
        !is_again
    });
    gap(covered, end.directory_at, descriptor);
    listing.oddities.extend(overlapping);
    for (from, to) in unlisted {
        let mut own_budget = Budget::new(*budget.limits());
        let Ok((mut own, data_at)) = local_header(source, from, &mut own_budget) else { continue };
        listing.oddities.push(Oddity::of(OddityKind::Unlisted, &own.name, from));
        if own.packed_len == 0 {
            own.packed_len = to.saturating_sub(data_at);
        }
        let member = Member { len: None, crc32: None, ..member(&own, data_at) };
        placed.push(Placed { member, header_at: from, has_descriptor: true });
    }
}

/// A decompressor over the packed bytes of one member.
pub(super) fn inflated(inflate: Inflate, packed: Arc<dyn ByteSource>, budget: &Budget) -> Inflated {
    let len = packed.len_bytes();
    match inflate {
        Inflate::Whole(compression) => compression.open(packed, budget),
        Inflate::Deflate => {
            let decoder = flate2::read::DeflateDecoder::new(SourceReader { source: packed, at: 0 });
            Inflated::raw(Box::new(decoder), "deflate", len, budget)
        }
        Inflate::Lzma(stated) => Inflated::raw(lzma(packed, stated), "lzma", len, budget),
    }
}

/// LZMA as zip has it: version, length and five bytes of properties come first.
fn lzma(packed: Arc<dyn ByteSource>, len: Option<u64>) -> Box<dyn Read + Send> {
    let mut head = [0; 9];
    if let Err(error) = read_exact_at(&*packed, 0, &mut head) {
        return Box::new(crate::compress::Failed::new(error));
    }
    let [_, _, _, _, properties, dictionary @ ..] = head;
    let reader = std::io::BufReader::new(SourceReader { source: packed, at: 9 });
    let dictionary = u32::from_le_bytes(dictionary);
    if Compression::LZMA_DICTIONARY_BYTES < dictionary {
        return Box::new(crate::compress::Failed::new(std::io::Error::other("its dictionary is too large")));
    }
    match lzma_rust2::LzmaReader::new_with_props(
        reader,
        len.unwrap_or(u64::MAX),
        properties,
        dictionary,
        None,
    ) {
        Ok(reader) => Box::new(reader),
        Err(error) => Box::new(crate::compress::Failed::new(error)),
    }
}
