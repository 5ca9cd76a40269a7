// Comfort in reading and writing, with an engine that plays a script: tokens and their alternatives, the room a
// message takes, files in it, commands by key, code in colours, formulas.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expect } from './support/expect.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('comfort in reading and writing', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const play = (name, use, options = {}) => test(name, () => scripted.withPage(use, options));
  const told = async (page, type) => (await page.told()).filter((request) => request.type === type);

  play('any reply token by token, by mouse and by keyboard', async ({ page, polo, told: all }) => {
    await ready(page);
    await polo.ask('PLAIN');
    await finished(polo);
    assert.equal((await told({ told: all }, 'generate')).at(-1).sampling.top_logprobs, 5);
    const button = page.getByRole('button', { name: 'Confidence' });
    await button.click();
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    const tokens = page.getByRole('listbox', { name: 'Tokens' });
    assert.equal(await tokens.textContent(), 'The answer is **48**.');
    const top = async (at) => (await tokens.getByRole('option').nth(at).boundingBox()).y;
    assert.equal(await top(0), await top(1), 'tokens stand in lines');
    const map = page.getByRole('region', { name: 'Tokens by confidence' });
    // What the mouse points at is shown; what is chosen stays.
    await tokens.getByRole('option').nth(1).hover();
    await map.getByText('Token 2 of 6: “answ”').waitFor();
    await page.keyboard.press('Tab');
    await tokens.getByRole('option').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    assert.equal(await focused(), '.');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), '48**');
    assert.equal(await tokens.locator('[tabindex="0"]').count(), 1);
    await map.getByText('Token 5 of 6').waitFor();
    assert.match(await map.getByRole('row').nth(1).textContent(), /47.*22\.3 %/);
    assert.equal(await map.locator('b').count(), 0, 'alternatives are text');
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'tokens');
    // Another reply begins with the tokens before, and with another in the place of this one.
    await map.getByRole('button', { name: 'Go on from here with “ 47”' }).click();
    await finished(polo);
    const { sampling, prompt } = (await told({ told: all }, 'generate')).at(-1);
    assert.deepEqual([sampling.prefix, prompt.messages.length], [[1, 1, 1, 1, 2], 1]);
    assert.match(await polo.output.textContent(), /^The answer is \*?\*? ?47/);
  });

  play('the room that a message takes is said before it is sent', async ({ page, polo, told: all }) => {
    await ready(page);
    await polo.message.fill('x'.repeat(400));
    await page.getByText('Context 100 / 2,048').waitFor();
    await polo.message.fill('x'.repeat(12000));
    const over = page.getByRole('status').filter({ hasText: 'This will not fit' });
    await over.waitFor();
    assert.match(await over.textContent(), /takes 3,000 tokens .* holds 2,048/);
    await shoot(page, 'too-long');
    await polo.message.fill('x');
    await expect.count(over, 0);
    await polo.message.fill('');
    await page.getByText('Context 0 / 2,048').waitFor();
    const count = (await told({ told: all }, 'tokenize')).length;
    assert.ok(count <= 4, `${count} counts`);
  });

  play('text files go into the message, folded once it is sent', async ({ page, polo, told: all }) => {
    await ready(page);
    const file = (name, text) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
    const input = page.locator('input[type=file][multiple][hidden]');
    await input.setInputFiles([file('notes.txt', 'Line one\n```\nLine two\n'), file('cat.png', '\x89PNG\0\0')]);
    const chips = page.getByRole('list', { name: 'Attached files' }).getByRole('listitem');
    await chips.filter({ hasText: '6 tokens' }).waitFor();
    assert.equal(await chips.count(), 1);
    await page.getByRole('alert').getByText('cat.png is not text').waitFor();
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['print(1)'], 'a.py'));
      return data;
    });
    for (const type of ['dragenter', 'drop']) await page.dispatchEvent('main', type, { dataTransfer: dropped });
    await expect.count(chips, 2);
    await shoot(page, 'attached');
    await page.getByRole('button', { name: 'Remove a.py' }).click();
    await expect.count(chips, 1);
    await polo.ask('What is this?');
    await finished(polo);
    await expect.count(chips, 0);
    const asked = (await told({ told: all }, 'generate')).at(-1).prompt.messages.at(-1).content;
    assert.equal(asked, 'What is this?\n\n`notes.txt`\n````txt\nLine one\n```\nLine two\n````');
    const question = page.getByRole('article', { name: 'You' });
    assert.ok(await question.getByText('What is this?').isVisible());
    assert.ok(!(await question.getByText('Line two').isVisible()));
    await question.getByText('notes.txt').click();
    await question.getByText('Line two').waitFor();
    await shoot(page, 'sent-file');
  });

  play('commands by key and from the palette', async ({ page, polo }) => {
    await ready(page);
    await polo.ask('Hello');
    await finished(polo);
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: 'Type a command' });
    await expect.visible(box);
    assert.ok(await box.evaluate((element) => element === document.activeElement));
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'palette');
    await box.fill('xyzzy');
    await page.getByText('No command has this name.').waitFor();
    await box.fill('settings');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Escape');
    // A letter is a letter while somebody writes.
    await polo.message.fill('');
    await polo.message.press('n');
    assert.equal(await polo.message.inputValue(), 'n');
    assert.equal(await polo.replies.count(), 1);
    await polo.message.fill('');
    await polo.message.press('ArrowUp');
    await expect.until('the question to be edited', 5_000, () => page.evaluate(() => document.activeElement.value === 'Hello'));
    await page.keyboard.press('Escape');
    await page.locator('main').focus();
    await page.keyboard.press('t');
    await expect.visible(polo.thought.getByText('First the bags'));
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect.visible(keys);
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'shortcuts');
    await keys.getByRole('checkbox').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('main').focus();
    await page.keyboard.press('n');
    assert.equal(await polo.replies.count(), 1, 'single keys are off');
    await page.keyboard.press('Control+k');
    await box.fill('new chat');
    await page.keyboard.press('Enter');
    await expect.count(polo.replies, 0);
  });

  play('code gets its colours when its block is done, and stays what it was', async ({ page, polo, requests }) => {
    const refused = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await ready(page);
    await polo.ask('CODE');
    await finished(polo);
    const code = polo.output.locator('figure.code').first();
    await code.locator('.hljs-keyword').first().waitFor();
    assert.equal(await code.locator('.hljs-keyword').first().textContent(), 'def');
    assert.equal(await code.locator('code *:not(span)').count(), 0, 'a comment is text');
    assert.match(await code.locator('code').textContent(), /# <script>alert\(1\)<\/script>\n {4}return "a"/);
    assert.equal(await polo.output.locator('figure.code').last().locator('code span').count(), 0);
    assert.deepEqual(refused, []);
    assert.ok(requests.every((url) => url.startsWith(scripted.server.origin)));
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'code');
  });

  play('code in the dark', async ({ page, polo }) => {
    await ready(page);
    await polo.ask('CODE');
    await finished(polo);
    await polo.output.locator('.hljs-keyword').first().waitFor();
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'code-dark');
    await page.getByRole('button', { name: 'Confidence' }).click();
    await page.getByRole('option').nth(9).focus();
    assert.deepEqual(await barriers(page), []);
    await shoot(page, 'tokens-dark');
  }, { colorScheme: 'dark', viewport: { width: 390, height: 844 } });

  play('the view follows long code, and a reader who looks at the thought stays there', async ({ page, polo }) => {
    await ready(page);
    const gap = () => page.locator('main').evaluate((main) => main.scrollHeight - main.clientHeight - main.scrollTop);
    await polo.ask('SLOW CODE');
    await polo.stop.waitFor();
    await polo.output.locator('figure.code').waitFor();
    await expect.until('the end in view', 10_000, async () => (await gap()) < 3);
    await page.mouse.move(300, 200);
    await page.mouse.wheel(0, -4000);
    await polo.thought.locator('summary').click();
    await page.waitForTimeout(600);
    assert.ok((await gap()) > 100, 'it stays where the reader went');
    await page.keyboard.press('Escape');
  }, { viewport: { width: 900, height: 500 } });
});
