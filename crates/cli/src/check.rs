//! `packwright lint`, and what it shares with `packwright verify`.

use std::path::Path;

use packwright_engine::mlflow::lint::{Problem, Severity};
use packwright_engine::verify::{self, VerifyError};
use serde_json::{Value, json};

use crate::args::CheckArgs;
use crate::table::{Table, shown};
use crate::terminal::Terminal;
use crate::{Exit, document};

pub(crate) fn lint(args: &CheckArgs, terminal: &mut Terminal) -> Exit {
    let problems = match verify::lint(&args.path) {
        Ok(problems) => problems,
        Err(error) => return unreadable(args, &error, terminal),
    };
    let failed = is_failed(&problems);
    if args.json {
        terminal.json(&document_of(&args.path, !failed, &problems));
    } else {
        print(&args.path, &problems, "nothing is wrong with it", terminal);
    }
    if failed { Exit::CheckFailed } else { Exit::Done }
}

/// Whether a problem is an error.
pub(crate) fn is_failed(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// What both commands say in JSON.
pub(crate) fn document_of(path: &Path, is_ok: bool, problems: &[Problem]) -> Value {
    let list: Vec<Value> = problems
        .iter()
        .map(|problem| {
            json!({
                "rule": problem.rule,
                "severity": problem.severity.word(),
                "path": problem.path,
                "message": problem.message,
            })
        })
        .collect();
    json!({ "path": path.to_string_lossy(), "ok": is_ok, "problems": list })
}

/// The problems for people; `all_well` when there are none.
pub(crate) fn print(path: &Path, problems: &[Problem], all_well: &str, terminal: &mut Terminal) {
    if problems.is_empty() {
        return terminal.line(format_args!("{}: {all_well}", path.display()));
    }
    let mut table = Table::default();
    for problem in problems {
        table.row([problem.severity.word(), &problem.path, &problem.message]);
    }
    for line in table.lines() {
        terminal.line(line);
    }
}

/// Says that a path is no package, or cannot be read.
pub(crate) fn unreadable(args: &CheckArgs, error: &VerifyError, terminal: &mut Terminal) -> Exit {
    let code = match error {
        VerifyError::NotAPackage { .. } => "not-a-package",
        VerifyError::Unreadable { .. } => "unreadable",
    };
    if args.json {
        terminal.json(&document::failure(&args.path, code, &error.to_string(), None));
    }
    terminal.message(shown(&error.to_string()));
    Exit::InputFailed
}
