// What the tab shows of itself: title, icon, a screen that stays awake, a network that is gone, a slow background.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expect } from './support/expect.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('the tab', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const withPage = (use) => scripted.withPage(async (opened) => {
    const { page } = opened;
    // Whether a tab can be seen is the browser's to say; here the test says it.
    await page.addInitScript(() => {
      let hidden = false;
      Object.defineProperty(document, 'hidden', { get: () => hidden });
      globalThis.hide = (yes) => {
        hidden = yes;
        if (yes) globalThis.locks.forEach((lock) => lock.release());
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      };
      globalThis.locks = [];
      Object.defineProperty(navigator, 'wakeLock', { value: {
        request: async () => {
          const lock = Object.assign(new EventTarget(), { release: async () => {
            if (!locks.includes(lock)) return;
            locks.splice(locks.indexOf(lock), 1);
            lock.dispatchEvent(new Event('release'));
          } });
          locks.push(lock);
          return lock;
        },
      } });
    });
    await page.clock.install();
    await page.reload();
    await ready(page);
    await use(opened);
  });
  const look = (page) => page.evaluate(() => [document.title, document.querySelector('link[rel=icon]').href.split('/').at(-1)]);
  const shows = (page, ...wanted) => expect.until(wanted.join(', '), 5000, async () => String(await look(page)) === String(wanted));
  const locks = (page, count) => expect.until(`${count} locks`, 5000, () => page.evaluate((n) => globalThis.locks.length === n, count));
  const hide = (page, yes) => page.evaluate((yes) => globalThis.hide(yes), yes);
  const held = (page) => page.getByText('It was lost').waitFor();

  test('its title and icon tell that it works, and that it is done to who was away', () => withPage(async ({ page, polo, engine, release }) => {
    await shows(page, 'Polo', 'icon.svg');
    await polo.ask('BACK');
    await held(page);
    await shows(page, 'Working… – Polo', 'working.svg');
    await hide(page, true);
    await release(engine);
    await shows(page, '✓ Done – Polo', 'done.svg');
    await hide(page, false);
    await shows(page, 'Polo', 'icon.svg');
    await polo.ask('Another');
    await finished(polo);
    await shows(page, 'Polo', 'icon.svg');
  }));

  test('the screen stays awake for long work only, and again after a look elsewhere', () => withPage(async ({ page, polo, engine, release }) => {
    await polo.ask('BACK');
    await held(page);
    await locks(page, 0);
    await page.clock.fastForward(8000);
    await locks(page, 1);
    await hide(page, true);
    await locks(page, 0);
    await hide(page, false);
    await locks(page, 1);
    await release(engine);
    await finished(polo);
    await locks(page, 0);
  }));

  test('a background that slows a search down is told with both speeds', () => withPage(async ({ page, polo, engine, release }) => {
    await page.getByRole('switch', { name: /Search/ }).or(page.getByRole('checkbox', { name: /Search/ })).first().check();
    await polo.ask('STEP');
    const rollouts = (count) => expect.until(`${count} rollouts`, 10_000, async () => (await engine()).evaluate((count) => globalThis.rolloutsOf() === count, count));
    for (const count of [1, 2, 3]) {
      await rollouts(count);
      await page.clock.fastForward(1500);
      await release(engine);
    }
    await rollouts(4);
    await page.clock.fastForward(1000);
    await hide(page, true);
    await page.clock.fastForward(20_000);
    await hide(page, false);
    const told = page.locator('[data-strip=slowed]');
    await told.waitFor();
    const [unseen, seen] = (await told.innerText()).match(/\d+(\.\d+)?/g).map(Number);
    assert.ok(unseen < seen * 0.6, `${unseen} against ${seen}`);
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'strip-slowed');
    await told.getByRole('button', { name: 'Not now' }).click();
    await expect.count(told, 0);
  }));

  test('without a network it says what works on', () => withPage(async ({ page, context, polo }) => {
    const strip = page.locator('[data-strip=offline]');
    assert.equal(await strip.count(), 0);
    await context.setOffline(true);
    await strip.waitFor();
    assert.match(await strip.innerText(), /works on/);
    await shoot(page, 'strip-offline');
    assert.deepEqual(await barriers(page), []);
    await polo.ask('Hello');
    await finished(polo);
    await context.setOffline(false);
    await expect.count(strip, 0);
  }));

  test('a worker whose program cannot be loaded is told, and not waited for', async () => {
    const context = await scripted.browser.newContext({ serviceWorkers: 'block' });
    await context.route(/worker_loader\.js/, (route) => route.abort());
    const page = await context.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(scripted.server.origin);
    await page.getByRole('alert').first().waitFor();
    assert.match(await page.getByRole('alert').first().innerText(), /did not load/);
    assert.deepEqual(faults, []);
    await context.close();
  });
});
