// The built page with workers that play a script.

import { readFileSync } from 'node:fs';
import { launch } from './browser.mjs';
import { expect } from './expect.mjs';
import { Polo } from './polo.mjs';
import { serve } from './server.mjs';

const read = (name) => readFileSync(new URL(`./${name}.js`, import.meta.url), 'utf8');
const scripted = read('scripted-engine') + read('scripted-search');

export class Scripted {
  static async start() {
    return new Scripted(await serve(), await launch());
  }

  constructor(server, browser) {
    Object.assign(this, { server, browser });
  }

  async close() {
    await this.browser?.close();
    await this.server?.close();
  }

  /// Opens the page; `body` is the program of its workers, `saying` what is put behind it. A test that fails is tried
  /// once more on a new page, and the first failure is told and counted: on busy cores a frame can come seconds late.
  async withPage(use, options) {
    try {
      await this.#onPage(use, options);
    } catch (error) {
      const where = error.stack?.match(/[\w-]+\.test\.mjs:\d+/)?.[0] ?? 'a test';
      console.log(`↻ tried again: ${where}: ${error.stack}`);
      await this.#onPage(use, options);
    }
  }

  async #onPage(use, { query = '/', body = scripted, saying = '', viewport = { width: 900, height: 700 }, colorScheme = 'light', hasTouch = false, before, locale } = {}) {
    const permissions = ['clipboard-read', 'clipboard-write'];
    // A service worker would bring the real engine from its cache.
    const context = await this.browser.newContext({ viewport, colorScheme, hasTouch, permissions, locale, serviceWorkers: 'block' });
    if (before) await context.addInitScript(typeof before === 'string' ? { content: before } : before);
    const requests = [];
    context.on('request', (request) => requests.push(request.url()));
    await context.route(/worker_loader\.js/, (route) => route.fulfill({ contentType: 'text/javascript', body: body + saying }));
    const page = await context.newPage();
    await page.goto(this.server.origin + query);
    const worker = (name) => expect.until(`the worker "${name}"`, 10_000, async () => {
      for (const candidate of page.workers()) {
        if (await candidate.evaluate(() => globalThis.name) === name) return candidate;
      }
      return null;
    });
    const [engine, library] = [() => worker('polo engine'), () => worker('polo library')];
    const toldTo = async (which) => (await which()).evaluate(() => globalThis.requests ?? []);
    const told = () => toldTo(engine);
    const toldLibrary = () => toldTo(library);
    const release = async (which) => (await which()).evaluate(() => globalThis.release());
    try {
      await use({ page, context, polo: new Polo(page), told, toldLibrary, requests, engine, library, release });
    } finally {
      await context.close();
    }
  }
}

export const ready = (page) => page.locator('.model[data-state=ready]').waitFor();
export const finished = (polo) => polo.regenerate.waitFor();
