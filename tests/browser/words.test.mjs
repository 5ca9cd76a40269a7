// The page in its three languages: a walk over its screens that finds no sentence of another, the switch between
// them, the theme, settings as a file, and the look of every error.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { shoot, strangers } from './support/look.mjs';
import { Scripted, ready } from './support/scripted.mjs';

const settings = (fields) => `localStorage.setItem('polo.settings', '${JSON.stringify(fields)}')`;

describe('words', { timeout: 900_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const open = (fields, use, options = {}) => scripted.withPage(async (all) => {
    await all.page.evaluate(settings(fields));
    await all.page.reload();
    await use(all);
  }, { viewport: { width: 1280, height: 800 }, ...options });

  for (const language of ['en', 'ru', 'zh']) {
    test(`${language}: a walk over the screens`, () => open({ language }, async ({ page }) => {
      await ready(page);
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      const found = {};
      const look = async (name) => {
        await shoot(page, `words-${language}-${name}`);
        const here = language === 'en' ? [] : await strangers(page);
        if (here.length > 0) found[name] = here;
      };
      await look('welcome');
      await page.locator('.example').first().click();
      await page.locator('article.reply footer .actions button').first().waitFor();
      await page.locator('.thought summary').click();
      await look('reply');
      const dialog = async (name) => {
        await page.locator('dialog[open]').waitFor();
        await look(name);
        await page.keyboard.press('Escape');
      };
      await page.locator('header nav button').filter({ hasText: /Settings|Настройки|设置/ }).click();
      await dialog('settings');
      await page.locator('button.model').click();
      await page.locator('.entry').first().waitFor();
      await look('models');
      await page.locator('.entry').first().click();
      await page.locator('.fit').waitFor();
      await dialog('card');
      await page.locator('button.model').click();
      await page.locator('.back').click();
      await page.locator('section.current .row-actions button').click();
      await look('inspector');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.locator('[role=switch]').click();
      await page.locator('.search-switch button.quiet').click();
      await dialog('search');
      await page.locator('#message').fill('TREE');
      await page.keyboard.press('Enter');
      await page.locator('.verdict').waitFor();
      await look('tree');
      assert.deepEqual(found, {}, 'sentences of another language, by screen');
    }));
  }

  test('another language takes the place of the first, and the dialog stays', () => open({}, async ({ page, polo }) => {
    await ready(page);
    await polo.ask('Hi');
    await page.getByText('The answer is 48.').waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Language').selectOption('ru');
    await page.getByRole('heading', { name: 'Настройки' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'ru');
    assert.ok(await page.getByLabel('Язык').evaluate((field) => field === document.activeElement), 'the focus stays');
    await page.keyboard.press('Escape');
    assert.ok(await page.getByText('The answer is 48.').isVisible(), 'the conversation stays');
    await page.reload();
    await ready(page);
    await page.getByRole('button', { name: 'Настройки' }).click();
    await page.getByLabel('Язык').selectOption('');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
  }));

  test('the browser\'s language is taken where none was chosen', async () => {
    const context = await scripted.browser.newContext({ locale: 'zh-CN', serviceWorkers: 'block' });
    try {
      const page = await context.newPage();
      await page.goto(scripted.server.origin);
      await page.getByRole('button', { name: '设置' }).waitFor();
    } finally {
      await context.close();
    }
  });

  test('the theme is the reader\'s, whatever the system has', () => open({}, async ({ page }) => {
    await ready(page);
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = ['rgb(251, 250, 248)', 'rgb(23, 24, 22)'];
    assert.equal(await paper(), light);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Theme').selectOption('dark');
    assert.equal(await paper(), dark);
    await shoot(page, 'words-en-settings-dark');
    await page.reload();
    await ready(page);
    assert.equal(await paper(), dark, 'it is kept');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Theme').selectOption('light');
    assert.equal(await paper(), light);
    await page.getByLabel('Theme').selectOption('system');
    assert.equal(await paper(), dark);
  }));

  test('system prompts are saved by name; settings go to a file and come back', () => open({}, async ({ page, polo, told }) => {
    await ready(page);
    const dialog = page.getByRole('dialog', { name: 'Settings' });
    await page.getByRole('button', { name: 'Settings' }).click();
    await dialog.getByLabel('System prompt').fill('Be brief.');
    await dialog.getByLabel('Name of the preset').fill('brief');
    await dialog.getByRole('button', { name: 'Save this prompt' }).click();
    await dialog.getByText('Saved as “brief”.').waitFor();
    await dialog.getByRole('combobox', { name: 'Preset' }).first().selectOption('marco');
    assert.match(await dialog.getByLabel('System prompt').inputValue(), /Marco-o1/);
    await dialog.getByRole('combobox', { name: 'Preset' }).first().selectOption({ label: 'brief' });
    await dialog.getByLabel('Temperature').fill('0,5');
    const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Save the settings as a file' }).click()]);
    const text = await (await import('node:fs/promises')).readFile(await file.path(), 'utf8');
    assert.equal(JSON.parse(text).settings.temperature, 0.5);
    await dialog.getByRole('button', { name: 'Restore defaults' }).click();
    assert.equal(await dialog.getByLabel('Temperature').inputValue(), '');
    const upload = (body) => dialog.getByLabel('Take settings from a file').setInputFiles({ name: 's.json', mimeType: 'application/json', buffer: Buffer.from(body) });
    await upload('{"polo":"settings","version":9}');
    await dialog.getByText(/Nothing was changed.*version 9/).waitFor();
    assert.equal(await dialog.getByLabel('Temperature').inputValue(), '');
    await upload(text);
    await dialog.getByText('The settings of the file are in use.').waitFor();
    assert.equal(await dialog.getByLabel('Temperature').inputValue(), '0.5');
    await page.keyboard.press('Escape');
    await polo.ask('Hi');
    await page.getByText('The answer is 48.').waitFor();
    const { prompt, sampling } = (await told()).at(-1);
    assert.equal(prompt.messages[0].content, 'Be brief.');
    assert.equal(sampling.temperature, 0.5);
  }));

  // Every kind of src/error.rs and what the page adds, each where it shows: at a question, at a load.
  const kinds = [
    'no_gpu', 'gpu_lost', 'out_of_memory', 'fetch', 'bad_model', 'context_full', 'bad_request', 'bad_numbers', 'read_back',
    'not_found', 'gated', 'no_space', 'damaged', 'busy', 'write', 'panic', 'worker',
  ];
  const detail = 'the engine’s own account: model.gguf: tensor blk.0.attn_q.weight has type IQ2_XS; supported are Q4_0 and Q8_0';
  const failing = (kind, at) => `
    const post = (event) => postMessage(JSON.stringify(event));
    onmessage = ({ data }) => {
      const { id, type } = JSON.parse(data.request ?? data);
      if (type === '${at}') post({ type: 'failed', id, kind: '${kind}', message: ${JSON.stringify(detail)} });
      else if (type === 'load') post({ type: 'loaded', id, model: { name: 'Polo Tiny', architecture: 'qwen2', thoughts: 'marco',
        parameters: 1, context: 2048, weight_bytes: 1, kv_bytes: 1, tensors: [], claims: [], load_ms: 1, sampling: null } });
    };
    queueMicrotask(() => post({ type: 'ready' }));`;
  for (const language of ['en', 'ru', 'zh']) {
    test(`${language}: every error has its look`, async () => {
      const found = {};
      for (const at of ['load', 'generate']) {
        const titles = new Set();
        for (const kind of kinds) {
          await open({ language }, async ({ page }) => {
            if (at === 'generate') {
              await ready(page);
              await page.locator('#message').fill('Hi');
              await page.keyboard.press('Enter');
            }
            const shown = at === 'load' && kind === 'no_gpu' ? page.locator('.unsupported') : page.locator('.notice').first();
            await shown.waitFor();
            await shoot(page, `error-${language}-${at}-${kind}`);
            if (at === 'generate') titles.add(await shown.locator('.notice-title').textContent());
            const here = language === 'en' ? [] : await strangers(page);
            if (here.length > 0) found[`${at}: ${kind}`] = here;
          }, { body: failing(kind, at), viewport: { width: 800, height: 600 } });
        }
        if (at === 'generate') assert.equal(titles.size, kinds.length, 'each has a title of its own');
      }
      assert.deepEqual(found, {}, 'sentences of another language, by error');
    });
  }
});
