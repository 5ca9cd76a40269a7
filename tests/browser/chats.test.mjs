// Conversations that are kept: found again, renamed, deleted and put back, branched, gone on with, exported; and
// what becomes of them where nothing can be kept.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { barriers, shoot } from './support/look.mjs';
import { desktop, phone } from './support/browser.mjs';
import { ask, openList, questions, row, stored, titles, until } from './support/chats.mjs';
import { Polo } from './support/polo.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('chats', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const withPage = (use, options = {}) => scripted.withPage(use, { viewport: desktop, ...options });

  test('a chat is there after a reload, in the list and on the page, and a new visit finds it', () => withPage(async ({ page, context, polo, told }) => {
    await ready(page);
    await ask(polo, 'How many apples?');
    await ask(polo, 'And pears?');
    await until(page, 'it is kept', async () => (await stored(page, 'chats'))[0]?.exchanges.length === 2);
    await page.reload();
    await ready(page);
    await page.locator('article.question').nth(1).waitFor();
    assert.deepEqual(await questions(page), ['How many apples?', 'And pears?']);
    assert.deepEqual(await titles(page), ['How many apples?'], 'the list opens where there is something in it');
    await ask(polo, 'Third');
    const { messages } = (await told()).at(-1).prompt;
    assert.equal(messages.length, 5, 'the model is told what was said before the reload');
    const fresh = await context.newPage();
    await fresh.goto(page.url());
    await ready(fresh);
    await row(fresh, 'How many apples?').waitFor();
    assert.equal(await fresh.locator('article.question').count(), 0, 'a new visit begins a new chat');
    await row(fresh, 'How many apples?').locator('.chat-title').click();
    await fresh.getByText('Third').waitFor();
    assert.equal(await fresh.locator('.chat-row.here').count(), 1);
    assert.deepEqual(await barriers(fresh), []);
    await shoot(fresh, 'chats-desktop');
  }));

  test('chats are found by title and by what was said, and renamed', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'How many apples?');
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(polo, 'Сколько стоит билет?');
    await openList(page);
    assert.deepEqual(await titles(page), ['Сколько стоит билет?', 'How many apples?']);
    await page.getByRole('heading', { name: 'Today' }).waitFor();
    await page.getByLabel('Search chats').fill('БИЛЕТ');
    await until(page, 'one is found', async () => (await titles(page)).length === 1);
    await page.getByLabel('Search chats').fill('answer apples');
    await page.locator('.chat-title small').waitFor();
    assert.deepEqual(await titles(page), ['How many apples?']);
    await page.getByLabel('Search chats').fill('nothing like it');
    await page.locator('.chats-list').getByText('Nothing found.').waitFor();
    await page.getByLabel('Search chats').fill('');
    for (const [from, to] of [['Сколько', 'Билеты'], ['apples', 'Fruit']]) {
      await row(page, from).hover();
      await row(page, from).getByRole('button', { name: /^Rename/ }).click();
      await page.getByLabel(/^Title of/).fill(to);
      await page.keyboard.press('Enter');
      await row(page, to).waitFor();
    }
    await until(page, 'the titles are kept', async () => (await stored(page, 'heads')).map(({ title }) => title).sort().join() === 'Fruit,Билеты');
    await row(page, 'Fruit').hover();
    await row(page, 'Fruit').getByRole('button', { name: /^Rename/ }).click();
    await page.getByLabel(/^Title of/).fill('never');
    await page.keyboard.press('Escape');
    await row(page, 'Fruit').waitFor();
  }));

  test('a chat is deleted and put back, by keyboard', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'Keep me');
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(polo, 'Delete me');
    await openList(page);
    await row(page, 'Delete me').locator('.chat-title').focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Keep me');
    await page.keyboard.press('ArrowUp');
    for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('“Delete me” was deleted.').first().waitFor();
    assert.deepEqual(await titles(page), ['Keep me']);
    assert.equal(await page.locator('article').count(), 0, 'it is not shown any more');
    await until(page, 'it is gone', async () => (await stored(page, 'chats')).length === 1);
    await until(page, 'the way back has the focus', () => page.evaluate(() => document.activeElement.textContent.trim() === 'Undo'));
    await page.keyboard.press('Enter');
    await row(page, 'Delete me').waitFor();
    await until(page, 'it is back', async () => (await stored(page, 'chats')).length === 2);
    await row(page, 'Delete me').locator('.chat-title').click();
    await page.locator('article.question', { hasText: 'Delete me' }).waitFor();
  }));

  test('an edited question and another reply are branches, also after a reload', () => withPage(async ({ page, polo, told }) => {
    await ready(page);
    await ask(polo, 'First');
    await ask(polo, 'Second');
    await page.locator('article.question').first().hover();
    await page.getByRole('button', { name: 'Edit the question' }).first().click();
    const area = page.locator('.editing textarea');
    assert.equal(await area.inputValue(), 'First');
    await area.fill('Other first');
    await shoot(page, 'chats-edit');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await finished(polo);
    assert.deepEqual(await questions(page), ['Other first']);
    assert.equal((await told()).at(-1).prompt.messages.length, 1);
    const versions = page.getByRole('group', { name: 'Versions of the question' });
    assert.match(await versions.textContent(), /2 \/ 2/);
    await versions.getByRole('button', { name: 'Previous' }).click();
    await page.locator('article.question', { hasText: 'Second' }).waitFor();
    assert.deepEqual(await questions(page), ['First', 'Second']);
    await polo.regenerate.click();
    const replies = page.getByRole('group', { name: 'Replies to this question' });
    await replies.waitFor();
    await finished(polo);
    assert.match(await replies.textContent(), /2 \/ 2/);
    await until(page, 'it is kept', async () => (await stored(page, 'chats'))[0]?.exchanges.length === 4);
    await page.reload();
    await ready(page);
    await replies.waitFor();
    assert.match(await replies.textContent(), /2 \/ 2/);
    await replies.getByRole('button', { name: 'Previous' }).click();
    assert.match(await replies.textContent(), /1 \/ 2/);
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'chats-branches');
  }));

  test('a reload in the middle of a reply loses at most a second, and the reply goes on', () => withPage(async ({ page, polo, told }) => {
    await ready(page);
    await polo.ask('CRAWL MARKDOWN');
    await until(page, 'some is kept', async () => /\w/.test((await stored(page, 'journal'))[0]?.open.reply.output ?? ''));
    await page.reload();
    await ready(page);
    await page.getByText('Interrupted:').waitFor();
    assert.match(await polo.output.textContent(), /\w/);
    assert.deepEqual(await stored(page, 'journal'), [], 'it is part of the chat now');
    await shoot(page, 'chats-interrupted');
    await page.getByRole('button', { name: 'Go on' }).click();
    await finished(polo);
    const { sampling, prompt } = (await told()).at(-1);
    assert.ok(sampling.prefix?.length > 5, 'it goes on from the tokens there are');
    assert.equal(prompt.messages.length, 1);
    await page.getByText('Interrupted:').waitFor({ state: 'detached' });
    // To the letter what it is without an interruption.
    const html = async () => (await polo.output.innerHTML()).replaceAll('<!---->', '');
    const resumed = await html();
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(polo, 'MARKDOWN');
    assert.equal(await html(), resumed);
  }));

  test('what a crashed tab wrote is found by the next visit at once; what a living one writes is left to it', () => withPage(async ({ page, context, polo, release }) => {
    await ready(page);
    await polo.ask('BACK from a tab that crashes');
    await until(page, 'some is kept', async () => (await stored(page, 'journal'))[0]?.open.reply.told?.length > 0);
    const living = await context.newPage();
    await living.goto(scripted.server.origin);
    await ready(living);
    assert.equal(await living.getByText('Interrupted:').count(), 0, 'a second visit takes nothing from the first');
    await new Polo(living).ask('BACK in a tab that lives');
    await living.getByText('It was lost').waitFor();
    await until(living, 'both are kept', async () => (await stored(living, 'journal')).length === 2);
    // It says nothing for a minute.
    await living.evaluate(() => new Promise((resolve) => {
      const opening = indexedDB.open('polo');
      opening.onsuccess = () => {
        const writing = opening.result.transaction('journal', 'readwrite');
        const cursor = writing.objectStore('journal').openCursor();
        cursor.onsuccess = () => {
          if (!cursor.result) return;
          const journal = JSON.parse(cursor.result.value);
          if (journal.open.question.includes('lives')) {
            journal.chat.changed_ms -= 60_000;
            cursor.result.update(JSON.stringify(journal));
          }
          cursor.result.continue();
        };
        writing.oncomplete = () => { opening.result.close(); resolve(); };
      };
    }));
    const crashed = page.waitForEvent('crash');
    const session = await context.newCDPSession(page);
    session.send('Page.crash').catch(() => {});
    await crashed;
    const next = await context.newPage();
    await next.goto(scripted.server.origin);
    await ready(next);
    await next.locator('article.question', { hasText: 'from a tab that crashes' }).waitFor();
    await next.getByText('Interrupted:').waitFor();
    assert.match(await next.locator('article').last().textContent(), /It w/);
    const left = await stored(next, 'journal');
    assert.deepEqual(left.map(({ open }) => open.question), ['BACK in a tab that lives']);
    // A copy of the tab shows the same, and takes as little.
    await next.evaluate((id) => sessionStorage.setItem('polo.chat', id), left[0].chat.id);
    await next.reload();
    await ready(next);
    await until(next, 'the list is read', async () => (await titles(next)).length === 1);
    assert.equal((await stored(next, 'journal')).length, 1);
    await release(async () => living.workers()[0]);
    await finished(new Polo(living));
    await living.getByText('and found.').waitFor();
    await until(living, 'it is kept in full', async () => (await stored(living, 'chats')).every(({ exchanges }) => exchanges.length === 1) && (await stored(living, 'journal')).length === 0);
  }));

  test('without locks a silent journal is taken after a while', () => withPage(async ({ page, context, polo }) => {
    await ready(page);
    await polo.ask('BACK');
    await page.getByText('It was lost').waitFor();
    await until(page, 'it is kept', async () => (await stored(page, 'journal')).length === 1);
    const [{ holder, chat }] = await stored(page, 'journal');
    assert.equal(holder, undefined);
    const next = await context.newPage();
    await next.goto(scripted.server.origin);
    await ready(next);
    assert.equal((await stored(next, 'journal')).length, 1, 'it may still be written');
    await next.close();
    const later = await context.newPage();
    await later.addInitScript(`Date.now = () => ${chat.changed_ms + 15_000}`);
    await later.goto(scripted.server.origin);
    await ready(later);
    await later.getByText('Interrupted:').waitFor();
    assert.deepEqual(await stored(later, 'journal'), []);
  }, { before: () => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }) }));

  test('a search that was interrupted goes on from its tree', () => withPage(async ({ page, polo, told }) => {
    await ready(page);
    await page.getByRole('switch', { name: 'Search' }).click();
    await polo.ask('STEP by step');
    await until(page, 'its tree is kept', async () => (await stored(page, 'trees')).length === 1);
    await page.reload();
    await ready(page);
    await page.getByRole('button', { name: 'Go on' }).click();
    await until(page, 'its tree is given back', async () => (await told()).some(({ type }) => type === 'import'));
    await finished(polo);
    assert.equal(await page.locator('article.question').count(), 1, 'in its own place');
  }));

  test('all chats are saved as one file and read again; a bad file changes nothing', () => withPage(async ({ page, context, polo }) => {
    await ready(page);
    await ask(polo, 'One');
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(polo, 'Two');
    await openList(page);
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save all' }).click();
    const file = await (await saving).path();
    const { format, version, chats } = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([format, version, chats.length], ['polo-chats', 2, 2]);
    await page.getByRole('button', { name: 'Copy as Markdown' }).click();
    await until(page, 'it is copied', async () => /^# Two\n\n## You\n\nTwo\n\n## Polo Tiny\n\nThe answer is/.test(await page.evaluate(() => navigator.clipboard.readText())));
    // Another browser: nothing in it.
    await page.evaluate(() => new Promise((resolve) => { const gone = indexedDB.deleteDatabase('polo'); gone.onsuccess = resolve; gone.onblocked = resolve; }));
    const other = await context.newPage();
    await page.close();
    await other.goto(scripted.server.origin);
    await ready(other);
    await openList(other);
    const choose = async (name, mimeType, buffer) => other.locator('.chats input[type=file]').setInputFiles({ name, mimeType, buffer });
    await choose('notes.json', 'application/json', Buffer.from('{"polo":1}'));
    await other.getByRole('alert').getByText('holds no chats').waitFor();
    assert.deepEqual(await titles(other), []);
    await shoot(other, 'chats-bad-file');
    await choose('chats.json', 'application/json', readFileSync(file));
    await row(other, 'One').waitFor();
    assert.deepEqual((await titles(other)).sort(), ['One', 'Two']);
    assert.equal(await other.getByRole('alert').count(), 0);
    await row(other, 'One').locator('.chat-title').click();
    await other.locator('article.question', { hasText: 'One' }).waitFor();
  }));

  test('what one tab writes, another shows, and neither overwrites the other', () => withPage(async ({ page, context, polo }) => {
    await ready(page);
    await ask(polo, 'Shared');
    await until(page, 'it is kept', async () => (await stored(page, 'chats')).length === 1);
    const other = await context.newPage();
    await other.goto(scripted.server.origin);
    await ready(other);
    await row(other, 'Shared').locator('.chat-title').click();
    await other.getByText('Shared').nth(1).waitFor();
    await ask(polo, 'From the first tab');
    await other.locator('article.question', { hasText: 'From the first tab' }).waitFor();
    const exchanges = (await stored(page, 'chats'))[0].exchanges.length;
    assert.equal(exchanges, 2);
  }));

  test('a full storage is told before anything is lost', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'Kept');
    await page.evaluate(() => {
      globalThis.put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); };
    });
    await ask(polo, 'Not kept');
    await page.getByRole('alert').getByText("The browser's storage is full").waitFor();
    await shoot(page, 'chats-full');
    assert.deepEqual(await barriers(page), []);
    // It can still be read, left, and saved as a file.
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await openList(page);
    await row(page, 'Kept').locator('.chat-title').click();
    await page.getByText('Not kept').waitFor();
    const saving = page.waitForEvent('download');
    await page.getByRole('alert').getByRole('button', { name: 'Save all' }).click();
    assert.match(readFileSync(await (await saving).path(), 'utf8'), /Not kept/);
    await page.evaluate(() => { IDBObjectStore.prototype.put = globalThis.put; });
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await until(page, 'it is kept', async () => (await stored(page, 'chats'))[0].exchanges.length === 2);
  }));

  test('where nothing can be kept it is said once, and everything else works', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'Private');
    const note = page.locator('.notice.remark', { hasText: 'This browser keeps no chats' });
    await note.waitFor();
    await shoot(page, 'chats-private');
    await note.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(polo, 'Again');
    assert.equal(await note.count(), 0);
    await openList(page);
    await row(page, 'Private').locator('.chat-title').click();
    await page.locator('article.question', { hasText: 'Private' }).waitFor();
  }, { before: () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }) }));

  test('on a phone the list is a drawer', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'On a phone');
    assert.equal(await page.locator('.drawer[open]').count(), 0);
    await openList(page);
    assert.equal(await page.locator('.drawer[open]').count(), 1);
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'chats-phone');
    await page.keyboard.press('Escape');
    // The dialog is gone a moment before its "close" event, by which the page learns of it.
    await page.getByRole('button', { name: 'Chats', exact: true, expanded: false }).waitFor();
    assert.equal(await page.locator('.drawer[open]').count(), 0);
    await openList(page);
    await page.locator('.drawer').getByRole('button', { name: 'New chat' }).click();
    await page.locator('.drawer[open]').waitFor({ state: 'detached' });
    assert.equal(await page.locator('article').count(), 0);
  }, { viewport: phone, colorScheme: 'dark' }));

  test('a thought is unfolded as the reader last had one', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await ask(polo, 'One');
    assert.equal(await page.locator('.thought[open]').count(), 0);
    await page.locator('.thought summary').click();
    await ask(polo, 'Two');
    assert.equal(await page.locator('.thought[open]').count(), 2);
    await page.reload();
    await ready(page);
    await page.locator('.thought').nth(1).waitFor();
    assert.equal(await page.locator('.thought[open]').count(), 2);
    await page.locator('.thought summary').nth(1).click();
    await ask(polo, 'Three');
    assert.deepEqual(await page.locator('.thought').evaluateAll((all) => all.map(({ open }) => open)), [true, false, false]);
  }));

  test('500 messages and 10,000 tokens: what a streamed token costs is printed', () => withPage(async ({ page, polo }) => {
    await ready(page);
    const exchanges = Array.from({ length: 250 }, (_, at) => ({
      key: at + 1, parent: at || null, seen: at + 1, question: `Question ${at + 1}: how many apples are in ${at} bags?`,
      reply: {
        end: 'stop', model: 'Polo Tiny', thoughts: 'marco', tokens: 40, thought_tokens: 20, seed: 1,
        thought: 'First the bags, then the apples in each, then all of them.\n', output: `There are **${at * 8}** apples.\n\n- $${at} \\times 8$\n- \`${at * 8}\``,
      },
    }));
    const chat = { version: 2, id: 'long', created_ms: Date.now(), changed_ms: Date.now(), exchanges };
    await openList(page);
    await page.locator('.chats input[type=file]').setInputFiles({ name: 'long.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ format: 'polo-chats', version: 2, chats: [{ chat }] })) });
    await row(page, 'Question 1').locator('.chat-title').click();
    await page.locator('article.question', { hasText: 'Question 250' }).waitFor();
    assert.equal(await page.locator('article').count(), 500);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
    await polo.ask('SLOW MARKDOWN');
    await polo.output.getByText('So').waitFor();
    const tokens = async () => Number((await polo.reply.locator('.stats').textContent()).match(/([\d,]+) token/)?.[1].replace(',', '') ?? 0);
    const [from, first] = [await metrics(), await tokens()];
    await page.waitForTimeout(700);
    const [to, last] = [await metrics(), await tokens()];
    const ms = (name) => ((to[name] - from[name]) * 1000 / (last - first)).toFixed(2);
    console.log(`    ${last - first} tokens after 500 messages: script ${ms('ScriptDuration')} ms, style ${ms('RecalcStyleDuration')} ms, layout ${ms('LayoutDuration')} ms a token`);
    await finished(polo);
  }));
});
