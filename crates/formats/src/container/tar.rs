//! tar archives: 512-byte headers, each followed by its member.

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, ReadError};

use super::{Listing, Member, Oddity, OddityKind, Packing};

/// The size of a header, and what members are padded to.
const BLOCK: u64 = 512;
/// The longest name or set of extended headers that is read.
const LONGEST: u64 = 1 << 20;

/// Whether some bytes begin with the header of a tar archive: its checksum is right.
pub fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<512>().is_some_and(|block| block.iter().any(|byte| *byte != 0) && is_sound(block))
}

/// What one header says, with what extended headers before it say.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    link: Option<String>,
    len: Option<u64>,
}

pub(super) fn list(source: &dyn ByteSource, budget: &mut Budget) -> Result<Listing, ReadError> {
    let mut listing = Listing::default();
    let mut cursor = Cursor::over("tar", source, 0);
    if let Err(error) = walk(&mut cursor, budget, &mut listing) {
        if listing.members.is_empty() {
            return Err(error);
        }
        listing.error = Some(error);
    }
    Ok(listing)
}

fn walk(cursor: &mut Cursor<'_>, budget: &mut Budget, listing: &mut Listing) -> Result<(), ReadError> {
    let mut extended = Extended::default();
    let mut n_headers = 0_u64;
    loop {
        let at = cursor.position();
        if cursor.peek()?.is_none() {
            // Unpackers take a missing end mark; but then nobody can tell whether members are missing with it.
            return Err(cursor.error(ErrorKind::Truncated { what: "the end mark", missing: BLOCK }));
        }
        let block: [u8; 512] = cursor.array("a header")?;
        if block.iter().all(|byte| *byte == 0) {
            return after(cursor, at, listing);
        }
        let limit = budget.limits().entries;
        n_headers = n_headers.saturating_add(1);
        if limit < n_headers {
            let kind = ErrorKind::Limit { what: "the archive's members", asked: n_headers, limit };
            return Err(ReadError::new("tar", at, kind));
        }
        if !is_sound(&block) {
            let kind = ErrorKind::malformed("header", "a right checksum", "another one");
            return Err(ReadError::new("tar", at, kind));
        }
        let len = number(field(&block, 124, 12)).ok_or_else(|| {
            ReadError::new("tar", at, ErrorKind::malformed("length", "octal digits", "something else"))
        })?;
        match field(&block, 156, 1) {
            b"L" => extended.name = Some(text(&read(cursor, budget, len)?)),
            b"K" => extended.link = Some(text(&read(cursor, budget, len)?)),
            b"x" => pax(&read(cursor, budget, len)?, &mut extended),
            b"g" => drop(read(cursor, budget, len)?),
            kind => {
                let said = std::mem::take(&mut extended);
                let len = said.len.unwrap_or(len);
                let name = said.name.unwrap_or_else(|| name_of(&block));
                let link = said.link.unwrap_or_else(|| text(field(&block, 157, 100)));
                member(cursor, kind, (name, link, len), listing)?;
            }
        }
    }
}

/// Notes a member and moves past it.
fn member(
    cursor: &mut Cursor<'_>,
    kind: &[u8],
    (name, link, len): (String, String, u64),
    listing: &mut Listing,
) -> Result<(), ReadError> {
    let offset = cursor.position();
    let mut odd = |kind| listing.oddities.push(Oddity::of(kind, &name, offset));
    match kind {
        b"5" => {}
        b"1" | b"2" => {
            // A hard link names its target from the archive's root.
            let folder =
                if kind == b"2" { name.rsplit_once('/').map_or("", |(folder, _)| folder) } else { "" };
            odd(OddityKind::link(folder, link));
            return Ok(());
        }
        b"3" | b"4" | b"6" => {
            odd(OddityKind::Device);
            return Ok(());
        }
        b"S" | b"M" => {
            let packing = Packing::Other(kind.first().copied().unwrap_or_default().into());
            listing.members.push(Member { packing, ..Member::stored(name, offset, len) });
        }
        _ => listing.members.push(Member::stored(name, offset, len)),
    }
    cursor.skip(padded(len), "a member").or_else(|error| {
        // The padding of the last member may be missing.
        if cursor.remaining().is_some_and(|rest| len <= rest) {
            cursor.skip(len, "a member")
        } else {
            Err(error)
        }
    })
}

/// Everything behind the end mark must be zeros.
fn after(cursor: &mut Cursor<'_>, at: u64, listing: &mut Listing) -> Result<(), ReadError> {
    loop {
        let buffer = cursor.buffer()?;
        if buffer.is_empty() {
            return Ok(());
        }
        if let Some(n) = buffer.iter().position(|byte| *byte != 0) {
            cursor.consume(n);
            let offset = cursor.position();
            let n = cursor.remaining().unwrap_or(1);
            listing.oddities.push(Oddity::of(OddityKind::After(n), "", offset.max(at)));
            return Ok(());
        }
        let n = buffer.len();
        cursor.consume(n);
    }
}

fn read(cursor: &mut Cursor<'_>, budget: &mut Budget, len: u64) -> Result<Vec<u8>, ReadError> {
    if LONGEST < len {
        return Err(cursor.error(ErrorKind::Limit {
            what: "an extended header",
            asked: len,
            limit: LONGEST,
        }));
    }
    budget.keep("extended headers", len).map_err(|kind| cursor.error(kind))?;
    let bytes = cursor.take(len, "an extended header")?;
    cursor.skip(padded(len).saturating_sub(len), "an extended header")?;
    Ok(bytes)
}

/// `LEN key=value\n`, again and again.
fn pax(mut records: &[u8], extended: &mut Extended) {
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let digits = records.get(..space).and_then(|digits| std::str::from_utf8(digits).ok());
        let Some(len) = digits.and_then(|digits| digits.parse::<usize>().ok()) else { return };
        let Some(record) = records.get(space.saturating_add(1)..len) else { return };
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(equals) = record.iter().position(|byte| *byte == b'=') {
            let (key, value) = record.split_at(equals);
            let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).into_owned();
            match key {
                b"path" => extended.name = Some(value),
                b"linkpath" => extended.link = Some(value),
                b"size" => extended.len = value.parse().ok().or(extended.len),
                _ => {}
            }
        }
        records = records.get(len..).unwrap_or_default();
    }
}

fn padded(len: u64) -> u64 {
    len.div_ceil(BLOCK).saturating_mul(BLOCK)
}

fn field(block: &[u8; 512], at: usize, len: usize) -> &[u8] {
    block.get(at..at.saturating_add(len)).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn name_of(block: &[u8; 512]) -> String {
    let name = text(field(block, 0, 100));
    let prefix =
        if field(block, 257, 6) == b"ustar\0" { text(field(block, 345, 155)) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// Octal digits, or GNU's big-endian number after a byte of 0x80.
fn number(bytes: &[u8]) -> Option<u64> {
    if let [0x80, rest @ ..] = bytes {
        return rest.iter().try_fold(0_u64, |sum, byte| {
            sum.checked_mul(256).map(|sum| sum.saturating_add(u64::from(*byte)))
        });
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let digits = text.trim_matches(['\0', ' ']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

/// Whether the checksum is that of the header with spaces in its place, counted without or with signs.
fn is_sound(block: &[u8; 512]) -> bool {
    let Some(stated) = number(field(block, 148, 8)) else { return false };
    let mut unsigned = 0_i64;
    let mut signed = 0_i64;
    for (at, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&at) { b' ' } else { *byte };
        unsigned = unsigned.saturating_add(i64::from(byte));
        signed = signed.saturating_add(i64::from(i8::from_ne_bytes([byte])));
    }
    i64::try_from(stated).is_ok_and(|stated| stated == unsigned || stated == signed)
}
