// The page and the real workers together, with a server that behaves like the hub: found, judged, downloaded
// with a reload in the middle, run, and run again without a network.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { Hub } from './support/hub.mjs';
import { LOAD_MS, Polo } from './support/polo.mjs';
import { root, serve } from './support/server.mjs';

const NAME = 'polo/tiny-GGUF:Q4_0';

describe('page with a hub', { timeout: 1_200_000 }, () => {
  let server, browser, hub, tiny;

  before(async () => {
    tiny = await readFile(path.join(root, 'models/polo-tiny.gguf'));
    hub = await Hub.start({
      'polo/tiny-GGUF': { commit: 'a'.repeat(40), files: { 'README.md': Buffer.from('hello'), 'tiny-Q4_0.gguf': tiny } },
      'polo/gated-GGUF': { commit: 'b'.repeat(40), gated: 'hf_tests', files: { 'm-Q4_0.gguf': tiny } },
    });
    server = await serve();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await hub?.close();
  });

  const button = (page, name) => page.getByRole('button', { name, exact: true });
  const lookUp = async (page, reference) => {
    await page.locator('button.model').click();
    await page.getByLabel('Repository or address').fill(reference);
    await button(page, 'Find').click();
  };
  const running = (page, name) =>
    page.locator('.model[data-state=ready]', { hasText: name }).waitFor({ timeout: LOAD_MS });
  const answers = async (polo) => {
    await polo.ask('What is 12 + 30?');
    await polo.answered();
    assert.match(await polo.output.innerText(), /\d/);
  };

  test('from a repository to a reply, over a reload, and later without a network', async () => {
    const friends = [hub.url, hub.other];
    const { page, context, close } = await open(browser, server.origin, { friends, path: `/?hub=${hub.url}`, serviceWorkers: 'allow' });
    const polo = new Polo(page);
    await running(page, 'Polo Tiny');
    assert.deepEqual(hub.log, [], 'nobody is asked before it is wanted');
    await lookUp(page, 'polo/tiny-GGUF');
    const fit = page.getByRole('region', { name: 'Does it fit?' });
    await fit.waitFor({ timeout: LOAD_MS });
    assert.match(await fit.innerText(), /Weights[\s\S]*MiB[\s\S]*Keys and values[\s\S]*MiB/);
    assert.ok(hub.sent < tiny.length, `${hub.sent} bytes came for the head of ${tiny.length}`);
    hub.slow = 200;
    await button(page, 'Download and run').click();
    const bar = page.getByRole('progressbar', { name: /^Download of/ }).first();
    await expect.until('some bytes', LOAD_MS, async () => Number(await bar.getAttribute('value')) > 0);
    await page.reload();
    hub.slow = 0;
    await running(page, 'Polo Tiny');
    await page.getByRole('group', { name: new RegExp(`${NAME} was not downloaded to its end`) }).getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Run it' }).click({ timeout: LOAD_MS });
    await page.waitForFunction(() => JSON.parse(localStorage.getItem('polo.model'))?.source.kind === 'stored', null, { timeout: LOAD_MS });
    await running(page, '');
    await answers(polo);

    await expect.until('the service worker', LOAD_MS, () =>
      page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)));
    hub.log = [];
    await context.setOffline(true);
    await page.reload();
    await running(page, '');
    await answers(polo);
    const model = await page.evaluate(() => JSON.parse(localStorage.getItem('polo.model')));
    assert.deepEqual(model.source, { kind: 'stored', name: NAME });
    assert.deepEqual(hub.log, []);
    await context.setOffline(false);

    await page.locator('button.model').click();
    await page.getByRole('button', { name: `Delete ${NAME}` }).click();
    await button(page, 'Delete').click();
    await page.getByText('No models are stored').waitFor({ timeout: LOAD_MS });
    await close();
  });

  test('a model that is not given to everybody says so', async () => {
    const friends = [hub.url, hub.other];
    const { page, close } = await open(browser, server.origin, { friends, path: `/?hub=${hub.url}` });
    await running(page, 'Polo Tiny');
    await lookUp(page, 'polo/gated-GGUF');
    await expect.until('the reason', LOAD_MS, async () => /terms|access|gated/i.test((await page.getByRole('alert').allInnerTexts()).join(' ')));
    const token = page.getByLabel('Access token of the hub');
    await token.fill('hf_wrong');
    await button(page, 'Try with it').click();
    await expect.until('another refusal', LOAD_MS, async () => hub.log.filter((line) => line.includes('gated-GGUF/resolve')).length > 1);
    await token.waitFor({ timeout: LOAD_MS });
    await token.fill('hf_tests');
    await button(page, 'Try with it').click();
    await button(page, 'Download and run').waitFor({ timeout: LOAD_MS });
    assert.equal(await token.count(), 0);
    await button(page, 'All models').click();
    await page.getByLabel('Repository or address').fill('polo/none-GGUF');
    await button(page, 'Find').click();
    await expect.until('the reason', LOAD_MS, async () => /polo\/none-GGUF/.test((await page.getByRole('alert').allInnerTexts()).join(' ')));
    await close();
  });

  test('a file of the disk runs where it is, and so does a model that is not saved', async () => {
    const friends = [hub.url, hub.other];
    const { page, close } = await open(browser, server.origin, { friends, path: `/?hub=${hub.url}` });
    const polo = new Polo(page);
    await running(page, 'Polo Tiny');
    await page.locator('button.model').click();
    await page.getByLabel('Open files…').setInputFiles(path.join(root, 'models/polo-tiny.gguf'));
    await page.getByRole('region', { name: 'Does it fit?' }).waitFor({ timeout: LOAD_MS });
    await button(page, 'Run').click();
    await running(page, '');
    await answers(polo);

    await lookUp(page, 'polo/tiny-GGUF');
    await page.getByRole('region', { name: 'Does it fit?' }).waitFor({ timeout: LOAD_MS });
    await button(page, 'Run without saving').click();
    await expect.until('the file', LOAD_MS, () => hub.sent >= tiny.length);
    await running(page, '');
    await page.waitForFunction(() => document.querySelector('.model')?.dataset.state === 'ready');
    await page.locator('button.model').click();
    await page.getByText('No models are stored').waitFor({ timeout: LOAD_MS });
    await close();
  });
});
