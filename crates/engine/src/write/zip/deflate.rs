//! Deflate on all cores: a long file is cut into blocks that are packed at the same time and stand one after the other.
//!
//! Where the blocks are cut depends on the file alone, so the bytes are the same on every machine.

use std::collections::VecDeque;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::super::Cancel;

/// An empty last block, which ends the stream.
pub(super) const LAST: [u8; 2] = [0x03, 0x00];

/// More threads would wait for the disk.
const MOST_THREADS: usize = 16;

/// A part of a file that is packed by itself.
#[derive(Debug)]
pub(super) struct Block(pub(super) Vec<u8>);

type Packed = io::Result<Vec<u8>>;

struct Job {
    block: Arc<Block>,
    done: SyncSender<Packed>,
}

/// Packs blocks, at the same time and in order.
pub(super) struct Deflater {
    jobs: SyncSender<Job>,
    waiting: VecDeque<Receiver<Packed>>,
    /// How many blocks may be under way.
    most: usize,
}

impl Deflater {
    /// Starts the threads; they end when the deflater is dropped.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        level: u32,
        cancel: &'scope Cancel,
    ) -> Self {
        let n_threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let (jobs, queue) = mpsc::sync_channel::<Job>(n_threads);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..n_threads {
            let queue = Arc::clone(&queue);
            scope.spawn(move || {
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(Job { block, done }) = job else { return };
                    // Nobody waits for it when the export was stopped.
                    let is_stopped = cancel.is_cancelled();
                    let packed = if is_stopped { Ok(Vec::new()) } else { packed(&block.0, level) };
                    done.send(packed).unwrap_or_default();
                }
            });
        }
        Self { jobs, waiting: VecDeque::new(), most: 2 * n_threads }
    }

    /// Takes a block, and gives to `out` those before it that are ready, or must be.
    pub(super) fn take(
        &mut self,
        block: Arc<Block>,
        out: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while self.most <= self.waiting.len() {
            self.give(out)?;
        }
        let (done, ready) = mpsc::sync_channel(1);
        self.jobs.send(Job { block, done }).map_err(io::Error::other)?;
        self.waiting.push_back(ready);
        Ok(())
    }

    /// Gives what is still under way, and the end of the stream.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        while !self.waiting.is_empty() {
            self.give(out)?;
        }
        out(&LAST)
    }

    fn give(&mut self, out: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let Some(ready) = self.waiting.pop_front() else { return Ok(()) };
        out(&ready.recv().map_err(io::Error::other)??)
    }
}

/// One block, packed so that another can follow at the next byte.
pub(super) fn packed(block: &[u8], level: u32) -> Packed {
    let mut packer = Compress::new(Compression::new(level), false);
    let mut out = Vec::with_capacity(block.len() / 2 + 64);
    loop {
        let done = usize::try_from(packer.total_in()).unwrap_or(usize::MAX);
        let rest = block.get(done..).unwrap_or_default();
        let room = out.len();
        let status = packer.compress_vec(rest, &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
        let is_read = usize::try_from(packer.total_in()).is_ok_and(|done| block.len() <= done);
        // Room that is left says that nothing waits to be written.
        if is_read && out.len() < out.capacity() || status == Status::BufError && out.len() == room && is_read
        {
            return Ok(out);
        }
        out.reserve(block.len() / 4 + 64);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::receipt::hex;

    fn noise(n_bytes: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        (0..n_bytes).map(|_| next()).collect()
    }

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        DeflateDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn a_block_of_any_length_and_kind_is_whole_again() {
        for n_bytes in [0, 1, 31, 4096, 100_000] {
            for block in [noise(n_bytes), vec![b'x'; n_bytes]] {
                for level in [2, 6] {
                    let packed = [packed(&block, level).unwrap(), LAST.to_vec()].concat();
                    assert!(unpacked(&packed) == block, "{n_bytes} {level}");
                }
            }
        }
    }

    /// The matches that are found must not depend on the instructions that a processor has, nor on the version of the
    /// library: packages that were made elsewhere, or last year, would have other hashes.
    #[test]
    fn packed_bytes_are_those_of_every_other_machine() {
        let words: Vec<u8> =
            noise(1 << 20).iter().map(|byte| b"etaoinshrdlu"[usize::from(byte % 12)]).collect();
        // Runs and repetitions near and far, beside bytes that never repeat.
        let mixed: Vec<u8> = words
            .chunks(5_000)
            .zip(noise(1 << 20).chunks(700))
            .flat_map(|(a, b)| [a, b, a])
            .flatten()
            .copied()
            .collect();
        let found: Vec<String> = [&words, &mixed]
            .into_iter()
            .flat_map(|block| [2, 6].map(|level| hex(&Sha256::digest(packed(block, level).unwrap()))))
            .collect();
        assert_eq!(
            found,
            [
                "1badb2e63fe4bc55b6b6a5c5b9fe8f1eeb2b702ffce80bec232a2358726fb5a7",
                "6bf05ab3b32ae83d627189ca83adfff8032cc78173bd6f06df157171816b87f9",
                "f735516845f4d7e27c0385ed388fb6c87b32ab7efb045cdfd7ff83b760fa12e8",
                "9b16ebfffcace975ba4616754117ed35a2fa576bd94c88ac8efe5dbd612a9bf3",
            ]
        );
    }

    #[test]
    fn blocks_stand_in_order_and_are_the_same_each_time() {
        let blocks: Vec<Arc<Block>> = (0..40)
            .map(|n| Arc::new(Block(if n % 3 == 0 { noise(5000 + n) } else { vec![b'x'; 9000 * n] })))
            .collect();
        let pack = || {
            let (mut out, cancel) = (Vec::new(), Cancel::new());
            thread::scope(|scope| {
                let mut deflater = Deflater::start(scope, 6, &cancel);
                let mut put = |bytes: &[u8]| {
                    out.extend_from_slice(bytes);
                    Ok(())
                };
                for block in &blocks {
                    deflater.take(Arc::clone(block), &mut put).unwrap();
                }
                deflater.finish(&mut put).unwrap();
            });
            out
        };
        let packed = pack();
        assert!(packed == pack());
        let whole: Vec<u8> = blocks.iter().flat_map(|block| block.0.iter().copied()).collect();
        assert!(unpacked(&packed) == whole);
    }
}
