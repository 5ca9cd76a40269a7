// The page with an engine that plays a script: settings, failures, hostile replies, scrolling.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from './support/chats.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('page with a scripted engine', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const withPage = (use, options = {}) => scripted.withPage(use, { viewport: { width: 900, height: 500 }, ...options });

  test('settings go with the next request, survive a reload and can be restored', () => withPage(async ({ page, polo, told }) => {
    await ready(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    const knobs = { 'System prompt': 'Be brief.', Temperature: '0', 'Max new tokens': '33', 'Top-p': '0.5', 'Top-k': '7', Seed: '42' };
    for (const [label, value] of Object.entries(knobs)) await page.getByLabel(label, { exact: true }).fill(value);
    await page.getByLabel('Top-p').fill('2');
    assert.equal(await page.getByLabel('Top-p').getAttribute('aria-invalid'), 'true');
    await page.keyboard.press('Escape');
    await page.reload();
    await ready(page);
    await polo.ask('Hi');
    await finished(polo);
    const { prompt, sampling } = (await told()).at(-1);
    assert.deepEqual(prompt.messages.map(({ role }) => role), ['system', 'user']);
    assert.equal(sampling.temperature, 0);
    assert.deepEqual([sampling.max_new_tokens, sampling.top_p, sampling.top_k, sampling.seed], [33, 0.5, 7, 42]);
    await page.getByRole('button', { name: 'Settings' }).click();
    assert.equal(await page.getByLabel('Seed').inputValue(), '42');
    await page.getByRole('button', { name: 'Restore defaults' }).click();
    assert.equal(await page.getByLabel('Seed').inputValue(), '');
    assert.equal(await page.getByLabel('System prompt').inputValue(), '');
  }));

  test('the address carries load options, and says what it does not know', () => withPage(async ({ page, told }) => {
    await ready(page);
    const { options } = (await told())[0];
    assert.deepEqual([options.baseline, options.max_chunk_bytes, options.kv, options.context], [true, 65536, 'f32', 512]);
    assert.match(await page.getByRole('alert').textContent(), /nonsense=1/);
  }, { query: '/?baseline=1&max_chunk_bytes=65536&kv=f32&context=512&nonsense=1' }));

  test('a hostile reply runs nothing and asks for nothing', () => withPage(async ({ page, polo, requests }) => {
    await ready(page);
    const before = requests.length;
    await polo.ask('HOSTILE');
    await finished(polo);
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => globalThis.evil), undefined);
    // The page's own picture of being at work is no wish of the reply's.
    assert.deepEqual(requests.slice(before).filter((url) => !/\/icons\/[a-z]+\.svg$/.test(url)), []);
    assert.equal(await polo.reply.locator('img, script, style, iframe').count(), 0);
  }));

  test('formulas, code and its copy button', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await polo.ask('MARKDOWN');
    await finished(polo);
    assert.equal(await polo.output.locator('math').count(), 2);
    await polo.output.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'fn one() {}\n');
  }));

  test('a question asked while the model loads is answered; the next turn carries the first', () => withPage(async ({ page, polo, told }) => {
    await polo.ask('Early');
    await finished(polo);
    await polo.ask('More');
    await page.waitForFunction(() => document.querySelectorAll('article').length === 4);
    await finished(polo);
    const { messages } = (await told()).at(-1).prompt;
    assert.deepEqual(messages.map(({ content }) => content), ['Early', '<Thought>\nraw\n</Thought>\n<Output>\nraw\n</Output>', 'More']);
    await polo.newChat.click();
    await page.getByRole('button', { name: 'What is 48 + 37?' }).click();
    await finished(polo);
    assert.equal((await told()).at(-1).prompt.messages.length, 1);
  }));

  test('Escape stops a reply, but only closes a dialog that is open', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await polo.ask('SLOW MARKDOWN');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.keyboard.press('Escape');
    assert.ok(await polo.stop.isVisible());
    await page.keyboard.press('Escape');
    await page.getByText('Stopped.').waitFor();
  }));

  test('Stop is pressed, and nothing more comes', () => withPage(async ({ page, polo }) => {
    await ready(page);
    await polo.ask('SLOW MARKDOWN');
    await polo.output.getByText('So').waitFor();
    await polo.stop.click();
    await page.getByText('Stopped.').waitFor();
    const stopped = await polo.output.textContent();
    await finished(polo);
    assert.equal(await polo.output.textContent(), stopped);
    await ask(polo, 'PLAIN MARKDOWN');
    assert.ok((await polo.output.textContent()).length > stopped.length, 'it was not the whole of it');
  }));

  test('the view follows the reply, and lets go when the reader scrolls up', () => withPage(async ({ page, polo }) => {
    await ready(page);
    const gap = () => page.evaluate(() => {
      const main = document.querySelector('main');
      return main.scrollHeight - main.clientHeight - main.scrollTop;
    });
    await polo.ask('MARKDOWN');
    await finished(polo);
    await page.waitForTimeout(200);
    assert.ok(await gap() < 3, `${await gap()} px from the end`);
    await polo.ask('SLOW MARKDOWN');
    await polo.stop.waitFor();
    await page.mouse.move(300, 200);
    await page.mouse.wheel(0, -300);
    const until = async (wanted, what) => {
      for (let tries = 0; tries < 100; tries += 1) {
        if (wanted(await gap())) return;
        await page.waitForTimeout(50);
      }
      assert.fail(`${what}: ${await gap()} px from the end`);
    };
    await until((px) => px > 200, 'it goes where the reader wants');
    await page.waitForTimeout(500);
    assert.ok(await gap() > 200, 'it stays where the reader went');
    await page.getByRole('button', { name: 'Go to the end' }).click();
    // Between a token and the frame that follows it there is a gap: what counts is that it closes.
    await until((px) => px < 3, 'it follows again');
  }));

  for (const [word, pattern] of [['PANIC', /fault in Polo/], ['LOST', /GPU was lost/]]) {
    test(`${word}: the engine starts again, and the next question is answered`, () => withPage(async ({ page, polo }) => {
      await ready(page);
      await polo.ask(word);
      await page.getByRole('alert').waitFor();
      assert.match(await page.getByRole('alert').textContent(), pattern);
      await page.waitForTimeout(500);
      await ready(page);
      assert.equal(page.workers().length, 1);
      await polo.ask('Again');
      await page.getByText('The answer is 48.').waitFor();
    }));
  }

  test('an engine that cannot start is told, without an endless loop', () => withPage(async ({ page }) => {
    await page.locator('.model[data-state=down]').waitFor();
    assert.match(await page.getByRole('alert').textContent(), /could not be started/);
    assert.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
  }, { body: 'throw new Error("no")' }));
});
