// Polo's engine for your own pages: `const polo = await Polo.load()`, then `for await (… of polo.chat(messages))`.
//
// The engine runs in a worker and is spoken to in JSON, in the words of src/protocol/, as Polo's own page does.
// polo.d.ts has the types, docs/JAVASCRIPT.md the explanations.

/// What went wrong; `kind` is one stable word, as in docs/ERRORS.md, or `closed` or `worker`.
export class PoloError extends Error {
  constructor(kind, message, context) {
    super(message);
    this.name = 'PoloError';
    this.kind = kind;
    // The lengths, where a prompt does not fit.
    if (context) this.context = context;
  }
}

const bad = (message) => new PoloError('bad_request', message);
const stopped = (signal) => signal.reason ?? new DOMException('It was stopped.', 'AbortError');

/// What a request ends with; `failed` ends all of them.
const LAST = new Set([
  'done', 'loaded', 'unloaded', 'status', 'tokenized', 'detokenized', 'benched', 'self_tested', 'compared',
  'inspected', 'library', 'found', 'pulled', 'search_done',
]);

/// What comes of a request, as it comes. It is under way from the beginning, whether or not anybody reads.
class Stream {
  #engine;
  #items = [];
  #readers = [];
  #ended = false;
  #error;
  #forget;

  constructor(engine, request, { signal, make = (event) => [event], files } = {}) {
    this.#engine = engine;
    this.id = engine.begin({
      event: (event) => {
        if (event.type === 'failed') return this.#end(new PoloError(event.kind, event.message, event.context));
        for (const item of make(event)) this.#push(item);
        if (LAST.has(event.type)) this.#end();
      },
      fail: (error) => this.#end(error),
    });
    if (signal) {
      const abort = () => {
        if (this.#ended) return;
        this.cancel();
        this.#end(stopped(signal));
      };
      if (signal.aborted) return void this.#end(stopped(signal));
      signal.addEventListener('abort', abort, { once: true });
      this.#forget = () => signal.removeEventListener('abort', abort);
    }
    engine.post({ ...request, id: this.id }, files);
  }

  /// Asks the engine to stop; what it has said so far is still told, and how much it took.
  cancel() {
    if (!this.#ended) this.#engine.post({ type: 'cancel', id: this.id });
  }

  get ended() {
    return this.#ended;
  }

  #push(item) {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ value: item, done: false });
    else this.#items.push(item);
  }

  #end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#forget?.();
    this.#engine.end(this.id);
    for (const reader of this.#readers.splice(0)) this.#last(reader);
  }

  /// An error is told once, as the end of the iteration.
  #last({ resolve, reject }) {
    const error = this.#error;
    this.#error = undefined;
    if (error) reject(error);
    else resolve({ value: undefined, done: true });
  }

  next() {
    return new Promise((resolve, reject) => {
      if (this.#items.length) resolve({ value: this.#items.shift(), done: false });
      else if (this.#ended) this.#last({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  /// Leaving a `for await` early stops the engine as well.
  async return(value) {
    this.cancel();
    this.#items = [];
    this.#error = undefined;
    this.#end();
    this.#error = undefined;
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/// The worker, and who waits for what it says.
class Engine {
  #worker;
  #waiting = new Map();
  // Searches are exported while they run and after they ended, so this has a list of its own.
  #exports = [];
  #next = 1;
  #held = [];
  #dead;

  constructor({ worker, hub, onNotice }) {
    // This very form is what bundlers look for.
    this.#worker = worker ?? (hub
      ? new Worker(new URL(`./worker_loader.js?hub=${encodeURIComponent(hub)}`, import.meta.url), { type: 'module', name: 'polo' })
      : new Worker(new URL('./worker_loader.js', import.meta.url), { type: 'module', name: 'polo' }));
    this.onNotice = onNotice;
    this.#worker.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#worker.onerror = (error) => {
      error.preventDefault();
      this.close(new PoloError('worker', error.message || "the worker's program did not load; is worker_loader.js beside polo.js?"));
    };
  }

  #hear(event) {
    if (event.type === 'ready') {
      const held = this.#held ?? [];
      this.#held = null;
      for (const message of held) this.#worker.postMessage(message);
    } else if (event.type === 'device') {
      this.device = event.device;
    } else if (event.type === 'notice') {
      this.onNotice?.({ kind: event.kind, message: event.message });
    } else if (event.type === 'failed' && (event.id ?? null) === null) {
      this.close(new PoloError(event.kind, event.message, event.context));
    } else if (event.type === 'exported') {
      this.#exported(event.id)?.resolve(event);
    } else if (event.type === 'failed' && !this.#waiting.has(event.id)) {
      this.#exported(event.id)?.reject(new PoloError(event.kind, event.message));
    } else {
      this.#waiting.get(event.id)?.event(event);
    }
  }

  #exported(id) {
    const at = this.#exports.findIndex((one) => one.id === id);
    return at < 0 ? undefined : this.#exports.splice(at, 1)[0];
  }

  exported(id) {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#exports.push({ id, resolve, reject });
      this.post({ type: 'export', id });
    });
  }

  begin(waiting) {
    if (this.#dead) throw this.#dead;
    const id = this.#next++;
    this.#waiting.set(id, waiting);
    return id;
  }

  end(id) {
    this.#waiting.delete(id);
  }

  /// What is sent before the worker listens would be lost.
  post(request, files) {
    if (this.#dead) return;
    const text = JSON.stringify(request);
    const message = files?.length ? { request: text, files } : text;
    if (this.#held) this.#held.push(message);
    else this.#worker.postMessage(message);
  }

  /// Ends the worker, and everything that waits for it with this error.
  close(error) {
    if (this.#dead) return;
    this.#dead = error;
    this.#worker.terminate();
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
    this.#waiting.clear();
    for (const { reject } of this.#exports.splice(0)) reject(error);
  }
}

/// The last event of a request.
async function last(stream, each = () => {}) {
  let event;
  for await (event of stream) each(event);
  return event;
}

/// Where a model is, in the words of the protocol, and files that go with it.
async function sourceOf(model, engine, signal) {
  if (typeof File !== 'undefined' && model instanceof File) model = [model];
  if (Array.isArray(model)) return { source: { kind: 'picked', names: model.map(({ name }) => name) }, files: model };
  if (typeof model === 'object' && model?.kind) return { source: model };
  if (typeof model === 'object' && model?.stored) return { source: { kind: 'stored', name: model.stored } };
  if (typeof model !== 'string') throw bad(`model is ${JSON.stringify(model)}, expected a name, an address, {stored: name} or files`);
  if (model === 'embedded' || model === 'polo-tiny') return { source: { kind: 'embedded' } };
  if (/^(\.{0,2}\/|https?:)/.test(model)) return { source: { kind: 'url', url: new URL(model, document.baseURI).href } };
  const { listing } = await last(new Stream(engine, { type: 'find', reference: model }, { signal }));
  const [form] = listing.options.filter(({ unsupported }) => !unsupported);
  if (!form) throw new PoloError('not_found', `${model}: ${listing.options[0]?.unsupported ?? 'it holds no model that can be loaded'}`);
  return { source: form.source };
}

const ROLES = { system: 'system', developer: 'system', user: 'user', assistant: 'assistant' };

function promptOf(messages) {
  if (typeof messages === 'string') messages = [{ role: 'user', content: messages }];
  if (!Array.isArray(messages) || !messages.length) throw bad('messages is empty, expected at least one message');
  return {
    kind: 'chat',
    messages: messages.map(({ role, content }, at) => {
      if (!Object.hasOwn(ROLES, role)) throw bad(`messages[${at}].role is ${JSON.stringify(role)}, expected system, developer, user or assistant`);
      const parts = Array.isArray(content) ? content : [{ type: 'text', text: content ?? '' }];
      const odd = parts.find(({ type, text }) => type !== 'text' || typeof text !== 'string');
      if (odd) throw bad(`messages[${at}].content: this model reads text only`);
      return { role: ROLES[role], content: parts.map(({ text }) => text).join('') };
    }),
  };
}

/// Options as the protocol has them. OpenAI's names, where they differ, stand on the left.
const RENAMED = { max_tokens: 'max_new_tokens', max_completion_tokens: 'max_new_tokens', n: 'choices' };
const SAMPLING = new Set([
  'temperature', 'top_p', 'top_k', 'min_p', 'seed', 'max_new_tokens', 'top_logprobs', 'stop', 'choices',
  'presence_penalty', 'frequency_penalty', 'repeat_penalty', 'logit_bias', 'format', 'echo', 'token_bytes',
  'first_choice', 'verbatim', 'ignore_end', 'prefix',
]);

function samplingOf({ signal, search, logprobs, response_format: format, model, stream, user, ...options }, recommended) {
  const sampling = { seed: Math.floor(Math.random() * 2 ** 32) };
  for (const name of ['temperature', 'top_p', 'top_k', 'min_p', 'repeat_penalty']) {
    if (recommended?.[name] !== undefined) sampling[name] = recommended[name];
  }
  for (const [given, value] of Object.entries(options)) {
    const name = RENAMED[given] ?? given;
    if (!SAMPLING.has(name)) throw bad(`${given} is no option; docs/JAVASCRIPT.md lists them`);
    if (value !== undefined && value !== null) sampling[name] = value;
  }
  if (typeof sampling.stop === 'string') sampling.stop = [sampling.stop];
  const bias = sampling.logit_bias;
  if (bias && !Array.isArray(bias)) sampling.logit_bias = Object.entries(bias).map(([token, by]) => [Number(token), by]);
  if (format?.type === 'json_object') sampling.format = { type: 'json_object' };
  else if (format?.type === 'json_schema') sampling.format = { type: 'json_schema', schema: format.json_schema?.schema ?? {} };
  else if (format && format.type !== 'text') throw bad(`response_format.type is ${JSON.stringify(format.type)}, expected text, json_object or json_schema`);
  if (logprobs) sampling.token_bytes = true;
  return sampling;
}

const FINISH = { stop: 'stop', length: 'length', context: 'length', cancelled: 'cancelled' };
const textOf = (bytes, text) => (bytes ? new TextDecoder().decode(Uint8Array.from(bytes)) : text);
const tokenOf = ({ token: id, text, logprob, bytes }) => ({ token: textOf(bytes, text), id, logprob, bytes: bytes ?? null });

/// From the engine's events to OpenAI's `chat.completion.chunk`s.
function chunks(name, { logprobs = false, n, choices = n ?? 1 }) {
  const head = { id: `chatcmpl-${crypto.randomUUID()}`, object: 'chat.completion.chunk', created: Math.floor(Date.now() / 1000), model: name };
  const open = new Set(Array.from({ length: choices }, (_, index) => index));
  const chunk = (index, delta, finish = null, told = null) => ({ ...head, choices: [{ index, delta, logprobs: told, finish_reason: finish }] });
  const field = (channel) => (channel === 'thought' ? 'reasoning_content' : 'content');
  return (event) => {
    const { type, choice, channel, text } = event;
    if (type === 'started') return [...open].map((index) => chunk(index, { role: 'assistant' }));
    if (type === 'text') return [chunk(choice, { [field(channel)]: text })];
    if (type === 'token') {
      if (!text && !logprobs) return [];
      const entry = logprobs && { ...tokenOf(event), top_logprobs: (event.top ?? []).map(tokenOf) };
      return [chunk(choice, text ? { [field(channel)]: text } : {}, null, entry ? { [field(channel)]: [entry] } : null)];
    }
    if (type === 'ended') {
      open.delete(choice);
      return [chunk(choice, {}, FINISH[event.finish_reason])];
    }
    if (type !== 'done') return [];
    const { usage } = event;
    return [
      // A reply that was stopped does not tell its end by itself.
      ...[...open].map((index) => chunk(index, {}, FINISH[event.finish_reason])),
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: usage.prompt_tokens,
          completion_tokens: usage.completion_tokens,
          total_tokens: usage.prompt_tokens + usage.completion_tokens,
          prompt_tokens_details: { cached_tokens: usage.cached_tokens },
          completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
        },
        timings: { first_token_ms: usage.first_token_ms, decode_ms: usage.decode_ms },
        context_left: usage.context_left,
        replies: event.replies,
      },
    ];
  };
}

/// A reply as it comes, or (`complete`) as a whole.
class Reply extends Stream {
  /// Waits for the end: an OpenAI `chat.completion`.
  async complete() {
    const choices = [];
    let end = {};
    for await (const chunk of this) {
      for (const { index, delta, finish_reason: finish } of chunk.choices) {
        choices[index] ??= { index, message: { role: 'assistant', content: '' }, finish_reason: null };
        const { message } = choices[index];
        if (delta.content) message.content += delta.content;
        if (delta.reasoning_content) message.reasoning_content = (message.reasoning_content ?? '') + delta.reasoning_content;
        if (finish) choices[index].finish_reason = finish;
      }
      end = chunk;
    }
    return { ...end, object: 'chat.completion', choices };
  }
}

/// A search as it goes: the protocol's events, the last of them `search_done`.
class Search extends Stream {
  #engine;

  constructor(engine, request, { signal }) {
    super(engine, request, { signal });
    this.#engine = engine;
  }

  #tell(type, more) {
    this.#engine.post({ type, id: this.id, ...more });
  }

  /// Holds the search; its lanes are free for others.
  pause() {
    this.#tell('pause');
  }

  /// Goes on after `pause`.
  resume() {
    this.#tell('resume');
  }

  /// Leaves a branch alone from now on, or takes it in again.
  prune(node, pruned = true) {
    this.#tell('prune', { node, pruned });
  }

  /// Grows a branch before all others, while it can grow.
  pin(node, pinned = true) {
    this.#tell('pin', { node, pinned });
  }

  /// The whole tree, running or done: `json` goes on elsewhere by `importSearch`, `svg` is a picture of it.
  async export() {
    const { json, svg } = await this.#engine.exported(this.id);
    return { json, svg };
  }

  /// Waits for the end: the report of `search_done`.
  async complete() {
    return (await last(this)).report;
  }
}

/// An engine with a model.
export class Polo {
  #engine;
  #options;

  /// Starts an engine and loads a model: Polo Tiny, where none is named.
  static async load({ model = 'embedded', options = {}, store = false, token, hub, worker, onProgress, onNotice, signal } = {}) {
    if (signal?.aborted) throw stopped(signal);
    const engine = new Engine({ worker, hub, onNotice });
    const progress = ({ type, phase, done_bytes, total_bytes }) => {
      if (type === 'loading' || type === 'pulling') onProgress?.({ phase, done_bytes, total_bytes });
    };
    try {
      if (token) engine.post({ type: 'authorize', token });
      const { source, files } = await sourceOf(model, engine, signal);
      if (store) await last(new Stream(engine, { type: 'pull', source }, { signal }), progress);
      const { model: info } = await last(new Stream(engine, { type: 'load', source, options }, { signal, files }), progress);
      return new Polo(engine, info);
    } catch (error) {
      engine.close(new PoloError('closed', 'the model could not be loaded'));
      throw error;
    }
  }

  constructor(engine, info) {
    this.#engine = engine;
    this.info = info;
    this.device = engine.device;
  }

  /// Answers a conversation: OpenAI's chunks, the last of them with `usage`.
  chat(messages, options = {}) {
    const request = { type: 'generate', prompt: promptOf(messages), sampling: samplingOf(options, this.info.sampling) };
    return new Reply(this.#engine, request, { signal: options.signal, make: chunks(this.info.name, options) });
  }

  /// Searches for the answer to a conversation; `options.search` says how.
  search(messages, options = {}) {
    const request = { type: 'search', prompt: promptOf(messages), sampling: samplingOf(options, this.info.sampling), search: options.search ?? {} };
    return new Search(this.#engine, request, options);
  }

  /// Goes on with a search that was exported.
  importSearch(json, { signal } = {}) {
    return new Search(this.#engine, { type: 'import', json }, { signal });
  }

  /// What a conversation is in tokens, template included.
  async tokenize(messages, { signal } = {}) {
    const { tokens, texts } = await last(new Stream(this.#engine, { type: 'tokenize', prompt: promptOf(messages) }, { signal }));
    return { tokens, texts };
  }

  /// Any request of the protocol that has an answer, with all that comes of it.
  request(request, { signal, files } = {}) {
    return new Stream(this.#engine, request, { signal, files });
  }

  /// Ends the engine and gives its memory back; what is under way ends with an error of kind `closed`.
  close() {
    this.#engine.close(new PoloError('closed', 'this Polo was closed'));
  }

  [Symbol.dispose ?? Symbol.for('dispose')]() {
    this.close();
  }
}
