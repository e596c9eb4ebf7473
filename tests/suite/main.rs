//! What holds Packwright together, tested on the whole of it.

mod cli;
mod export;
mod fixtures;
mod golden;
mod hostile;
mod layers;
