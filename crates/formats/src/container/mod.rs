//! Files that hold files: zip and tar archives, and compressed files whatever they hold.
//!
//! [`Container::open`] lists the members as they lie in the bytes: what a directory leaves out, names twice or
//! contradicts is listed too, with an [`Oddity`] that says so, because readers disagree about such archives and each
//! of them must be judged. [`Container::member`] gives a member as a source by offset; stored ones are windows and
//! packed ones are inflated on the way, so that memory does not grow with size.
//!
//! The `zip` crate reads the archives that are formats of their own ([`crate::archive`]). It is not used here: it
//! refuses members with odd flags or a wrong checksum, and keeps one of two with the same name. The `tar` crate
//! unpacks to disk and reads forward, and gives no offsets; the headers are short enough to be read here.
//!
//! Not read: zip members packed by other methods than deflate, bzip2 and LZMA; sparse tar members; parts of archives
//! over several files.
//!
//! Specification: PKWARE APPNOTE 6.3.10; POSIX.1-2017 pax, GNU tar manual (formats).

mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, Window, read_up_to};

use crate::compress::{Compression, Unpacked};

pub use self::tar::is_tar;

/// How many bytes of stored members are read to compare their checksums, in the order in which they are opened. Nothing is
/// decided by it, so reading gigabytes of weights for it would be waste.
const CHECKED_BYTES: u64 = 16 << 20;

/// The longest target of a link that is read.
const LINK_BYTES: usize = 4096;

/// How much of a member that says itself that it is a bomb is looked at.
const BOMB_HEAD_BYTES: u64 = 4 << 20;

/// What kind of file that holds files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// One compressed file.
    Compressed(Compression),
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name as the archive states it; empty for the one member of a compressed file.
    pub name: String,
    /// Where its bytes start in the archive, packed or not.
    pub offset: u64,
    packing: Packing,
    /// How many bytes it takes up in the archive.
    packed_len: u64,
    /// Its length as the archive states it, where it does.
    len: Option<u64>,
    /// The CRC-32 that the archive states.
    crc32: Option<u32>,
    /// Whether its bytes name the place that it is a link to.
    is_link: bool,
}

/// How a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Stored,
    Deflate,
    Bzip2,
    Lzma,
    Whole(Compression),
    /// In a way that is not read; the number of its method.
    Other(u16),
    /// Its bytes belong to another member: not read a second time.
    Overlapping,
}

/// Something that no archiver writes, or that makes readers disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// What it is.
    pub kind: OddityKind,
    /// The member that it is about; empty when it is about the archive.
    pub member: String,
    /// Where in the archive.
    pub offset: u64,
}

/// The kinds of [`Oddity`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OddityKind {
    /// Another member has that name.
    Duplicate,
    /// The member's own header says another name than the directory.
    OtherName(String),
    /// The member's own header says another method, length or flag than the directory.
    OtherHeader(&'static str),
    /// The flags say that it is encrypted, or patched.
    Flags(u16),
    /// The checksum of its bytes is another one.
    Crc,
    /// It unpacks to so many bytes, and the archive states another length.
    Length(u64),
    /// It would be written outside the folder that it is unpacked into.
    Outside,
    /// It is a link to that place.
    Link(String),
    /// It is a device, a pipe or the like.
    Device,
    /// Its bytes belong to another member as well.
    Overlap,
    /// It is in the archive and not in its directory.
    Unlisted,
    /// So many bytes lie before the first member.
    Before(u64),
    /// So many bytes between members belong to none.
    Between(u64),
    /// So many bytes lie behind the last record.
    After(u64),
    /// The directory ends early or states another count.
    Directory,
}

/// The members of an archive, or the one of a compressed file.
#[derive(Debug)]
pub struct Container {
    kind: Kind,
    source: Arc<dyn ByteSource>,
    members: Vec<Member>,
    oddities: Vec<Oddity>,
    error: Option<ReadError>,
    /// What is left of [`CHECKED_BYTES`].
    unchecked: AtomicU64,
}

/// A member's bytes, and what is wrong with them.
#[derive(Debug)]
pub struct Opened {
    /// The bytes that can be had.
    pub source: Arc<dyn ByteSource>,
    /// Why that is not all of them.
    pub error: Option<ReadError>,
    /// What the archive says about them and is not so.
    pub oddities: Vec<Oddity>,
}

/// What a list of members and oddities is made of while an archive is read.
#[derive(Debug, Default)]
struct Listing {
    members: Vec<Member>,
    oddities: Vec<Oddity>,
    /// Why the listing is not complete.
    error: Option<ReadError>,
}

impl Kind {
    /// The kind that the first bytes announce.
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if is_tar(head) {
            Some(Self::Tar)
        } else {
            Compression::of(head).map(Self::Compressed)
        }
    }

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Compressed(compression) => compression.name(),
        }
    }
}

impl Container {
    /// Lists the members.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when there is no directory or header to begin with, [`ErrorKind::Limit`] for too many
    /// members. An archive that breaks later is listed as far as it goes, see [`Container::error`].
    pub fn open(kind: Kind, source: Arc<dyn ByteSource>, budget: &mut Budget) -> Result<Self, ReadError> {
        let listing = match kind {
            Kind::Zip => zip::list(&*source, budget)?,
            Kind::Tar => tar::list(&*source, budget)?,
            Kind::Compressed(compression) => {
                let member = Member {
                    packed_len: source.len_bytes(),
                    packing: Packing::Whole(compression),
                    ..Member::stored(String::new(), 0, 0)
                };
                Listing { members: vec![member], ..Listing::default() }
            }
        };
        let Listing { members, mut oddities, error } = listing;
        let mut names: Vec<(&str, u64)> = members.iter().map(|m| (m.name.as_str(), m.offset)).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [(name, _), (again, offset)] = pair
                && name == again
            {
                oddities.push(Oddity::of(OddityKind::Duplicate, again, *offset));
            }
        }
        for member in members.iter().filter(|member| leads_outside(&member.name)) {
            oddities.push(Oddity::of(OddityKind::Outside, &member.name, member.offset));
        }
        Ok(Self { kind, source, members, oddities, error, unchecked: AtomicU64::new(CHECKED_BYTES) })
    }

    /// What kind of container it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Every member that is a file, in the order of the bytes.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What no archiver writes.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Why there may be more members than are listed.
    pub fn error(&self) -> Option<&ReadError> {
        self.error.as_ref()
    }

    /// The bytes of a member, see [`Opened`]. Packed ones are inflated once to measure them, which `budget` pays for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a packing that is not read, [`ErrorKind::Limit`].
    pub fn member(&self, member: &Member, budget: &mut Budget) -> Result<Opened, ReadError> {
        let mut opened = self.open_member(member, budget)?;
        if member.is_link {
            let mut target = vec![0; LINK_BYTES];
            let n = read_up_to(&*opened.source, 0, &mut target).unwrap_or(0);
            target.truncate(n);
            let target = String::from_utf8_lossy(&target).into_owned();
            let folder = member.name.rsplit_once('/').map_or("", |(folder, _)| folder);
            opened.oddities.push(Oddity::of(OddityKind::link(folder, target), &member.name, member.offset));
        }
        Ok(opened)
    }

    /// Whether so many bytes may be read for a checksum; takes them from what is left.
    fn may_check(&self, len: u64) -> bool {
        self.unchecked
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(len))
            .is_ok()
    }

    fn open_member(&self, member: &Member, budget: &mut Budget) -> Result<Opened, ReadError> {
        let error_at = |kind| ReadError::new(self.kind.name(), member.offset, kind);
        let window = Window::new(Arc::clone(&self.source), member.offset, member.packed_len);
        let missing = member.packed_len.saturating_sub(window.len_bytes());
        let cut = (0 < missing).then(|| error_at(ErrorKind::Truncated { what: "a member", missing }));
        let packed: Arc<dyn ByteSource> = Arc::new(window);
        let inflate = match member.packing {
            Packing::Stored => {
                let is_wrong = member.crc32.is_some_and(|stated| {
                    self.may_check(packed.len_bytes()) && crc32(&*packed).is_some_and(|found| found != stated)
                });
                let odd = || Oddity::of(OddityKind::Crc, &member.name, member.offset);
                return Ok(Opened {
                    source: packed,
                    error: cut,
                    oddities: is_wrong.then(odd).into_iter().collect(),
                });
            }
            Packing::Other(method) => {
                return Err(error_at(ErrorKind::Unsupported(format!("packing method {method}"))));
            }
            Packing::Overlapping => {
                return Err(error_at(ErrorKind::Unsupported("overlapping members".to_owned())));
            }
            Packing::Whole(compression) => Inflate::Whole(compression),
            Packing::Deflate => Inflate::Deflate,
            Packing::Bzip2 => Inflate::Whole(Compression::Bz2),
            Packing::Lzma => Inflate::Lzma(member.len),
        };
        let bomb = stated_bomb(member, budget);
        let open_budget = if bomb.is_some() {
            Budget::new(Limits { inflated_bytes: BOMB_HEAD_BYTES, ..*budget.limits() })
        } else {
            budget.clone()
        };
        let (unpacked, error) =
            Unpacked::measure(move || zip::inflated(inflate, Arc::clone(&packed), &open_budget));
        budget.inflate("the members of the archive", unpacked.len_bytes()).map_err(error_at)?;
        let mut oddities = Vec::new();
        if error.is_none() {
            let len = unpacked.len_bytes();
            if member.len.is_some_and(|stated| stated != len) {
                oddities.push(Oddity::of(OddityKind::Length(len), &member.name, member.offset));
            }
            if member.crc32.is_some_and(|stated| stated != unpacked.crc32()) {
                oddities.push(Oddity::of(OddityKind::Crc, &member.name, member.offset));
            }
        }
        let error = cut.or_else(|| bomb.filter(|_| error.is_some()).or(error).map(error_at));
        Ok(Opened { source: Arc::new(unpacked), error, oddities })
    }
}

/// The limit that a member passes by what it states of itself. Its head is inflated all the same.
fn stated_bomb(member: &Member, budget: &Budget) -> Option<ErrorKind> {
    let limits = budget.limits();
    let limit = member.packed_len.saturating_mul(limits.inflated_ratio).max(limits.inflated_grace_bytes);
    let asked = member.len.filter(|len| limit < *len)?;
    let what = "the unpacked member (it grows like a decompression bomb)";
    Some(ErrorKind::Limit { what, asked, limit })
}

/// The CRC-32 of a whole source.
fn crc32(source: &dyn ByteSource) -> Option<u32> {
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0_u64;
    while at < source.len_bytes() {
        let n = read_up_to(source, at, &mut buffer).ok().filter(|n| 0 < *n)?;
        crc.update(buffer.get(..n).unwrap_or_default());
        at = at.saturating_add(u64::try_from(n).ok()?);
    }
    Some(crc.sum())
}

/// How a member is inflated.
#[derive(Debug, Clone, Copy)]
enum Inflate {
    Whole(Compression),
    Deflate,
    Lzma(Option<u64>),
}

impl Member {
    fn stored(name: String, offset: u64, len: u64) -> Self {
        Self {
            name,
            offset,
            packing: Packing::Stored,
            packed_len: len,
            len: None,
            crc32: None,
            is_link: false,
        }
    }

    /// Whether it is a link to another place, which its bytes name.
    pub fn is_link(&self) -> bool {
        self.is_link
    }

    /// The last part of its name.
    pub fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

impl Oddity {
    fn of(kind: OddityKind, member: &str, offset: u64) -> Self {
        Self { kind, member: member.to_owned(), offset }
    }
}

impl OddityKind {
    /// A link that lies in `folder` of the archive. One inside the archive is ordinary; one that leads out of it is how
    /// files elsewhere are overwritten.
    fn link(folder: &str, target: String) -> Self {
        let mut leads_out = is_absolute(&target);
        let mut depth = 0_i64;
        for part in folder.split('/').chain(target.split(['/', '\\'])) {
            match part {
                "" | "." => {}
                ".." => depth = depth.saturating_sub(1),
                _ => depth = depth.saturating_add(1),
            }
            leads_out |= depth < 0;
        }
        if leads_out { Self::Outside } else { Self::Link(target) }
    }
}

/// Whether a path begins at a root or a drive, on any system.
fn is_absolute(path: &str) -> bool {
    path.as_bytes().get(1) == Some(&b':') || path.starts_with(['/', '\\'])
}

/// Whether a name leads out of the folder that an archive is unpacked into, on any system.
fn leads_outside(name: &str) -> bool {
    is_absolute(name) || name.contains('\0') || name.split(['/', '\\']).any(|part| part == "..")
}
