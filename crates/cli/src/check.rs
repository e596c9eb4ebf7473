//! `packwright lint` and `packwright verify`.

use packwright_engine::mlflow::lint::{Problem, Severity};
use packwright_engine::verify::{self, VerifyError};
use serde_json::{Value, json};

use crate::args::CheckArgs;
use crate::table::{Table, shown};
use crate::terminal::Terminal;
use crate::{Exit, document};

pub(crate) fn lint(args: &CheckArgs, terminal: &mut Terminal) -> Exit {
    report(args, verify::lint(&args.path), "nothing is wrong with it", terminal)
}

pub(crate) fn verify(args: &CheckArgs, terminal: &mut Terminal) -> Exit {
    report(args, verify::verify(&args.path), "every file is what was packed", terminal)
}

fn report(
    args: &CheckArgs,
    outcome: Result<Vec<Problem>, VerifyError>,
    all_well: &str,
    terminal: &mut Terminal,
) -> Exit {
    let problems = match outcome {
        Ok(problems) => problems,
        Err(error) => {
            let code = match &error {
                VerifyError::NotAPackage { .. } => "not-a-package",
                VerifyError::Unreadable { .. } => "unreadable",
            };
            if args.json {
                terminal.json(&document::failure(&args.path, code, &error.to_string(), None));
            }
            terminal.message(shown(&error.to_string()));
            return Exit::InputFailed;
        }
    };
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    if args.json {
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
        terminal.json(&json!({ "path": args.path.to_string_lossy(), "ok": !failed, "problems": list }));
    } else if problems.is_empty() {
        terminal.line(format_args!("{}: {all_well}", args.path.display()));
    } else {
        let mut table = Table::default();
        for problem in &problems {
            table.row([problem.severity.word(), &problem.path, &problem.message]);
        }
        for line in table.lines() {
            terminal.line(line);
        }
    }
    if failed { Exit::CheckFailed } else { Exit::Done }
}
