//! Arguments of the commands about stored models.

pub(super) const PULL_EXAMPLES: &str = "\
Examples:
  polo pull marco-o1
  polo pull bartowski/Marco-o1-GGUF:Q8_0
  polo pull https://example.org/models/qwen2.gguf

A download that was interrupted goes on when pulled again. Models of the hub go to Hugging Face's cache
(HF_HOME), which other programs share, others to POLO_HOME. HF_TOKEN opens gated models, HF_ENDPOINT names
another hub, HF_HUB_OFFLINE=1 asks nobody.";

/// Arguments of `polo pull`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PullArgs {
    /// An alias, a repository (user/repo:TYPE) or an address
    #[arg(value_name = "MODEL")]
    pub(super) name: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Ranges fetched at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(super) connections: u16,
    /// What a kill may cost on each connection, in bytes
    #[arg(long, hide = true, value_parser = clap::value_parser!(u64).range(1024..))]
    pub(super) piece_bytes: Option<u64>,
}

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  polo list
  polo list --all                               also what is known to suit, with sizes and licences";

pub(super) const SHOW_EXAMPLES: &str = "\
Examples:
  polo show marco-o1                            what is here, whether it fits this GPU
  polo show bartowski/Marco-o1-GGUF             the forms that the hub has";

pub(super) const RM_EXAMPLES: &str = "\
Examples:
  polo rm bartowski/Marco-o1-GGUF:Q4_K_M        the name as `polo list` tells it

A model that has a second name (`polo cp`) keeps its files until the last name is removed.";

pub(super) const CP_EXAMPLES: &str = "\
Examples:
  polo cp marco-o1 thinker
  polo run thinker

No byte is copied: both names are of the same files, and either can be removed (`polo rm`) without the other.";

/// Arguments of `polo cp`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CpArgs {
    /// As `polo list` names it, or what `polo pull` takes
    #[arg(value_name = "SOURCE")]
    pub(super) source: String,
    /// The second name: letters, digits, - _ . :
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `polo list`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ListArgs {
    /// Also the models known to suit that are not here
    #[arg(long)]
    pub(super) all: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `polo show`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ShowArgs {
    /// As `polo list` names it, or what `polo pull` takes
    #[arg(value_name = "MODEL")]
    pub(super) name: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `polo rm`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RmArgs {
    /// As `polo list` names them
    #[arg(required = true, value_name = "MODEL")]
    pub(super) names: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
