// The page over a model that runs elsewhere: `polo serve` on this machine, asked plainly and with a search.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LAN, launch, open, phone } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { LOAD_MS, Polo } from './support/polo.mjs';
import { dist, serve } from './support/server.mjs';

const KEY = 'sk-of-the-tests';

async function freePort() {
  const listener = createServer();
  await new Promise((done) => { listener.listen(0, '127.0.0.1', done); });
  const { port } = listener.address();
  await new Promise((done) => { listener.close(done); });
  return port;
}

describe('page over a server', { timeout: 600_000 }, () => {
  let server, browser, polo, folder, address;

  before(async () => {
    server = await serve();
    folder = await mkdtemp(path.join(tmpdir(), 'polo-remote-'));
    address = `http://127.0.0.1:${await freePort()}`;
    const env = { ...process.env, POLO_HOME: folder, XDG_CONFIG_HOME: folder, POLO_API_KEY: KEY };
    polo = spawn(process.env.POLO_BIN, ['serve', '--model', 'polo-tiny', '--page', dist, '--host', '0.0.0.0', '--port', new URL(address).port], { env, stdio: 'ignore' });
    await expect.until('polo serve', LOAD_MS, async () => (await fetch(`${address}/health`).catch(() => null))?.ok);
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    polo?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const use = async (page, key) => {
    await page.locator('button.model').click();
    await page.getByText('OpenAI-compatible server', { exact: true }).click();
    await page.getByLabel('Address', { exact: true }).fill(`${address}/v1`);
    await page.getByLabel('Key, if it wants one').fill(key);
    await page.getByRole('button', { name: 'Use it', exact: true }).click();
  };

  test('a wrong key is told, and a right one put in its place', async () => {
    const { page, close } = await open(browser, server.origin, { friends: [address] });
    const view = new Polo(page);
    await view.loaded();
    await use(page, 'sk-wrong');
    const alert = page.getByRole('alert').filter({ hasText: /Incorrect API key/ });
    await alert.waitFor({ timeout: LOAD_MS });
    await page.locator('button.model').click();
    await page.getByLabel('Key, if it wants one').fill(KEY);
    await page.getByRole('button', { name: 'Use it', exact: true }).click();
    await page.locator('.model[data-state=ready]', { hasText: 'polo-tiny' }).waitFor({ timeout: LOAD_MS });
    assert.equal(await alert.count(), 0, 'what is over is not shown');
    await close();
  });

  test('the page that it serves itself offers its engine', async () => {
    const { page, close } = await open(browser, address);
    const view = new Polo(page);
    await view.loaded();
    await page.locator('button.model').click();
    const beside = page.getByRole('button', { name: 'Use the engine of the machine that serves this page' });
    await page.getByText('OpenAI-compatible server', { exact: true }).click();
    await page.getByLabel('Key, if it wants one').fill(KEY);
    await beside.click();
    await page.locator('.model[data-state=ready]', { hasText: 'elsewhere' }).waitFor({ timeout: LOAD_MS });
    await view.ask('What is 12 + 30?');
    await view.answered();
    assert.match(await view.output.innerText(), /42/);
    await close();
  });

  test('on plain http from another machine, where there is no WebGPU, its engine answers', async () => {
    const { page, faults, close } = await open(browser, address.replace('127.0.0.1', LAN), { viewport: phone });
    const view = new Polo(page);
    await page.getByRole('alert').getByText('This address is not secure').waitFor();
    assert.equal(page.workers().length, 0, 'no engine is started for nothing');
    if (process.env.POLO_SCREENSHOTS) await page.screenshot({ path: path.join(process.env.POLO_SCREENSHOTS, 'lan.png'), fullPage: true });
    const here = page.getByRole('main');
    await here.getByText('OpenAI-compatible server', { exact: true }).click();
    await here.getByLabel('Key, if it wants one').fill(KEY);
    await here.getByRole('button', { name: 'Use the engine of the machine that serves this page' }).click();
    await page.locator('.model[data-state=ready]', { hasText: 'polo-tiny' }).waitFor({ timeout: LOAD_MS });
    await view.ask('What is 12 + 30?');
    await view.answered();
    assert.match(await view.output.innerText(), /42/);
    assert.equal(await page.getByRole('alert').count(), 0);
    // A header for secure pages; the browser says that it ignores it here.
    faults.splice(0, Infinity, ...faults.filter((fault) => !fault.includes('Cross-Origin-Opener-Policy')));
    await close();
  });

  test('its model answers, plainly and by a search', async () => {
    const { page, close } = await open(browser, server.origin, { friends: [address] });
    const view = new Polo(page);
    // Not once Polo Tiny is loaded, but in the middle of it, as it mostly is.
    await page.locator('button.model').waitFor();
    await use(page, KEY);
    await page.locator('.model[data-state=ready]', { hasText: 'polo-tiny' }).waitFor({ timeout: LOAD_MS });
    const said = await view.text();
    assert.ok(said.includes(`The model runs at ${address}/v1`) && !said.includes('nothing you write leaves it'), 'the page says where it goes');
    await view.ask('What is 12 + 30?');
    await view.answered();
    assert.match(await view.output.innerText(), /42/);
    assert.ok(await view.thought.count(), 'the thought is apart');
    // Polo Tiny knows one question at a time.
    await view.newChat.click();
    await page.getByRole('switch', { name: 'Search' }).click();
    await view.ask('What is 7 + 8?');
    await view.answered();
    await expect.until('the answer of the search', LOAD_MS, async () => /15/.test(await view.output.innerText()));
    if (process.env.POLO_SCREENSHOTS) await page.screenshot({ path: path.join(process.env.POLO_SCREENSHOTS, 'server.png') });
    await close();
  });
});
