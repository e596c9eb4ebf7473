//! Ctrl-C and the system's request to end.

use std::io;

use packwright_engine::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Turns Ctrl-C and SIGTERM into a cancel, so that what is being written is removed. The second one ends the program at
/// once; what it leaves is swept at the next start. SIGHUP stays as it was found: `nohup` ignores it on purpose.
///
/// # Errors
///
/// When the system takes no handler. The signal then ends the program as ever.
pub(crate) fn on_signals(cancel: &Cancel) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        // In this order, so that the first one finds the flag unset.
        flag::register_conditional_shutdown(signal, 128 + signal, cancel.flag())?;
        flag::register(signal, cancel.flag())?;
    }
    Ok(())
}
