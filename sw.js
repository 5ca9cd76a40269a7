// Keeps the page itself (its programs, its looks, Polo Tiny) so that it opens without a network. Nothing
// else goes through here: no model, no address of anybody else.

// Every file of the page with its SHA-256, written here by the build; empty while the page is developed.
const FILES = {};
const NAME = 'polo-shell-';
const version = Object.values(FILES).map((hash) => hash.slice(0, 8)).join('');
const cacheName = NAME + version;
const scope = self.registration.scope;

/// What is kept under an address; none for whatever is not part of the page.
function fileOf(request) {
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(scope)) return undefined;
  const path = url.href.slice(scope.length).split(/[?#]/)[0] || 'index.html';
  return Object.hasOwn(FILES, path) ? path : undefined;
}

/// A file as it was built. A server in the middle of a change may still have the one before.
async function fetchFile(path) {
  const response = await fetch(scope + path, { cache: 'no-cache', credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const body = await response.clone().arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hash !== FILES[path]) throw new Error(`${path}: not the file of this version`);
  return response;
}

async function install() {
  const cache = await caches.open(cacheName);
  for (const path of Object.keys(FILES)) {
    // What did not change since the version before is taken from there.
    const kept = await caches.match(scope + path, { ignoreSearch: true });
    const same = kept?.headers.get('x-polo-hash') === FILES[path];
    const response = same ? kept : await fetchFile(path);
    const headers = new Headers(response.headers);
    // The body is kept unpacked.
    for (const name of ['content-encoding', 'content-length']) headers.delete(name);
    headers.set('x-polo-hash', FILES[path]);
    await cache.put(scope + path, new Response(await response.blob(), { status: 200, headers }));
  }
}

async function answer(request, path) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(scope + path);
  // The browser may have emptied the cache: the network is still there, or nothing is.
  if (!kept) return fetch(request);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!range) return kept;
  const whole = await kept.blob();
  const [start, last] = [Number(range[1]), range[2] === '' ? whole.size - 1 : Math.min(Number(range[2]), whole.size - 1)];
  const headers = new Headers(kept.headers);
  if (start >= whole.size || last < start) {
    headers.set('content-range', `bytes */${whole.size}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set('content-range', `bytes ${start}-${last}/${whole.size}`);
  headers.set('content-length', String(last + 1 - start));
  return new Response(whole.slice(start, last + 1), { status: 206, headers });
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(NAME) && name !== cacheName) await caches.delete(name);
  }
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const path = fileOf(event.request);
  if (path) event.respondWith(answer(event.request, path));
});
// The person wants the new version now; without that it waits until the old one is closed.
self.addEventListener('message', ({ data }) => {
  if (data === 'use') self.skipWaiting();
});
