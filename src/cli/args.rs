//! Arguments, and how they become the protocol's options.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};

use super::config_show::ConfigArgs;
use super::engine_args::EngineArgs;
use super::eval_args::EvalArgs;
use super::failure::Failure;
use super::library_args::{
    CP_EXAMPLES, CpArgs, LIST_EXAMPLES, ListArgs, PULL_EXAMPLES, PullArgs, RM_EXAMPLES, RmArgs,
    SHOW_EXAMPLES, ShowArgs,
};
use super::measure_args::{BenchArgs, DoctorArgs};
use super::problems::ProblemsArgs;
use super::remote_server::{PsArgs, StopArgs};
use super::run::RunArgs;
use super::search_args::SearchArgs;
use super::serve::{self, ServeArgs};
use super::shells::{CompletionsArgs, ManArgs};
use crate::engine;
use crate::protocol::{KvType, LoadOptions, Mode, ModelSource, Quantize, SamplingOptions, Variant};

/// A reasoning model that runs on your own GPU.
///
/// Polo thinks first and answers then, and nothing leaves this machine. It comes with a very small
/// model of its own, Polo Tiny, which does worked arithmetic and little else; larger models of the
/// Qwen2 family are read from GGUF files and Hugging Face folders.
#[derive(Debug, Parser)]
#[command(name = "polo", version, propagate_version = true, after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  polo ask \"What is 12 + 34 * 5?\"               think, then answer
  polo ask --json --top-logprobs 5 \"7 * 8\"      one JSON object, with alternatives for each token
  polo pull marco-o1                            download a model; `polo list --all` names some
  polo run marco-o1                             talk with it; a .gguf file or a folder does, too
  polo doctor                                   is there a GPU, and does it compute right?
  polo ask --search \"What is 7305 - 48?\"        many thoughts, and the answer they agree on
  polo bench --shape qwen2-0.5b                 how fast is it?
  polo config                                   defaults of your own, and what holds

`polo help run` explains a command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.";

/// One command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Ask a question and watch the answer come.
    #[command(after_help = ASK_EXAMPLES)]
    Ask(AskArgs),
    /// Talk with a model: a conversation, or one answer.
    #[command(after_help = super::run::EXAMPLES)]
    Run(RunArgs),
    /// Look at the GPUs: limits, features, kernels chosen, self-test.
    #[command(after_help = super::measure_args::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Measure how fast a model loads, reads and writes.
    #[command(after_help = super::measure_args::BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Measure how many problems a model solves.
    #[command(after_help = super::eval_args::EXAMPLES)]
    Eval(EvalArgs),
    /// Download a model, going on where an earlier download stopped.
    #[command(after_help = PULL_EXAMPLES)]
    Pull(PullArgs),
    /// List the models that are here.
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Tell what is known of a model, here or on the hub.
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Delete models that are here.
    #[command(after_help = RM_EXAMPLES)]
    Rm(RmArgs),
    /// Answer OpenAI's and Ollama's clients over HTTP.
    #[command(after_help = serve::EXAMPLES)]
    Serve(ServeArgs),
    /// Give a model that is here a second name.
    #[command(after_help = CP_EXAMPLES)]
    Cp(CpArgs),
    /// List the models that a running `polo serve` holds.
    #[command(after_help = super::remote_server::PS_EXAMPLES)]
    Ps(PsArgs),
    /// Tell a running `polo serve` to give a model's memory back.
    #[command(after_help = super::remote_server::STOP_EXAMPLES)]
    Stop(StopArgs),
    /// Show the file of defaults, and what holds.
    #[command(after_help = super::config_show::EXAMPLES)]
    Config(ConfigArgs),
    /// Print problems with worked solutions, one JSON object a line.
    #[command(after_help = super::problems::EXAMPLES)]
    Problems(ProblemsArgs),
    /// Print the script that completes commands in a shell.
    #[command(after_help = super::shells::EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print a manual page.
    #[command(after_help = super::shells::MAN_EXAMPLES)]
    Man(ManArgs),
}

impl Command {
    /// Whether the result is JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Ask(AskArgs { json, .. })
            | Self::Doctor(DoctorArgs { json, .. })
            | Self::Bench(BenchArgs { json, .. })
            | Self::Eval(EvalArgs { json, .. })
            | Self::Pull(PullArgs { json, .. })
            | Self::List(ListArgs { json, .. })
            | Self::Show(ShowArgs { json, .. })
            | Self::Rm(RmArgs { json, .. })
            | Self::Cp(CpArgs { json, .. })
            | Self::Ps(PsArgs { json, .. })
            | Self::Config(ConfigArgs { json, .. }) => *json,
            Self::Problems(_)
            | Self::Serve(_)
            | Self::Run(_)
            | Self::Stop(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Which model, and how it is held.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ModelArgs {
    /// An alias, a repository (user/repo:TYPE), an address, a .gguf file or a Hugging Face folder; pulled
    /// first if it is not here [default: Polo Tiny, which is built in]
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Part of the GPU's name, or its number in `polo doctor` [default: the fastest]
    #[arg(long, value_name = "NAME")]
    pub(super) device: Option<String>,
    /// Type of the key/value cache
    #[arg(long, value_name = "TYPE", default_value = "f16", value_parser = kv_parser())]
    pub(super) kv: KvType,
    /// Quantise f32, f16 and bf16 weights while loading
    #[arg(long, value_name = "BITS", default_value = "none", value_parser = quantize_parser())]
    pub(super) quantize: Quantize,
    /// Context in tokens [default: the model's own, at most 8192]
    #[arg(long, value_name = "TOKENS")]
    pub(super) context: Option<usize>,
    /// Use only what every WebGPU device has
    #[arg(long)]
    pub(super) baseline: bool,
    /// Force a family of kernels [default: chosen by the GPU]
    #[arg(long, value_name = "FAMILY", value_parser = variant_parser())]
    pub(super) variant: Option<Variant>,
    /// Largest weight buffer, in bytes; larger matrices are split
    #[arg(long, value_name = "BYTES", default_value_t = LoadOptions::default().max_chunk_bytes)]
    pub(super) max_chunk_bytes: u64,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

fn kv_parser() -> impl TypedValueParser<Value = KvType> {
    let kv = |name: String| if name == "f32" { KvType::F32 } else { KvType::F16 };
    PossibleValuesParser::new(["f16", "f32"]).map(kv)
}

fn quantize_parser() -> impl TypedValueParser<Value = Quantize> {
    PossibleValuesParser::new(["none", "q4", "nf4", "q8"]).map(|name| match name.as_str() {
        "q4" => Quantize::Q4,
        "nf4" => Quantize::Nf4,
        "q8" => Quantize::Q8,
        _ => Quantize::None,
    })
}

fn variant_parser() -> impl TypedValueParser<Value = Variant> {
    PossibleValuesParser::new(["base", "subgroup", "serial"]).map(|name| match name.as_str() {
        "subgroup" => Variant::Subgroup,
        "serial" => Variant::Serial,
        _ => Variant::Base,
    })
}

/// Names of the model that is built in.
const EMBEDDED: [&str; 2] = ["polo-tiny", "polo-tiny:latest"];

/// What a name means: whatever lies on the disk under it, else what the name says.
pub(super) fn named(name: &str) -> Result<ModelSource, Failure> {
    if std::path::Path::new(name).exists() {
        return Ok(ModelSource::Path { path: name.into() });
    }
    if EMBEDDED.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(ModelSource::Embedded);
    }
    let store = super::environment::store_options();
    let endpoint = store.endpoint.clone();
    // A second name that `polo cp` gave, or a full one.
    if let Some(name) = pollster::block_on(engine::stored_name(store, name)) {
        return Ok(ModelSource::Stored { name });
    }
    Ok(engine::parse_reference(name, &endpoint)?)
}

impl ModelArgs {
    /// Where the model is.
    pub(super) fn source(&self) -> Result<ModelSource, Failure> {
        if let Some(server) = self.engine.source() {
            return Ok(server);
        }
        self.model.as_deref().map_or(Ok(ModelSource::Embedded), named)
    }

    /// How it is held.
    pub(super) fn options(&self) -> LoadOptions {
        LoadOptions {
            quantize: self.quantize,
            kv: self.kv,
            context: self.context,
            device: self.device.clone(),
            max_chunk_bytes: self.max_chunk_bytes,
            baseline: self.baseline,
            variant: self.variant,
            ..LoadOptions::default()
        }
    }
}

/// How tokens are chosen; what is not given is the model's own recommendation, or the default.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SamplingArgs {
    /// Always take the most probable token
    #[arg(long, conflicts_with_all = ["temperature", "top_p", "top_k"])]
    pub(super) greedy: bool,
    /// 0 is greedy, 1 is as the model says, up to 4 [default: 0.7]
    #[arg(long, value_name = "T")]
    pub(super) temperature: Option<f32>,
    /// Keep the most probable tokens that sum to this, in (0, 1] [default: 0.9]
    #[arg(long, value_name = "P")]
    pub(super) top_p: Option<f32>,
    /// Keep so many of the most probable tokens, 0 keeps all [default: 40]
    #[arg(long, value_name = "K")]
    pub(super) top_k: Option<u32>,
    /// Keep tokens at least so probable, of the most probable one, in [0, 1) [default: 0]
    #[arg(long, value_name = "P")]
    pub(super) min_p: Option<f32>,
    /// Against repetition: tokens said lately become this many times less likely [default: 1]
    #[arg(long, value_name = "FACTOR")]
    pub(super) repeat_penalty: Option<f32>,
    /// Against tokens that the reply holds already, -2 to 2 [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(super) presence_penalty: Option<f32>,
    /// Against tokens that the reply holds often, -2 to 2 [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(super) frequency_penalty: Option<f32>,
    /// Same seed, same reply [default: 0; for `polo run` another one each time]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Longest reply, in tokens [default: 2048]
    #[arg(long, value_name = "N")]
    pub(super) max_tokens: Option<usize>,
}

impl SamplingArgs {
    /// Flags first, then what the model recommends, then the built-in defaults.
    pub(super) fn options(&self, recommended: Option<&SamplingOptions>) -> SamplingOptions {
        let base = recommended.cloned().unwrap_or_default();
        SamplingOptions {
            temperature: if self.greedy { 0.0 } else { self.temperature.unwrap_or(base.temperature) },
            top_p: self.top_p.unwrap_or(base.top_p),
            top_k: self.top_k.unwrap_or(base.top_k),
            max_new_tokens: self.max_tokens.unwrap_or(base.max_new_tokens),
            min_p: self.min_p.unwrap_or(base.min_p),
            repeat_penalty: self.repeat_penalty.unwrap_or(base.repeat_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(base.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(base.frequency_penalty),
            seed: self.seed.unwrap_or(0),
            ..base
        }
    }
}

const ASK_EXAMPLES: &str = "\
Examples:
  polo ask \"What is 12 + 34 * 5?\"
  echo \"Which is larger, 9.11 or 9.9?\" | polo ask -
  polo ask --greedy --max-tokens 200 \"3 * 17 - 4\"
  polo ask --system \"Answer in one word.\" --model ./qwen2.gguf \"The capital of France?\"
  polo ask --json \"7 * 8\" | jq -r .output
  polo ask --raw \"Once upon a time\"             go on with the text, without the chat template
  polo ask --search --rollouts 16 \"7305 - 48\"   many thoughts as a tree, and the answer they agree on

A question that begins with a dash comes after two dashes: polo ask -- \"-3 + 5\".";

/// Arguments of `polo ask`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Debug, Clone, clap::Args)]
pub(super) struct AskArgs {
    /// The question; `-` reads it from standard input
    #[arg(required = true, value_name = "QUESTION")]
    pub(super) prompt: Vec<String>,
    /// Print one JSON object: thought, output, tokens, usage, timings; of a search, the report and the whole tree
    #[arg(long)]
    pub(super) json: bool,
    /// Search: grow a tree of thoughts and let their answers vote
    #[arg(long)]
    pub(super) search: bool,
    /// Kind of search: mcts (a tree), sc (the majority of whole replies), bon (the most confident), cot (one)
    /// [default: mcts]
    #[arg(long, value_name = "MODE", value_parser = super::search_args::mode)]
    pub(super) mode: Option<Mode>,
    /// Show the output only, not the thought
    #[arg(long, conflicts_with = "json")]
    pub(super) no_thought: bool,
    /// Go on with the text as it stands, without the model's chat template
    #[arg(long, conflicts_with = "system")]
    pub(super) raw: bool,
    /// Instructions to set before the question
    #[arg(long, value_name = "TEXT")]
    pub(super) system: Option<String>,
    /// Text that ends the reply; may be given several times
    #[arg(long, value_name = "TEXT", conflicts_with = "search")]
    pub(super) stop: Vec<String>,
    /// Alternatives for each token in the JSON, 0 to 5
    #[arg(long, value_name = "N", default_value_t = 0, requires = "json", conflicts_with = "search")]
    pub(super) top_logprobs: u32,
    #[command(flatten)]
    pub(super) sampling: SamplingArgs,
    #[command(flatten)]
    pub(super) how: SearchArgs,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Args, Command};
    use crate::protocol::{ModelSource, SamplingOptions};

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_win_over_what_the_model_recommends() {
        let parse = |words: &[&str]| match Args::try_parse_from(words).unwrap().command {
            Command::Ask(args) => args,
            other => panic!("{other:?}"),
        };
        let recommended = SamplingOptions { temperature: 0.3, top_k: 20, ..SamplingOptions::default() };
        let options = parse(&["polo", "ask", "hi"]).sampling.options(Some(&recommended));
        assert_eq!((options.temperature, options.top_k, options.top_p), (0.3, 20, 0.9));
        let flags = ["polo", "ask", "--temperature", "1", "--max-tokens", "5", "--seed", "3", "what", "now"];
        let args = parse(&flags);
        let options = args.sampling.options(Some(&recommended));
        assert_eq!((options.temperature, options.max_new_tokens, options.seed), (1.0, 5, 3));
        assert_eq!(args.prompt, ["what", "now"]);
        assert_eq!(args.model.source().unwrap(), ModelSource::Embedded);
        assert!(
            parse(&["polo", "ask", "--greedy", "hi"]).sampling.options(None).temperature.abs() < f32::EPSILON
        );
        for wrong in
            [&["polo"][..], &["polo", "ask"], &["polo", "ask", "--greedy", "--temperature", "1", "hi"]]
        {
            assert!(Args::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
