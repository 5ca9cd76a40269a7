// A picture of every screen and state, in each language, by day and by night, on a desk and in a hand; and what a
// machine can see of them: nothing wider than the window, nothing cut or clipped, nothing too small to be pressed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { desktop, phone } from './support/browser.mjs';
import { crooked, shoot, strangers } from './support/look.mjs';
import { Scripted } from './support/scripted.mjs';
import * as walks from './support/screens.mjs';
import { saying } from './support/talk.mjs';

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
});
