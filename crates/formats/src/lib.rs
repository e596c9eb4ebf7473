//! On-disk formats to values. No module here knows a framework.
//!
//! Each module reads one format from untrusted bytes: it never panics, never allocates beyond its budget and names the
//! format, the byte offset and what was expected when it fails.
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::string_slice
    )
)]

pub mod archive;
pub mod arrow;
pub mod compress;
pub mod container;
pub mod csv;
pub mod flatbuffers;
pub mod gguf;
pub mod hdf5;
pub mod joblib;
pub mod json;
pub mod npy;
pub mod numpy;
pub mod pickle;
pub mod protobuf;
pub mod safetensors;
pub mod skops;
pub mod sstable;
pub mod table;
pub mod ubjson;
