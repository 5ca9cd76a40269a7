// How the page looks, by day and night, on a desk and in a hand; axe looks for barriers in each.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { desktop, launch, open, phone } from './support/browser.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Polo } from './support/polo.mjs';
import { serve } from './support/server.mjs';

describe('look', { timeout: 1_200_000 }, () => {
  let server, browser;

  before(async () => {
    server = await serve();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${size}, ${colorScheme}`, async () => {
        const { page, close } = await open(browser, server.origin, { viewport, colorScheme });
        const picture = (name) => shoot(page, `${size}-${colorScheme}-${name}`);
        const polo = new Polo(page);
        await polo.loaded();
        await picture('start');
        assert.deepEqual(await barriers(page), [], 'before a question');

        await polo.ask('What is 47 + 85 - 20?');
        await polo.answered();
        await picture('answer');
        await polo.thought.locator('summary').click();
        await picture('thought');
        assert.deepEqual(await barriers(page), [], 'after an answer');

        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= viewport.width, `the page is ${width} px wide in a window of ${viewport.width}`);
        await close();
      });
    }
  }

  test('the keyboard alone is enough, and the focus can be seen', async () => {
    const { page, close } = await open(browser, server.origin);
    const polo = new Polo(page);
    await polo.loaded();
    await page.evaluate(() => document.activeElement?.blur());
    const reached = new Set();
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        const style = getComputedStyle(element);
        const box = element.parentElement && getComputedStyle(element.parentElement);
        const outlined = (s) => s && (s.outlineStyle !== 'none' || s.boxShadow !== 'none');
        return {
          name: element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent,
          visible: Boolean(outlined(style) || outlined(box)),
        };
      });
      if (!seen) continue;
      assert.ok(seen.visible, `the focus on "${seen.name?.trim().slice(0, 40)}" cannot be seen`);
      reached.add(seen.name?.trim());
    }
    assert.ok([...reached].some((name) => /message/i.test(name)), `reached by Tab: ${[...reached].join(' | ')}`);
    await close();
  });
});
