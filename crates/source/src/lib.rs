//! Bytes at an offset.
//!
//! Everything Packwright reads, it reads through this crate: a [`ByteSource`] answers positioned reads (a file, a
//! part of a file, bytes in memory), a [`Folder`] lists what lies in a dropped folder without following links out
//! of it, and a [`Cursor`] walks forward through a source or through a decompressor without being able to index out
//! of bounds. Every failure is a [`ReadError`]: the format, the byte offset, what was expected and what was found.
//!
//! What is deliberately absent: memory maps and `unsafe` (a file that shrinks under a map kills the process),
//! writing of any kind, and knowledge of any format.
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::string_slice
    )
)]

mod budget;
mod cursor;
mod error;
mod folder;
mod source;

pub use budget::{Budget, Limits};
pub use cursor::{Cursor, Input};
pub use error::{ErrorKind, ReadError};
pub use folder::{Folder, FolderEntry};
pub use source::{ByteSource, FileSource, MemorySource, Window, read_exact_at, read_up_to};
