//! The pickle opcodes, as far as telling a plain pickle from a joblib file needs them.

/// How many opcodes are walked: model files differ within the first few hundred.
const MOST_OPCODES: usize = 200_000;

/// Whether bytes can be the beginning of a pickle at all.
pub(super) fn begins(head: &[u8]) -> bool {
    head.first().is_some_and(|opcode| !matches!(argument(*opcode), Argument::Unknown))
}

/// Whether a pickle breaks off into raw bytes, as a joblib file does behind every array. A pickle that is cut by the end
/// of `head` does not.
pub(super) fn breaks_off(head: &[u8]) -> bool {
    let mut rest = head;
    for _ in 0..MOST_OPCODES {
        let Some((opcode, arguments)) = rest.split_first() else { return false };
        let length = match argument(*opcode) {
            Argument::Unknown => return true,
            Argument::End => return false,
            Argument::Bytes(n) => Some(n),
            Argument::Counted(width) => counted(arguments, width),
            Argument::Lines(n) => lines(arguments, n),
        };
        match length.and_then(|length| arguments.get(length..)) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    false
}

/// What follows an opcode.
enum Argument {
    Unknown,
    End,
    Bytes(usize),
    /// A little-endian length of so many bytes, then that many bytes.
    Counted(usize),
    Lines(usize),
}

fn argument(opcode: u8) -> Argument {
    match opcode {
        b'.' => Argument::End,
        b'('
        | b')'
        | b'0'
        | b'1'
        | b'2'
        | b'Q'
        | b'R'
        | b'N'
        | b'a'
        | b'b'
        | b'd'
        | b'}'
        | b'e'
        | b'l'
        | b']'
        | b's'
        | b't'
        | b'u'
        | b'o'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x94
        | 0x97
        | 0x98 => Argument::Bytes(0),
        b'K' | b'h' | b'q' | 0x80 | 0x82 => Argument::Bytes(1),
        b'M' | 0x83 => Argument::Bytes(2),
        b'J' | b'j' | b'r' | 0x84 => Argument::Bytes(4),
        // A frame's length says nothing about where the next opcode lies.
        b'G' | 0x95 => Argument::Bytes(8),
        b'U' | b'C' | 0x8a | 0x8c => Argument::Counted(1),
        b'T' | b'X' | b'B' | 0x8b => Argument::Counted(4),
        0x8d | 0x8e | 0x96 => Argument::Counted(8),
        b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => Argument::Lines(1),
        b'c' | b'i' => Argument::Lines(2),
        _ => Argument::Unknown,
    }
}

fn counted(arguments: &[u8], width: usize) -> Option<usize> {
    let mut count: u64 = 0;
    for byte in arguments.get(..width)?.iter().rev() {
        count = count.checked_mul(256)?.checked_add(u64::from(*byte))?;
    }
    usize::try_from(count).ok()?.checked_add(width)
}

fn lines(arguments: &[u8], n: usize) -> Option<usize> {
    let mut ends = arguments.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.nth(n.checked_sub(1)?)?.0.checked_add(1)
}
