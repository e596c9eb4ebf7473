//! `packwright verify`.

use packwright_engine::here::{self, Here};
use packwright_engine::inspect::safety::Severity;
use packwright_engine::judgement::{self, Judgement};
use packwright_engine::seal::PublicKey;
use packwright_engine::verify::{self, SealCheck, Verification, VerifyError};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::check::{document_of, is_failed, print, unreadable};
use crate::inspect::is_denied;
use crate::table::{Table, shown};
use crate::terminal::Terminal;
use crate::{Exit, document};

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
    let (verification, judgement, here) = match examine(args, key.as_ref()) {
        Ok(examined) => examined,
        Err(error) => return unreadable(&args.check, &error, terminal),
    };
    let Verification { problems, seal } = verification;
    let is_denied = is_denied(args.deny, judgement.safety.verdict());
    let failed = is_failed(&problems) || is_denied;
    if args.check.json {
        let mut document = document_of(&args.check.path, !failed, &problems);
        if let Some(map) = document.as_object_mut() {
            map.insert("seal".into(), seal_of(seal.as_ref()));
            map.insert("safety".into(), document::safety(&judgement.safety));
            map.insert("recorded_safety".into(), json!(judgement.recorded));
            if let Some(here) = &here {
                map.insert("here".into(), document::here(here));
            }
        }
        terminal.json(&document);
    } else {
        print(&args.check.path, &problems, "every file is what was packed", terminal);
        if let Some(key) = seal.as_ref().and_then(SealCheck::sealed_by) {
            terminal.line(format_args!("sealed with the key {key}"));
        }
        describe(&judgement, terminal);
        if let Some(here) = &here {
            describe_here(here, terminal);
        }
    }
    if failed { Exit::CheckFailed } else { Exit::Done }
}

fn examine(
    args: &VerifyArgs,
    key: Option<&PublicKey>,
) -> Result<(Verification, Judgement, Option<Here>), VerifyError> {
    let path = &args.check.path;
    let verification = verify::examine(path, key)?;
    let judgement = judgement::judge(path)?;
    let here = args.here.then(|| here::will_it_run(path)).transpose()?;
    Ok((verification, judgement, here))
}

fn seal_of(seal: Option<&SealCheck>) -> Value {
    seal.map_or(
        Value::Null,
        |seal| json!({ "key": seal.fingerprint, "is_signed": seal.is_signed, "is_whole": seal.is_whole }),
    )
}

/// The verdict, and the findings behind it that a person must look at.
fn describe(judgement: &Judgement, terminal: &mut Terminal) {
    let safety = &judgement.safety;
    terminal.line(format_args!("loading it: {}; {}", safety.verdict().word(), shown(&safety.summary)));
    if let Some(recorded) = judgement.differing() {
        terminal.line(format_args!("it says of its model file: {}", shown(recorded)));
    }
    let mut table = Table::default();
    for finding in safety.findings.iter().filter(|finding| finding.severity != Severity::Info) {
        table.row([finding.severity.word(), &finding.what, &finding.place, &finding.why]);
    }
    for line in table.lines() {
        terminal.line(line);
    }
}

fn describe_here(here: &Here, terminal: &mut Terminal) {
    terminal.line("");
    terminal.line(shown(&here.headline));
    let obstacles = here.obstacles.iter().map(|obstacle| &obstacle.text);
    for text in obstacles.chain(&here.reasons) {
        terminal.line(format_args!("  {}", shown(text)));
    }
    let mut table = Table::default();
    for one in &here.environments {
        table.row([one.state.word(), &one.place, &format!("Python {}", one.python), &one.summary]);
    }
    for line in table.lines() {
        terminal.line(line);
    }
    for command in &here.commands {
        terminal.line("");
        terminal.line(format_args!("{}:", shown(&command.title)));
        for line in command.text.lines() {
            terminal.line(format_args!("  {}", shown(line)));
        }
    }
}
