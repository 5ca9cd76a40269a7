// Lighthouse's figures of the built page, and what a first visit costs: bytes, and the time to the first answer.
//
//   cd tests/browser/lighthouse && npm ci --ignore-scripts && CHROMIUM=/usr/bin/chromium node run.mjs
// The figures are of this machine, with software WebGPU: docs/PERFORMANCE.md has some.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import path from 'node:path';
import lighthouse, { desktopConfig } from 'lighthouse';
import { launch, open } from '../support/browser.mjs';
import { Polo } from '../support/polo.mjs';
import { serve } from '../support/server.mjs';

const server = await serve({ compress: true });

/// A first visit, nothing kept: what comes over the wire, and when the first answer of Polo Tiny is there.
async function cold() {
  const browser = await launch();
  const { page, context, close } = await open(browser, server.origin, { path: '/__blank' });
  const files = new Map();
  context.on('response', async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    files.set(new URL(response.url()).pathname, [body.length, gzipSync(body).length]);
  });
  const start = performance.now();
  await page.goto(server.origin);
  const polo = new Polo(page);
  await polo.message.waitFor();
  const shown = performance.now() - start;
  await page.locator('.model[data-state=ready]').waitFor({ timeout: 180_000 });
  const ready = performance.now() - start;
  await polo.ask('What is 12 + 30?');
  await polo.output.filter({ hasText: /\d/ }).waitFor({ timeout: 180_000 });
  await polo.answered();
  const answered = performance.now() - start;
  const sum = (at) => [...files.values()].reduce((all, sizes) => all + sizes[at], 0);
  console.log(`first visit: ${files.size} files, ${sum(0)} bytes (${sum(1)} with gzip)`);
  for (const [name, [bytes, packed]] of [...files].sort((a, b) => b[1][0] - a[1][0]).slice(0, 6)) console.log(`  ${bytes} (${packed}) ${name}`);
  const seconds = (ms) => (ms / 1000).toFixed(1);
  console.log(`page shown after ${seconds(shown)} s, Polo Tiny ready after ${seconds(ready)} s, first answer complete after ${seconds(answered)} s`);
  await close();
  await browser.close();
}

async function audit(name, config) {
  const profile = mkdtempSync(path.join(tmpdir(), 'polo-lighthouse-'));
  const chromium = spawn(process.env.CHROMIUM || '/usr/bin/chromium', [
    '--headless=new', '--no-sandbox', '--remote-debugging-port=9333', `--user-data-dir=${profile}`, '--no-first-run',
    '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', 'about:blank',
  ], { stdio: 'ignore' });
  try {
    for (let tries = 0; tries < 100; tries += 1) {
      if (await fetch('http://127.0.0.1:9333/json/version').then(() => true, () => false)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { lhr } = await lighthouse(server.origin, { port: 9333, output: 'json', logLevel: 'error' }, config);
    const scores = Object.values(lhr.categories).map(({ title, score }) => `${title} ${Math.round(score * 100)}`);
    console.log(`${name}: ${scores.join(', ')}`);
    const figures = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'speed-index'];
    console.log(`  ${figures.map((id) => `${lhr.audits[id].title} ${lhr.audits[id].displayValue}`).join(', ')}`);
    const short = Object.values(lhr.audits).filter(({ score, scoreDisplayMode }) => score !== null && score < 0.9 && scoreDisplayMode !== 'informative');
    for (const { id, title, displayValue } of short) console.log(`  below 90: ${id}: ${title} ${displayValue ?? ''}`);
    if (process.env.POLO_LIGHTHOUSE_OUT) writeFileSync(path.join(process.env.POLO_LIGHTHOUSE_OUT, `lighthouse-${name}.json`), JSON.stringify(lhr));
    return lhr.categories.accessibility.score;
  } finally {
    chromium.kill();
    await new Promise((resolve) => chromium.on('exit', resolve));
    rmSync(profile, { recursive: true, force: true });
  }
}

await cold();
// Lighthouse works a slow network out from a fast run; the second really is slow.
const slow = { extends: 'lighthouse:default', settings: { throttlingMethod: 'devtools' } };
const scores = [await audit('phone', undefined), await audit('phone, throttled', slow), await audit('desktop', desktopConfig)];
await server.close();
if (scores.some((score) => score < 1)) {
  console.log('accessibility is below 100');
  process.exitCode = 1;
}
