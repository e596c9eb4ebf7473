//! `packwright lint` and `packwright verify`.

use packwright_engine::mlflow::lint::{Problem, Severity};
use packwright_engine::seal::PublicKey;
use packwright_engine::verify::{self, SealCheck, Verification, VerifyError};
use serde_json::{Value, json};

use crate::args::{CheckArgs, VerifyArgs};
use crate::table::{Table, shown};
use crate::terminal::Terminal;
use crate::{Exit, document};

pub(crate) fn lint(args: &CheckArgs, terminal: &mut Terminal) -> Exit {
    report(
        args,
        verify::lint(&args.path),
        Told { all_well: "nothing is wrong with it", sealed_by: None, seal: None },
        terminal,
    )
}

pub(crate) fn verify(args: &VerifyArgs, terminal: &mut Terminal) -> Exit {
    let key = match args.key.as_deref().map(PublicKey::open).transpose() {
        Ok(key) => key,
        Err(error) => {
            let message = error.to_string();
            if args.check.json {
                terminal.json(&document::failure(&args.check.path, "key", &message, None));
            }
            terminal.message(shown(&message));
            return Exit::Usage;
        }
    };
    let (outcome, seal) = match verify::examine(&args.check.path, key.as_ref()) {
        Ok(Verification { problems, seal }) => (Ok(problems), seal),
        Err(error) => (Err(error), None),
    };
    let told = Told {
        all_well: "every file is what was packed",
        sealed_by: seal.as_ref().and_then(SealCheck::sealed_by).map(str::to_owned),
        seal: Some(seal.map_or(
            Value::Null,
            |seal| json!({ "key": seal.fingerprint, "is_signed": seal.is_signed, "is_whole": seal.is_whole }),
        )),
    };
    report(&args.check, outcome, told, terminal)
}

/// What a check says beside its problems.
struct Told {
    /// When there are none.
    all_well: &'static str,
    /// The key that sealed the package, where that was checked.
    sealed_by: Option<String>,
    /// The seal for `--json`; `None` where nobody looked for one.
    seal: Option<Value>,
}

fn report(
    args: &CheckArgs,
    outcome: Result<Vec<Problem>, VerifyError>,
    told: Told,
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
        let mut document = json!({ "path": args.path.to_string_lossy(), "ok": !failed, "problems": list });
        if let (Some(seal), Some(map)) = (told.seal, document.as_object_mut()) {
            map.insert("seal".into(), seal);
        }
        terminal.json(&document);
    } else if problems.is_empty() {
        terminal.line(format_args!("{}: {}", args.path.display(), told.all_well));
    } else {
        let mut table = Table::default();
        for problem in &problems {
            table.row([problem.severity.word(), &problem.path, &problem.message]);
        }
        for line in table.lines() {
            terminal.line(line);
        }
    }
    if let Some(key) = told.sealed_by.filter(|_| !args.json) {
        terminal.line(format_args!("sealed with the key {key}"));
    }
    if failed { Exit::CheckFailed } else { Exit::Done }
}
