//! Ctrl-C and the system's request to end.

use packwright_engine::Cancel;

/// Turns Ctrl-C, and on Unix SIGTERM and SIGHUP, into a cancel, so that what is being written is removed. The second one
/// ends the program at once; what it leaves is swept at the next start.
///
/// # Errors
///
/// When the system takes no handler. A signal then ends the program as ever.
pub(crate) fn on_signals(cancel: &Cancel) -> Result<(), ctrlc::Error> {
    let cancel = cancel.clone();
    #[expect(clippy::exit, reason = "somebody who asks twice does not want to wait")]
    ctrlc::try_set_handler(move || {
        if cancel.is_cancelled() {
            std::process::exit(130);
        }
        cancel.cancel();
    })
}
