// The main job as a screen reader tells it: open, ask, hear the answer, open the thought, search, stop.
//
// What is read comes from Chromium's accessibility tree, what is announced from the live regions. The whole walk
// is in docs/ACCESSIBILITY.md; `POLO_WRITE_WALK=1` writes it there anew after a change that is meant.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from './support/expect.mjs';
import { Scripted, finished, ready } from './support/scripted.mjs';
import { root } from './support/server.mjs';

const document_ = path.join(root, 'docs/ACCESSIBILITY.md');
const SILENT = new Set(['generic', 'none', 'InlineTextBox', 'LineBreak', 'RootWebArea', 'LabelText', 'ListMarker', 'paragraph', 'emphasis', 'strong', 'Pre', 'code']);
const STATES = ['checked', 'expanded', 'pressed', 'selected', 'disabled', 'focused', 'busy', 'hasPopup', 'level', 'modal', 'invalid'];

/// The tree below an element, as lines: role, name, states.
async function read(devtools, page, selector) {
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const { root: dom } = await devtools.send('DOM.getDocument');
  const { nodeId } = await devtools.send('DOM.querySelector', { nodeId: dom.nodeId, selector });
  const { node: described } = await devtools.send('DOM.describeNode', { nodeId });
  const start = nodes.find((node) => node.backendDOMNodeId === described.backendNodeId);
  const lines = [];
  const walk = (node, depth, above) => {
    const role = node.role?.value;
    const name = (node.name?.value ?? '').replaceAll(/\s+/g, ' ').trim();
    const silent = node.ignored || SILENT.has(role) || (role === 'StaticText' && (!name || above.includes(name)));
    if (!silent) {
      const states = (node.properties ?? [])
        .filter(({ name: state, value }) => STATES.includes(state) && !['false', false, ''].includes(value.value) || (state === 'expanded'))
        .map(({ name: state, value }) => (value.value === true || value.value === 'true' ? state : `${state}: ${value.value}`));
      const text = role === 'StaticText' ? `"${name}"` : [role, name && `"${name}"`, states.length && `(${states.join(', ')})`].filter(Boolean).join(' ');
      lines.push('  '.repeat(depth) + text);
    }
    for (const id of node.childIds ?? []) {
      const child = byId.get(id);
      if (child) walk(child, depth + (silent ? 0 : 1), silent ? above : name);
    }
  };
  walk(start, 0, '');
  return lines;
}

describe('with a screen reader', { timeout: 300_000 }, () => {
  let scripted;

  before(async () => {
    scripted = await Scripted.start();
  });

  after(() => scripted?.close());

  test('open, ask, hear the answer, open the thought, search, stop', () => scripted.withPage(async ({ page, context, polo }) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Accessibility.enable');
    await page.addInitScript(() => {
      globalThis.announced = [];
      const regions = '[role=status], [role=alert], [aria-live]:not([aria-live=off])';
      new MutationObserver((changes) => {
        const told = new Set(changes.map(({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest(regions)));
        for (const change of changes) {
          for (const added of change.addedNodes) if (added.nodeType === 1) [added, ...added.querySelectorAll('[role=alert]')].filter((one) => one.matches('[role=alert]')).forEach((one) => told.add(one));
        }
        for (const region of told) {
          // What cannot be seen (a dialog that is closed) is not announced either.
          const text = region?.checkVisibility() && region.textContent.replaceAll(/\s+/g, ' ').trim();
          if (text && globalThis.announced.at(-1) !== text) globalThis.announced.push(text);
        }
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await page.reload();
    const steps = [];
    const step = async (what, selector, ...wanted) => {
      await page.waitForTimeout(300);
      const lines = await read(devtools, page, selector);
      const announced = await page.evaluate(() => globalThis.announced.splice(0));
      const all = [...announced.map((text) => `says "${text}"`), ...lines.map((line) => line.trim())];
      for (const one of wanted) assert.ok(all.some((line) => one.test(line)), `${what}: nothing is ${one}:\n${all.join('\n')}`);
      for (const text of announced) assert.ok(/[.!?…]$|\d|ready|answer|stopped/i.test(text) && text.length > 3, `"${text}" is no sentence`);
      const brief = lines.length > 60 ? [...lines.slice(0, 58), `… ${lines.length - 58} lines more`] : lines;
      steps.push(`### ${what}\n\n${announced.map((text) => `> announced: ${text}\n`).join('')}${announced.length ? '\n' : ''}\`\`\`\n${brief.join('\n')}\n\`\`\`\n`);
      return { lines, announced };
    };

    await ready(page);
    await step('1. The page is opened', 'body', /^banner/, /^heading "Polo" \(level: 1\)/, /^main/, /^textbox "Message"/, /^switch "Search"/, /^button "Send" \(disabled\)/);

    await polo.message.fill('How many apples?');
    await page.keyboard.press('Enter');
    await finished(polo);
    const { announced } = await step('2. A question is typed, Enter sends it; the answer is announced once', 'main',
      /^says ".*(48|finished)/, /^article "You"/, /^article "Polo"/, /^Disclosure.*(expanded: false)/, /48/);
    assert.ok(announced.length <= 3, `sentences and no tokens are announced: ${announced}`);

    await polo.thought.locator('summary').focus();
    await page.keyboard.press('Enter');
    await step('3. The thought is opened with Enter', 'article.reply', /^Disclosure.*expanded\b(?!: false)/, /24/);

    const search = page.getByRole('switch', { name: 'Search' });
    await search.focus();
    await page.keyboard.press('Space');
    await polo.message.focus();
    await page.keyboard.type('How many apples now?');
    await page.keyboard.press('Enter');
    await finished(polo);
    await step('4. The switch "Search" is on; the search tells its outcome and its tree', 'article.reply:last-of-type, main', /^says ".*48/, /^tree "Search tree"/, /^treeitem ".*confidence/);

    await search.focus();
    await page.keyboard.press('Space');
    await polo.message.focus();
    await page.keyboard.type('BACK');
    await page.keyboard.press('Enter');
    await page.getByText('It was lost').waitFor();
    await page.evaluate(() => globalThis.announced.splice(0));
    const engine = page.workers().length;
    assert.ok(engine > 0);
    await page.keyboard.press('Escape');
    await expect.until('the stop to be asked for', 5000, async () => {
      for (const worker of page.workers()) if (await worker.evaluate(() => globalThis.requests?.some(({ type }) => type === 'cancel') && (globalThis.release(), true))) return true;
      return false;
    });
    await finished(polo);
    await step('5. Escape stops a reply; what was said stays', '.dock', /^says ".*[Ss]topped/, /^textbox "Message" .*focused/);

    const begin = '<!-- walk -->\n';
    const end = '<!-- end of the walk -->';
    const text = readFileSync(document_, 'utf8');
    const [head, rest] = text.split(begin);
    const tail = rest.slice(rest.indexOf(end));
    if (process.env.POLO_WRITE_WALK) writeFileSync(document_, `${head}${begin}\n${steps.join('\n')}\n${tail}`);
    for (const one of steps) assert.ok(text.includes(one.split('\n')[0]) || process.env.POLO_WRITE_WALK, `docs/ACCESSIBILITY.md lacks "${one.split('\n')[0]}": POLO_WRITE_WALK=1 writes it`);
  }, { viewport: { width: 1280, height: 800 } }));
});
