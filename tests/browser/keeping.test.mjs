// Conversations that come and go together: all of them deleted, files of them read again, and the room they take.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { desktop, phone } from './support/browser.mjs';
import { ask, counts, drop, newChat, openList, questions, row, stored, titles, until } from './support/chats.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('keeping', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const withPage = (use, options = {}) => scripted.withPage(use, { viewport: desktop, ...options });
  const saved = async (page) => {
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save all', exact: true }).first().click();
    return readFileSync(await (await saving).path(), 'utf8');
  };
  const settings = async (page) => {
    await page.getByRole('button', { name: 'Settings' }).first().click();
    return page.getByRole('dialog', { name: 'Settings' });
  };
  /// A storage that says it has so much left.
  const withRoom = (free) => `
    globalThis.looked = 0;
    globalThis.free = ${free};
    StorageManager.prototype.estimate = async () => { globalThis.looked += 1; return { quota: 1e10, usage: 1e10 - globalThis.free }; };
  `;
  const noRoom = (page) => page.evaluate(() => {
    globalThis.put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); };
  });

  test('all chats are deleted for good, also the one that is being written, in all tabs', () => withPage(async ({ page, context, polo }) => {
    await ready(page);
    let dialog = await settings(page);
    await dialog.getByRole('button', { name: 'Delete all chats' }).click();
    await dialog.getByText('There are no chats.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('switch', { name: 'Search' }).click();
    await ask(polo, 'By a search');
    await page.getByRole('switch', { name: 'Search' }).click();
    await until(page, 'its tree is kept', async () => (await counts(page)).join() === '1,1,1,0');
    await newChat(page);
    await ask(polo, 'Second');
    await newChat(page);
    await polo.ask('BACK third');
    await until(page, 'it is in the journal', async () => (await counts(page)).join() === '2,2,1,1');
    const other = await context.newPage();
    await other.goto(scripted.server.origin);
    await ready(other);
    await row(other, 'Second').waitFor();
    await page.bringToFront();

    dialog = await settings(page);
    const wipe = dialog.getByRole('button', { name: 'Delete all chats' });
    await wipe.click();
    await dialog.getByText('Delete all 3 chats for good?').waitFor();
    await until(page, 'the safe answer has the focus', () => page.evaluate(() => document.activeElement.textContent.trim() === 'Keep them'));
    await shoot(page, 'keeping-delete-all');
    await page.keyboard.press('Enter');
    await dialog.getByText('for good?').waitFor({ state: 'detached' });
    assert.equal((await counts(page))[1], 2, 'nothing happened');
    assert.ok(await wipe.evaluate((button) => button === document.activeElement), 'the focus is where it was');
    await wipe.click();
    await wipe.click();
    await dialog.getByText('All chats are deleted.').waitFor();
    await until(page, 'nothing is left', async () => (await counts(page)).join() === '0,0,0,0');
    assert.ok(await wipe.evaluate((button) => button === document.activeElement), 'the focus is where it was');
    await page.keyboard.press('Escape');
    await openList(page);
    await until(page, 'the list is empty', async () => (await titles(page)).length === 0);
    assert.equal(await page.locator('article').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0, 'it was for good');
    await until(other, 'so is that of the other tab', async () => (await titles(other)).length === 0);
    await page.reload();
    await ready(page);
    await openList(page);
    await page.getByText('No chats yet.').waitFor();
    assert.equal(await page.locator('article').count(), 0);
    // What comes now is kept.
    await ask(polo, 'Afresh');
    await until(page, 'it is kept', async () => (await counts(page)).join() === '1,1,0,0');
  }));

  test('a chat that is deleted while it is written leaves no row', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await openList(page);
    await polo.ask('BACK away');
    await until(page, 'it is in the journal', async () => (await counts(page))[3] === 1);
    await row(page, 'BACK').hover();
    await row(page, 'BACK').getByRole('button', { name: /^Delete/ }).click();
    await page.getByText('was deleted.').first().waitFor();
    await until(page, 'it is gone', async () => (await counts(page)).join() === '0,0,0,0');
    assert.deepEqual(await titles(page), []);
    await page.getByRole('button', { name: 'Undo' }).click();
    await row(page, 'BACK').locator('.chat-title').click();
    await page.getByText('Interrupted:').waitFor();
  }));

  test('a full storage has room again when all chats are deleted', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'Kept');
    await until(page, 'it is kept', async () => (await counts(page))[1] === 1);
    await noRoom(page);
    await ask(polo, 'Not kept');
    await page.getByRole('alert').getByText("The browser's storage is full").waitFor();
    await page.evaluate(() => { IDBObjectStore.prototype.put = globalThis.put; });
    const dialog = await settings(page);
    for (let press = 0; press < 2; press += 1) await dialog.getByRole('button', { name: 'Delete all chats' }).click();
    await until(page, 'nothing is left', async () => (await counts(page)).join() === '0,0,0,0');
    await page.keyboard.press('Escape');
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await ask(polo, 'Afresh');
    await until(page, 'it is kept', async () => (await counts(page)).join() === '1,1,0,0');
  }));

  test('a file of chats that is dropped on the window is read; twice is once; a broken one changes nothing', () => withPage(async ({ page, context, polo }) => {
    await ready(page);
    await ask(polo, 'First of one');
    await newChat(page);
    await ask(polo, 'First of two');
    await openList(page);
    const early = await saved(page);
    await row(page, 'First of one').locator('.chat-title').click();
    await page.locator('article.question', { hasText: 'First of one' }).waitFor();
    await ask(polo, 'Second of one');
    await row(page, 'First of one').hover();
    await row(page, 'First of one').getByRole('button', { name: /^Rename/ }).click();
    await page.getByLabel(/^Title of/).fill('Named');
    await page.keyboard.press('Enter');
    await row(page, 'Named').waitFor();
    await until(page, 'it is kept', async () => (await stored(page, 'heads')).some(({ title }) => title === 'Named'));
    const late = await saved(page);

    // Another browser, where the list is not shown.
    await page.evaluate(() => new Promise((resolve) => { const gone = indexedDB.deleteDatabase('polo'); gone.onsuccess = resolve; gone.onblocked = resolve; }));
    const other = await context.newPage();
    await page.close();
    await other.goto(scripted.server.origin);
    await ready(other);
    await drop(other, 'broken.json', early.slice(0, early.length / 2));
    await other.getByRole('alert').getByText('“broken.json” holds no chats').waitFor();
    assert.deepEqual(await barriers(other), []);
    assert.deepEqual(await counts(other), [0, 0, 0, 0]);
    await drop(other, 'early.json', early);
    await row(other, 'First of one').waitFor();
    assert.equal(await other.getByRole('alert').count(), 0);
    assert.equal(await other.getByRole('list', { name: 'Attached files' }).getByRole('listitem').count(), 0, 'it is no text for the message');
    await until(other, 'both are kept', async () => (await counts(other)).join() === '2,2,0,0');
    await row(other, 'First of one').locator('.chat-title').click();
    await other.locator('article.question', { hasText: 'First of one' }).waitFor();

    const read = async () => (await stored(other, 'chats')).map(({ id, title, changed_ms, exchanges }) => [id, title, changed_ms, exchanges]);
    await drop(other, 'late.json', late);
    await row(other, 'Named').waitFor();
    await until(other, 'what is new came', async () => (await read()).some(([, , , exchanges]) => exchanges.length === 2));
    await other.locator('article.question', { hasText: 'Second of one' }).waitFor();
    const after = await read();
    for (const [name, text] of [['late.json', late], ['early.json', early], ['broken.json', late.slice(0, -3)]]) {
      await drop(other, name, text);
      await other.waitForTimeout(300);
      assert.deepEqual(await read(), after, `${name} brings nothing new`);
      assert.deepEqual((await titles(other)).sort(), ['First of two', 'Named']);
      assert.deepEqual(await questions(other), ['First of one', 'Second of one']);
    }
    await other.getByRole('alert').getByText('“broken.json” holds no chats').waitFor();
    // One that says what it is at its end, as they once were written.
    const { chats } = JSON.parse(early);
    chats[0].chat.id = 'once';
    await drop(other, 'once.json', JSON.stringify({ chats, format: 'polo-chats', version: 2 }));
    await until(other, 'it is there', async () => (await titles(other)).length === 3);
  }));

  test('a dropped file opens the drawer of a phone', () => withPage(async ({ page }) => {
    await ready(page);
    const reply = { end: 'stop', output: 'Yes.' };
    const chat = { version: 2, id: 'a', created_ms: 1, changed_ms: 1, exchanges: [{ key: 1, parent: null, seen: 1, question: 'From a file', reply }] };
    await drop(page, 'chats.json', JSON.stringify({ format: 'polo-chats', version: 2, chats: [{ chat }] }));
    await page.locator('.drawer[open]').waitFor();
    await row(page, 'From a file').waitFor();
    assert.deepEqual(await barriers(page), []);
  }, { viewport: phone }));

  test('little room is said before anything fails, once, and not after room was made', () => withPage(async ({ page, polo }) => {
    await ready(page);
    const note = page.locator('[data-kind="little-room"]');
    await ask(polo, 'Enough');
    assert.equal(await note.count(), 0);
    await page.reload();
    await ready(page);
    assert.equal(await note.count(), 0);
    assert.equal(await page.evaluate(() => globalThis.looked), 1, 'once in a minute');
    await page.addInitScript(withRoom(15e6));
    await page.reload();
    await ready(page);
    await note.getByText('15 MB are left').waitFor();
    await shoot(page, 'keeping-little-room');
    assert.deepEqual(await barriers(page), []);
    const saving = page.waitForEvent('download');
    await note.getByRole('button', { name: 'Save all chats' }).click();
    assert.match(readFileSync(await (await saving).path(), 'utf8'), /Enough/);
    await note.getByRole('button', { name: 'Stored models' }).click();
    await page.getByRole('dialog', { name: 'Models' }).waitFor();
    await page.keyboard.press('Escape');
    await note.getByRole('button', { name: 'Dismiss' }).click();
    await ask(polo, 'Still kept');
    await until(page, 'it is kept', async () => (await stored(page, 'chats'))[0].exchanges.length === 2);
    assert.equal(await note.count(), 0);

    await page.reload();
    await ready(page);
    await note.waitFor();
    await page.evaluate(() => { globalThis.free = 1e9; });
    await row(page, 'Enough').hover();
    await row(page, 'Enough').getByRole('button', { name: /^Delete/ }).click();
    await note.waitFor({ state: 'detached' });
  }, { before: withRoom(50e6) }));

  for (const [locale, text] of [['ru', 'осталось 15 МБ'], ['zh-CN', '还剩 15 MB']]) {
    test(`little room is said in ${locale}, on a phone`, () => withPage(async ({ page }) => {
      await ready(page);
      await page.locator('[data-kind="little-room"]').getByText(text).waitFor();
      await shoot(page, `keeping-little-room-${locale}`);
      assert.deepEqual(await barriers(page), []);
    }, { viewport: phone, colorScheme: 'dark', locale, before: withRoom(15e6) }));
  }

  test('a storage that is full already is not told to be nearly so', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await page.locator('[data-kind="little-room"]').waitFor();
    await noRoom(page);
    await ask(polo, 'Not kept');
    await page.getByRole('alert').getByText("The browser's storage is full").waitFor();
    assert.equal(await page.locator('[data-kind="little-room"]').count(), 0);
  }, { before: withRoom(1e6) }));
});
