//! The reference driver: reads instructions, answers results, one JSON line each.
//!
//! The protocol is written down in `conformance/spec.md`. Errors of the
//! reference are results; the process ends with a failure only when the driver
//! itself is broken. Paths in instructions are relative to the directory in
//! which the driver was started.

mod bytes;
mod checks;
mod compaction;
mod config;
mod dump;
mod event;
mod fence;
mod frontier;
mod guard;
mod instruction;
mod outcome;
mod receipt;
mod session;
mod status;
mod ticket;
mod value;

use std::io::{self, BufRead, BufReader, BufWriter};
use std::process::ExitCode;

fn main() -> ExitCode {
    silence_panics();
    let input = BufReader::new(io::stdin());
    let output = BufWriter::new(io::stdout());
    match session::Session::new(input.lines(), output).run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("driver-reference: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The reference panics on some inputs (an all-zero seed, for one). Such a
/// panic is a result with the status `panicked`, so its message is not wanted.
fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
