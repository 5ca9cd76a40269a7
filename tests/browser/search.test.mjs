// A search in the page: the tree as it grows, its nodes, what can be done to it, and how long an update takes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { desktop, launch, open, phone } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Polo } from './support/polo.mjs';
import { Scripted, ready } from './support/scripted.mjs';
import { serve } from './support/server.mjs';

const QUESTION = 'Anna has 24 apples and buys 3 bags with 8 apples each. How many apples does Anna have now?';

describe('search', { timeout: 900_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const withPage = (use, options = {}) => scripted.withPage(async (all) => {
    await ready(all.page);
    await use({ ...all, search: new SearchPage(all.page) });
  }, { viewport: desktop, ...options });

  test('a tree grows, a node is opened, steered and saved, and the answer is an ordinary reply', () => withPage(async ({ page, polo, told, search }) => {
    await search.on();
    await polo.ask(QUESTION);
    await expect.visible(search.nodes.nth(3));
    await search.done();
    const asked = (await told()).find(({ type }) => type === 'search');
    assert.equal(asked.search.rollouts, 8);
    assert.match(await search.panel.textContent(), /48.*It won the vote: \d of \d finished branches/);
    assert.match(await polo.output.textContent(), /The answer is 48/);
    assert.match(await polo.thought.locator('summary').textContent(), /Thought for/);

    // A leaf says what it answers, beside its colour.
    const leaf = search.tree.locator('.node.final').first();
    assert.match(await leaf.textContent(), /A 48/);
    assert.match(await leaf.getByRole('treeitem').getAttribute('aria-label'), /Answer \d+.*confidence \d+ %.*answer 48, class A/);
    assert.ok(await search.tree.locator('.node.won').count() >= 3, 'the winning path is marked');

    await search.open(1);
    await expect.visible(search.node.getByText('Selection score now'));
    assert.match(await search.node.textContent(), /It can grow, but others score higher/);
    await search.node.getByRole('listbox', { name: 'Tokens' }).getByRole('option').first().focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await search.node.locator('.alternatives tr').count(), 5);
    assert.match(await search.node.locator('.alternatives').textContent(), /72\.0 %.*chosen.*15\.0 %/);

    // Branching from another token brings one more rollout; a wish that cannot be granted ends nothing.
    const before = await search.nodes.count();
    await search.node.getByRole('button', { name: 'Branch from “ other”' }).click();
    await expect.until('the new branch', 10_000, async () => await search.nodes.count() > before);
    await search.done();
    await search.node.getByRole('button', { name: 'Branch from “ fifth”' }).click();
    await expect.visible(search.node.getByRole('alert'));
    assert.match(await search.node.getByRole('alert').textContent(), /as long as it may be/);

    await search.node.getByRole('button', { name: 'Pin' }).click();
    await search.node.getByRole('button', { name: 'Prune' }).click();
    await expect.visible(search.tree.locator('.node.pruned.pinned:has([data-node="1"])'));
    assert.ok(await search.tree.locator('.node.pruned').count() > 1, 'what hangs below looks pruned as well');
    await search.node.getByRole('button', { name: 'Prune' }).click();
    await expect.count(search.tree.locator('.node.pruned'), 0);
    await search.node.getByRole('button', { name: 'Continue from here' }).click();
    await expect.until('one rollout more', 10_000, async () => /10 of 10 rollouts/.test(await search.panel.textContent()));
    const steering = (await told()).map(({ type }) => type);
    for (const type of ['node', 'branch', 'pin', 'prune', 'continue']) assert.ok(steering.includes(type), type);

    const picture = await search.save('SVG');
    assert.match(picture, /^<svg /);
    const json = await search.save('JSON');
    const nodes = await search.nodes.count();
    await polo.newChat.click();
    await search.import(json);
    await search.done();
    assert.equal(await search.nodes.count(), nodes);
    assert.match(await page.locator('article.question').textContent(), /Anna has 24 apples/);
    await search.import('{"no":"search"}');
    await expect.visible(page.getByText('This search could not be opened'));
    assert.equal(await page.locator('article.question').count(), 1);
  }));

  test('a search is held, goes on, and is stopped with the answer so far', () => withPage(async ({ page, polo, told, search, release }) => {
    await search.on();
    await polo.ask(`STEP ${QUESTION}`);
    await expect.visible(search.nodes.nth(3));
    await search.panel.getByRole('button', { name: 'Pause' }).click();
    await expect.visible(search.panel.getByText('Paused.'));
    await release(() => scriptedEngine(page));
    const before = await search.nodes.count();
    await page.waitForTimeout(300);
    assert.equal(await search.nodes.count(), before, 'nothing grows while it is held');
    await search.panel.getByRole('button', { name: 'Resume' }).click();
    await expect.until('it grows again', 10_000, async () => await search.nodes.count() > before);
    assert.match(await search.panel.locator('.stats').textContent(), /of 8 rollouts · .* of 8,192 tokens · \d of 4 lanes busy/);
    await search.panel.getByRole('button', { name: 'Answer now' }).click();
    await expect.visible(search.panel.getByText('You stopped it.'));
    assert.match(await polo.output.textContent(), /The answer is 48/);
    assert.deepEqual((await told()).map(({ type }) => type).filter((type) => ['pause', 'resume', 'cancel'].includes(type)), ['pause', 'resume', 'cancel']);
    // The conversation goes on from the reply that won.
    await search.on();
    await polo.ask('And without the bags?');
    await expect.until('the next turn', 10_000, async () => (await told()).some(({ type }) => type === 'generate'));
    const { messages } = (await told()).at(-1).prompt;
    assert.match(messages[1].content, /^<Thought>[^]*The answer is \*\*48\*\*/);
  }));

  test('the keyboard goes through the picture and the table', () => withPage(async ({ page, polo, search }) => {
    await search.on();
    await polo.ask(QUESTION);
    await search.done();
    await search.tree.locator('[data-node="0"]').focus();
    const focused = () => page.evaluate(() => document.activeElement.dataset.node ?? document.activeElement.dataset.row);
    const press = async (key, expected) => {
      await page.keyboard.press(key);
      await expect.until(`${key} to lead to ${expected}`, 3000, async () => await focused() === expected);
    };
    await press('ArrowRight', '1');
    await press('ArrowRight', '2');
    await press('ArrowLeft', '1');
    await press('Home', '0');
    await search.panel.getByRole('button', { name: 'List' }).click();
    const rows = search.grid.locator('tbody [role=row]');
    const all = await rows.count();
    assert.ok(all > 20);
    await search.grid.locator('[data-row="0"]').focus();
    await press('ArrowDown', '1');
    const first = search.grid.locator('[data-row="1"]');
    assert.deepEqual([await first.getAttribute('aria-level'), await first.getAttribute('aria-expanded'), await first.getAttribute('aria-selected')], ['2', 'true', 'true']);
    await page.keyboard.press('ArrowLeft');
    await expect.until('the branch to fold', 3000, async () => await first.getAttribute('aria-expanded') === 'false');
    assert.ok(await rows.count() < all);
    await page.keyboard.press('ArrowRight');
    await expect.count(rows, all);
    await press('ArrowRight', '2');
    await expect.visible(search.node.getByText('Selection score now'));
    await press('End', await rows.last().getAttribute('data-row'));
  }));

  test('the knobs are checked, kept, and go with the request', () => withPage(async ({ page, polo, told, search }) => {
    await search.on();
    assert.match(await page.locator('.search-cost').textContent(), /At most 8 rollouts, 8,192 tokens/);
    await page.getByLabel('Preset').first().selectOption('Thorough');
    assert.match(await page.locator('.search-cost').textContent(), /32 rollouts, 24,576 tokens/);
    await page.getByRole('button', { name: 'Adjust the search' }).click();
    const dialog = page.getByRole('dialog', { name: 'Search' });
    await dialog.getByLabel('Rollouts').fill('0');
    assert.equal(await dialog.getByLabel('Rollouts').getAttribute('aria-invalid'), 'true');
    await dialog.getByLabel('Rollouts').fill('5');
    await dialog.getByLabel('Exploration c').fill('2.5');
    await dialog.getByLabel('Step', { exact: true }).selectOption('mini_step');
    await dialog.getByLabel('Tokens of a step').fill('48');
    await dialog.getByLabel('Reflection').selectOption('off');
    assert.deepEqual(await barriers(page), [], 'the knobs');
    await page.keyboard.press('Escape');
    await page.reload();
    await ready(page);
    await polo.ask(QUESTION);
    await search.done();
    const asked = (await told()).find(({ type }) => type === 'search').search;
    assert.deepEqual([asked.rollouts, asked.exploration, asked.action, asked.reflection, asked.max_tokens], [5, 2.5, { mini_step: 48 }, 'off', 24576]);
    assert.equal(await page.getByLabel('Preset').first().inputValue(), 'own');
  }));

  test('four ways are compared with one budget', () => withPage(async ({ page, told, search }) => {
    await search.on();
    await page.getByRole('button', { name: 'Adjust the search' }).click();
    await page.getByRole('button', { name: 'Compare four ways' }).click();
    const dialog = page.getByRole('dialog', { name: 'Compare four ways' });
    await dialog.getByLabel('Question').fill(QUESTION);
    await dialog.getByRole('button', { name: 'Compare', exact: true }).click();
    await expect.until('four answers', 30_000, async () => await dialog.locator('tbody tr td:nth-child(2)', { hasText: /^\d+$/ }).count() === 4);
    const asked = (await told()).filter(({ type }) => type === 'search').map(({ search: { mode, max_tokens } }) => [mode, max_tokens]);
    assert.deepEqual(asked, ['chain_of_thought', 'self_consistency', 'best_of_n', 'mcts'].map((mode) => [mode, 8192]));
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'search-compare');
  }));

  test('an update of a tree of 500 nodes draws only what changed', () => withPage(async ({ page, polo, search }) => {
    await search.on();
    // Each frame in which the page worked: from the first callback to the task after style, layout and paint.
    await page.evaluate(() => {
      globalThis.frames = [];
      const { port1, port2 } = new MessageChannel();
      let begun = null;
      port1.onmessage = () => {
        performance.mark('update-end');
        globalThis.frames.push({ ms: performance.measure('update', 'update-start', 'update-end').duration });
        begun = null;
      };
      const request = globalThis.requestAnimationFrame.bind(globalThis);
      globalThis.requestAnimationFrame = (callback) => request((time) => {
        if (begun === null) {
          begun = performance.mark('update-start').startTime;
          port2.postMessage(0);
        }
        callback(time);
      });
    });
    await polo.ask(`BIG STEP ${QUESTION}`);
    const engine = await scriptedEngine(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
    await expect.visible(search.nodes.nth(3));
    const count = () => search.nodes.count();
    await expect.until('a large tree', 60_000, async () => await page.evaluate(() => document.querySelectorAll('[data-node]').length) > 480);
    await page.waitForTimeout(2000);
    // What is drawn anew is told by the document itself.
    await page.evaluate(() => {
      globalThis.touched = new Set();
      new MutationObserver((records) => {
        for (const { target } of records) {
          const node = (target.nodeType === 1 ? target : target.parentElement)?.closest('[data-at]');
          if (node) globalThis.touched.add(node.dataset.at);
        }
      }).observe(document.querySelector('.tree-frame'), { subtree: true, childList: true, attributes: true, attributeFilter: ['class', 'd', 'stroke-width', 'aria-label'] });
      globalThis.frames.length = 0;
    });
    const from = await metrics();
    const updates = 6;
    for (let update = 0; update < updates; update += 1) {
      await engine.evaluate(() => globalThis.release());
      // Nothing of the test's own is to be measured.
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const to = await metrics();
    const frames = await page.evaluate(() => globalThis.frames.map(({ ms }) => ms).sort((a, b) => a - b));
    assert.ok(frames.length >= updates && await count() > 484, `${frames.length} frames, ${await count()} nodes`);
    const each = (name) => ((to[name] - from[name]) * 1000 / frames.length).toFixed(1);
    console.log(`    a tree of ${await count()} nodes, ${frames.length} updates: script ${each('ScriptDuration')} ms, style ${each('RecalcStyleDuration')} ms, `
      + `layout ${each('LayoutDuration')} ms each; with paint: median ${frames[frames.length >> 1].toFixed(1)} ms, longest ${frames.at(-1).toFixed(1)} ms`);
    const touched = await page.evaluate(() => globalThis.touched.size);
    assert.ok(touched < updates * 40, `${touched} nodes were drawn anew in ${updates} updates of at most 4 new nodes each`);
    assert.ok(await page.evaluate(() => performance.getEntriesByName('update').length > 0));
  }));

  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark']) {
      test(`looks: ${size}, ${colorScheme}`, () => withPage(async ({ page, polo, search }) => {
        await search.on();
        await polo.ask(QUESTION);
        await search.done();
        const bottom = () => search.panel.evaluate((panel) => panel.scrollIntoView({ block: 'end' }));
        await bottom();
        await page.waitForTimeout(400);
        await shoot(page, `search-${size}-${colorScheme}`);
        assert.deepEqual(await barriers(page), [], 'the panel');
        const list = size === 'phone';
        assert.equal(await search.grid.isVisible(), list, 'a phone shows the list first');
        if (list) await search.grid.locator('[data-row="2"]').click();
        else await search.open(2);
        await expect.visible(search.node.getByText('Selection score now'));
        await search.node.locator('.token').nth(3).click();
        await search.node.evaluate((panel) => panel.scrollIntoView({ block: 'nearest' }));
        await page.waitForTimeout(300);
        await shoot(page, `search-${size}-${colorScheme}-node`);
        assert.deepEqual(await barriers(page), [], 'a node');
        if (!list) await search.panel.getByRole('button', { name: 'List' }).click();
        else await search.panel.getByRole('button', { name: 'Tree', exact: true }).click();
        await page.waitForTimeout(300);
        await shoot(page, `search-${size}-${colorScheme}-other`);
        assert.deepEqual(await barriers(page), [], 'the other view');
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= viewport.width, `the page is ${width} px wide in a window of ${viewport.width}`);
      }, { viewport, colorScheme }));
    }
  }
});

describe('search on Polo Tiny', { timeout: 900_000 }, () => {
  let server, browser;

  before(async () => {
    server = await serve();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test('nodes appear, one is opened, one is pruned; it is saved, opened again, and another is stopped', async () => {
    const { page, close } = await open(browser, server.origin, { viewport: { width: 1280, height: 1000 } });
    const polo = new Polo(page);
    const search = new SearchPage(page);
    await polo.loaded();
    // Hot enough, and large enough a number, for replies that differ.
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Temperature', { exact: true }).fill('1.5');
    await page.getByLabel('Top-p', { exact: true }).fill('1');
    await page.getByLabel('Seed', { exact: true }).fill('7');
    await page.keyboard.press('Escape');
    await search.on();
    await polo.ask('Calculate 87 * 64 - 958.');
    await expect.until('the first nodes', 180_000, async () => await search.nodes.count() > 3);
    await search.done(300_000);
    assert.match(await search.panel.locator('.verdict').textContent(), /It won the vote|No answer came twice|only one reply/);
    const leaf = search.tree.locator('.node.final').first();
    assert.match(await leaf.textContent(), /A \S+/);
    const reply = await polo.output.textContent();
    assert.ok(reply.trim().length > 0 && !/Output>|Thought>/.test(reply), reply);

    await search.open(1);
    await expect.visible(search.node.getByText('Selection score now'));
    await search.node.locator('.token').nth(2).click();
    assert.equal(await search.node.locator('.alternatives tr').count(), 5);
    // For the picture: all of it, and where another branch began.
    await search.panel.getByRole('button', { name: 'Fit', exact: true }).click();
    await page.waitForTimeout(400);
    const aside = search.tree.locator('.node:not(.won) [data-node]').first();
    if (await aside.count()) await aside.click();
    await page.waitForTimeout(400);
    await search.node.locator('.token').first().click();
    await search.panel.evaluate((panel) => panel.scrollIntoView({ block: 'start' }));
    await page.waitForTimeout(400);
    await shoot(page, 'search');
    await search.node.getByRole('button', { name: 'Prune' }).click();
    await expect.visible(search.node.getByText('It was pruned'));

    const nodes = await search.nodes.count();
    const json = await search.save('JSON');
    assert.match(await search.save('SVG'), /^<svg [^]*<\/svg>\s*$/);
    await polo.newChat.click();
    await search.import(json);
    await search.done(60_000);
    assert.equal(await search.nodes.count(), nodes);
    assert.match(await page.locator('article.question').textContent(), /87 \* 64 - 958/);

    await page.getByLabel('Preset').first().selectOption('Thorough');
    await polo.ask('What is 47 + 85 - 20?');
    await expect.count(page.locator('.search-panel'), 2);
    // At once: an easy question is answered before long.
    await search.panel.getByRole('button', { name: 'Answer now' }).click();
    await expect.visible(search.panel.getByText('You stopped it.'), 30_000);
    await close();
  });
});

async function scriptedEngine(page) {
  for (const worker of page.workers()) if (await worker.evaluate(() => globalThis.name) === 'polo engine') return worker;
  throw new Error('there is no engine');
}

/// The panel of the last search, as a person meets it.
class SearchPage {
  constructor(page) {
    this.page = page;
    this.panel = page.locator('.search-panel').last();
    this.tree = this.panel.getByRole('tree', { name: 'Search tree' });
    this.grid = this.panel.getByRole('treegrid', { name: 'Search tree' });
    this.nodes = this.tree.getByRole('treeitem');
    this.node = this.panel.getByRole('region', { name: 'Node' });
  }

  on() {
    return this.page.getByRole('switch', { name: 'Search' }).click();
  }

  done(limit = 30_000) {
    return expect.visible(this.panel.locator('.verdict'), limit);
  }

  open(node) {
    return this.tree.locator(`[data-node="${node}"]`).click();
  }

  async save(form) {
    const waiting = this.page.waitForEvent('download');
    await this.panel.getByRole('button', { name: form, exact: true }).click();
    const download = await waiting;
    assert.equal(download.suggestedFilename().split('.').at(-1), form.toLowerCase());
    return readFileSync(await download.path(), 'utf8');
  }

  async import(text) {
    await this.page.getByRole('button', { name: 'Adjust the search' }).click();
    const file = { name: 'search.json', mimeType: 'application/json', buffer: Buffer.from(text) };
    await this.page.getByLabel('Open a saved search').setInputFiles(file);
  }
}
