//! How a command fails: a word for programs, a sentence for people, an exit code for shells.

use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use crate::Error;

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// An error of the library or of the engine.
    Error {
        /// [`Error::kind`], or `panic`.
        kind: String,
        /// What was found, what was expected, what to do.
        message: String,
    },
    /// A check found faults that are reported already.
    Faults,
    /// Ctrl-C.
    Interrupted,
    /// Whoever read the output went away; nobody is left to tell.
    BrokenPipe,
}

impl Failure {
    /// The exit code: 1 failure, 2 wrong usage, 130 interrupted (128 + SIGINT), as shells have it.
    fn code(&self) -> u8 {
        match self {
            Self::Error { kind, .. } if kind == "bad_request" => 2,
            Self::Error { .. } | Self::Faults => 1,
            Self::Interrupted => 130,
            Self::BrokenPipe => 0,
        }
    }

    /// Says what happened, and gives the exit code.
    pub(super) fn report(&self, json: bool, output: &mut Output) -> ExitCode {
        if let Self::Error { kind, message } = self {
            if json {
                let error = json!({ "error": { "kind": kind, "message": message } });
                // The message on standard error remains where this cannot be written.
                let _ = output.line(&error.to_string()).and_then(|()| output.flush());
            }
            output.error(message);
        }
        ExitCode::from(self.code())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error { kind: error.kind().into(), message: error.to_string() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Error::Write(format!("to standard output: {error}")).into()
    }
}
