// The engine's worker alone, spoken to as the page does: JSON strings of src/protocol.rs, both ways.

import { blankPath } from './server.mjs';
import { open } from './browser.mjs';

/// Loads the page once to see which worker it starts.
export async function findWorker(browser, origin) {
  const { page, close } = await open(browser, origin);
  await page.waitForFunction(() => globalThis.startedWorkers.length > 0, null, { timeout: 60_000 });
  const [worker] = await page.evaluate(() => globalThis.startedWorkers);
  await close();
  return worker;
}

export class Engine {
  static async start(browser, origin, worker) {
    const opened = await open(browser, origin, { path: blankPath });
    await opened.page.evaluate(({ url, options }) => new Promise((resolve, reject) => {
      const last = new Set(['done', 'failed', 'loaded', 'benched', 'self_tested']);
      const waiting = new Map();
      const engine = new Worker(url, options);
      globalThis.devices = [];
      globalThis.askEngine = (request) => new Promise((answer) => {
        waiting.set(request.id, { events: [], answer });
        engine.postMessage(JSON.stringify(request));
      });
      engine.onerror = (error) => reject(new Error(`worker: ${error.message}`));
      engine.onmessage = ({ data }) => {
        const event = JSON.parse(data);
        if (event.type === 'ready') resolve();
        if (event.type === 'device') globalThis.devices.push(event.device);
        // A failure of the engine itself ends everything that waits.
        const ids = event.id === undefined || event.id === null ? (event.type === 'failed' ? [...waiting.keys()] : []) : [event.id];
        for (const id of ids) {
          const request = waiting.get(id);
          if (!request) continue;
          request.events.push(event);
          if (last.has(event.type)) {
            waiting.delete(id);
            request.answer(request.events);
          }
        }
      };
    }), worker);
    return new Engine(opened);
  }

  constructor(opened) {
    this.opened = opened;
    this.next = 1;
  }

  /// All events of one request; a failure is an error unless it is what the test wants.
  async ask(request, { mayFail = false } = {}) {
    const id = this.next++;
    const events = await this.opened.page.evaluate((r) => globalThis.askEngine(r), { ...request, id });
    const end = events.at(-1);
    if (end.type === 'failed' && !mayFail) throw new Error(`${request.type} failed (${end.kind}): ${end.message}`);
    return events;
  }

  async load(options = {}, source = { kind: 'embedded' }) {
    const events = await this.ask({ type: 'load', source, options });
    return events.at(-1).model;
  }

  /// Token ids of the most probable reply.
  async greedy(text, maxNewTokens) {
    const events = await this.ask({
      type: 'generate',
      prompt: { kind: 'chat', messages: [{ role: 'user', content: text }] },
      sampling: { temperature: 0, max_new_tokens: maxNewTokens },
    });
    return events.filter((event) => event.type === 'token').map((event) => event.token);
  }

  devices() {
    return this.opened.page.evaluate(() => globalThis.devices);
  }

  close() {
    return this.opened.close();
  }
}
