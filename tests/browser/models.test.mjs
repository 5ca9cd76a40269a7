// Models other than Polo Tiny, with workers that play a script: found, judged, downloaded, kept, run.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { desktop, phone } from './support/browser.mjs';
import { expect } from './support/expect.mjs';
import { barriers, shoot } from './support/look.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';

describe('models', { timeout: 600_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  const button = (page, name) => page.getByRole('button', { name, exact: true });
  const dialog = (page) => page.getByRole('dialog', { name: 'Models' });
  const header = (page) => page.locator('button.model');
  const openModels = async (page) => {
    await header(page).click();
    await dialog(page).waitFor();
  };
  const lookUp = async (page, reference) => {
    await openModels(page);
    await page.getByLabel('Repository or address').fill(reference);
    await button(page, 'Find').click();
    await page.getByRole('heading', { name: reference }).waitFor();
  };
  const running = (page, name) => page.locator('.model[data-state=ready]', { hasText: name }).waitFor();
  const sources = (requests) => requests.filter(({ type }) => type === 'load').map(({ source }) => source.kind);
  const play = (name, use, options) => test(name, () => scripted.withPage(use, options));

  play('a model of the catalogue is judged, downloaded with pause and resume, and run', async ({ page, polo, told, toldLibrary, library, release }) => {
    await ready(page);
    assert.equal(page.workers().length, 1, 'the library is not started before it is wanted');
    await openModels(page);
    const entry = page.getByRole('button', { name: /^Marco-o1/ });
    assert.match(await entry.innerText(), /The model this program is made for.*7\.6 billion weights · 4\.68 GB · Apache-2\.0/s);
    await entry.click();
    const fit = page.getByRole('region', { name: 'Does it fit?' });
    await fit.getByText('It fits, with 8,192 tokens of context').waitFor();
    assert.match(await fit.innerText(), /Weights[\s\S]*4\.28 GiB[\s\S]*Memory of the GPU[\s\S]*8\.00 GiB/);
    const forms = page.getByRole('group', { name: 'Form' });
    assert.match(await forms.innerText(), /Q4_K_M[\s\S]*Recommended[\s\S]*4\.68 GB/);
    assert.ok(await forms.getByRole('radio', { name: /^Q4_K_M/ }).isChecked());
    assert.ok(await forms.getByRole('radio', { name: /IQ2_XS.*does not read/ }).isDisabled());

    await page.getByLabel('Context, in tokens').selectOption('4096');
    await fit.getByText('It fits, with 4,096 tokens of context').waitFor();
    assert.deepEqual((await told()).filter(({ type }) => type === 'inspect').map(({ options }) => options.context), [null, 4096]);
    assert.deepEqual((await toldLibrary()).filter(({ type }) => type === 'pull'), [], 'nothing is downloaded before it is wanted');

    await button(page, 'Download and run').click();
    const row = page.getByRole('listitem').filter({ has: page.getByRole('progressbar', { name: /Marco-o1/ }) });
    await row.getByText('1.59 of 4.68 GB · 12 MB/s · 4 min left').waitFor();
    await page.getByRole('button', { name: /^Pause the download/ }).click();
    await row.getByText('Paused at 1.59 of 4.68 GB').waitFor();
    await page.getByRole('button', { name: /^Go on with the download/ }).click();
    await row.getByText('1.59 of 4.68 GB · 12 MB/s').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.strip.download').getByText('1.59 of 4.68 GB').waitFor();
    await release(library);
    await running(page, 'AIDC-AI/Marco-o1-GGUF:Q4_K_M');
    const load = (await told()).findLast(({ type }) => type === 'load');
    assert.deepEqual([load.source, load.options.context], [{ kind: 'stored', name: 'AIDC-AI/Marco-o1-GGUF:Q4_K_M' }, 4096]);
    await polo.ask('PLAIN');
    await finished(polo);
    assert.equal(await polo.thought.count(), 0, 'no thought block without a thought');
  });

  for (const [memory, title] of [[8, 'Marco-o1'], [4, 'Qwen2.5 0.5B Instruct']]) {
    play(`from the first screen to the model that suits, with ${memory} GiB`, async ({ page, toldLibrary }) => {
      await ready(page);
      await button(page, 'Get a real model that suits this GPU').click();
      await dialog(page).getByRole('heading', { name: title }).waitFor();
      await page.getByRole('region', { name: 'Does it fit?' }).waitFor();
      assert.deepEqual((await toldLibrary()).filter(({ type }) => type === 'pull'), [], 'nothing is downloaded before it is wanted');
      await dialog(page).getByRole('button', { name: 'All models' }).click();
      await page.getByRole('button', { name: /^Marco-o1/ }).waitFor();
    }, { before: `Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => ${memory} })` });
  }

  play('what comes in after the dialog was opened moves nothing that can be pressed by then', async ({ page }) => {
    await ready(page);
    const seen = await page.evaluate(() => new Promise((done) => {
      const tops = [];
      const end = performance.now() + 10_000;
      const look = () => {
        const places = ['h2', '.current button', '#reference', '.server summary'].map((selector) => document.querySelector(`dialog[open] ${selector}`)?.getBoundingClientRect().top);
        const more = document.querySelectorAll('dialog[open] .entry').length;
        if (places[0] !== undefined) tops.push({ more, places: places.join(' ') });
        if (more > 0 && tops.filter((one) => one.more > 0).length > 10 || performance.now() > end) done(tops);
        else requestAnimationFrame(look);
      };
      look();
      document.querySelector('button.model').click();
    }));
    assert.ok(seen[0].more === 0 && seen.at(-1).more > 0, `the list came later: ${JSON.stringify(seen)}`);
    assert.deepEqual([...new Set(seen.map(({ places }) => places))].length, 1, JSON.stringify(seen));
  });

  play('the model is there at the next visit, and Polo Tiny when it is not', async ({ page, told, toldLibrary, library, release }) => {
    await ready(page);
    await lookUp(page, 'u/GONE-LATER');
    await button(page, 'Download and run').click();
    await page.getByText('12 MB/s').first().waitFor();
    await release(library);
    // The scripted engine finds nothing under this name: as if the browser had deleted it.
    const alert = page.locator('.dock').getByRole('alert');
    await alert.getByText(/could not be loaded/).waitFor();
    await page.keyboard.press('Escape');
    assert.match(await alert.innerText(), /Download it again, or go on with Polo Tiny[\s\S]*not in local storage/);
    await alert.getByRole('button', { name: 'Use Polo Tiny' }).click();
    await running(page, 'Polo Tiny');

    await page.evaluate(() => localStorage.setItem('polo.model', JSON.stringify({ source: { kind: 'stored', name: 'u/kept:Q4_0' }, title: 'Kept', context: 2048 })));
    await page.reload();
    await running(page, 'u/kept:Q4_0');
    assert.deepEqual(sources(await told()), ['stored'], 'Polo Tiny is not loaded first');
    assert.equal((await told())[0].options.context, 2048);
    await openModels(page);
    await page.getByText('GONE-LATER:Q4_K_M').waitFor();
    await page.getByRole('button', { name: 'Delete u/GONE-LATER:Q4_K_M' }).click();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Keep');
    await button(page, 'Delete').click();
    await dialog(page).getByText('No models are stored').waitFor();
    assert.equal((await toldLibrary()).at(-1).type, 'remove');
  });

  play('a download that a reload cut off is offered again', async ({ page, toldLibrary }) => {
    await ready(page);
    await lookUp(page, 'u/long');
    await button(page, 'Download and run').click();
    await page.getByText('1.59 of 4.68 GB').first().waitFor();
    await page.reload();
    await ready(page);
    const strip = page.getByRole('group', { name: /u\/long:Q4_K_M was not downloaded to its end: 1\.59 of 4\.68 GB/ });
    await strip.getByRole('button', { name: 'Go on' }).click();
    await page.locator('.strip.download').getByText('1.59 of 4.68 GB').waitFor();
    const pulls = (await toldLibrary()).filter(({ type }) => type === 'pull');
    assert.deepEqual(pulls.map(({ source }) => [source.repo, source.file]), [['u/long', 'Q4_K_M']]);
  });

  play('a download can be cancelled, and leaves nothing', async ({ page, toldLibrary }) => {
    await ready(page);
    await lookUp(page, 'u/unwanted');
    await button(page, 'Download and run').click();
    await page.getByText('12 MB/s').first().waitFor();
    await page.getByRole('button', { name: /^Cancel and delete/ }).click();
    await dialog(page).getByText('No models are stored').waitFor();
    assert.equal(await page.getByRole('progressbar', { name: /unwanted/ }).count(), 0);
    assert.deepEqual((await toldLibrary()).at(-1), { ...(await toldLibrary()).at(-1), type: 'remove', name: 'u/unwanted:Q4_K_M' });
  });

  play('what goes wrong is said where it belongs', async ({ page, library, release }) => {
    await ready(page);
    await openModels(page);
    await page.getByLabel('Repository or address').fill('NOTHING');
    await button(page, 'Find').click();
    await page.getByText('There is no repository NOTHING; check the spelling').waitFor();
    await button(page, 'All models').click();
    assert.equal(await page.getByLabel('Repository or address').inputValue(), 'NOTHING', 'what was typed can be mended');

    await page.getByLabel('Repository or address').fill('u/BROKEN');
    await button(page, 'Find').click();
    await page.getByText(/Whether it fits could not be found out.*it ends at byte 12/).waitFor();
    await button(page, 'All models').click();

    await page.getByLabel('Repository or address').fill('u/FULL');
    await button(page, 'Find').click();
    await button(page, 'Download and run').click();
    await page.getByText('Stopped at').first().waitFor();
    assert.match(await dialog(page).innerText(), /Storage is full\s+No room for it/);

    await page.getByLabel('Repository or address').fill('u/WAIT');
    await button(page, 'Find').click();
    await button(page, 'Download and run').click();
    await page.getByText('no connection, trying again').first().waitFor();
    await release(library);
    await running(page, 'u/WAIT:Q4_K_M');
  });

  play('what does not fit says so and names a smaller form; what fits shorter is offered shorter', async ({ page, told }) => {
    await ready(page);
    await lookUp(page, 'u/r');
    await page.getByRole('radio', { name: /^Q8_0/ }).check();
    const fit = page.getByRole('region', { name: 'Does it fit?' });
    await fit.getByText('It does not fit this GPU').waitFor();
    await page.getByRole('button', { name: 'Download anyway' }).waitFor();
    await button(page, 'Try Q4_K_M, 4.68 GB').click();
    await fit.getByText('It fits, with 8,192 tokens').waitFor();
    await button(page, 'All models').click();

    await page.getByLabel('Repository or address').fill('u/SHORTER');
    await button(page, 'Find').click();
    await fit.getByText('It fits, with 3,072 tokens of context').waitFor();
    assert.match(await fit.innerText(), /Shortened from 8,192 tokens/);
    assert.equal(await page.getByLabel('Context, in tokens').inputValue(), '3072');
    await button(page, 'Run without saving').click();
    await running(page, 'u/SHORTER:Q4_K_M');
    const load = (await told()).at(-1);
    assert.deepEqual([load.source.kind, load.options.context], ['hub', 3072]);
    await page.reload();
    await running(page, 'Polo Tiny');
  });

  play('the phases of a load have names, and another model ends it', async ({ page, engine, release, told }) => {
    await ready(page);
    await lookUp(page, 'u/HOLD');
    await button(page, 'Run without saving').click();
    await header(page).getByText('34 %').waitFor();
    await openModels(page);
    const steps = page.getByRole('list', { name: 'Phases of loading' });
    await steps.locator('[aria-current=step]', { hasText: 'Upload' }).waitFor();
    await page.getByRole('region', { name: 'In use' }).getByText('Bringing the weights to the GPU: 136 of 400 MB.').waitFor();
    await release(engine);
    await steps.locator('[aria-current=step]', { hasText: 'Compile' }).waitFor();
    await page.getByRole('button', { name: 'Run Polo Tiny' }).click();
    await running(page, 'Polo Tiny');
    assert.deepEqual(sources(await told()), ['embedded'], 'a new worker');
  });

  play('the conversation goes on with another model; claims and tags stay behind', async ({ page, polo, told }) => {
    await ready(page);
    assert.match(await page.locator('.welcome').innerText(), /thinks first[\s\S]*93 % right/);
    await polo.ask('First');
    await finished(polo);
    await lookUp(page, 'u/TEMPLATE');
    await button(page, 'Run without saving').click();
    await running(page, 'u/TEMPLATE:Q4_K_M');
    const remark = page.getByRole('note').filter({ hasText: 'chat template failed' });
    assert.match(await remark.innerText(), /ChatML is used instead/);
    await remark.getByRole('button', { name: 'Dismiss' }).click();
    await expect.count(remark, 0);
    assert.match(await polo.reply.locator('.stats').innerText(), /^Polo Tiny · /);
    await polo.ask('PLAIN');
    await page.waitForFunction(() => document.querySelectorAll('article').length === 4);
    await finished(polo);
    const { messages } = (await told()).at(-1).prompt;
    assert.deepEqual(messages.map(({ content }) => content), ['First', 'The answer is **48**.', 'PLAIN']);
    await polo.newChat.click();
    const welcome = await page.locator('.welcome').innerText();
    assert.doesNotMatch(welcome, /thinks first|% right|comes with this page|48 \+ 37/);
  });

  play('a GPU that comes back lets the reply go on', async ({ page, polo, engine, release }) => {
    await ready(page);
    await polo.ask('BACK');
    await page.getByRole('note').getByText('being brought back').waitFor();
    assert.ok(await polo.stop.isVisible());
    await release(engine);
    await page.getByText('It was lost and found.').waitFor();
    await page.getByRole('note').getByText('The GPU was lost, and is back').waitFor();
    assert.equal(await page.getByRole('note').count(), 1);
  });

  play('picked and dropped files go to the engine, and nothing of them is copied', async ({ page, told, toldLibrary }) => {
    await ready(page);
    await openModels(page);
    const file = (name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from('GGUF') });
    await page.getByLabel('Open files…').setInputFiles([file('config.json'), file('model.safetensors')]);
    await page.getByText('The safetensors files need tokenizer.json').waitFor();
    await page.getByLabel('Open files…').setInputFiles([file('mine.gguf')]);
    await page.getByRole('heading', { name: 'A model of mine' }).waitFor();
    await button(page, 'Run').click();
    await running(page, 'mine.gguf');
    const about = (await told()).filter(({ source }) => source?.kind === 'picked');
    assert.deepEqual(about.map(({ type, files }) => [type, files]), [['inspect', ['mine.gguf']], ['load', ['mine.gguf']]]);

    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) data.items.add(new File(['x'], name));
      return data;
    });
    const drag = (type) => page.dispatchEvent('main', type, { dataTransfer: dropped });
    await drag('dragenter');
    await page.getByText('Drop files here').waitFor();
    await drag('drop');
    await expect.count(page.getByText('Drop files here'), 0);
    await page.getByLabel('Weights are held').selectOption('q4');
    await page.getByRole('region', { name: 'Does it fit?' }).waitFor();
    const last = (await told()).filter(({ type }) => type === 'inspect').at(-1);
    assert.deepEqual([last.files.length, last.options.quantize], [3, 'q4']);
    assert.deepEqual((await toldLibrary()).filter(({ type }) => type === 'pull'), []);
  });

  play('nobody is asked for anything but by name', async ({ page, requests }) => {
    await ready(page);
    await openModels(page);
    await page.getByRole('heading', { name: 'Known to suit' }).waitFor();
    const origin = new URL(page.url()).origin;
    assert.deepEqual(requests.filter((url) => !url.startsWith(`${origin}/`)), []);
  });

  play('by keyboard: into the models, to a model, back, and out', async ({ page }) => {
    await ready(page);
    await header(page).focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.getByLabel('Repository or address').focus();
    await page.keyboard.type('u/r');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'u/r' }).waitFor();
    await expect.until('the focus on the title', 5000, () => page.evaluate(() => document.activeElement.className === 'card-title'));
    await page.getByRole('radio', { name: /^Q4_K_M/ }).focus();
    await page.keyboard.press('ArrowDown');
    await expect.until('the next form', 5000, () => page.getByRole('radio', { name: /^Q4_0/ }).isChecked());
    assert.ok(await page.evaluate(() => document.activeElement.type === 'radio'), 'the focus stays on the forms');
    await page.keyboard.press('Escape');
    await expect.count(dialog(page), 0);
    assert.ok(await header(page).evaluate((element) => element === document.activeElement), 'the focus is back on the header');
  });

  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark']) {
      play(`looks: ${size}, ${colorScheme}`, async ({ page, library, release }) => {
        const picture = (name) => shoot(page, `${size}-${colorScheme}-models-${name}`);
        const fits = async (where) => {
          assert.deepEqual(await barriers(page), [], where);
          const wide = await page.evaluate(() => [document.documentElement, document.querySelector('dialog[open]')]
            .filter(Boolean).map((element) => element.scrollWidth - element.clientWidth));
          assert.ok(wide.every((over) => over <= 0), `${where} is too wide by ${wide}`);
        };
        await ready(page);
        await lookUp(page, 'u/done');
        await button(page, 'Download and run').click();
        await page.getByText('12 MB/s').first().waitFor();
        await release(library);
        await running(page, 'u/done:Q4_K_M');
        await page.getByRole('button', { name: /^Marco-o1/ }).click();
        const fit = page.getByRole('region', { name: 'Does it fit?' });
        await fit.getByText('It fits').waitFor();
        await picture('fits');
        await fits('a model that fits');
        await page.getByRole('radio', { name: /^Q8_0/ }).check();
        await fit.getByText('does not fit').waitFor();
        await picture('too-large');
        await fits('a model that does not fit');
        await page.getByRole('radio', { name: /^Q4_K_M/ }).check();
        await fit.getByText('It fits').waitFor();
        await button(page, 'Download and run').click();
        await page.getByText('12 MB/s').first().waitFor();
        await picture('list');
        await fits('the list');
        await dialog(page).evaluate((element) => { element.scrollTop = element.scrollHeight; });
        await picture('list-end');
        await page.keyboard.press('Escape');
        await page.locator('.strip.download').getByText('1.59 of 4.68 GB').waitFor();
        await picture('strip');
        await fits('a download above the composer');
      }, { viewport, colorScheme });
    }
  }
});
