//! Writes GGUF bytes for tests, right or wrong on purpose.

/// A GGUF file in the making.
#[derive(Clone)]
pub(crate) struct GgufWriter {
    version: u32,
    metadata: Vec<(String, Vec<u8>)>,
    tensors: Vec<(String, Vec<u64>, u32, u64)>,
    data: Vec<u8>,
}

impl GgufWriter {
    pub(crate) fn new() -> Self {
        Self { version: 3, metadata: Vec::new(), tensors: Vec::new(), data: Vec::new() }
    }

    /// The least metadata of a tiny Qwen2, with a byte-level vocabulary of four tokens.
    pub(crate) fn qwen2() -> Self {
        Self::new()
            .text("general.architecture", "qwen2")
            .text("general.name", "Tiny")
            .text("polo.kinds", "arithmetic")
            .u32("qwen2.embedding_length", 32)
            .u32("qwen2.block_count", 1)
            .u32("qwen2.attention.head_count", 4)
            .u32("qwen2.attention.head_count_kv", 2)
            .u32("qwen2.feed_forward_length", 64)
            .u32("qwen2.context_length", 128)
            .f32("qwen2.attention.layer_norm_rms_epsilon", 1e-6)
            .f32("qwen2.rope.freq_base", 1e6)
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "qwen2")
            .texts("tokenizer.ggml.tokens", &["a", "b", "ab", "<|im_end|>"])
            .i32s("tokenizer.ggml.token_type", &[1, 1, 1, 3])
            .texts("tokenizer.ggml.merges", &["a b"])
            .u32("tokenizer.ggml.eos_token_id", 3)
    }

    pub(crate) fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    pub(crate) fn raw(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.metadata.retain(|(known, _)| known != key);
        self.metadata.push((key.into(), [&kind.to_le_bytes(), value].concat()));
        self
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.metadata.retain(|(known, _)| known != key);
        self
    }

    pub(crate) fn u32(self, key: &str, value: u32) -> Self {
        self.raw(key, 4, &value.to_le_bytes())
    }

    pub(crate) fn f32(self, key: &str, value: f32) -> Self {
        self.raw(key, 6, &value.to_le_bytes())
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, 8, &text(value))
    }

    pub(crate) fn texts(self, key: &str, values: &[&str]) -> Self {
        let items: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        self.array(key, 8, values.len() as u64, &items)
    }

    pub(crate) fn i32s(self, key: &str, values: &[i32]) -> Self {
        let items: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.array(key, 5, values.len() as u64, &items)
    }

    pub(crate) fn array(self, key: &str, kind: u32, count: u64, items: &[u8]) -> Self {
        self.raw(key, 9, &[&kind.to_le_bytes()[..], &count.to_le_bytes(), items].concat())
    }

    /// Adds a tensor after the others; `dims` innermost first, as GGUF has them.
    pub(crate) fn tensor(self, name: &str, dims: &[u64], kind: u32, data: &[u8]) -> Self {
        let offset = self.data.len().next_multiple_of(32);
        let mut placed = self.tensor_at(name, dims, kind, offset as u64);
        placed.data.resize(offset, 0);
        placed.data.extend_from_slice(data);
        placed
    }

    /// Adds a tensor's entry without data.
    pub(crate) fn tensor_at(mut self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors.push((name.into(), dims.to_vec(), kind, offset));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            bytes.extend(text(key));
            bytes.extend(value);
        }
        for (name, dims, kind, offset) in &self.tensors {
            bytes.extend(text(name));
            bytes.extend((dims.len() as u32).to_le_bytes());
            for dim in dims {
                bytes.extend(dim.to_le_bytes());
            }
            bytes.extend(kind.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(&self.data);
        bytes
    }
}

fn text(value: &str) -> Vec<u8> {
    [&(value.len() as u64).to_le_bytes(), value.as_bytes()].concat()
}
