//! A model whose head was read: everything about it but its weights.

use std::rc::Rc;

use super::defaults;
use crate::error::{Error, Result};
use crate::files::ModelFiles;
use crate::model::{Config, Options, Source, random_config};
use crate::platform;
use crate::protocol::{LoadOptions, ModelInfo, ModelSource, ThoughtFormat};
use crate::text::{ChatTemplate, Tokenizer};

/// Context where the user names none: enough for long thoughts, little enough for small cards. In tokens.
const DEFAULT_CONTEXT: usize = 8192;

/// Sequences beyond those of one request, so that a request with many leaves room for others.
const SPARE: usize = 16;

/// How a model turns text into tokens; random models have none.
pub(super) struct Language {
    pub(super) tokenizer: Rc<Tokenizer>,
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
        let config = Config::of(&files)?;
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
            architecture: self.config.architecture.name().into(),
            thoughts: files.map_or(ThoughtFormat::None, defaults::thoughts),
            parameters: self.config.parameters(),
            claims: files.map(|files| files.claims.clone()).unwrap_or_default(),
            sampling: self.generation_config().and_then(|config| defaults::recommended(config).0),
            template: files.and_then(|files| files.chat_template.clone()),
            ..ModelInfo::default()
        }
    }

    /// What of the model's generation config is not followed.
    pub(super) fn remark(&self) -> Option<String> {
        defaults::recommended(self.generation_config()?).1
    }

    fn generation_config(&self) -> Option<&serde_json::Value> {
        self.files.as_ref()?.generation_config.as_ref()
    }

    /// The tokenizer and the chat template.
    pub(super) fn language(&self) -> Result<Option<Language>> {
        let Some(files) = &self.files else { return Ok(None) };
        let template = ChatTemplate::new(
            files.chat_template.clone(),
            files.tokenizer.bos_token.clone(),
            files.tokenizer.eos_token.clone(),
        );
        Ok(Some(Language { tokenizer: Rc::new(Tokenizer::from_json(&files.tokenizer.json)?), template }))
    }

    /// Tokens that end a reply: of the files, and those that end a turn in every template we know.
    pub(super) fn end_tokens(&self, language: Option<&Language>) -> Vec<u32> {
        let known = self.files.as_ref().zip(language);
        known.map(|(files, language)| defaults::end_tokens(files, &language.tokenizer)).unwrap_or_default()
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
            sequences: options.max_batch + SPARE,
            spare: SPARE,
            pages: Options::pages_for(context),
            max_chunk_bytes: options.max_chunk_bytes.max(1),
        })
    }
}
