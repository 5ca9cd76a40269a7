// An engine that plays a script, in place of the worker: what the real one seldom does, on demand.
// The word in capitals in a question or in a model's name says what happens. It plays both workers, the
// engine's and the library's; what waits goes on when the test calls `release()` in that worker.

const post = (event) => postMessage(JSON.stringify(event));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cancelled = new Set();
let gate;
const waitForTest = () => new Promise((resolve) => { gate = resolve; });
globalThis.release = () => gate?.();

const device = {
  name: 'scripted', backend: 'BrowserWebGpu', device_type: 'Other', driver: '', features: [], limits: [], variants: [],
};
const tiny = {
  name: 'Polo Tiny', architecture: 'qwen2', thoughts: 'marco', parameters: 1654321, context: 2048, weight_bytes: 1,
  kv_bytes: 1, tensors: [{ name: 'model.norm.weight', dims: [160], file: 'F32', gpu: 'f32', chunks: 1 }],
  claims: [['polo.kinds', '["arithmetic-en","words-en","arithmetic-ru","words-ru","arithmetic-zh","words-zh"]'], ['polo.accuracy', '{"arithmetic-en":0.93}']],
  load_ms: 1, sampling: null,
};
const thought = 'First the bags: 3×8=24\n\nThen all: 24+24=48\n';
const outputs = {
  MARKDOWN: 'So $x^2$ and\n\n$$\\frac{1}{2}$$\n\n```rust\nfn one() {}\n```\n\n' + 'A line.\n\n'.repeat(12),
  MATHS: globalThis.formulas?.map((tex) => `$$${tex}$$`).join('\n\n') ?? '$$x^2$$',
  CODE: `${'Before.\n\n'.repeat(3)}\`\`\`python\n${'def f(x):  # <script>alert(1)</script>\n    return "a" + str(1)\n'.repeat(40)}\`\`\`\n\n\`\`\`\nplain\n\`\`\`\n\nAfter.`,
  RTL: 'في السلة ثمان وأربعون تفاحة.\n\nThat is 48.',
  HOSTILE: '<script>window.evil=1</script><img src="/evil.png" onerror="window.evil=1"> ![p](http://127.0.0.1:9/y.png) '
    + '[x](javascript:window.evil=1) $\\operatorname{<img src=/z.png onerror=window.evil=1>}$ <style>*{}</style>',
};

const MB = 1e6;
const hub = (repo, file) => ({ kind: 'hub', repo, revision: null, file });
const nameOf = (source) => ({
  hub: () => `${source.repo}:${source.file}`, stored: () => source.name, picked: () => source.names[0], url: () => source.url,
})[source.kind]();
const option = (repo, label, mb, unsupported = null) => ({
  label, source: hub(repo, label), files: [{ path: `${label}.gguf`, url: '', bytes: mb * MB, sha256: null }],
  bytes: mb * MB, unsupported, stored: false,
});
const catalogue = [
  ['marco-o1', 'Marco-o1', 'Reasons in steps; English and Chinese.', 'AIDC-AI/Marco-o1-GGUF', 7.6e9, 4683, 'Apache-2.0', 'marco'],
  ['qwen2.5-0.5b', 'Qwen2.5 0.5B Instruct', 'Small and quick, for short questions.', 'Qwen/Qwen2.5-0.5B-Instruct-GGUF', 4.9e8, 398, 'Apache-2.0', 'none'],
].map(([alias, title, about, repo, parameters, mb, license, thoughts]) => ({
  alias, title, about, source: hub(repo, 'Q4_K_M'), parameters, bytes: mb * MB, license, thoughts,
}));

// What is stored survives a reload, as it does for the real one.
const shelf = 'https://shelf.invalid/';
const stored = async () => (await (await caches.open('scripted')).match(shelf))?.json() ?? [];
const store = async (models) => (await caches.open('scripted')).put(shelf, new Response(JSON.stringify(models)));
const keep = async (model) => store([...(await stored()).filter(({ name }) => name !== model.name), model]);
const library = async () => {
  const models = await stored();
  const used_bytes = models.reduce((sum, model) => sum + model.done_bytes, 0);
  return { location: 'this browser', models, used_bytes, free_bytes: 6000 * MB, persistent: false, catalogue };
};

async function load({ id, source }) {
  post({ type: 'device', device });
  const loading = (phase, done_bytes, total_bytes) => post({ type: 'loading', id, phase, done_bytes, total_bytes });
  loading('open', 0, 0);
  if (source.kind === 'embedded') {
    loading('upload', 1, 2);
    await sleep(50);
    post({ type: 'loaded', id, model: tiny });
    return;
  }
  const name = nameOf(source);
  if (name.includes('GONE')) {
    post({ type: 'failed', id, kind: 'not_found', message: `${name}: it is not in local storage` });
    return;
  }
  loading('upload', 136 * MB, 400 * MB);
  if (name.includes('HOLD')) {
    await waitForTest();
    loading('compile', 0, 0);
    await waitForTest();
  }
  loading('check', 0, 0);
  post({ type: 'loaded', id, model: { ...tiny, name, thoughts: 'none', parameters: 4.9e8, claims: [] } });
  if (name.includes('TEMPLATE')) {
    post({ type: 'notice', id, kind: 'template', message: 'the chat template failed at line 3; ChatML is used instead' });
  }
}

function inspect({ id, source, options }) {
  const name = nameOf(source);
  if (name.includes('BROKEN')) {
    post({ type: 'failed', id, kind: 'bad_model', message: `${name}: it ends at byte 12, expected 4096` });
    return;
  }
  const large = name.includes('Q8_0');
  const context = options.context ?? 8192;
  const shorter = name.includes('SHORTER');
  const weight_bytes = (large ? 9000 : 4600) * MB;
  const kv_bytes = context * 57344;
  post({ type: 'inspected', id, report: {
    name: source.kind === 'picked' ? 'A model of mine' : name, architecture: 'qwen2', parameters: 7.6e9, file_bytes: weight_bytes,
    weight_bytes, kv_bytes, scratch_bytes: 120 * MB, context, largest_context: large ? 0 : shorter ? 3072 : 24000,
    model_context: 32768, device_bytes: 8192 * 1048576, fit: large ? 'too_large' : shorter && context > 3072 ? 'shorter' : 'fits',
    reason: large ? 'it needs 9.1 GiB, the GPU has 8.0 GiB' : 'it needs 4.9 GiB of the 8.0 GiB', thoughts: 'marco',
  } });
}

function find({ id, reference }) {
  if (reference.includes('NOTHING')) {
    post({ type: 'failed', id, kind: 'not_found', message: `there is no repository ${reference}; check the spelling` });
    return;
  }
  const known = catalogue.find(({ alias }) => alias === reference);
  const repo = known?.source.repo ?? reference;
  const options = [
    option(repo, 'Q4_K_M', known ? known.bytes / MB : 4683), option(repo, 'Q4_0', 4431), option(repo, 'Q8_0', 8099),
    option(repo, 'IQ2_XS', 2469, 'IQ2_XS is a format Polo does not read; choose Q4_K_M, Q4_0 or Q8_0'),
  ];
  const listing = { reference: repo, title: known?.title ?? repo, revision: '0123456789abcdef', license: 'apache-2.0', options };
  post({ type: 'found', id, listing });
}

async function pull({ id, source }) {
  const name = nameOf(source);
  const bytes = 4683 * MB;
  const known = (await stored()).find((model) => model.name === name);
  let done = known?.done_bytes ?? 0;
  const model = () => ({ name, source, bytes, done_bytes: done, complete: done === bytes, modified_ms: Date.now() });
  const tell = (phase, bytes_per_s = 12.4 * MB) => {
    const seconds_left = phase === 'download' ? (bytes - done) / bytes_per_s : null;
    post({ type: 'pulling', id, phase, done_bytes: done, total_bytes: bytes, bytes_per_s, seconds_left });
  };
  const usage = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, reasoning_tokens: 0, context_left: 0, first_token_ms: 0, decode_ms: 0 };
  for (const share of [0.1, 0.34, 1]) {
    done = Math.max(done, Math.round(bytes * share));
    await keep(model());
    if (share < 1) tell('download');
    if (share === 0.34) {
      if (name.includes('WAIT')) tell('wait');
      await Promise.race([waitForTest(), (async () => { while (!cancelled.has(id)) await sleep(10); })()]);
    }
    if (name.includes('FULL')) {
      post({ type: 'failed', id, kind: 'no_space', message: 'no room for it: it needs 3.1 GB more, and 1.0 GB are free' });
      return;
    }
    if (cancelled.has(id)) {
      post({ type: 'done', id, replies: [], finish_reason: 'cancelled', usage });
      return;
    }
  }
  tell('verify');
  post({ type: 'pulled', id, model: model() });
}

// Four letters a token.
function tokenize({ id, prompt }) {
  const text = prompt.text ?? prompt.messages.map(({ content }) => content).join('');
  const count = Math.ceil(text.length / 4);
  post({ type: 'tokenized', id, tokens: Array(count).fill(1), texts: Array(count).fill('') });
}

const kernels = ['matvec q4 serial B=1', 'matvec q4 subgroups B=8', 'attention f16 paged', 'rms norm', 'sample top-k'];
const selfTest = ({ id }) => post({
  type: 'self_tested', id, results: kernels.map((name, at) => ({ name, error: at * 1.3e-4, tolerance: 4e-4, failure: null })),
});

function bench({ id }) {
  const step = { bytes_per_step: 4.4e9, gb_per_s: 214, bandwidth_share: 0.83, dispatches_per_step: 312, readback_bytes_per_token: 8 };
  const row = (batch, tokens_per_s) => ({ batch, tokens_per_s, ...step });
  post({ type: 'benched', id, report: {
    device, model: tiny.name, parameters: tiny.parameters, load_ms: 812, weights_ms: 650, load_gb_per_s: 2.1, file_gb_per_s: null,
    upload_gb_per_s: 5.2, prefill_tokens_per_s: 3120, read_gb_per_s: 257, bandwidth_bytes: 268435456, decode: [row(1, 48.3), row(8, 301)],
  } });
}

async function generate({ id, prompt, sampling }) {
  const question = prompt.messages.at(-1).content;
  const word = Object.keys(outputs).find((key) => question.includes(key));
  // What a test wants said, instead of the script's own: by a part of the question, thought and output.
  const wanted = Object.entries(globalThis.replies ?? {}).find(([part]) => question.includes(part))?.[1];
  if (question.includes('PANIC')) {
    post({ type: 'failed', id: null, kind: 'panic', message: 'panicked at src/here.rs:1' });
    return;
  }
  if (question.includes('LOST')) {
    post({ type: 'failed', id, kind: 'gpu_lost', message: 'the GPU was lost: unplugged' });
    post({ type: 'failed', id: null, kind: 'gpu_lost', message: 'the GPU was lost: unplugged' });
    return;
  }
  post({ type: 'started', id, prompt_tokens: 20, cached_tokens: 0 });
  let tokens = 0;
  // What a reply begins with was told before.
  let begun = sampling.prefix?.length ?? 0;
  const write = async (channel, text) => {
    for (const part of text.match(/[^]{1,4}/g)) {
      if (cancelled.has(id)) return;
      begun -= 1;
      if (begun >= 0) continue;
      const other = (token, text, logprob) => ({ token, text, logprob });
      // Every seventh is a guess.
      const logprob = tokens % 7 === 6 ? -1.2 : -0.05;
      const top = [other(1, part, logprob), other(2, ' 47', -1.5), other(3, '<b>', -3), other(4, '\n', -5), other(5, 'é', -6)];
      post({ type: 'token', id, choice: 0, node: 0, channel, text: part, token: 1, logprob, top });
      tokens += 1;
      if (question.includes('SLOW')) await sleep(20);
      if (question.includes('CRAWL')) await sleep(100);
    }
  };
  if (question.includes('BACK')) {
    await write('output', 'It was lost');
    post({ type: 'notice', id, kind: 'recovering', message: 'the device was lost: unplugged' });
    await waitForTest();
    post({ type: 'notice', id, kind: 'recovered', message: 'the model was loaded again and the reply goes on' });
    await write('output', ' and found.');
  } else {
    if (!question.includes('PLAIN')) await write('thought', wanted?.thought ?? thought);
    await write('output', wanted?.output ?? outputs[word] ?? 'The answer is **48**.');
  }
  const usage = {
    prompt_tokens: 20, cached_tokens: 0, completion_tokens: tokens, reasoning_tokens: 12, context_left: 1900,
    first_token_ms: 10, decode_ms: 100,
  };
  post({
    type: 'done', id, replies: ['<Thought>\nraw\n</Thought>\n<Output>\nraw\n</Output>'],
    finish_reason: cancelled.has(id) ? 'cancelled' : 'stop', usage,
  });
}

onmessage = async ({ data }) => {
  const request = JSON.parse(data.request ?? data);
  const { id, type } = request;
  (globalThis.requests ??= []).push({ ...request, files: data.files?.map((file) => file.name) });
  if (type === 'cancel') cancelled.add(id);
  if (type === 'load') await load(request);
  if (type === 'tokenize') tokenize(request);
  if (type === 'inspect') inspect(request);
  if (type === 'self_test') selfTest(request);
  if (type === 'bench') bench(request);
  if (type === 'library') post({ type: 'library', id, library: await library() });
  if (type === 'find') find(request);
  if (type === 'pull') await pull(request);
  if (type === 'remove') {
    await store((await stored()).filter(({ name }) => name !== request.name));
    post({ type: 'library', id, library: await library() });
  }
  if (type === 'generate') await generate(request);
  await globalThis.searchRequest(request);
};

// After the rest of the program, which is put behind this.
queueMicrotask(() => post({ type: 'ready' }));
