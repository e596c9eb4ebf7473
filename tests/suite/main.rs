//! What holds Packwright together, tested on the whole of it.

mod cli;
mod containers;
mod export;
mod fixtures;
mod golden;
mod hostile;
mod inside;
mod layers;
mod received;
mod same_bytes;
mod truncation;
