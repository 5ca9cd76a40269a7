// Conversations as a person meets them, and what the database holds of them.

import assert from 'node:assert/strict';
import { finished } from './scripted.mjs';

export const ask = async (polo, question) => {
  const { page } = polo;
  const before = await page.locator('article.question').count();
  await polo.ask(question);
  await page.waitForFunction((count) => document.querySelectorAll('article.question').length > count, before);
  await finished(polo);
};

export const titles = (page) => page.locator('.chat-title span').allTextContents();
export const questions = (page) => page.locator('article.question').allTextContents();
export const row = (page, title) => page.locator('.chat-row', { hasText: title });
export const newChat = (page) => page.getByRole('button', { name: 'New chat' }).first().click();

export const openList = async (page) => {
  const button = page.getByRole('button', { name: 'Chats', exact: true });
  if (await button.getAttribute('aria-expanded') === 'false') await button.click();
  await page.getByLabel('Search chats').waitFor();
};

/// What the database holds in one of its stores.
export const stored = (page, store) => page.evaluate((name) => new Promise((resolve, reject) => {
  const opening = indexedDB.open('polo');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction(name).objectStore(name).getAll();
    all.onsuccess = () => { opening.result.close(); resolve(all.result.map((text) => JSON.parse(text))); };
  };
}), store);

/// How many things are in each store.
export const counts = async (page) => Promise.all(['heads', 'chats', 'trees', 'journal'].map(async (store) => (await stored(page, store)).length));

export const until = async (page, what, check) => {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await check()) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`never: ${what}`);
};

/// Drops a file on the window.
export const drop = async (page, name, text) => {
  const dataTransfer = await page.evaluateHandle(([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: 'application/json' }));
    return data;
  }, [name, text]);
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('main', type, { dataTransfer });
};
