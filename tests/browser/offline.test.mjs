// The page without a network: the shell from the service worker's cache, Polo Tiny with it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { Hub } from './support/hub.mjs';
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
    for (const wanted of ['/index.html', '/start.js', '/manifest.webmanifest', '/icons/icon.svg', '/icons/working.svg', '/icons/icon-192.png', '/worker.js', '/worker_bg.wasm', '/worker_loader.js', '/models/polo-tiny.gguf']) {
      assert.ok(files.includes(wanted), `${wanted} is not kept; there are ${files}`);
    }
    await context.setOffline(true);
    await page.reload();
    await polo.loaded();
    assert.match(await page.locator('[data-strip=offline]').innerText(), /offline/);
    await polo.ask('What is 12 + 30?');
    await polo.answered();
    assert.match(await polo.output.innerText(), /\d/);
    await close();
  });

  test('a model that was downloaded loads and answers when no server is left', async () => {
    const name = 'polo/tiny-GGUF:Q4_0';
    const tiny = await readFile(path.join(root, 'models/polo-tiny.gguf'));
    const hub = await Hub.start({ 'polo/tiny-GGUF': { commit: 'a'.repeat(40), files: { 'tiny-Q4_0.gguf': tiny } } });
    const own = await serve();
    try {
      const { page, context, faults, close } = await open(browser, own.origin, { serviceWorkers: 'allow', friends: [hub.url, hub.other], path: `/?hub=${hub.url}` });
      const polo = new Polo(page);
      await polo.loaded();
      await active(page);
      await page.locator('button.model').click();
      await page.getByLabel('Repository or address').fill('polo/tiny-GGUF');
      await page.getByRole('button', { name: 'Find', exact: true }).click();
      await page.getByRole('button', { name: 'Download and run', exact: true }).click({ timeout: LOAD_MS });
      await page.waitForFunction(() => JSON.parse(localStorage.getItem('polo.model'))?.source.kind === 'stored', null, { timeout: LOAD_MS });
      await page.keyboard.press('Escape');
      await polo.loaded();

      await Promise.all([hub.close(), own.close()]);
      await context.setOffline(true);
      // What stands in the address is not asked either.
      await page.goto(own.origin);
      await polo.loaded();
      await page.locator('[data-strip=offline]').waitFor();
      await polo.ask('What is 12 + 30?');
      await polo.answered();
      assert.match(await polo.output.innerText(), /\d/);
      await page.locator('button.model').click();
      const dialog = page.getByRole('dialog', { name: 'Models' });
      await dialog.getByRole('listitem').filter({ hasText: name }).getByText('In use').waitFor();
      // It is what was stored that runs: deleted, it is gone.
      await dialog.getByRole('button', { name: `Delete ${name}` }).click();
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
      await dialog.getByText('No models are stored').waitFor({ timeout: LOAD_MS });
      // The dialog asks whether the machine behind the page has an engine; the browser tells that it is not there.
      assert.deepEqual(faults.splice(0).filter((fault) => fault !== 'console: Failed to load resource: net::ERR_INTERNET_DISCONNECTED'), []);
      await close();
    } finally {
      await Promise.allSettled([hub.close(), own.close()]);
    }
  });

  test('the browser would install it', async () => {
    const { page, context, close } = await open(browser, server.origin, { serviceWorkers: 'allow' });
    await new Polo(page).loaded();
    await active(page);
    const devtools = await context.newCDPSession(page);
    const { errors, data } = await devtools.send('Page.getAppManifest');
    assert.deepEqual(errors, []);
    const manifest = JSON.parse(data);
    for (const { src, sizes, type } of [...manifest.icons, ...manifest.screenshots]) {
      if (type !== 'image/png') continue;
      const size = await page.evaluate(async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      }, src);
      assert.equal(size, sizes, src);
    }
    assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    // A window like those of these tests is private, where nothing is installed.
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
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
      await writeFile(script, before.replace(/ {2}'icons\/done.*\n/, ''));
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
      await expect.visible(offer, LOAD_MS);
      assert.equal((await page.evaluate(() => caches.keys())).length, 2, 'the old version still serves');
      // Not while a reply is made: nothing can be pressed then that would end it.
      await page.getByRole('switch', { name: /Search/ }).or(page.getByRole('checkbox', { name: /Search/ })).first().check();
      await polo.ask('What is 12 + 30?');
      const strip = page.locator('[data-strip=update]');
      await expect.until('the offer to wait for the reply', 20_000, async () =>
        (await strip.innerText()).includes('A reply is being made') && await polo.stop.isVisible() && await offer.count() === 0);
      await polo.answered();
      await expect.visible(offer);
      await Promise.all([page.waitForEvent('load'), offer.click()]);
      await polo.loaded();
      await expect.until('the old version to go', 10_000, async () => (await page.evaluate(() => caches.keys())).length === 1);
      assert.ok(!(await kept(page)).some((file) => file === '/icons/done.svg'));
    } finally {
      await writeFile(script, before);
    }
    await close();
  });
});
