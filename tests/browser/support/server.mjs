// Serves dist/ as `cargo xtask run` does: same types, same content policy, from one origin.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const dist = path.join(root, 'dist');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

// An empty page of the same origin, from which a test can start the worker alone.
export const blankPath = '/__blank';
// The worker in a browser that says it has room for ten megabytes.
export const smallStoragePath = '/__small_storage.js';
const smallStorage = `StorageManager.prototype.estimate = async () => ({ quota: 1e7, usage: 0 });
await import('/worker_loader.js');`;
// The worker in a window that may store nothing.
export const noStoragePath = '/__no_storage.js';
const noStorage = `StorageManager.prototype.getDirectory = async () => { throw new DOMException('not here', 'SecurityError'); };
await import('/worker_loader.js');`;
// The worker, telling how large the memory of its program is to who asks on a channel.
export const watchedPath = '/__watched.js';
const watched = `const memories = [];
for (const name of ['instantiate', 'instantiateStreaming']) {
  const real = WebAssembly[name];
  WebAssembly[name] = async (...list) => {
    const made = await real.apply(WebAssembly, list);
    memories.push((made.instance ?? made).exports.memory);
    return made;
  };
}
const channel = new BroadcastChannel('memory');
channel.onmessage = ({ data }) => data === 'how much' && channel.postMessage(memories.map((memory) => memory.buffer.byteLength));
await import('/worker_loader.js');`;
const scripts = { [smallStoragePath]: smallStorage, [noStoragePath]: noStorage, [watchedPath]: watched };
const blank = '<!doctype html><html lang="en"><head><title>Blank</title></head></html>';

/// `connect`: origins that the worker may speak to, beside those the page's own policy names; `compress`: as a host
/// on the web does, which costs the tests time and tells them nothing.
export async function serve({ connect = [], compress = false } = {}) {
  const packed = new Map();
  const html = await readFile(path.join(dist, 'index.html'), 'utf8').catch(() => {
    throw new Error('dist/index.html is missing: build the page first (cargo xtask test --only page)');
  });
  const own = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html)?.[1];
  if (!own) throw new Error('dist/index.html has no content security policy');
  const policy = `${own.replace(/connect-src [^;]*/, (list) => [list, ...connect].join(' '))}; frame-ancestors 'none'`;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const headers = { 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache' };
    if (pathname === blankPath) {
      response.writeHead(200, { ...headers, 'Content-Type': types['.html'] }).end(blank);
      return;
    }
    if (pathname in scripts) {
      response.writeHead(200, { ...headers, 'Content-Type': types['.js'] }).end(scripts[pathname]);
      return;
    }
    if (pathname === '/favicon.ico') {
      // The empty page has no icon, and browsers ask all the same.
      response.writeHead(204, headers).end();
      return;
    }
    const file = path.join(dist, decodeURIComponent(pathname === '/' ? '/index.html' : pathname));
    try {
      if (!file.startsWith(dist + path.sep)) throw new Error('outside');
      const body = await readFile(file);
      const type = types[path.extname(file)] ?? 'application/octet-stream';
      if (compress && /text|javascript|wasm|json|svg/.test(type)) {
        if (!packed.has(file)) packed.set(file, gzipSync(body));
        response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Encoding': 'gzip' }).end(packed.get(file));
        return;
      }
      response.writeHead(200, { ...headers, 'Content-Type': type }).end(body);
    } catch {
      response.writeHead(404, headers).end('no such file\n');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}
