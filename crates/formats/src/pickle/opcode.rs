//! The 68 opcodes of pickle protocols 0 to 5 (CPython `Lib/pickle.py`, `Lib/pickletools.py`).

/// One opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
#[expect(missing_docs, reason = "named exactly as the specification names them")]
pub enum Opcode {
    Mark, Stop, Pop, PopMark, Dup, Float, Int, BinInt, BinInt1, Long, BinInt2, None, PersId, BinPersId, Reduce,
    String, BinString, ShortBinString, Unicode, BinUnicode, Append, Build, Global, Dict, EmptyDict, Appends, Get,
    BinGet, Inst, LongBinGet, List, EmptyList, Obj, Put, BinPut, LongBinPut, SetItem, Tuple, EmptyTuple, SetItems,
    BinFloat, Proto, NewObj, Ext1, Ext2, Ext4, Tuple1, Tuple2, Tuple3, NewTrue, NewFalse, Long1, Long4, BinBytes,
    ShortBinBytes, ShortBinUnicode, BinUnicode8, BinBytes8, EmptySet, AddItems, FrozenSet, NewObjEx, StackGlobal,
    Memoize, Frame, ByteArray8, NextBuffer, ReadonlyBuffer,
}

impl Opcode {
    /// The opcode of that byte.
    #[rustfmt::skip]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            b'(' => Self::Mark, b'.' => Self::Stop, b'0' => Self::Pop, b'1' => Self::PopMark, b'2' => Self::Dup,
            b'F' => Self::Float, b'I' => Self::Int, b'J' => Self::BinInt, b'K' => Self::BinInt1, b'L' => Self::Long,
            b'M' => Self::BinInt2, b'N' => Self::None, b'P' => Self::PersId, b'Q' => Self::BinPersId,
            b'R' => Self::Reduce, b'S' => Self::String, b'T' => Self::BinString, b'U' => Self::ShortBinString,
            b'V' => Self::Unicode, b'X' => Self::BinUnicode, b'a' => Self::Append, b'b' => Self::Build,
            b'c' => Self::Global, b'd' => Self::Dict, b'}' => Self::EmptyDict, b'e' => Self::Appends,
            b'g' => Self::Get, b'h' => Self::BinGet, b'i' => Self::Inst, b'j' => Self::LongBinGet, b'l' => Self::List,
            b']' => Self::EmptyList, b'o' => Self::Obj, b'p' => Self::Put, b'q' => Self::BinPut,
            b'r' => Self::LongBinPut, b's' => Self::SetItem, b't' => Self::Tuple, b')' => Self::EmptyTuple,
            b'u' => Self::SetItems, b'G' => Self::BinFloat, 0x80 => Self::Proto, 0x81 => Self::NewObj,
            0x82 => Self::Ext1, 0x83 => Self::Ext2, 0x84 => Self::Ext4, 0x85 => Self::Tuple1, 0x86 => Self::Tuple2,
            0x87 => Self::Tuple3, 0x88 => Self::NewTrue, 0x89 => Self::NewFalse, 0x8a => Self::Long1,
            0x8b => Self::Long4, b'B' => Self::BinBytes, b'C' => Self::ShortBinBytes, 0x8c => Self::ShortBinUnicode,
            0x8d => Self::BinUnicode8, 0x8e => Self::BinBytes8, 0x8f => Self::EmptySet, 0x90 => Self::AddItems,
            0x91 => Self::FrozenSet, 0x92 => Self::NewObjEx, 0x93 => Self::StackGlobal, 0x94 => Self::Memoize,
            0x95 => Self::Frame, 0x96 => Self::ByteArray8, 0x97 => Self::NextBuffer, 0x98 => Self::ReadonlyBuffer,
            _ => return None,
        })
    }
}
