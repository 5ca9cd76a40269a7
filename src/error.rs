//! The one error type of the library: causes that lie outside the program.
//!
//! A bug panics with an assert that names the place; what a user, a file, a network or a GPU can
//! cause is one of these, and its message says what was found, what was expected and what to do.

/// What can go wrong for reasons outside the program.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No adapter can run the engine.
    #[error("no usable GPU: {0}")]
    NoGpu(String),
    /// The device stopped working (driver reset, unplugged, out of time).
    #[error("the GPU was lost: {0}")]
    GpuLost(String),
    /// A buffer or the key/value pages did not fit.
    #[error("out of GPU memory: {what} needs {needed_bytes} bytes; {advice}")]
    OutOfMemory {
        /// What was to be allocated.
        what: String,
        /// Its size, in bytes.
        needed_bytes: u64,
        /// What the user can do.
        advice: String,
    },
    /// A file or an address could not be read.
    #[error("cannot read {url}: {what}")]
    Fetch {
        /// Path or address.
        url: String,
        /// Cause, and what to do next.
        what: String,
    },
    /// A model file is not what it should be.
    #[error("{file}: {what}")]
    BadModel {
        /// The file at fault.
        file: String,
        /// What was found, and what was expected; names the tensor or key.
        what: String,
    },
    /// The prompt and the reply do not fit the context.
    #[error(
        "the prompt has {prompt_tokens} tokens and leaves no room in a context of {limit}; \
         shorten it or start a new chat"
    )]
    ContextFull {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Tokens of the context.
        limit: usize,
    },
    /// The request itself makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// The numbers are wrong (a NaN logit, a kernel that differs from its reference): refuse.
    #[error("the model computed wrong numbers: {0}")]
    BadNumbers(String),
    /// Results could not be read back from the GPU.
    #[error("reading from the GPU failed: {0}")]
    ReadBack(String),
    /// There is no such model, repository or file.
    #[error("{0}")]
    NotFound(String),
    /// The server wants to know who asks.
    #[error("{0}")]
    Gated(String),
    /// The disk, or what the browser allows, is too small.
    #[error(
        "no room for {what}: it needs {} more, and {} are free; delete a stored model you no longer use, \
         or free space on the disk",
        bytes(*needed_bytes), bytes(*free_bytes)
    )]
    NoSpace {
        /// What was to be stored.
        what: String,
        /// Bytes still to come.
        needed_bytes: u64,
        /// Bytes that may be used.
        free_bytes: u64,
    },
    /// What came is not what was promised.
    #[error("{file}: {what}")]
    Damaged {
        /// The file at fault.
        file: String,
        /// What was found, what was expected, what to do.
        what: String,
    },
    /// Another program or tab is at it.
    #[error("{0}")]
    Busy(String),
    /// Writing to standard output or a file failed.
    #[error("cannot write {0}")]
    Write(String),
}

impl Error {
    /// A stable word for the kind of error, for JSON and exit codes.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoGpu(_) => "no_gpu",
            Self::GpuLost(_) => "gpu_lost",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Fetch { .. } => "fetch",
            Self::BadModel { .. } => "bad_model",
            Self::ContextFull { .. } => "context_full",
            Self::BadRequest(_) => "bad_request",
            Self::BadNumbers(_) => "bad_numbers",
            Self::ReadBack(_) => "read_back",
            Self::NotFound(_) => "not_found",
            Self::Gated(_) => "gated",
            Self::NoSpace { .. } => "no_space",
            Self::Damaged { .. } => "damaged",
            Self::Busy(_) => "busy",
            Self::Write(_) => "write",
        }
    }

    /// Shorthand for [`Error::BadModel`]; what a file says of itself may be long, and is cut.
    pub fn bad_model(file: impl Into<String>, what: impl Into<String>) -> Self {
        const LONGEST: usize = 1200;
        let mut what = what.into();
        if let Some((end, _)) = what.char_indices().nth(LONGEST) {
            what.truncate(end);
            what.push('…');
        }
        Self::BadModel { file: file.into(), what }
    }

    /// Shorthand for [`Error::Fetch`].
    pub fn fetch(url: impl Into<String>, what: impl std::fmt::Display) -> Self {
        Self::Fetch { url: url.into(), what: format!("{what}") }
    }
}

/// Result of anything that can fail for an outside cause.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A number of bytes for people, in decimal units as disks and networks are sold.
fn bytes(count: u64) -> String {
    match count {
        0..1_000_000 => format!("{:.0} kB", (count as f64 / 1e3).ceil()),
        1_000_000..1_000_000_000 => format!("{:.0} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}
