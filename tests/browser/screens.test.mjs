// A picture of every screen and state, in each language, by day and by night, on a desk and in a hand; and what a
// machine can see of them: nothing wider than the window, nothing cut or clipped, nothing too small to be pressed.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { desktop, phone } from './support/browser.mjs';
import { crooked, pictures, shoot, strangers } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';
import * as walks from './support/screens.mjs';
import { saying, talk } from './support/talk.mjs';

// A newer page is announced when the test says so: `controllerchange`.
const updates = () => {
  const registration = Object.create(globalThis.ServiceWorkerRegistration?.prototype ?? null, {
    waiting: { value: null }, installing: { value: null }, addEventListener: { value: () => {} },
  });
  const container = Object.assign(new EventTarget(), { controller: {}, register: async () => registration });
  Object.defineProperty(navigator, 'serviceWorker', { value: container });
};
const noAdapter = `
  onmessage = ({ data }) => {
    const { id, type } = JSON.parse(data.request ?? data);
    if (type === 'load') postMessage(JSON.stringify({ type: 'failed', id, kind: 'no_gpu', message: 'no adapter' }));
  };
  queueMicrotask(() => postMessage(JSON.stringify({ type: 'ready' })));`;

// Two at a time: most of a walk is waiting.
describe('screens', { timeout: 900_000, concurrency: 2 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  for (const language of ['en', 'ru', 'zh']) {
    for (const [size, viewport] of Object.entries({ desktop, phone })) {
      const begin = `localStorage.getItem('polo.settings') ?? localStorage.setItem('polo.settings', '${JSON.stringify({ language })}')`;
      const visit = (use, options = {}) => scripted.withPage(use, {
        viewport, hasTouch: size === 'phone', before: `${begin};(${updates})()`, saying: saying(language), ...options,
      });
      /// Takes the pictures of a state, and notes what is wrong with it.
      const looking = (page, faults) => async (name, { all = false, from = 'top' } = {}) => {
        await walks.settled(page);
        const here = await crooked(page);
        if (language !== 'en') here.push(...(await strangers(page)).map((text) => `not translated: ${text}`));
        if (here.length > 0) faults[name] = here;
        for (let part = 1; ; part += 1) {
          for (const colorScheme of ['dark', 'light']) {
            await page.emulateMedia({ colorScheme });
            await shoot(page, `screen-${language}-${size}-${colorScheme}-${name}${part > 1 ? `-${part}` : ''}`);
          }
          if (!all || !await walks.down(page)) break;
        }
        if (all && from === 'top') await walks.toTop(page);
      };
      for (const [name, walk] of Object.entries(walks.all)) {
        test(`${language}, ${size}: ${name}`, () => visit(async (opened) => {
          const faults = {};
          await walk({ ...opened, look: looking(opened.page, faults) }, language);
          assert.deepEqual(faults, {});
        }, { query: name === 'troubles' ? '/?nonsense=1' : '/' }));
      }
      test(`${language}, ${size}: storage`, async () => {
        const faults = {};
        const hinder = {
          'kept-nowhere': "Object.defineProperty(globalThis, 'indexedDB', { value: undefined })",
          'little-room': 'StorageManager.prototype.estimate = async () => ({ quota: 1e10, usage: 1e10 - 12e6 })',
        };
        for (const [name, before] of Object.entries(hinder)) {
          await visit((opened) => walks.storage({ ...opened, look: looking(opened.page, faults) }, name), { before: `${begin};${before}` });
        }
        assert.deepEqual(faults, {});
      });
      test(`${language}, ${size}: no GPU`, async () => {
        const faults = {};
        const shown = async ({ page }, name) => {
          await page.locator('.unsupported').waitFor();
          await looking(page, faults)(name, { all: true });
        };
        await visit((opened) => shown(opened, 'no-adapter'), { body: noAdapter, saying: '' });
        await visit((opened) => shown(opened, 'no-webgpu'), { before: `${begin}; delete Navigator.prototype.gpu` });
        assert.deepEqual(faults, {});
      });
    }
  }

  test('the keys of a Mac', () => scripted.withPage(async ({ page }) => {
    await ready(page);
    await page.keyboard.press('Control+k');
    assert.equal(await page.locator('dialog:modal').count(), 0, 'that is not the key here');
    await page.keyboard.press('Meta+k');
    await page.getByRole('combobox', { name: 'Type a command' }).fill('keyboard');
    assert.equal(await page.getByRole('option', { name: 'Keyboard shortcuts' }).locator('.caps').first().innerText(), '⌘/');
    await shoot(page, 'screen-mac-palette');
    await page.keyboard.press('Enter');
    const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await keys.waitFor();
    assert.doesNotMatch(await keys.innerText(), /Ctrl/);
    assert.match(await keys.innerText(), /Commands\s+⌘\s*K/);
    await shoot(page, 'screen-mac-keys');
  }, { before: "Object.defineProperty(Navigator.prototype, 'platform', { get: () => 'MacIntel' })" }));

  for (const theme of ['system', 'dark']) {
    test(`on paper: a conversation, whole and light, theme ${theme}`, () => scripted.withPage(async ({ page, polo }) => {
      await ready(page);
      for (const question of [talk.en.question, 'HOSTILE', 'CODE', 'RTL']) {
        await polo.ask(question);
        await page.locator('article.question', { hasText: question }).waitFor();
        await finished(polo);
      }
      await polo.thought.locator('summary').click();
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const seen = await page.evaluate(() => {
        const style = (name) => getComputedStyle(document.querySelector(name));
        const main = document.querySelector('main');
        const hidden = ['.top', '.dock', '.actions', '.question-actions', '.copy-code'].filter((name) => style(name).display !== 'none');
        return { hidden, cut: main.scrollHeight - main.clientHeight, wide: main.scrollWidth - main.clientWidth, ink: style('.output').color, scheme: getComputedStyle(document.documentElement).colorScheme, ground: style('body').backgroundColor };
      });
      assert.deepEqual(seen, { hidden: [], cut: 0, wide: 0, ink: 'rgb(31, 33, 30)', scheme: 'light', ground: 'rgba(0, 0, 0, 0)' });
      await shoot(page, `screen-paper-${theme}`, { fullPage: true });
      const paper = await page.pdf({ format: 'A4', margin: { top: '2cm', bottom: '2cm', left: '2cm', right: '2cm' } });
      const pages = paper.toString('latin1').match(/\/Type\s*\/Page\b/g).length;
      assert.ok(pages >= 3, `${pages} pages`);
      await writeFile(path.join(pictures, `screen-paper-${theme}.pdf`), paper);
    }, { colorScheme: 'dark', before: `localStorage.setItem('polo.settings', '${JSON.stringify({ theme })}')`, saying: saying('en') }));
  }
});
