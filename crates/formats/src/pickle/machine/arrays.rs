//! Arrays between the opcodes.

use packwright_source::ReadError;

use super::Machine;
use crate::pickle::opcode::Opcode;
use crate::pickle::trace::OddityKind;
use crate::pickle::value::{InlineArray, InlineData, Node, Value};

impl Machine<'_, '_> {
    /// joblib ends the frame before it writes an array.
    pub(super) fn leave_frame(&mut self, at: u64) {
        if self.frame_end.is_some_and(|end| self.cursor.position() < end) {
            self.odd(OddityKind::FrameCrossed, at);
        }
        self.frame_end = None;
    }

    /// A length byte and that many 0xff bytes; how many bytes that is together.
    pub(super) fn padding(&mut self, at: u64) -> Result<u64, ReadError> {
        let len = self.cursor.byte("the padding of an array")?;
        let bytes = self.cursor.take(len.into(), "the padding of an array")?;
        if bytes.iter().any(|byte| *byte != 0xff) {
            self.odd(OddityKind::OddPadding, at);
        }
        Ok(u64::from(len).saturating_add(1))
    }

    /// Notes whether a loader that knows no inline arrays would go on behind the first one.
    pub(super) fn note_other_loaders(&mut self) -> Result<(), ReadError> {
        if self.pickle.plain_goes_on.is_none() {
            let next = self.cursor.peek()?;
            self.pickle.plain_goes_on = Some(next.is_some_and(|byte| Opcode::from_byte(byte).is_some()));
        }
        Ok(())
    }

    /// Skips an array. Notes whether a loader that knows no padding, and so takes as many bytes less from its end,
    /// would go on behind the first padded one.
    pub(super) fn skip_array(&mut self, padding: u64, len: u64) -> Result<(), ReadError> {
        let tail = padding.min(len);
        self.cursor.skip(len.saturating_sub(tail), "an array")?;
        if 0 < padding && self.pickle.unpadded_goes_on.is_none() {
            // Shorter arrays end inside the padding, which is no opcode.
            let next = if padding <= len { self.cursor.peek()? } else { None };
            self.pickle.unpadded_goes_on = Some(next.is_some_and(|byte| Opcode::from_byte(byte).is_some()));
        }
        self.cursor.skip(tail, "an array")
    }

    /// The wrapper on the stack becomes the array; the memo keeps the wrapper, as joblib's does.
    pub(super) fn inline_array(&mut self, wrapper: Value, state: Value, data: InlineData) {
        self.pickle.n_inline = self.pickle.n_inline.saturating_add(1);
        let array = self.node(Node::Array(Box::new(InlineArray { state, data })));
        if self.stack.last() == Some(&wrapper) {
            self.stack.pop();
        }
        self.push(array);
    }
}
