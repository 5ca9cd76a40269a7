// Every screen and state for everyone: axe by day and night, a narrow and an enlarged page, forced colours,
// less motion, and words that run from right to left.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expect } from './support/expect.mjs';
import { barriers, crooked, shoot } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const asked = (question) => async ({ page, polo }) => {
  await ready(page);
  await polo.ask(question);
  await finished(polo);
};
const models = async ({ page }) => {
  await ready(page);
  await page.locator('button.model').click();
  await page.getByRole('heading', { name: 'Known to suit' }).waitFor();
};
const lookUp = (reference) => async (opened) => {
  await models(opened);
  await opened.page.getByLabel('Repository or address').fill(reference);
  await opened.page.keyboard.press('Enter');
};
const searched = async ({ page, polo }) => {
  await ready(page);
  await page.getByRole('switch', { name: 'Search' }).click();
  await polo.ask('How many apples?');
  await finished(polo);
};

/// How to come to each.
const states = {
  welcome: ({ page }) => ready(page),
  reply: asked('MARKDOWN'),
  thought: async (opened) => {
    await asked('MARKDOWN')(opened);
    await opened.polo.thought.locator('summary').click();
  },
  'heat-map': async (opened) => {
    await asked('MARKDOWN')(opened);
    await opened.page.getByRole('button', { name: 'Confidence' }).click();
    await opened.page.getByRole('listbox', { name: 'Tokens' }).first().focus();
  },
  palette: async ({ page }) => {
    await ready(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
  },
  thinking: async ({ page, polo }) => {
    await ready(page);
    await polo.ask('BACK');
    await page.getByRole('note').waitFor();
  },
  failed: async ({ page, polo }) => {
    await ready(page);
    await polo.ask('PANIC');
    await page.getByRole('alert').first().waitFor();
  },
  'no-network': async ({ page, context }) => {
    await ready(page);
    await context.setOffline(true);
    await page.locator('[data-strip=offline]').waitFor();
  },
  settings: async ({ page }) => {
    await ready(page);
    await page.getByRole('button', { name: 'Settings' }).first().click();
    await page.getByRole('dialog').waitFor();
  },
  'search-settings': async ({ page }) => {
    await ready(page);
    await page.getByRole('switch', { name: 'Search' }).click();
    await button(page, 'Adjust the search').click();
    await page.getByRole('dialog').waitFor();
  },
  chats: async (opened) => {
    await asked('How many apples?')(opened);
    await button(opened.page, 'Chats').click();
    await opened.page.getByLabel('Search chats').waitFor();
  },
  compare: async ({ page }) => {
    await ready(page);
    await page.getByRole('switch', { name: 'Search' }).click();
    await button(page, 'Adjust the search').click();
    await button(page, 'Compare four ways').click();
    const dialog = page.getByRole('dialog', { name: 'Compare four ways' });
    await dialog.getByLabel('Question').fill('How many apples?');
    await dialog.getByRole('button', { name: 'Compare', exact: true }).click();
    await dialog.getByText('48').first().waitFor();
  },
  search: searched,
  'search-list': async (opened) => {
    await searched(opened);
    await opened.page.getByRole('button', { name: 'List' }).click();
    await opened.page.getByRole('treegrid').waitFor();
  },
  'search-node': async (opened) => {
    await searched(opened);
    await opened.page.getByRole('treeitem').nth(1).click();
    await opened.page.getByRole('region', { name: 'Node' }).waitFor();
  },
  models,
  'models-fit': async (opened) => {
    await models(opened);
    await opened.page.getByRole('button', { name: /^Marco-o1/ }).click();
    await opened.page.getByRole('region', { name: 'Does it fit?' }).waitFor();
  },
  'models-too-large': async (opened) => {
    await lookUp('u/r')(opened);
    await opened.page.getByRole('radio', { name: /^Q8_0/ }).check();
    await button(opened.page, 'Download anyway').waitFor();
  },
  'models-not-found': async (opened) => {
    await lookUp('NOTHING')(opened);
    await opened.page.getByRole('dialog').getByRole('alert').waitFor();
  },
  'models-download': async (opened) => {
    await models(opened);
    await opened.page.getByRole('button', { name: /^Marco-o1/ }).click();
    await opened.page.getByRole('button', { name: /^Download/ }).first().click();
    await opened.page.getByRole('progressbar', { name: /Marco-o1/ }).first().waitFor();
  },
  inspector: async (opened) => {
    await models(opened);
    await opened.page.getByRole('button', { name: /Model and GPU|What runs|Details/ }).first().click();
    await opened.page.getByRole('dialog', { name: 'Model and GPU' }).waitFor();
  },
};

describe('for everyone', { timeout: 1_800_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  for (const [name, come] of Object.entries(states)) {
    test(name, () => scripted.withPage(async (opened) => {
      const { page } = opened;
      const faults = [];
      await come(opened);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        for (const fault of await barriers(page)) faults.push(`${colorScheme}: ${fault}`);
        await shoot(page, `everyone-${name}-${colorScheme}`);
      }
      const moving = await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').map(({ animationName }) => animationName ?? 'transition'));
      if (moving.length) faults.push(`moves although less motion is wished: ${moving}`);
      await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
      await shoot(page, `everyone-${name}-forced`);
      await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
      // 200 % of 1280 is 640; the smallest window that WCAG asks for is 320.
      for (const width of [640, 320]) {
        await page.setViewportSize({ width, height: width === 320 ? 640 : 400 });
        await page.waitForTimeout(150);
        faults.push(...(await crooked(page)).map((what) => `${width} px: ${what}`));
        if (width === 320) {
          await shoot(page, `everyone-${name}-320`);
          for (const fault of await barriers(page)) faults.push(`320 px: ${fault}`);
        }
      }
      assert.deepEqual(faults, []);
    }, { viewport: { width: 1280, height: 800 } }));
  }

  test('a page without WebGPU', async () => {
    const context = await scripted.browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await page.addInitScript(() => { delete Navigator.prototype.gpu; });
    await page.goto(scripted.server.origin);
    await page.locator('.unsupported').waitFor();
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await barriers(page), []);
      await shoot(page, `everyone-no-gpu-${colorScheme}`);
    }
    assert.deepEqual(await crooked(page), []);
    await context.close();
  });

  test('words that run from right to left begin at the right', () => scripted.withPage(async ({ page, polo }) => {
    await ready(page);
    const arabic = 'كم تفاحة في السلة؟';
    await polo.message.fill(arabic);
    await page.waitForTimeout(100);
    await shoot(page, 'everyone-rtl-draft');
    await polo.message.fill('');
    await polo.ask(`${arabic} RTL`);
    await finished(polo);
    const sides = await page.evaluate(() => {
      const side = (element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const text = range.getBoundingClientRect();
        const box = element.getBoundingClientRect();
        return text.left - box.left > box.right - text.right ? 'right' : 'left';
      };
      const paragraphs = [...document.querySelectorAll('.output p')];
      return paragraphs.map(side);
    });
    assert.deepEqual(sides, ['right', 'left'], 'each paragraph by its own words');
    await shoot(page, 'everyone-rtl');
  }));

  test('by keyboard alone, in the order of the page, with a focus that can be seen', () => scripted.withPage(async ({ page, polo }) => {
    await asked('MARKDOWN')({ page, polo });
    await page.locator('.skip').focus();
    const stops = ['Skip'];
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        const marked = (one) => { const style = getComputedStyle(one); return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; };
        const box = element.getBoundingClientRect();
        const name = (element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent || '').trim();
        return { name, marked: marked(element) || marked(element.parentElement), inside: box.bottom > 0 && box.top < innerHeight };
      });
      if (!seen) break;
      assert.ok(seen.marked, `the focus on "${seen.name}" cannot be seen`);
      assert.ok(seen.inside, `"${seen.name}" has the focus outside of the window`);
      stops.push(seen.name);
    }
    const at = (pattern) => stops.findIndex((name) => pattern.test(name));
    const order = [/Skip/, /Settings/, /New chat/, /Thought|thought/, /Message/].map(at);
    assert.ok(order.every((place) => place >= 0), stops.join(' | '));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), stops.join(' | '));
  }));
});
