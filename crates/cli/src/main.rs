//! `packwright`: the engine from a terminal.
//!
//! Exit codes: 0 done; 1 a check failed; 2 usage; 3 the input could not be read; 4 the output could not be written.
//! Results go to stdout, everything else to stderr.

mod args;
mod check;
mod document;
mod inspect;
mod pack;
mod places;
mod sarif;
mod stop;
mod table;
mod terminal;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use packwright_engine::Journal;

use crate::args::{Cli, Command};
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not mistakes; clap knows which stream each belongs to.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return if error.print().is_ok() { code.into() } else { Exit::OutputFailed.into() };
        }
    };
    let mut terminal = Terminal::new();
    let journal = Journal::of_this_user();
    journal.sweep();
    let exit = match &cli.command {
        Command::Inspect(args) => inspect::run(args, &mut terminal),
        Command::Pack(args) => pack::run(args, &journal, &mut terminal),
        Command::Lint(args) => check::lint(args, &mut terminal),
        Command::Verify(args) => verify::verify(args, &mut terminal),
    };
    // A reader that closed the pipe early (`| head`) has what it wanted.
    if terminal.flush() { exit.into() } else { Exit::OutputFailed.into() }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Done,
    CheckFailed,
    Usage,
    InputFailed,
    OutputFailed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0_u8,
            Exit::CheckFailed => 1,
            Exit::Usage => 2,
            Exit::InputFailed => 3,
            Exit::OutputFailed => 4,
        })
    }
}
