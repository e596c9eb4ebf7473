//! Messages with names: what the wire format leaves out, for the forms of protobuf that are made for people.

use std::fmt;

/// A message: its name and its fields.
pub struct Message {
    /// Its name, for errors.
    pub name: &'static str,
    /// Its fields, in any order.
    pub fields: &'static [FieldDef],
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub struct FieldDef {
    /// Its number on the wire.
    pub number: u32,
    /// Its name in `snake_case`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may stand more than once.
    pub is_repeated: bool,
    /// Whether its numbers lie together in one payload.
    pub is_packed: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint64`.
    Uint64,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `string`: UTF-8.
    Text,
    /// `bytes`.
    Bytes,
    /// One of these names, or its number.
    Enum(&'static [(&'static str, i32)]),
    /// A message.
    Message(&'static Message),
}

impl FieldDef {
    /// A field that stands at most once.
    pub const fn one(number: u32, name: &'static str, kind: Kind) -> Self {
        Self { number, name, kind, is_repeated: false, is_packed: false }
    }

    /// A field that may stand more than once.
    pub const fn many(number: u32, name: &'static str, kind: Kind) -> Self {
        Self { number, name, kind, is_repeated: true, is_packed: false }
    }

    /// Numbers that lie together.
    pub const fn packed(number: u32, name: &'static str, kind: Kind) -> Self {
        Self { number, name, kind, is_repeated: true, is_packed: true }
    }
}

impl Message {
    /// The field of that name, with its place among the fields.
    pub(super) fn field(&self, is_it: impl Fn(&str) -> bool) -> Option<(usize, &'static FieldDef)> {
        self.fields.iter().enumerate().find(|(_, field)| is_it(field.name))
    }
}

// Messages hold one another, so their fields are left out.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
