// The engine in its worker: every shader in Chrome's own compiler, and the same tokens as natively.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { launch } from './support/browser.mjs';
import { Engine, findWorker } from './support/engine.mjs';
import { serve } from './support/server.mjs';

const PROBLEM = 'What is 47 + 85 - 20?';
const TOKENS = 64;

/// What the native program says to the same problem.
function native() {
  const program = process.env.POLO_BIN;
  assert.ok(program, 'POLO_BIN names no native program: run through `cargo xtask test`');
  const out = execFileSync(program, ['ask', '--json', '--greedy', '--max-tokens', String(TOKENS), PROBLEM], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 180_000,
  });
  return JSON.parse(out).tokens.map((token) => token.id);
}

describe('engine in its worker', { timeout: 1_200_000 }, () => {
  let server, browser, worker, expected;

  before(async () => {
    server = await serve();
    browser = await launch();
    worker = await findWorker(browser, server.origin);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const withEngine = async (use) => {
    const engine = await Engine.start(browser, server.origin, worker);
    try {
      await use(engine);
    } finally {
      await engine.close();
    }
  };

  test('every shader variant compiles and matches its reference', () => withEngine(async (engine) => {
    await engine.load();
    const { results } = (await engine.ask({ type: 'self_test' })).at(-1);
    assert.ok(results.length > 0, 'something was tested');
    const bad = results.filter((r) => r.failure || !(r.error <= r.tolerance));
    assert.deepEqual(bad, []);
    console.log(`    ${results.length} variants`);
  }));

  test('greedy tokens are those of the native program', () => withEngine(async (engine) => {
    expected = native();
    assert.ok(expected.length > 8, `native tokens: ${expected}`);
    await engine.load();
    assert.deepEqual(await engine.greedy(PROBLEM, TOKENS), expected);
    const [device] = await engine.devices();
    console.log(`    ${device.name || device.backend}: ${JSON.stringify(device.variants)}`);
  }));

  test('split into chunks of 64 KiB, the tokens are the same', () => withEngine(async (engine) => {
    const model = await engine.load({ max_chunk_bytes: 65536 });
    assert.ok(model.tensors.some((tensor) => tensor.chunks > 1), 'some tensor is split');
    assert.deepEqual(await engine.greedy(PROBLEM, TOKENS), expected);
  }));

  // Polo Tiny is so small that 64 KiB hold some of its matrices whole.
  test('split into chunks of 4 KiB, every matrix is split and the tokens are the same', () => withEngine(async (engine) => {
    const model = await engine.load({ max_chunk_bytes: 4096 });
    const whole = model.tensors.filter((tensor) => tensor.dims.length === 2 && tensor.chunks < 2);
    assert.deepEqual(whole, []);
    assert.deepEqual(await engine.greedy(PROBLEM, TOKENS), expected);
  }));

  test('default limits and no optional feature are enough', () => withEngine(async (engine) => {
    await engine.load({ baseline: true });
    const device = (await engine.devices()).at(-1);
    assert.ok(!device.features.some((feature) => /subgroup|f16/i.test(feature)), `features: ${device.features}`);
    assert.deepEqual(await engine.greedy(PROBLEM, TOKENS), expected);
  }));

  test('a bad request is refused and the next one answered', () => withEngine(async (engine) => {
    await engine.load();
    const prompt = { kind: 'chat', messages: [{ role: 'user', content: PROBLEM }] };
    const refused = await engine.ask({ type: 'generate', prompt, sampling: { temperature: 9 } }, { mayFail: true });
    assert.equal(refused.at(-1).type, 'failed');
    assert.match(refused.at(-1).message, /temperature/);
    assert.equal((await engine.greedy(PROBLEM, 4)).length, 4);
  }));

  test('one record of tokens gives the tree that it gives natively', () => withEngine(async (engine) => {
    await engine.load();
    const record = JSON.parse(readFileSync(new URL('../data/search/record.json', import.meta.url), 'utf8'));
    const events = await engine.ask({ type: 'import', json: record.import });
    const nodes = events.filter((event) => event.type === 'expanded').flatMap((event) => event.nodes);
    assert.deepEqual(nodes, JSON.parse(record.nodes));
    assert.deepEqual(events.at(-1).report, JSON.parse(record.report));
  }));

  test('a search grows, and the same seed grows the same tree', () => withEngine(async (engine) => {
    await engine.load();
    const prompt = { kind: 'chat', messages: [{ role: 'user', content: PROBLEM }] };
    const search = { rollouts: 4, lanes: 2, agreement: 1, action: { mini_step: 16 } };
    const grow = async () => {
      const events = await engine.ask({ type: 'search', prompt, sampling: { seed: 7 }, search });
      assert.equal(events.at(-1).type, 'search_done');
      return [events.filter((event) => event.type === 'expanded').flatMap((event) => event.nodes), events.at(-1).report];
    };
    const first = await grow();
    assert.ok(first[0].length >= 2 && first[1].votes.votes > 0, JSON.stringify(first[1]));
    assert.deepEqual(await grow(), first);
  }));

  test('the bench runs', () => withEngine(async (engine) => {
    await engine.load();
    const options = { prompt_tokens: 64, decode_tokens: 16, batches: [1, 4, 8], bandwidth_bytes: 64 << 20 };
    const { report } = (await engine.ask({ type: 'bench', options })).at(-1);
    assert.equal(report.decode.length, 3);
    assert.ok(report.decode.every((row) => row.tokens_per_s > 0));
    console.log(`    bench in Chromium: ${JSON.stringify(report)}`);
  }));
});
