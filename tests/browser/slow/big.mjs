// A model of the size people use, in the browser: 7.6 G weights mixed as in a Q4_K_M file, pulled from a hub into
// the browser's storage, loaded from there, four tokens decoded. POLO_BIG_MODEL names the file
// (tests/it/big_model.rs makes it). Run by `cargo xtask slow`.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { launch, launchWithStorage } from '../support/browser.mjs';
import { Engine, findWorker } from '../support/engine.mjs';
import { Hub, LargeFile } from '../support/hub.mjs';
import { serve, watchedPath } from '../support/server.mjs';

/// Resident bytes of the browser in `folder`, by kind of process; shared pages are counted once (Linux only).
async function resident(folder) {
  const kinds = {};
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const command = (await readFile(`/proc/${id}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      if (!command.includes(folder) && !command.includes('--type=')) continue;
      const kind = /--type=([a-z-]+)/.exec(command)?.[1] ?? 'browser';
      const pss = /^Pss:\s+(\d+) kB/m.exec(await readFile(`/proc/${id}/smaps_rollup`, 'utf8'));
      if (pss && command.includes('chrom')) kinds[kind] = (kinds[kind] ?? 0) + Number(pss[1]) * 1024;
    } catch {
      // The process has ended meanwhile.
    }
  }
  return kinds;
}

const gb = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;

test('7.6 G weights are pulled, loaded and decoded in the browser', { timeout: 3_600_000 }, async () => {
  const folder = await mkdtemp(path.join(process.env.POLO_BIG_STORAGE ?? tmpdir(), 'polo-big-'));
  const hub = await Hub.start({ 'org/big-GGUF': { commit: 'f'.repeat(40), files: { 'big-Q4_K_M.gguf': await LargeFile.open(process.env.POLO_BIG_MODEL) } } });
  const server = await serve({ connect: [hub.url, hub.other] });
  const browser = await launchWithStorage(folder);
  const peak = {};
  let most = 0;
  const watch = setInterval(async () => {
    const kinds = await resident(folder);
    most = Math.max(most, Object.values(kinds).reduce((a, b) => a + b, 0));
    for (const [kind, bytes] of Object.entries(kinds)) peak[kind] = Math.max(peak[kind] ?? 0, bytes);
  }, 500);
  try {
    // A browser of its own: that with the storage has one context only, which ends with its page.
    const finder = await launch();
    const worker = await findWorker(finder, server.origin);
    await finder.close();
    const engine = await Engine.start(browser, server.origin, { ...worker, url: watchedPath }, {
      friends: [hub.url, hub.other], query: `?hub=${encodeURIComponent(hub.url)}`,
    });
    const source = { kind: 'hub', repo: 'org/big-GGUF', revision: null, file: 'Q4_K_M' };
    const options = { context: 512, max_batch: 1 };
    const timed = async (what, request) => {
      const started = Date.now();
      const events = await engine.ask(request);
      console.log(`    ${what}: ${((Date.now() - started) / 1e3).toFixed(1)} s`);
      assert.notEqual(events.at(-1).type, 'failed', events.at(-1).message);
      return events;
    };
    const { report } = (await timed('pre-flight', { type: 'inspect', source, options })).at(-1);
    await timed('download and hash', { type: 'pull', source });
    const { model } = (await timed('load', { type: 'load', source, options })).at(-1);
    assert.equal(model.weight_bytes, report.weight_bytes);
    const onGpu = model.weight_bytes + model.kv_bytes;
    const reply = await timed('4 tokens after 8', {
      type: 'generate',
      prompt: { kind: 'tokens', tokens: [1, 2, 3, 4, 5, 6, 7, 8] },
      sampling: { temperature: 0, max_new_tokens: 4 },
    });
    assert.equal(reply.filter(({ type }) => type === 'token').length, 4);
    console.log(`    ${gb(onGpu)} on the GPU; the whole browser at most ${gb(most)}; by process ${JSON.stringify(Object.fromEntries(Object.entries(peak).map(([kind, bytes]) => [kind, gb(bytes)])))}`);
    const heap = await engine.memory();
    console.log(`    the memory of the engine's program: ${(heap / 2 ** 20).toFixed(0)} MiB`);
    assert.ok(heap < 256 * 2 ** 20, `${heap} bytes of WebAssembly memory`);
    assert.ok(most < 1.15 * onGpu + 700e6, `${gb(most)} resident for ${gb(onGpu)} on the GPU`);
    await engine.close();
  } finally {
    clearInterval(watch);
    await browser.close();
    await server.close();
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  }
});
