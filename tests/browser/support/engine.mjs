// The engine's worker alone, spoken to as the page does: JSON strings of src/protocol/, both ways.

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
  /// `friends`: origins it may speak to; `query`: put behind the worker's address.
  static async start(browser, origin, worker, { friends = [], query = '' } = {}) {
    const opened = await open(browser, origin, { path: blankPath, friends });
    const engine = new Engine(opened, { ...worker, url: worker.url + query });
    await engine.boot();
    return engine;
  }

  constructor(opened, worker) {
    this.opened = opened;
    this.worker = worker;
    this.next = 1;
  }

  /// Starts the worker in the page.
  boot() {
    return this.opened.page.evaluate(({ url, options }) => new Promise((resolve, reject) => {
      const last = new Set([
        'done', 'failed', 'loaded', 'benched', 'self_tested', 'inspected', 'library', 'found', 'pulled',
        'search_done',
      ]);
      const waiting = new Map();
      const engine = new Worker(url, options);
      globalThis.devices = [];
      globalThis.seen = [];
      globalThis.postToEngine = (request, files) => {
        const text = JSON.stringify(request);
        const file = ({ name, base64 }) => new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name);
        engine.postMessage(files ? { request: text, files: files.map(file) } : text);
      };
      globalThis.askEngine = (request, files) => new Promise((answer) => {
        waiting.set(request.id, { events: [], answer });
        globalThis.postToEngine(request, files);
      });
      engine.onerror = (error) => reject(new Error(`worker: ${error.message}`));
      engine.onmessage = ({ data }) => {
        const event = JSON.parse(data);
        globalThis.seen.push(event);
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
    }), this.worker);
  }

  /// As if the person reloaded the page: the worker ends wherever it is.
  async reload() {
    await this.opened.page.reload();
    await this.boot();
  }

  /// Sends a request and waits for nothing; its id.
  async post(request) {
    const id = this.next++;
    await this.opened.page.evaluate((r) => globalThis.postToEngine(r), { ...request, id });
    return id;
  }

  /// Waits for an event with these fields, and more bytes done than `over`.
  async until(fields, over = -1) {
    const handle = await this.opened.page.waitForFunction(
      ([wanted, least]) => globalThis.seen.find((event) =>
        Object.entries(wanted).every(([key, value]) => event[key] === value) && (event.done_bytes ?? 0) > least),
      [fields, over], { timeout: 120_000, polling: 20 },
    );
    return handle.jsonValue();
  }

  /// All events of one request; a failure is an error unless it is what the test wants.
  async ask(request, { mayFail = false, files } = {}) {
    const id = this.next++;
    const send = ([r, list]) => globalThis.askEngine(r, list);
    const events = await this.opened.page.evaluate(send, [{ ...request, id }, files]);
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

  /// Bytes of the memory of the worker's program, where the worker is `watchedPath`. It never shrinks: this is
  /// also the most it has been.
  async memory() {
    const [bytes, ...more] = await this.opened.page.evaluate(() => new Promise((answer) => {
      const channel = new BroadcastChannel('memory');
      channel.onmessage = ({ data }) => {
        channel.close();
        answer(data);
      };
      channel.postMessage('how much');
    }));
    if (!(bytes > 0) || more.length > 0) throw new Error(`one memory expected, found ${[bytes, ...more]}`);
    return bytes;
  }

  devices() {
    return this.opened.page.evaluate(() => globalThis.devices);
  }

  close() {
    return this.opened.close();
  }
}
