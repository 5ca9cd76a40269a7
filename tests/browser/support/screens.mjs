// A walk over every screen and state of the page, the same in each language: places are named by class, not by word.
// Each step comes to a state and looks at it.

import { ready } from './scripted.mjs';
import { chatsOf, talk } from './talk.mjs';

export const settled = (page) => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
const finished = (page) => page.locator('article.reply').last().locator('.actions .icon').first().waitFor();
const dialog = (page) => page.locator('dialog:modal');
const header = (page, at) => page.locator('.top nav button').nth(at);

/// What is read: the dialog that is open, otherwise the middle of the page.
const scroller = () => [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.querySelector('main');
const inPage = (page, use) => page.evaluate(`(${use})((${scroller})())`);
export const toTop = (page) => inPage(page, (box) => { box.scrollTop = 0; });
/// A little less than a screenful on; whether there was more to see.
export const down = (page) => inPage(page, (box) => {
  const before = box.scrollTop;
  if (box.scrollHeight - box.clientHeight - before < 24) return false;
  box.scrollTop += box.clientHeight * 0.85;
  return box.scrollTop > before;
});
const write = async (page, text) => {
  await page.locator('#message').fill(text);
  await page.locator('#message').press('Enter');
};
const ask = async (page, text) => {
  const before = await page.locator('article.question').count();
  await write(page, text);
  await page.waitForFunction((count) => document.querySelectorAll('article.question').length > count, before);
  await finished(page);
};
const away = async (page) => {
  for (let tries = 0; tries < 5 && await dialog(page).count(); tries += 1) await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
};
const openModels = async (page) => {
  await page.locator('button.model').click();
  await page.locator('.entry').first().waitFor();
};
const lookUp = async (page, reference) => {
  await openModels(page);
  await page.locator('#reference').fill(reference);
  await page.locator('#reference').press('Enter');
};

/// A conversation: read, looked into, changed, kept.
async function conversation({ page, look }, language) {
  const said = talk[language];
  await ready(page);
  await look('welcome', { all: true });
  await ask(page, said.question);
  await page.locator('.thought summary').click();
  await page.locator('.hljs-keyword').first().waitFor();
  await toTop(page);
  await look('conversation', { all: true });
  await page.locator('.heat-switch').click();
  await look('heat', { all: true });
  await page.locator('.heat .token').nth(10).click();
  await look('heat-token');
  await page.locator('.heat-switch').click();
  await page.locator('.thought summary').click();

  const edit = page.locator('.question-actions > .icon-button').last();
  await page.locator('article.question').last().hover();
  await edit.click();
  await toTop(page);
  await look('editing');
  await page.locator('.editing textarea').fill(said.edited);
  await page.locator('.editing [type=submit]').click();
  await page.locator('.switcher').waitFor();
  await finished(page);
  await page.locator('.actions button').last().click();
  await page.locator('.reply .switcher').waitFor();
  await finished(page);
  await page.locator('article.question').last().hover();
  await toTop(page);
  await look('branches', { all: true });
  await page.locator('.question-actions .switcher button').first().click();

  await page.locator('main').evaluate((main) => { main.scrollTop = main.scrollHeight; });
  await page.locator('#message').fill('x '.repeat(5000));
  await page.locator('input[type=file][multiple][hidden]').setInputFiles([
    { name: 'apples-and-pears-of-the-whole-year-2026.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') },
    { name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from('\x89PNG\0\0') },
  ]);
  await page.locator('.chip').waitFor();
  await page.locator('.composer-over:not(:empty)').waitFor();
  await look('composer-over');
  await page.locator('.chip button').click();
  await page.locator('#message').fill('');
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['x'], 'a.txt'));
    return data;
  });
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: dropped });
  await page.locator('.veil').waitFor();
  await look('drop');
  await page.dispatchEvent('main', 'dragleave', { dataTransfer: dropped });

  await page.locator('.chats input[type=file]').or(page.locator('.top > .icon-button')).first().waitFor();
  const openList = async () => {
    const button = page.locator('.top > .icon-button');
    if (await button.getAttribute('aria-expanded') === 'false') await button.click();
    await page.locator('.chats input[type=search]').waitFor();
  };
  await openList();
  await look('chats-one');
  await page.locator('.chats input[type=file]').setInputFiles(chatsOf(language));
  await page.locator('.chat-row').nth(4).waitFor();
  await page.locator('.chat-row').nth(1).hover();
  await look('chats');
  await page.locator('.chats input[type=search]').fill(said.find);
  await page.locator('.chat-title small').first().waitFor();
  await look('chats-found');
  await page.locator('.chats input[type=search]').fill('');
  await page.locator('.chat-row').nth(2).hover();
  await page.locator('.chat-row').nth(2).locator('.chat-actions button').last().click({ force: true });
  await page.locator('.chats-note').waitFor();
  await page.locator('.chat-row').nth(2).hover();
  await page.locator('.chat-row').nth(2).locator('.chat-actions button').first().click({ force: true });
  await page.locator('.chats input[type=file]').setInputFiles({ name: 'notes.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
  await page.locator('.chats-note.warn').waitFor();
  await look('chats-deleted');
  await page.keyboard.press('Escape');
  await away(page);
}

/// What is opened over the conversation.
async function dialogs({ page, look }, language) {
  await ready(page);
  await ask(page, talk[language].others[3]);
  await page.keyboard.press('Control+k');
  await dialog(page).waitFor();
  await look('palette');
  await page.keyboard.type('xyzzy');
  await look('palette-none');
  await away(page);
  await page.locator('.keys-button').click();
  await look('keys', { all: true });
  await away(page);
  await header(page, 0).click();
  await page.locator('#top-p').fill('2');
  await look('settings', { all: true });
  await page.locator('dialog:modal .plain.danger').click();
  await page.locator('dialog:modal .plain.danger').scrollIntoViewIfNeeded();
  await look('settings-delete');
  await away(page);
  await page.locator('[role=switch]').click();
  await look('search-switch');
  await page.locator('.search-switch button.quiet').click();
  await page.locator('dialog:modal input').first().fill('0');
  await look('search-settings', { all: true });
  await page.locator('dialog:modal input').first().fill('8');
  await page.locator('dialog:modal .buttons .plain:not(.file)').last().click();
  await page.locator('#compare-question').fill('2 + 2?');
  await page.locator('dialog:modal .plain.primary').last().click();
  await page.waitForFunction(() => [...document.querySelectorAll('.compare-table tbody tr')].filter((row) => /\d/.test(row.children[1].textContent)).length === 4);
  await look('compare', { all: true });
  await away(page);
}

/// A search as it grows, and what can be seen of it when it is done.
async function search({ page, look, engine, release }, language) {
  await ready(page);
  await page.locator('[role=switch]').click();
  await write(page, `STEP ${talk[language].question}`);
  await page.locator('.search-panel .buttons button').first().waitFor();
  await page.locator('[data-node="2"], [data-row="2"]').first().waitFor();
  await release(engine);
  await look('search-running');
  for (let tries = 0; tries < 100 && !await page.locator('.verdict').count(); tries += 1) {
    await release(engine);
    await page.waitForTimeout(30);
  }
  await page.locator('.search-panel').evaluate((panel) => panel.scrollIntoView());
  await page.waitForTimeout(300);
  await look('search', { all: true, from: 'here' });
  const [tree, list] = [0, 1].map((at) => page.locator('.segments button').nth(at));
  await list.click();
  await page.locator('[data-row="2"]').click();
  await page.locator('.node-panel .token').nth(3).click();
  await page.locator('.tree-bar').evaluate((bar) => bar.scrollIntoView());
  await look('search-list-node', { all: true, from: 'here' });
  await tree.click();
  await page.locator('.node-panel .buttons button').nth(2).click();
  await page.locator('.node.pruned').first().waitFor();
  await page.locator('.tree-bar').evaluate((bar) => bar.scrollIntoView());
  await page.waitForTimeout(300);
  await look('search-tree-node');
}

/// Models: found, judged, fetched; what runs.
async function models({ page, look, library, release }) {
  await ready(page);
  await openModels(page);
  await look('models', { all: true });
  await page.locator('.server summary').click();
  await page.locator('.server input').first().fill('example');
  await page.locator('.server [type=submit]').click();
  await page.locator('.server [role=alert]').waitFor();
  await page.locator('.server').scrollIntoViewIfNeeded();
  await look('models-server');
  await page.locator('.entry').first().click();
  await page.locator('.fit').waitFor();
  await look('model-fits', { all: true });
  await page.locator('.form input').nth(2).check();
  await page.locator('[data-tone=bad].fit').waitFor();
  await look('model-too-large', { all: true });
  await page.locator('.form input').nth(0).check();
  await page.locator('.fit:not([data-tone=bad])').waitFor();
  await page.locator('.final .plain.primary').click();
  await page.locator('.pull .bar-text', { hasText: /12/ }).waitFor();
  await toTop(page);
  await look('models-download', { all: true });
  await away(page);
  await look('download-strip');
  await release(library);
  await page.locator('.model[data-state=ready]', { hasText: 'Marco' }).waitFor();
  await openModels(page);
  await page.locator('.row .icon-button').last().click();
  await dialog(page).locator('.plain.danger').last().scrollIntoViewIfNeeded();
  await look('models-delete', { all: true });
  await away(page);
  await lookUp(page, 'user/NOTHING-of-this-name-GGUF');
  await page.locator('dialog:modal [role=alert]').waitFor();
  await look('model-not-found');
  await away(page);
  await page.locator('button.model').click();
  await page.locator('.back').click();
  await page.locator('.current .row-actions button').click();
  const checks = dialog(page).last().locator('.buttons .plain');
  await checks.nth(0).click();
  await page.locator('[data-check=self-test]').waitFor();
  await checks.nth(1).click();
  await page.locator('[data-check=bench]').waitFor();
  await toTop(page);
  await look('inspector', { all: true });
  await away(page);
}

/// Lines above the composer, and failures of a reply.
async function troubles({ page, context, look, engine, release }, language) {
  await ready(page);
  await look('address-part');
  await page.locator('.notice .icon-button').click();
  await page.evaluate(() => navigator.serviceWorker.dispatchEvent(new Event('controllerchange')));
  await page.locator('[data-strip=update]').waitFor();
  await context.setOffline(true);
  await page.locator('[data-strip=offline]').waitFor();
  await look('offline-and-update');
  await context.setOffline(false);
  await page.locator('[data-strip=offline]').waitFor({ state: 'detached' });
  await write(page, 'BACK');
  await page.locator('.notice.remark').waitFor();
  await look('recovering');
  await release(engine);
  await finished(page);
  await page.locator('.notice.remark .icon-button').click();
  await page.locator('[data-strip=update] .icon-button').click();
  await page.evaluate(() => {
    globalThis.put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); };
  });
  await ask(page, talk[language].others[3]);
  await page.locator('.notice[role=alert]').waitFor();
  await look('not-kept');
  await page.evaluate(() => { IDBObjectStore.prototype.put = globalThis.put; });
  await page.locator('.notice[role=alert] .plain').last().click();
  await page.locator('.notice[role=alert]').waitFor({ state: 'detached' });
  await write(page, 'CRAWL');
  await page.locator('.thought-text, .output').last().waitFor();
  await page.keyboard.press('Escape');
  await finished(page);
  await look('stopped');
  await write(page, 'LOST');
  await page.locator('.dock .notice, article .notice').first().waitFor();
  await ready(page);
  await look('gpu-lost');
}

/// A model that is still being loaded, and one that is gone.
async function loads({ page, look, engine, release }) {
  const choose = (name) => page.evaluate((name) => localStorage.setItem('polo.model', JSON.stringify({ source: { kind: 'stored', name }, title: name, context: 2048 })), name);
  await ready(page);
  await choose('user/HOLD-on-a-moment-GGUF:Q4_K_M');
  await page.reload();
  await page.locator('.loading').waitFor();
  await look('loading');
  await openModels(page);
  await look('models-loading');
  await release(engine);
  await away(page);
  await choose('user/GONE-GGUF:Q4_K_M');
  await page.reload();
  await page.locator('.dock .notice').waitFor();
  await look('load-failed');
}

/// What an earlier visit left: a reply and a download that were cut off.
async function leftovers({ page, look }, language) {
  await ready(page);
  await openModels(page);
  await page.locator('.entry').first().click();
  await page.locator('.final .plain.primary').click();
  await page.locator('.pull .bar-text', { hasText: /12/ }).waitFor();
  await away(page);
  // In the reader's language: the chat's name is announced, and words that are not translated are found.
  await write(page, `CRAWL ${talk[language].question}`);
  await page.waitForFunction(() => new Promise((resolve) => {
    const opening = indexedDB.open('polo');
    opening.onsuccess = () => {
      const all = opening.result.transaction('journal').objectStore('journal').getAll();
      all.onsuccess = () => { opening.result.close(); resolve(JSON.parse(all.result[0] ?? '{}').open?.reply.told?.length > 5); };
    };
  }), null, { polling: 200 });
  await page.reload();
  await ready(page);
  await page.locator('.onward').waitFor();
  await page.locator('[data-strip=interrupted]').waitFor();
  await look('left-over');
}

/// A browser that keeps nothing, or has little room left.
export async function storage({ page, look }, name) {
  await ready(page);
  await ask(page, 'PLAIN');
  await page.locator('[data-kind=storage], [data-kind=little-room]').waitFor();
  await look(name);
}

export const all = { conversation, dialogs, search, models, troubles, loads, leftovers };
