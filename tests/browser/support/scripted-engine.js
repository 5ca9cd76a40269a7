// An engine that plays a script, in place of the worker: what the real one seldom does, on demand.
// The word in capitals in the question says what happens.

const post = (event) => postMessage(JSON.stringify(event));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cancelled = new Set();

const device = {
  name: 'scripted', backend: 'BrowserWebGpu', device_type: 'Cpu', driver: '', features: [], limits: [], variants: [],
};
const model = {
  name: 'Polo Tiny', architecture: 'qwen2', parameters: 1654321, context: 2048, weight_bytes: 1, kv_bytes: 1,
  tensors: [{ name: 'model.norm.weight', dims: [160], file: 'F32', gpu: 'f32', chunks: 1 }],
  claims: [['polo.kinds', '["arithmetic-en","words-en"]'], ['polo.accuracy', '{"arithmetic-en":0.93}']],
  load_ms: 1, sampling: null,
};
const thought = 'First the bags: 3×8=24\n\nThen all: 24+24=48\n';
const outputs = {
  MARKDOWN: 'So $x^2$ and\n\n$$\\frac{1}{2}$$\n\n```rust\nfn one() {}\n```\n\n' + 'A line.\n\n'.repeat(12),
  HOSTILE: '<script>window.evil=1</script><img src="/evil.png" onerror="window.evil=1"> ![p](http://127.0.0.1:9/y.png) '
    + '[x](javascript:window.evil=1) $\\operatorname{<img src=/z.png onerror=window.evil=1>}$ <style>*{}</style>',
};

onmessage = async ({ data }) => {
  const request = JSON.parse(data);
  const { id } = request;
  (globalThis.requests ??= []).push(request);
  if (request.type === 'cancel') cancelled.add(id);
  if (request.type === 'load') {
    post({ type: 'device', device });
    post({ type: 'loading', id, done_bytes: 1, total_bytes: 2 });
    await sleep(50);
    post({ type: 'loaded', id, model });
  }
  if (request.type !== 'generate') return;
  const question = request.prompt.messages.at(-1).content;
  const word = Object.keys(outputs).find((key) => question.includes(key));
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
  const write = async (channel, text) => {
    for (const part of text.match(/[^]{1,4}/g)) {
      if (cancelled.has(id)) return;
      post({ type: 'token', id, choice: 0, node: 0, channel, text: part, token: 1, logprob: -0.1 });
      tokens += 1;
      if (question.includes('SLOW')) await sleep(20);
    }
  };
  await write('thought', thought);
  await write('output', outputs[word] ?? 'The answer is **48**.');
  const usage = {
    prompt_tokens: 20, cached_tokens: 0, completion_tokens: tokens, reasoning_tokens: 12, context_left: 1900,
    first_token_ms: 10, decode_ms: 100,
  };
  post({
    type: 'done', id, replies: ['<Thought>\nraw\n</Thought>\n<Output>\nraw\n</Output>'],
    finish_reason: cancelled.has(id) ? 'cancelled' : 'stop', usage,
  });
};

post({ type: 'ready' });
