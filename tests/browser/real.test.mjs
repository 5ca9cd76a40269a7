// A real model in the browser: SmolLM2-135M-Instruct, pulled from a hub into the browser's storage, loaded from
// there, and held against Hugging Face transformers token by token.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from './support/browser.mjs';
import { Engine, findWorker } from './support/engine.mjs';
import { Hub } from './support/hub.mjs';
import { root, serve } from './support/server.mjs';

const file = process.env.POLO_SMOLLM2;
const skip = file ? false : 'POLO_SMOLLM2 names no file; `cargo xtask test` fetches it';

describe('a real model', { timeout: 900_000, skip }, () => {
  let server, browser, hub, worker;

  before(async () => {
    const model = await readFile(file);
    hub = await Hub.start({ 'org/SmolLM2-GGUF': { commit: 'e'.repeat(40), files: { 'smollm2-Q4_1.gguf': model } } });
    server = await serve({ connect: [hub.url, hub.other] });
    browser = await launch();
    worker = await findWorker(browser, server.origin);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await hub?.close();
  });

  test('SmolLM2 is pulled, judged, loaded, and says what transformers says', async () => {
    const golden = JSON.parse(await readFile(path.join(root, 'tests/data/golden/smollm2.json'), 'utf8'));
    // The prompt whose best and second best tokens are furthest apart: no rounding turns one into the other.
    const { ids, greedy, top_logprobs: logprobs } = golden.prompts.toSorted((a, b) => Math.min(...b.margin) - Math.min(...a.margin))[0];
    const engine = await Engine.start(browser, server.origin, worker, {
      friends: [hub.url, hub.other], query: `?hub=${encodeURIComponent(hub.url)}`,
    });
    try {
      const source = { kind: 'hub', repo: 'org/SmolLM2-GGUF', revision: null, file: 'Q4_1' };
      // The context of the reference; keys and values in f32, as it has them.
      const options = { context: 512, kv: 'f32' };
      const { report } = (await engine.ask({ type: 'inspect', source, options })).at(-1);
      assert.equal(report.architecture, 'llama');
      const pulled = (await engine.ask({ type: 'pull', source })).at(-1);
      assert.equal(pulled.type, 'pulled', pulled.message);
      const started = Date.now();
      const events = await engine.ask({ type: 'load', source, options });
      const { model, message } = events.at(-1);
      assert.ok(model, message);
      assert.equal(model.weight_bytes, report.weight_bytes, 'the pre-flight foretold the load');
      const phases = new Set(events.filter(({ type }) => type === 'loading').map(({ phase }) => phase));
      assert.deepEqual([...phases], ['open', 'upload', 'compile', 'check']);
      console.log(`    SmolLM2 loads in ${Date.now() - started} ms, ${(model.weight_bytes / 1e6).toFixed(0)} MB on the GPU`);
      const reply = await engine.ask({
        type: 'generate',
        prompt: { kind: 'tokens', tokens: ids },
        sampling: { temperature: 0, max_new_tokens: greedy.length, top_logprobs: 5 },
      });
      const tokens = reply.filter(({ type }) => type === 'token');
      assert.deepEqual(tokens.map(({ token }) => token), greedy.slice(0, tokens.length));
      assert.ok(tokens.length >= Math.min(greedy.length, 16), `${tokens.length} tokens`);
      for (const [step, { top }] of tokens.entries()) {
        const wanted = logprobs[step].slice(0, top.length);
        top.forEach(({ logprob }, place) => assert.ok(Math.abs(logprob - wanted[place]) < 0.01, `step ${step}, place ${place}: ${logprob} for ${wanted[place]}`));
      }
    } finally {
      await engine.close();
    }
  });
});
