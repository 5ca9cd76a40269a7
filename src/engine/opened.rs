//! A model whose head was read: everything about it but its weights.

use crate::error::{Error, Result};
use crate::files::ModelFiles;
use crate::model::{Config, Options, Source, random_config};
use crate::platform;
use crate::protocol::{LoadOptions, ModelInfo, ModelSource, SamplingOptions, ThoughtFormat};
use crate::sampler::MAX_END_TOKENS;
use crate::text::{ChatTemplate, Tokenizer};

/// Context where the user names none: enough for long thoughts, little enough for small cards. In tokens.
const DEFAULT_CONTEXT: usize = 8192;

/// How a model turns text into tokens; random models have none.
pub(super) struct Language {
    pub(super) tokenizer: Tokenizer,
    pub(super) template: ChatTemplate,
}

/// A model's config and files, or the seed of its random weights.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) config: Config,
    files: Option<ModelFiles>,
    seed: u64,
}

impl Opened {
    /// Reads the head.
    pub(super) async fn open(source: &ModelSource) -> Result<Self> {
        let files = match source {
            ModelSource::Random { shape, seed } => {
                let config = random_config(shape)?;
                return Ok(Self { name: format!("random {shape}"), config, files: None, seed: *seed });
            }
            ModelSource::Embedded => {
                if let Some(bytes) = platform::embedded_model() {
                    ModelFiles::from_bytes("Polo Tiny", bytes).await?
                } else {
                    let url = platform::EMBEDDED_MODEL.to_owned();
                    ModelFiles::open(&ModelSource::Url { url }).await?
                }
            }
            _ => ModelFiles::open(source).await?,
        };
        let config = Config::from_json(&files.name, &files.config)?;
        let title = files.claims.iter().find(|(key, _)| key == "general.name").map(|(_, name)| name.clone());
        Ok(Self { name: title.unwrap_or_else(|| files.name.clone()), config, files: Some(files), seed: 0 })
    }

    /// Where the weights come from.
    pub(super) fn source(&self) -> Source<'_> {
        self.files.as_ref().map_or(Source::Random(self.seed), Source::Files)
    }

    /// Bytes of the weights in the files; 0 for random ones.
    pub(super) fn file_bytes(&self) -> u64 {
        self.files.as_ref().map_or(0, ModelFiles::weight_bytes)
    }

    /// Reads up to `most` bytes of the largest tensor, in pieces as a load does; bytes read.
    pub(super) async fn read_some(&self, most: u64) -> Result<u64> {
        const PIECE_BYTES: usize = 4 << 20;
        let Some(files) = &self.files else { return Ok(0) };
        let Some(largest) = files.tensors.values().max_by_key(|tensor| tensor.bytes) else { return Ok(0) };
        let per_piece = (PIECE_BYTES / largest.row_bytes()).max(1);
        let (mut row, mut read) = (0, 0);
        while row < largest.rows() && read < most {
            let end = (row + per_piece).min(largest.rows());
            read += files.read_rows(&largest.name, row..end).await?.len() as u64;
            row = end;
        }
        Ok(read)
    }

    /// What is known before anything is loaded.
    pub(super) fn info(&self) -> ModelInfo {
        let files = self.files.as_ref();
        ModelInfo {
            name: self.name.clone(),
            architecture: "qwen2".into(),
            thoughts: ThoughtFormat::Marco,
            parameters: self.config.parameters(),
            claims: files.map(|files| files.claims.clone()).unwrap_or_default(),
            sampling: files.and_then(|files| recommended(files.generation_config.as_ref()?)),
            ..ModelInfo::default()
        }
    }

    /// The tokenizer and the chat template.
    pub(super) fn language(&self) -> Result<Option<Language>> {
        let Some(files) = &self.files else { return Ok(None) };
        let template = ChatTemplate::new(
            files.chat_template.clone(),
            files.tokenizer.bos_token.clone(),
            files.tokenizer.eos_token.clone(),
        );
        Ok(Some(Language { tokenizer: Tokenizer::from_json(&files.tokenizer.json)?, template }))
    }

    /// Tokens that end a reply: of the files, and those that end a turn in every template we know.
    pub(super) fn end_tokens(&self, language: Option<&Language>) -> Vec<u32> {
        let mut ids = self.files.as_ref().map(ModelFiles::end_tokens).unwrap_or_default();
        if let Some(language) = language {
            let named = ["<|im_end|>", "<|endoftext|>"].map(|token| language.tokenizer.token_id(token));
            ids.extend(named.into_iter().flatten());
        }
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(MAX_END_TOKENS);
        ids
    }

    /// The engine's options for what the user asked.
    pub(super) fn options(&self, options: &LoadOptions) -> Result<Options> {
        let longest = self.config.max_position_embeddings;
        let context = options.context.unwrap_or(DEFAULT_CONTEXT.min(longest));
        if context < 2 || context > longest {
            return Err(Error::BadRequest(format!(
                "context is {context}, expected 2 to the model's {longest} tokens"
            )));
        }
        if !(1..=64).contains(&options.max_batch) {
            return Err(Error::BadRequest(format!("max_batch is {}, expected 1 to 64", options.max_batch)));
        }
        Ok(Options {
            quantize: options.quantize,
            kv: options.kv,
            context,
            sequences: options.max_batch,
            pages: Options::pages_for(context),
            max_chunk_bytes: options.max_chunk_bytes.max(1),
        })
    }
}

/// Sampling from `generation_config.json`; absent keys keep our defaults.
fn recommended(config: &serde_json::Value) -> Option<SamplingOptions> {
    let mut options = SamplingOptions::default();
    let number = |key: &str| config[key].as_f64().map(|value| value as f32);
    let known = ["temperature", "top_p", "top_k", "do_sample"].iter().any(|key| !config[*key].is_null());
    options.temperature = number("temperature").unwrap_or(options.temperature);
    options.top_p = number("top_p").unwrap_or(options.top_p);
    if let Some(top_k) = config["top_k"].as_u64() {
        options.top_k = top_k.min(64) as u32;
    }
    if config["do_sample"].as_bool() == Some(false) {
        options.temperature = 0.0;
    }
    (known && options.validate().is_ok()).then_some(options)
}
