// Models kept in the browser: pulled from a hub, interrupted, loaded, deleted; through the worker's messages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from './support/browser.mjs';
import { Engine, findWorker } from './support/engine.mjs';
import { Hub, noise, sha256 } from './support/hub.mjs';
import { noStoragePath, root, serve, smallStoragePath, watchedPath } from './support/server.mjs';

const PROBLEM = 'What is 47 + 85 - 20?';
const hubSource = (repo, file = null) => ({ kind: 'hub', repo, revision: null, file });

describe('models kept in the browser', { timeout: 1_200_000 }, () => {
  let server, browser, worker, hub, silent, tiny;

  before(async () => {
    tiny = await readFile(path.join(root, 'models/polo-tiny.gguf'));
    hub = await Hub.start({
      'polo/tiny-GGUF': { commit: 'a'.repeat(40), files: { 'README.md': Buffer.from('hello'), 'tiny-Q4_0.gguf': tiny } },
      'org/large-GGUF': { commit: 'b'.repeat(40), files: { 'large-Q4_K_M.gguf': noise(40_000_000), 'large-Q8_0.gguf': noise(5000, 2) } },
      'org/gated-GGUF': { commit: 'c'.repeat(40), gated: 'hf_tests', files: { 'm-Q4_0.gguf': noise(5000, 3) } },
      'org/two-GGUF': { commit: 'd'.repeat(40), files: { 'two-Q4_0.gguf': noise(3_000_000, 4) } },
    });
    // Another origin, which allows no page to read from it.
    silent = await serve();
    server = await serve({ connect: [hub.url, hub.other, silent.origin] });
    browser = await launch();
    worker = await findWorker(browser, server.origin);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await silent?.close();
    await hub?.close();
  });

  const withEngine = async (use, url = worker.url) => {
    Object.assign(hub, { faults: [], noRanges: false, slow: 0, log: [], sent: 0 });
    const engine = await Engine.start(browser, server.origin, { ...worker, url }, {
      friends: [hub.url, hub.other, silent.origin], query: `?hub=${encodeURIComponent(hub.url)}`,
    });
    try {
      await use(engine);
    } finally {
      await engine.close();
    }
  };
  const library = async (engine) => (await engine.ask({ type: 'library' })).at(-1).library;
  /// Every file in the browser's storage: path and hash.
  const stored = (engine) => engine.opened.page.evaluate(async () => {
    const found = {};
    const walk = async (folder, before) => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === 'directory') await walk(handle, `${before}${name}/`);
        else {
          const bytes = await (await handle.getFile()).arrayBuffer();
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          found[before + name] = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        }
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return found;
  });

  test('a model is found, pulled, loaded without the network, asked and deleted', () => withEngine(async (engine) => {
    const { listing } = (await engine.ask({ type: 'find', reference: 'polo/tiny-GGUF' })).at(-1);
    assert.equal(listing.license, 'apache-2.0');
    assert.deepEqual(listing.options.map((option) => [option.label, option.bytes, option.stored]), [['Q4_0', tiny.length, false]]);
    const events = await engine.ask({ type: 'pull', source: listing.options[0].source });
    const { model } = events.at(-1);
    assert.equal(model.name, 'polo/tiny-GGUF:Q4_0');
    assert.ok(model.complete && events.some((event) => event.type === 'pulling' && event.phase === 'verify'));
    const files = await stored(engine);
    assert.deepEqual(Object.values(files).filter((hash) => hash === sha256(tiny)).length, 1);
    assert.equal(Object.keys(files).length, 2, JSON.stringify(files));
    hub.log = [];
    await engine.reload();
    const { models, used_bytes, free_bytes } = await library(engine);
    assert.deepEqual([models.length, used_bytes], [1, tiny.length]);
    assert.ok(free_bytes > 0);
    const info = await engine.load({}, { kind: 'stored', name: model.name });
    assert.ok(info.parameters > 1e6);
    const tokens = await engine.greedy(PROBLEM, 8);
    assert.equal(hub.log.length, 0, 'nobody was asked');
    await engine.load();
    assert.deepEqual(await engine.greedy(PROBLEM, 8), tokens, 'the same as the embedded model, which it is');
    const left = (await engine.ask({ type: 'remove', name: model.name })).at(-1).library;
    assert.equal(left.models.length, 0);
    assert.deepEqual(await stored(engine), {});
  }));

  test('a reload in the middle of a pull costs little', () => withEngine(async (engine) => {
    hub.slow = 20;
    const source = hubSource('org/large-GGUF');
    await engine.post({ type: 'pull', source });
    await engine.until({ type: 'pulling' }, 25e6);
    await engine.reload();
    const [partial] = (await library(engine)).models;
    assert.ok(!partial.complete && partial.done_bytes >= 4 << 20, JSON.stringify(partial));
    Object.assign(hub, { slow: 0, sent: 0, faults: [{ status: 503 }, { cut: 100_000 }] });
    const { model } = (await engine.ask({ type: 'pull', source })).at(-1);
    assert.ok(model.complete);
    // What the server sent into connections that were cut, or that the reload left open for a moment, is sent
    // again; from the start it would be 16 MiB more.
    const most = 40_000_000 - partial.done_bytes + 6_000_000;
    assert.ok(hub.sent <= most, `${hub.sent} bytes were sent, ${partial.done_bytes} were here`);
    const files = await stored(engine);
    assert.equal(Object.keys(files).length, 2, JSON.stringify(files));
    assert.ok(Object.values(files).includes(sha256(noise(40_000_000))));
  }));

  test('a pull is paused by Cancel, and does not stop a reply', () => withEngine(async (engine) => {
    await engine.load();
    const alone = await engine.greedy(PROBLEM, 8);
    hub.slow = 20;
    const id = await engine.post({ type: 'pull', source: hubSource('org/large-GGUF') });
    await engine.until({ type: 'pulling' }, 1e6);
    assert.deepEqual(await engine.greedy(PROBLEM, 8), alone);
    await engine.opened.page.evaluate((pull) => globalThis.postToEngine({ type: 'cancel', id: pull }), id);
    const end = await engine.until({ type: 'done', id });
    assert.equal(end.finish_reason, 'cancelled');
    const [model] = (await library(engine)).models;
    assert.ok(!model.complete, JSON.stringify(model));
    await engine.ask({ type: 'remove', name: model.name });
    assert.deepEqual(await stored(engine), {});
  }));

  test('two workers do not write the same file', () => withEngine(async (engine) => {
    hub.slow = 50;
    await engine.post({ type: 'pull', source: hubSource('org/two-GGUF') });
    await engine.until({ type: 'pulling' }, 100_000);
    // The page's other worker: the same storage.
    await engine.boot();
    const [failed] = (await engine.ask({ type: 'pull', source: hubSource('org/two-GGUF') }, { mayFail: true })).slice(-1);
    assert.equal(failed.kind, 'busy', JSON.stringify(failed));
    const [model] = (await library(engine)).models;
    assert.ok(!model.complete);
  }));

  test('faults are survived, and what cannot be is told', () => withEngine(async (engine) => {
    hub.faults = [{ corrupt: 5 }];
    assert.ok((await engine.ask({ type: 'pull', source: hubSource('polo/tiny-GGUF') })).at(-1).model.complete);
    await engine.ask({ type: 'remove', name: 'polo/tiny-GGUF:Q4_0' });
    hub.noRanges = true;
    assert.ok((await engine.ask({ type: 'pull', source: hubSource('polo/tiny-GGUF') })).at(-1).model.complete);
    const failure = async (request) => (await engine.ask(request, { mayFail: true })).at(-1);
    const gated = await failure({ type: 'pull', source: hubSource('org/gated-GGUF') });
    assert.equal(gated.kind, 'gated', JSON.stringify(gated));
    assert.match(gated.message, /accept its licence/);
    const none = await failure({ type: 'find', reference: 'org/none' });
    assert.equal(none.kind, 'not_found', JSON.stringify(none));
    const name = await failure({ type: 'load', source: { kind: 'stored', name: 'x' } });
    assert.equal(name.kind, 'not_found', JSON.stringify(name));
  }));

  test('a model runs without being saved', () => withEngine(async (engine) => {
    const info = await engine.load({}, hubSource('polo/tiny-GGUF', 'Q4_0'));
    assert.ok(info.parameters > 1e6);
    assert.deepEqual(await stored(engine), {});
    assert.ok(hub.asked('/resolve/') > 0);
  }));

  test('a picked file is loaded', () => withEngine(async (engine) => {
    const files = [{ name: 'my model.gguf', base64: tiny.toString('base64') }];
    const request = { type: 'load', source: { kind: 'picked', names: ['my model.gguf'] }, options: {} };
    const { model } = (await engine.ask(request, { files })).at(-1);
    assert.ok(model.parameters > 1e6);
    assert.equal((await engine.greedy(PROBLEM, 4)).length, 4);
  }));

  test('a picked folder is loaded', () => withEngine(async (engine) => {
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'model.safetensors'];
    const files = await Promise.all(names.map(async (name) => ({
      name, base64: (await readFile(path.join(root, 'tests/data/golden/bf16_file', name))).toString('base64'),
    })));
    const { model } = (await engine.ask({ type: 'load', source: { kind: 'picked', names }, options: {} }, { files })).at(-1);
    assert.equal(model.architecture, 'qwen2');
    const { report } = (await engine.ask({ type: 'inspect', source: { kind: 'picked', names }, options: {} })).at(-1);
    assert.equal(report.parameters, model.parameters);
  }));

  test('too little room is told before anything comes', () => withEngine(async (engine) => {
    const failed = (await engine.ask({ type: 'pull', source: hubSource('org/large-GGUF') }, { mayFail: true })).at(-1);
    assert.equal(failed.kind, 'no_space', JSON.stringify(failed));
    assert.match(failed.message, /needs 40 MB more, and 10 MB are free/);
    assert.equal(hub.sent, 0);
    assert.deepEqual(await stored(engine), {});
  }, smallStoragePath));

  // Chromium's estimate does not know of the quota that is set here, so the writing itself meets it.
  test('a storage that is full in the middle is told, and the pull goes on when there is room', () => withEngine(async (engine) => {
    const client = await engine.opened.page.context().newCDPSession(engine.opened.page);
    const quota = (bytes) => client.send('Storage.overrideQuotaForOrigin', { origin: server.origin, ...bytes });
    await quota({ quotaSize: 30_000_000 });
    const source = hubSource('org/large-GGUF');
    const failed = (await engine.ask({ type: 'pull', source }, { mayFail: true })).at(-1);
    assert.equal(failed.kind, 'no_space', JSON.stringify(failed));
    const [partial] = (await library(engine)).models;
    await quota({});
    hub.sent = 0;
    assert.ok((await engine.ask({ type: 'pull', source })).at(-1).model.complete);
    // As above: connections that were given up may still carry a little.
    const most = 40_000_000 - partial.done_bytes + 6_000_000;
    assert.ok(partial.done_bytes > 0 && hub.sent <= most, `${hub.sent} bytes: ${JSON.stringify(partial)}`);
  }));

  test('what the browser withholds is told', async () => {
    const failure = async (engine, request) => (await engine.ask(request, { mayFail: true })).at(-1);
    await withEngine(async (engine) => {
      const { kind, message } = await failure(engine, { type: 'inspect', source: { kind: 'url', url: `${silent.origin}/model.gguf` }, options: {} });
      assert.equal(kind, 'fetch', message);
      assert.match(message, /^cannot read .+ did not answer \(.+\); is the network there, and does that server allow other pages \(CORS\)\?$/);
    });
    await withEngine(async (engine) => {
      const { kind, message } = await failure(engine, { type: 'pull', source: hubSource('org/two-GGUF') });
      assert.equal(kind, 'write', message);
      assert.match(message, /^cannot write .+: this browser stores no files for this page \(a private window\?\); use a normal window, or run the model without saving it/);
    }, noStoragePath);
  });

  // What the memory of a program has held once, it keeps: 256 MiB bound a model of any size, and Polo Tiny is 2 MB.
  test('the file of a model does not pass through the memory of the engine', () => withEngine(async (engine) => {
    const before = await engine.memory();
    await engine.ask({ type: 'pull', source: hubSource('org/large-GGUF', 'Q4_K_M') });
    await engine.load({}, hubSource('polo/tiny-GGUF', 'Q4_0'));
    await engine.greedy(PROBLEM, 4);
    const after = await engine.memory();
    console.log(`    memory of the engine: ${before / 2 ** 20} MiB at first, ${after / 2 ** 20} MiB after a pull of 40 MB and a load`);
    assert.ok(after < 64 * 2 ** 20, `${after} bytes`);
  }, watchedPath));
});
