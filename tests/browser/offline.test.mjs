// The page without a network: the shell from the service worker's cache, Polo Tiny with it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { LOAD_MS, Polo } from './support/polo.mjs';
import { root, serve } from './support/server.mjs';

describe('without a network', { timeout: 1_200_000 }, () => {
  let server, browser;

  before(async () => {
    server = await serve();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const kept = (page) => page.evaluate(async () => {
    const names = await caches.keys();
    const entries = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)));
    return entries.flat();
  });
  const active = (page) => expect.until('the service worker', LOAD_MS, () =>
    page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)));

  test('the page opens again and Polo Tiny answers', async () => {
    const { page, context, close } = await open(browser, server.origin, { serviceWorkers: 'allow' });
    const polo = new Polo(page);
    await polo.loaded();
    await active(page);
    const files = await kept(page);
    for (const wanted of ['/index.html', '/start.js', '/worker.js', '/worker_bg.wasm', '/worker_loader.js', '/models/polo-tiny.gguf']) {
      assert.ok(files.includes(wanted), `${wanted} is not kept; there are ${files}`);
    }
    await context.setOffline(true);
    await page.reload();
    await polo.loaded();
    await polo.ask('What is 12 + 30?');
    await polo.answered();
    assert.match(await polo.output.innerText(), /\d/);
    await close();
  });

  test('a new version is told, used on the wish of the person, and replaces the old one', async () => {
    const { page, close } = await open(browser, server.origin, { serviceWorkers: 'allow' });
    const script = path.join(root, 'dist/sw.js');
    const before = await readFile(script, 'utf8');
    try {
      const polo = new Polo(page);
      await polo.loaded();
      await active(page);
      const offer = page.getByRole('button', { name: 'Reload with it' });
      await page.reload();
      await polo.loaded();
      assert.equal(await offer.count(), 0, 'there is nothing new yet');
      // Another build: one file fewer to keep, so that the versions can be told apart.
      await writeFile(script, before.replace(/ {2}'icon-.*\n/, ''));
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
      await expect.visible(offer, LOAD_MS);
      assert.equal((await page.evaluate(() => caches.keys())).length, 2, 'the old version still serves');
      await Promise.all([page.waitForEvent('load'), offer.click()]);
      await polo.loaded();
      await expect.until('the old version to go', 10_000, async () => (await page.evaluate(() => caches.keys())).length === 1);
      assert.ok(!(await kept(page)).some((file) => file.startsWith('/icon-')));
    } finally {
      await writeFile(script, before);
    }
    await close();
  });
});
