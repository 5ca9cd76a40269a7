// The page from a person's view: open, ask, watch, stop, ask again, start over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { ANSWER_MS, LOAD_MS, Polo } from './support/polo.mjs';
import { serve } from './support/server.mjs';

describe('page', { timeout: 1_200_000 }, () => {
  let server, browser, opened, polo;

  before(async () => {
    server = await serve();
    browser = await launch();
    opened = await open(browser, server.origin);
    polo = new Polo(opened.page);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test('says which GPU it uses and becomes ready', async () => {
    await polo.loaded();
    assert.match(await opened.page.title(), /Polo/);
    await expect.until('the name of the GPU', LOAD_MS, async () => /swiftshader/i.test(await polo.text()));
    assert.ok((await opened.page.getByRole('status').count()) > 0, 'a status region for screen readers');
  });

  test('a problem gets a streamed thought, folded, and an answer', async () => {
    // Looked at from inside: a question from outside may take longer than the whole reply.
    await opened.page.evaluate(() => {
      const seen = globalThis.seen = { lengths: new Set(), stop: false };
      new MutationObserver(() => {
        const reply = [...document.querySelectorAll('article')].findLast((article) => article.querySelector('.output, details.thought'));
        if (reply) seen.lengths.add(reply.textContent.length);
        seen.stop ||= [...document.querySelectorAll('button')].some((button) => (button.textContent.trim() || button.ariaLabel) === 'Stop');
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await polo.ask('What is 987 * 654 - 321 * 128?');
    await polo.answered();
    const [steps, stop] = await opened.page.evaluate(() => [globalThis.seen.lengths.size, globalThis.seen.stop]);
    assert.ok(steps > 5, `the reply grew in ${steps} steps, expected it to stream`);
    assert.ok(stop, 'it can be stopped meanwhile');
    assert.equal(await polo.thought.evaluate((details) => details.open), false, 'the thought is folded at the end');
    await polo.thought.locator('summary').click();
    assert.ok((await polo.thought.innerText()).length > 10, 'the thought can be opened');
    assert.match(await polo.output.innerText(), /\S/);
    assert.match(await polo.reply.innerText(), /tok(en)?s?\s*\/\s*s|tokens (a|per) second/i, 'speed is shown');
  });

  test('Enter sends, Shift+Enter breaks the line', async () => {
    const count = await polo.replies.count();
    await polo.message.fill('7');
    await polo.message.press('Shift+Enter');
    assert.match(await polo.message.inputValue(), /\n/);
    await polo.message.fill('What is 7 + 8?');
    await polo.message.press('Enter');
    await expect.count(polo.replies, count + 1, 30_000);
    await polo.answered();
    assert.equal(await polo.message.inputValue(), '');
  });

  test('Stop stops', async () => {
    // Pressed from inside at the first word: a press from outside may come after the whole reply.
    await opened.page.evaluate(() => {
      const before = document.querySelectorAll('article').length;
      const watching = new MutationObserver(() => {
        const thought = [...document.querySelectorAll('article')].slice(before).at(-1)?.querySelector('details.thought');
        const stop = [...document.querySelectorAll('button')].find((button) => (button.textContent.trim() || button.ariaLabel) === 'Stop');
        if (!stop || !/\w/.test(thought?.textContent.replace(thought.querySelector('summary').textContent, '') ?? '')) return;
        watching.disconnect();
        stop.click();
      });
      watching.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await polo.ask('What is 987 * 654 - 321 * 128?');
    await opened.page.getByText('Stopped').first().waitFor({ timeout: ANSWER_MS });
    await expect.hiddenOrDisabled(polo.stop, 15_000);
    const stopped = await polo.reply.textContent();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(await polo.reply.textContent(), stopped, 'nothing comes after Stop');
    await polo.message.fill('1');
    await expect.enabled(polo.send);
    await polo.message.fill('');
  });

  test('Regenerate answers again in the same place', async () => {
    const [count, stopped] = [await polo.replies.count(), await polo.reply.textContent()];
    await polo.regenerate.last().click();
    await expect.until('another reply', ANSWER_MS, async () => await polo.reply.textContent() !== stopped);
    await polo.answered();
    assert.equal(await polo.replies.count(), count);
    assert.match(await polo.reply.innerText(), /\S/);
  });

  test('a prompt that does not fit is refused with counts, and kept', async () => {
    const long = 'What is 1 + 1? '.repeat(4000);
    await polo.ask(long);
    const numbers = await expect.until('a refusal with two counts', 60_000, async () => {
      const told = (await opened.page.getByRole('alert').allInnerTexts()).join(' ').replaceAll(/(\d)[,\u202f\u00a0 ](?=\d{3})/g, '$1');
      const found = told.match(/\d+/g);
      return /token/i.test(told) && found?.length >= 2 ? found : null;
    });
    assert.ok(numbers.map(Number).some((number) => number > 4000), `counts: ${numbers}`);
    const kept = async () => (await polo.message.inputValue()).trim() === long.trim() || (await polo.text()).includes(long.trim());
    await expect.until('the whole prompt, still there', 5_000, kept);
  });

  test('New chat starts over', async () => {
    await polo.newChat.first().click();
    await expect.count(polo.replies, 0);
    await polo.ask('What is 2 + 2?');
    await polo.answered();
    assert.equal(await polo.replies.count(), 1);
  });

  test('nothing went wrong on the way, and nobody else was asked', async () => {
    await opened.close();
  });
});
