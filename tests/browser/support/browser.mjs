// Chromium, headless, with WebGPU on a software adapter; and what every page of a test must obey.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const always = [
  '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
// SwiftShader is in Chromium itself: the same adapter on every machine.
const withGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

// A name that is not this machine's own: pages from there are not secure.
export const LAN = 'desk.lan';
const names = [`--host-resolver-rules=MAP ${LAN} 127.0.0.1`];

const options = (gpu) => ({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  // Playwright's own --headless would be the old shell without WebGPU.
  ignoreDefaultArgs: ['--headless'],
  args: ['--headless=new', ...always, ...names, ...(gpu ? withGpu : [])],
});

export async function launch({ gpu = true } = {}) {
  return chromium.launch(options(gpu));
}

/// A browser whose storage is on the disk, in `folder`: that of `launch` is in memory, as in a private window.
/// It can stand in for a browser where pages are opened.
export async function launchWithStorage(folder) {
  const context = await chromium.launchPersistentContext(folder, options(true));
  return { newContext: async () => context, close: () => context.close() };
}

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

/// A page that notes what must not happen: errors, refused content, requests to others than its `friends`.
export async function open(browser, origin, { viewport = desktop, colorScheme = 'light', path = '/', before, friends = [], serviceWorkers = 'block' } = {}) {
  // Only the test of the service worker wants one: it fetches the whole page once more.
  const context = await browser.newContext({ viewport, colorScheme, hasTouch: viewport === phone, serviceWorkers });
  const faults = [];
  context.on('request', (request) => {
    const url = request.url();
    const known = [origin, ...friends].some((one) => url.startsWith(`${one}/`));
    if (!known && !/^(data|blob):/.test(url)) faults.push(`request to a third party: ${url}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400 && !friends.some((one) => response.url().startsWith(`${one}/`))) faults.push(`${response.status()} for ${response.url()}`);
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    const known = friends.some((one) => message.location().url.startsWith(`${one}/`));
    if (message.type() === 'error' && !known) faults.push(`console: ${message.text()}`);
    if (process.env.POLO_VERBOSE) console.log(`    [${message.type()}] ${message.text()}`);
  });
  page.on('crash', () => faults.push('the page crashed'));
  // Notes the workers the page starts, so that tests can start the same.
  await context.addInitScript(() => {
    globalThis.startedWorkers = [];
    if (!globalThis.Worker) return;
    globalThis.Worker = class extends globalThis.Worker {
      constructor(url, options) {
        super(url, options);
        globalThis.startedWorkers.push({ url: new URL(url, location.href).href, options: options ?? {} });
      }
    };
  });
  if (before) await context.addInitScript(before);
  await page.goto(origin + path);
  return {
    page,
    context,
    faults,
    /// Ends the page; fails the test if anything happened that must not.
    async close() {
      await context.close();
      assert.deepEqual(faults, [], 'the page did something it must not');
    },
  };
}
