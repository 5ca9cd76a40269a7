// The page in Firefox, which here has no WebGPU: what it says then, in three languages and on a phone's width.
//
// `cargo xtask test --only firefox`, or by hand: FIREFOX=/usr/bin/firefox-esr node --test tests/browser/firefox.mjs

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import puppeteer from 'puppeteer-core';
import { desktop, phone } from './support/browser.mjs';
import { root, serve } from './support/server.mjs';

const executablePath = process.env.FIREFOX || '/usr/bin/firefox-esr';
const pictures = process.env.POLO_SCREENSHOTS ? path.resolve(root, process.env.POLO_SCREENSHOTS) : path.join(root, 'tests/browser/out');
const words = { en: [/offers no WebGPU/, 'Try again'], ru: [/нет WebGPU/, 'Попробовать снова'], zh: [/不支持 WebGPU/, '重试'] };

describe('in Firefox, without WebGPU', { timeout: 300_000 }, () => {
  let server, browser;

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    server = await serve();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const [language, [says, again]] of Object.entries(words)) {
    test(`it says so in the browser's language: ${language}`, async () => {
      browser = await puppeteer.launch({
        browser: 'firefox', executablePath, headless: true, protocol: 'webDriverBiDi',
        extraPrefsFirefox: {
          'intl.accept_languages': language, 'dom.webgpu.enabled': false,
          // axe is run in the page, which allows no script but its own.
          'security.csp.enable': true,
        },
      });
      try {
        for (const [size, viewport] of Object.entries({ desktop, phone })) {
          const page = await browser.newPage();
          const faults = [];
          page.on('pageerror', (error) => faults.push(error.message));
          await page.setViewport(viewport);
          await page.goto(server.origin, { waitUntil: 'load' });
          await page.waitForSelector('.unsupported', { timeout: 60_000 });
          const text = await page.$eval('body', (body) => body.innerText);
          assert.match(text, says);
          assert.equal(await page.$eval('html', (html) => html.lang), language);
          assert.ok(text.includes(again), text);
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(width <= viewport.width, `${width} px in a window of ${viewport.width}`);
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
          assert.deepEqual(violations.filter(({ impact }) => impact !== 'minor').map(({ id, nodes }) => `${id}: ${nodes[0].target}`), []);
          // By keyboard alone.
          const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
          for (let presses = 0; presses < 20 && (await focused()) !== again; presses += 1) await page.keyboard.press('Tab');
          assert.equal(await focused(), again);
          await page.screenshot({ path: path.join(pictures, `firefox-${language}-${size}.png`) });
          assert.deepEqual(faults, []);
          await page.close();
        }
      } finally {
        await browser.close();
        browser = undefined;
      }
    });
  }
});
