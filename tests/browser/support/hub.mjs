// A server that behaves like the hub: API in pages, /resolve/ that sends large files to another host, ranges,
// CORS headers as the real one exposes them; and, when a test orders it, like a bad network.

import { createHash } from 'node:crypto';
import { createReadStream, openSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:http';

const LARGE = 4096;
const PAGE = 3;
const EXPOSED = 'X-Repo-Commit,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,Content-Length,Retry-After';

export const sha256 = (bytes) => bytes.sha256 ?? createHash('sha256').update(bytes).digest('hex');

/// A file too large for memory, to be used like its bytes.
export class LargeFile {
  static async open(path) {
    const file = new LargeFile();
    const hash = createHash('sha256');
    for await (const part of createReadStream(path, { highWaterMark: 4 << 20 })) hash.update(part);
    file.sha256 = hash.digest('hex');
    file.handle = openSync(path);
    file.length = statSync(path).size;
    return file;
  }

  subarray(start, end) {
    const bytes = Buffer.alloc(end - start);
    readSync(this.handle, bytes, 0, bytes.length, start);
    return bytes;
  }
}

/// Bytes that do not repeat.
export function noise(length, seed = 1) {
  const bytes = Buffer.alloc(length + 4);
  let state = BigInt(seed) * 2n + 1n;
  for (let at = 0; at < length; at += 4) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    bytes.writeUInt32LE(Number(state >> 32n), at);
  }
  return bytes.subarray(0, length);
}

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

export class Hub {
  /// repos: { 'user/name': { commit, gated, files: { path: Buffer or LargeFile } } }
  static async start(repos) {
    const hub = new Hub();
    hub.repos = repos;
    hub.servers = [createServer((...pair) => hub.answer(...pair)), createServer((...pair) => hub.answer(...pair))];
    const [port, other] = [await listen(hub.servers[0]), await listen(hub.servers[1])];
    hub.url = `http://localhost:${port}`;
    hub.other = `http://127.0.0.1:${other}`;
    return hub;
  }

  constructor() {
    /// For the next requests for bytes: {status}, {cut: bytes}, {stall: bytes}, {corrupt: place}.
    this.faults = [];
    this.noRanges = false;
    /// Milliseconds after each 64 KiB.
    this.slow = 0;
    this.log = [];
    this.sent = 0;
  }

  asked(text) {
    return this.log.filter((line) => line.includes(text)).length;
  }

  close() {
    return Promise.all(this.servers.map((server) => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    })));
  }

  async answer(request, response) {
    const url = new URL(request.url, this.url);
    const path = decodeURIComponent(url.pathname);
    this.log.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`);
    const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': EXPOSED, Vary: 'Origin' };
    const plain = (status, headers = {}, body = '') => response.writeHead(status, { ...cors, ...headers }).end(body);
    if (request.method === 'OPTIONS') {
      return plain(204, { 'Access-Control-Allow-Headers': 'Range, Authorization', 'Access-Control-Allow-Methods': 'GET, HEAD' });
    }
    if (path.startsWith('/blob/')) {
      const files = Object.values(this.repos).flatMap((repo) => Object.values(repo.files));
      const bytes = files.find((one) => sha256(one) === path.slice('/blob/'.length));
      return bytes ? this.send(request, response, cors, bytes) : plain(404);
    }
    for (const [name, repo] of Object.entries(this.repos)) {
      const api = `/api/models/${name}/`;
      if (path.startsWith(api)) return this.tell(plain, repo, path.slice(api.length), url);
      const resolve = `/${name}/resolve/`;
      if (!path.startsWith(resolve)) continue;
      if (repo.gated && request.headers.authorization !== `Bearer ${repo.gated}`) return plain(401, { 'X-Error-Code': 'GatedRepo' }, 'Access to this model is restricted');
      const file = path.slice(resolve.length).split('/').slice(1).join('/');
      const bytes = repo.files[file];
      if (!bytes) return plain(404, { 'X-Error-Code': 'EntryNotFound' }, 'Entry not found');
      if (bytes.length < LARGE) return this.send(request, response, cors, bytes);
      return plain(302, { Location: `${this.other}/blob/${sha256(bytes)}?signed=1` });
    }
    return plain(404, { 'X-Error-Code': 'RepoNotFound' }, 'Repository not found');
  }

  tell(plain, repo, what, url) {
    const json = { 'Content-Type': 'application/json' };
    if (what.startsWith('revision/')) {
      const revision = what.slice('revision/'.length);
      if (revision !== 'main' && revision !== repo.commit) return plain(404, { 'X-Error-Code': 'RevisionNotFound' });
      return plain(200, json, JSON.stringify({ sha: repo.commit, gated: repo.gated ? 'auto' : false, tags: ['license:apache-2.0'] }));
    }
    const entries = Object.entries(repo.files).map(([path, bytes]) => ({
      type: 'file', path, size: bytes.length, oid: sha256(path).slice(0, 40),
      ...(bytes.length >= LARGE ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : {}),
    }));
    const cursor = Number(url.searchParams.get('cursor') ?? 0);
    const more = cursor + PAGE < entries.length;
    const next = `${this.url}${url.pathname}?recursive=true&cursor=${cursor + PAGE}`;
    return plain(200, { ...json, ...(more ? { Link: `<${next}>; rel="next"` } : {}) }, JSON.stringify(entries.slice(cursor, cursor + PAGE)));
  }

  async send(request, response, cors, whole) {
    const fault = this.faults.shift() ?? {};
    if (fault.status) {
      response.writeHead(fault.status, { ...cors, 'Retry-After': '0' }).end();
      return;
    }
    const range = this.noRanges ? null : /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0;
    const end = range ? Math.min(Number(range[2]) + 1, whole.length) : whole.length;
    const body = Buffer.from(whole.subarray(start, end));
    if (fault.corrupt !== undefined && fault.corrupt >= start && fault.corrupt < end) body[fault.corrupt - start] ^= 1;
    response.writeHead(range ? 206 : 200, {
      ...cors, 'Content-Length': body.length, ETag: `"${sha256(whole).slice(0, 16)}"`,
      ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${whole.length}`, 'Accept-Ranges': 'bytes' } : {}),
    });
    const limit = fault.cut ?? fault.stall ?? body.length;
    for (let at = 0; at < Math.min(limit, body.length); at += 65536) {
      const part = body.subarray(at, Math.min(at + 65536, limit, body.length));
      this.sent += part.length;
      if (!response.write(part)) await new Promise((resolve) => {
        const go = () => { response.off('drain', go); response.off('close', go); resolve(); };
        response.on('drain', go).on('close', go);
      });
      if (response.destroyed) return;
      if (this.slow) await new Promise((resolve) => setTimeout(resolve, this.slow));
    }
    if (fault.cut !== undefined) response.destroy();
    else if (fault.stall === undefined) response.end();
  }
}
