// Browsers without WebGPU: the page says so, and what works, instead of staying empty.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { serve } from './support/server.mjs';

describe('without WebGPU', { timeout: 300_000 }, () => {
  let server;

  before(async () => {
    server = await serve();
  });

  after(async () => {
    await server?.close();
  });

  const says = async (page) => {
    const text = await expect.until('a word about WebGPU', 60_000, async () => {
      const seen = await page.locator('body').innerText();
      return /WebGPU/.test(seen) ? seen : null;
    });
    // What works: at least one browser by name, with a version or a hint.
    assert.match(text, /Chrome|Edge|Firefox|Safari/);
  };

  test('a browser that has no navigator.gpu', async () => {
    const browser = await launch();
    try {
      const { page, faults } = await open(browser, server.origin, {
        before: () => { delete Navigator.prototype.gpu; },
      });
      await says(page);
      assert.deepEqual(faults.filter((fault) => fault.startsWith('uncaught')), []);
    } finally {
      await browser.close();
    }
  });

  test('a browser that has no adapter to give', async () => {
    const browser = await launch({ gpu: false });
    try {
      const { page, faults } = await open(browser, server.origin);
      await says(page);
      assert.deepEqual(faults.filter((fault) => fault.startsWith('uncaught')), []);
    } finally {
      await browser.close();
    }
  });
});
