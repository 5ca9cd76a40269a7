// The engine from JavaScript: polo.js as other people's pages use it, with Polo Tiny.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { LOAD_MS } from './support/polo.mjs';
import { barriers, shoot } from './support/look.mjs';
import { blankPath, root, serve } from './support/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(root, 'dist');

describe('the door for JavaScript', { timeout: 1_200_000 }, () => {
  let server, browser, page, opened;

  before(async () => {
    server = await serve();
    browser = await launch();
    opened = await open(browser, server.origin, { path: blankPath });
    page = opened.page;
    await page.evaluate(async () => {
      globalThis.door = await import('/polo.js');
      globalThis.phases = [];
      globalThis.polo = await globalThis.door.Polo.load({ onProgress: (progress) => globalThis.phases.push(progress) });
      globalThis.kindOf = async (promise) => {
        try {
          await promise;
          return 'nothing went wrong';
        } catch (error) {
          return { name: error.name, kind: error.kind, message: error.message, context: error.context };
        }
      };
    });
  });

  after(async () => {
    await opened?.close();
    await browser?.close();
    await server?.close();
  });

  test('loading tells how far it is, and what was loaded', async () => {
    const { info, device, phases } = await page.evaluate(() => ({ info: polo.info, device: polo.device, phases }));
    assert.match(info.name, /Polo Tiny/);
    assert.ok(info.weight_bytes > 0 && device.backend);
    assert.deepEqual([...new Set(phases.map(({ phase }) => phase))], ['open', 'upload', 'compile', 'check']);
    assert.ok(phases.every(({ done_bytes: done, total_bytes: total }) => done <= total || total === 0));
  });

  test('a chat comes in OpenAI\'s chunks, and its end has the usage', async () => {
    const list = await page.evaluate(async () => {
      const list = [];
      const messages = [{ role: 'user', content: [{ type: 'text', text: 'What is 12 + 30?' }] }];
      for await (const chunk of polo.chat(messages, { temperature: 0, logprobs: true, top_logprobs: 3 })) list.push(chunk);
      return list;
    });
    const told = list.flatMap(({ choices }) => choices);
    const text = (name) => told.map(({ delta }) => delta[name] ?? '').join('');
    assert.deepEqual(told[0].delta, { role: 'assistant' });
    assert.match(text('content'), /42/);
    assert.ok(text('reasoning_content').length > 5, text('reasoning_content'));
    assert.equal(told.at(-1).finish_reason, 'stop');
    const { usage, choices, replies, timings, context_left: left } = list.at(-1);
    assert.deepEqual(choices, []);
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    assert.ok(usage.completion_tokens_details.reasoning_tokens > 0 && left > 0 && timings.decode_ms > 0);
    assert.ok(replies[0].includes(text('content').trim()));
    const entries = told.flatMap(({ logprobs }) => [...(logprobs?.content ?? []), ...(logprobs?.reasoning_content ?? [])]);
    assert.equal(entries.length, usage.completion_tokens);
    assert.ok(entries.every(({ id, logprob, top_logprobs: top }) => Number.isInteger(id) && logprob <= 0 && top.length === 3));
    assert.equal(new Set(list.map(({ id }) => id)).size, 1);
  });

  test('two at once, and several replies to one question, stay apart', async () => {
    const [first, second, many] = await page.evaluate(() => Promise.all([
      polo.chat('What is 12 + 30?', { temperature: 0 }).complete(),
      polo.chat('What is 50 - 20?', { temperature: 0 }).complete(),
      polo.chat('What is 5 + 6?', { n: 2, seed: 1 }).complete(),
    ]));
    assert.match(first.choices[0].message.content, /42/);
    assert.match(second.choices[0].message.content, /30/);
    assert.equal(many.choices.length, 2);
    assert.ok(many.choices.every(({ message, finish_reason: why }) => /\d/.test(message.content) && why === 'stop'));
  });

  test('a search tells its events, is exported, and goes on elsewhere', async () => {
    const { types, report, exported, again } = await page.evaluate(async () => {
      const types = [];
      const search = polo.search('What is 12 + 30?', { search: { rollouts: 3, lanes: 2, agreement: 1 }, seed: 3 });
      let report;
      for await (const event of search) {
        types.push(event.type);
        if (event.type === 'search_done') ({ report } = event);
      }
      const exported = await search.export();
      return { types, report, exported, again: await polo.importSearch(exported.json).complete() };
    });
    for (const wanted of ['started', 'launched', 'token', 'expanded', 'visited', 'voted', 'searched']) assert.ok(types.includes(wanted), wanted);
    assert.equal(types.at(-1), 'search_done');
    assert.equal(report.progress.rollouts, 3);
    assert.equal(report.answer, '42');
    assert.ok(exported.svg.startsWith('<svg'));
    assert.deepEqual(again.votes, report.votes, 'the same tree');
  });

  test('it is stopped in three ways, and answers afterwards', async () => {
    const long = { max_tokens: 2000, ignore_end: true };
    const cancelled = await page.evaluate(async (long) => {
      const reply = polo.chat('What is 1 + 1?', long);
      let end;
      for await (const chunk of reply) {
        if (chunk.choices[0]?.delta.reasoning_content) reply.cancel();
        end = { why: chunk.choices[0]?.finish_reason ?? end?.why, ...chunk };
      }
      return end;
    }, long);
    assert.equal(cancelled.why, 'cancelled');
    assert.ok(cancelled.usage.completion_tokens < 2000);
    const aborted = await page.evaluate(async (long) => {
      const stop = new AbortController();
      const reply = polo.chat('What is 1 + 1?', { ...long, signal: stop.signal });
      await reply.next();
      const waiting = kindOf(reply.complete());
      stop.abort();
      return [await waiting, await kindOf(polo.chat('x', { signal: stop.signal }).next()), await reply.next()];
    }, long);
    assert.deepEqual(aborted.map(({ name }) => name), ['AbortError', 'AbortError', undefined]);
    assert.deepEqual(aborted[2], { value: undefined, done: true });
    const left = await page.evaluate(async (long) => {
      for await (const chunk of polo.chat('What is 1 + 1?', long)) if (chunk.choices[0]?.delta.reasoning_content) break;
      const status = async () => (await polo.request({ type: 'status' }).next()).value;
      while ((await status()).running > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      return polo.chat('What is 12 + 30?', { temperature: 0 }).complete();
    }, long);
    assert.match(left.choices[0].message.content, /42/);
  });

  test('what is wrong is an error with its kind', async () => {
    const errors = await page.evaluate(async () => {
      const attempt = (use) => kindOf((async () => use())());
      return {
        option: await attempt(() => polo.chat('x', { temprature: 1 })),
        role: await attempt(() => polo.chat([{ role: 'robot', content: 'x' }])),
        picture: await attempt(() => polo.chat([{ role: 'user', content: [{ type: 'image_url' }] }])),
        none: await attempt(() => polo.chat([])),
        range: await attempt(() => polo.chat('x', { temperature: 9 }).complete()),
        long: await attempt(() => polo.chat('12 + 34 = '.repeat(3000)).complete()),
        knob: await attempt(() => polo.search('x', { search: { lanes: 99 } }).complete()),
        model: await attempt(() => door.Polo.load({ model: {} })),
        file: await attempt(() => door.Polo.load({ model: new File(['no model'], 'x.gguf') })),
        early: await attempt(() => door.Polo.load({ signal: AbortSignal.abort() })),
        worker: await attempt(() => door.Polo.load({ worker: new Worker('/nothing-here.svg', { type: 'module' }) })),
      };
    });
    const kinds = Object.fromEntries(Object.entries(errors).map(([name, { kind }]) => [name, kind]));
    assert.deepEqual(kinds, {
      option: 'bad_request', role: 'bad_request', picture: 'bad_request', none: 'bad_request', range: 'bad_request',
      long: 'context_full', knob: 'bad_request', model: 'bad_request', file: 'bad_model', early: undefined, worker: 'worker',
    });
    assert.match(errors.option.message, /temprature/);
    assert.match(errors.range.message, /temperature is 9/);
    assert.ok(errors.long.context.prompt_tokens > errors.long.context.limit);
    assert.equal(errors.option.name, 'PoloError');
    assert.equal(errors.early.name, 'AbortError');
    // Asking for what is not there is part of this test.
    opened.faults.splice(0, opened.faults.length, ...opened.faults.filter((fault) => !/nothing-here|MIME|404/.test(fault)));
  });

  test('a file of a model, and tokens', async () => {
    const said = await page.evaluate(async () => {
      const bytes = await (await fetch('/models/polo-tiny.gguf')).blob();
      const other = await door.Polo.load({ model: new File([bytes], 'mine.gguf') });
      const byAddress = await door.Polo.load({ model: '/models/polo-tiny.gguf', options: { context: 512 } });
      const said = await other.chat('What is 12 + 30?', { temperature: 0 }).complete();
      const { tokens, texts } = await other.tokenize('What is 12 + 30?');
      const context = byAddress.info.context;
      other.close();
      byAddress.close();
      return { said, tokens, texts, context };
    });
    assert.match(said.said.choices[0].message.content, /42/);
    assert.equal(said.context, 512);
    assert.equal(said.tokens.length, said.texts.length);
    assert.equal(said.said.usage.prompt_tokens, said.tokens.length, 'the template is in both');
  });

  test('closing ends what is under way, and all that comes after', async () => {
    const kinds = await page.evaluate(async () => {
      const waiting = kindOf(polo.chat('What is 1 + 1?', { max_tokens: 2000, ignore_end: true }).complete());
      polo.close();
      return [await waiting, await kindOf((async () => polo.chat('x'))()), await kindOf(polo.tokenize('x'))].map(({ kind }) => kind);
    });
    assert.deepEqual(kinds, ['closed', 'closed', 'closed']);
  });

  test('the example of twenty lines works as it is', async () => {
    assert.ok(readFileSync(path.join(root, 'src/door/example.js'), 'utf8').trim().split('\n').length <= 22);
    const { page: example, close } = await open(browser, server.origin, { path: '/example.html' });
    const ask = example.getByRole('button', { name: 'Ask' });
    await expect.enabled(ask, LOAD_MS);
    await ask.click();
    await expect.until('the answer', LOAD_MS, async () => /182/.test(await example.locator('#answer').innerText()));
    await expect.until('the end', LOAD_MS, async () => /\d+ tokens/.test(await example.getByRole('status').innerText()));
    assert.deepEqual(await barriers(example), []);
    await shoot(example, 'example');
    await close();
  });

  test('its types hold, for the example and for what it promises', { skip: process.env.POLO_SKIP_TYPES }, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'polo-types-'));
    const check = (text) => {
      writeFileSync(path.join(folder, 'use.ts'), text);
      const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--module', 'nodenext', '--lib', 'esnext,dom,dom.iterable'];
      try {
        execFileSync(process.execPath, [path.join(here, 'node_modules/typescript/bin/tsc'), ...options, path.join(folder, 'use.ts')], { encoding: 'utf8' });
        return '';
      } catch (error) {
        return error.stdout;
      }
    };
    try {
      for (const name of ['polo.js', 'polo.d.ts', 'package.json']) writeFileSync(path.join(folder, name), readFileSync(path.join(dist, name)));
      const example = readFileSync(path.join(root, 'src/door/example.js'), 'utf8');
      // What HTML knows and TypeScript cannot.
      const typed = example
        .replaceAll(/document\.(querySelector|getElementById)\(([^)]*)\)/g, '(document.$1($2) as any)')
        .replace('(id, text)', '(id: string, text: string)').replace('(event)', '(event: Event)');
      assert.equal(check(typed), '');
      assert.equal(check(readFileSync(path.join(here, 'support/door-use.ts'), 'utf8')), '');
      assert.match(check("import { Polo } from './polo.js';\n(await Polo.load()).chat('x', { temprature: 1 });"), /temprature/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what npm would pack is the engine and nothing else of the page', () => {
    const out = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: dist, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [{ files, version }] = JSON.parse(out);
    const names = files.map((file) => file.path);
    for (const wanted of ['polo.js', 'polo.d.ts', 'worker.js', 'worker_bg.wasm', 'worker_loader.js', 'models/polo-tiny.gguf']) assert.ok(names.includes(wanted), wanted);
    assert.ok(names.every((name) => !/^(page|style|index|sw|start)/.test(name)), names.join(' '));
    const cargo = readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
    assert.equal(version, /^version = "([^"]+)"/m.exec(cargo)[1], 'one version for all');
  });
});
