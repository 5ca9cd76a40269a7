// Types of polo.js. What is snake_case is what OpenAI's interface or Polo's protocol (src/protocol/) has so.

/** Stable words for what went wrong; docs/ERRORS.md has the texts. */
export type ErrorKind =
  | 'no_gpu' | 'gpu_lost' | 'out_of_memory' | 'fetch' | 'bad_model' | 'context_full' | 'bad_request' | 'bad_numbers'
  | 'read_back' | 'not_found' | 'gated' | 'no_space' | 'damaged' | 'busy' | 'write' | 'panic' | 'worker' | 'closed';

export class PoloError extends Error {
  constructor(kind: ErrorKind, message: string, context?: { prompt_tokens: number; limit: number });
  readonly name: 'PoloError';
  readonly kind: ErrorKind;
  /** The lengths, where a prompt does not fit (`context_full`). */
  readonly context?: { prompt_tokens: number; limit: number };
}

/** Where a model is, in the protocol's own words. */
export type ModelSource =
  | { kind: 'embedded' }
  | { kind: 'url'; url: string }
  | { kind: 'hub'; repo: string; revision?: string | null; file?: string | null }
  | { kind: 'stored'; name: string }
  | { kind: 'picked'; names: string[] }
  | {
      kind: 'remote'; url: string; model?: string | null; connections?: number | null; timeout_s?: number | null;
      thoughts?: ThoughtFormat | null;
    }
  | { kind: 'random'; shape: string; seed: number };

export type ThoughtFormat = 'marco' | 'think' | 'none';

export interface Progress {
  /** Of a load: `open`, `upload`, `compile`, `check`. Of a download: `download`, `wait`, `verify`. */
  phase: 'open' | 'upload' | 'compile' | 'check' | 'download' | 'wait' | 'verify';
  done_bytes: number;
  /** 0 while unknown. */
  total_bytes: number;
}

/** How to hold a model in memory. */
export interface LoadOptions {
  quantize?: 'none' | 'q4' | 'nf4' | 'q8';
  kv?: 'f16' | 'f32';
  /** In tokens; the model's own, at most 8192, where it is left out. */
  context?: number | null;
  device?: string | null;
  max_chunk_bytes?: number;
  baseline?: boolean;
  variant?: 'base' | 'subgroup' | 'serial' | null;
  /** Replies that decode at once. */
  max_batch?: number;
}

export interface LoadArguments {
  /**
   * `embedded` (Polo Tiny, the default), an alias (`marco-o1`), a repository (`user/repo`, `user/repo:Q8_0`), an
   * address (`https://…`, `./model.gguf`), a stored model, files that the person picked, or a source of the protocol.
   */
  model?: string | { stored: string } | File | File[] | ModelSource;
  options?: LoadOptions;
  /** Download a model of the hub or of an address into the browser's storage first, to be found there next time. */
  store?: boolean;
  /** An access token of the hub, for gated models. */
  token?: string;
  /** Where models are looked up, if not at Hugging Face. */
  hub?: string;
  /** The engine's worker, where it does not lie beside polo.js. */
  worker?: Worker;
  onProgress?: (progress: Progress) => void;
  /** What should be known and stops nothing: a context that was shortened, a device that came back. */
  onNotice?: (notice: { kind: string; message: string }) => void;
  /** Stops the load. */
  signal?: AbortSignal;
}

export interface ModelInfo {
  name: string;
  architecture: string;
  thoughts: ThoughtFormat;
  parameters: number;
  /** In tokens. */
  context: number;
  /** Bytes of weights on the GPU. */
  weight_bytes: number;
  /** Bytes of keys and values on the GPU. */
  kv_bytes: number;
  tensors: { name: string; dims: number[]; file: string; gpu: string; chunks: number }[];
  claims: [string, string][];
  load_ms: number;
  sampling: SamplingOptions | null;
  template?: string | null;
}

export interface DeviceInfo {
  name: string;
  backend: string;
  device_type: string;
  driver: string;
  features: string[];
  limits: [string, number][];
  variants: [string, string][];
}

export interface TextPart {
  type: 'text';
  text: string;
}

/** OpenAI's. Of the assistant: `content`, or for the cache's sake the whole reply as `Usage.replies` has it. */
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string | TextPart[] | null;
}

/** The protocol's own options. */
export interface SamplingOptions {
  /** 0 takes the most probable token; up to 4. */
  temperature?: number;
  top_p?: number;
  /** 0 keeps all. */
  top_k?: number;
  min_p?: number;
  /** Same seed, same reply; random where it is left out. */
  seed?: number;
  max_new_tokens?: number;
  /** Alternatives told for each token, 0 to 20. */
  top_logprobs?: number;
  choices?: number;
  presence_penalty?: number;
  frequency_penalty?: number;
  repeat_penalty?: number;
  format?:
    | { type: 'json_object' }
    | { type: 'json_schema'; schema: unknown }
    | { type: 'regex'; pattern: string }
    | { type: 'grammar'; lark: string };
  echo?: boolean;
  token_bytes?: boolean;
  first_choice?: number;
  verbatim?: boolean;
  ignore_end?: boolean;
  /** Tokens with which the reply begins; only what comes after them is told. */
  prefix?: number[];
  stop?: string | string[];
  logit_bias?: Record<string, number> | [number, number][];
}

/** OpenAI's names, and Polo's own beside them. */
export interface ChatOptions extends SamplingOptions {
  max_tokens?: number;
  max_completion_tokens?: number;
  /** Replies to make. */
  n?: number;
  /** Tell every token, with its id and its logarithmic probability. */
  logprobs?: boolean;
  response_format?: { type: 'text' } | { type: 'json_object' } | { type: 'json_schema'; json_schema: { schema: unknown } };
  /** Stops at once: the iteration throws the signal's reason. `cancel()` stops and tells the end. */
  signal?: AbortSignal;
}

export interface TokenLogprob {
  token: string;
  id: number;
  logprob: number;
  bytes: number[] | null;
}

export interface TokenEntry extends TokenLogprob {
  top_logprobs: TokenLogprob[];
}

export interface Delta {
  role?: 'assistant';
  /** The answer. */
  content?: string;
  /** The thought. */
  reasoning_content?: string;
}

export type FinishReason = 'stop' | 'length' | 'cancelled';

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

/** What the end of a reply tells beside OpenAI's words. */
export interface End {
  usage: Usage;
  timings: { first_token_ms: number; decode_ms: number };
  /** Tokens the context still holds. */
  context_left: number;
  /** Each whole reply, thought and tags included: as `content` of the next turn nothing of it is computed again. */
  replies: string[];
}

export interface Chunk extends Partial<End> {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  /** Empty in the last chunk, which has `usage`. */
  choices: {
    index: number;
    delta: Delta;
    logprobs: { content?: TokenEntry[]; reasoning_content?: TokenEntry[] } | null;
    finish_reason: FinishReason | null;
  }[];
}

export interface Completion extends End {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string; reasoning_content?: string };
    finish_reason: FinishReason | null;
  }[];
}

/** What comes of a request. It runs whether or not anybody reads; leaving a `for await` early stops it. */
export interface Stream<T> extends AsyncIterableIterator<T> {
  readonly id: number;
  readonly ended: boolean;
  /** Asks the engine to stop; what it has said so far is still told, and how much it took. */
  cancel(): void;
}

export interface Reply extends Stream<Chunk> {
  /** Waits for the end. */
  complete(): Promise<Completion>;
}

/** How to search; docs/SEARCH.md explains each. */
export interface SearchOptions {
  mode?: 'chain_of_thought' | 'self_consistency' | 'best_of_n' | 'mcts';
  rollouts?: number;
  branching?: number;
  exploration?: number;
  selection?: 'normalised' | 'raw';
  action?: 'step' | 'whole' | { mini_step: number };
  depth?: number;
  path_tokens?: number;
  max_tokens?: number;
  answer_reserve?: number;
  lanes?: number;
  reflection?: 'off' | 'always' | 'low_confidence' | 'action';
  reflect_below?: number;
  vote?: 'weighted' | 'majority' | 'borda' | 'best_path';
  vote_temperature?: number;
  answer?: 'auto' | 'number' | 'text';
  repeats?: 'retry' | 'count';
  agreement?: number;
  time_limit_s?: number;
}

export interface TreeNode {
  node: number;
  parent: number;
  rollout: number;
  kind: 'segment' | 'reflection' | 'final' | 'truncated' | 'loop';
  text: string;
  tokens: number;
  confidence: number | null;
  answer: string | null;
}

export interface Votes {
  /** The winner first. */
  classes: { answer: string; votes: number; weight: number; value: number; leaves: number[] }[];
  votes: number;
  agreement: number;
}

export interface SearchProgress {
  rollouts: number;
  in_flight: number;
  tokens: number;
  max_tokens: number;
}

export interface SearchReport {
  /** In canonical form; null where there is none. */
  answer: string | null;
  /** The reply of the winning branch, tags included. */
  reply: string;
  path: number[];
  chosen: 'vote' | 'best_path' | 'no_agreement' | 'nothing';
  votes: Votes;
  without_reflection: string | null;
  stop: 'rollouts' | 'tokens' | 'time' | 'agreement' | 'exhausted' | 'cancelled';
  progress: SearchProgress;
}

/** The protocol's events, as they come; the last is `search_done`. */
export type SearchEvent = { id: number } & (
  | { type: 'started'; prompt_tokens: number; cached_tokens: number }
  | { type: 'imported'; prompt: unknown; sampling: SamplingOptions; search: SearchOptions }
  | { type: 'launched'; rollout: number; node: number; text: string }
  | {
      type: 'token'; choice: number; node: number; channel: 'thought' | 'output'; text: string; token: number;
      logprob: number; top?: { token: number; text: string; logprob: number; bytes?: number[] }[]; bytes?: number[];
    }
  | { type: 'text'; choice: number; node: number; channel: 'thought' | 'output'; text: string }
  | { type: 'expanded'; nodes: TreeNode[] }
  | { type: 'visited'; rollout: number; path: number[]; value: number }
  | { type: 'voted'; votes: Votes }
  | { type: 'searched'; progress: SearchProgress }
  | { type: 'search_done'; report: SearchReport }
);

export interface Search extends Stream<SearchEvent> {
  /** Waits for the end. */
  complete(): Promise<SearchReport>;
  /** Holds the search; its lanes are free for others. */
  pause(): void;
  resume(): void;
  /** Leaves a branch alone from now on, or takes it in again. */
  prune(node: number, pruned?: boolean): void;
  /** Grows a branch before all others, while it can grow. */
  pin(node: number, pinned?: boolean): void;
  /** The whole tree, running or done: `json` goes on by `importSearch`, `svg` is a picture. */
  export(): Promise<{ json: string; svg: string }>;
}

/** An engine with a model, in a worker of its own. */
export class Polo {
  private constructor();
  /** Starts an engine and loads a model: Polo Tiny, where none is named. */
  static load(load?: LoadArguments): Promise<Polo>;
  readonly info: ModelInfo;
  readonly device: DeviceInfo | undefined;
  /** Answers a conversation. Several may be under way at once. */
  chat(messages: string | Message[], options?: ChatOptions): Reply;
  /** Searches for the answer to a conversation. */
  search(messages: string | Message[], options?: ChatOptions & { search?: SearchOptions }): Search;
  /** Goes on with a search that was exported. */
  importSearch(json: string, options?: { signal?: AbortSignal }): Search;
  /** What a conversation is in tokens, template included. */
  tokenize(messages: string | Message[], options?: { signal?: AbortSignal }): Promise<{ tokens: number[]; texts: string[] }>;
  /** Any request of the protocol that has an answer (`library`, `pull`, `status`, …), with all that comes of it. */
  request(
    request: { type: string; [field: string]: unknown },
    options?: { signal?: AbortSignal; files?: File[] },
  ): Stream<{ type: string; id: number; [field: string]: unknown }>;
  /** Ends the engine and gives its memory back; what is under way ends with an error of kind `closed`. */
  close(): void;
  [Symbol.dispose](): void;
}
