// Pictures of the page, and axe's search for barriers in it.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { root } from './server.mjs';

const pictures = process.env.POLO_SCREENSHOTS
  ? path.resolve(root, process.env.POLO_SCREENSHOTS)
  : path.join(root, 'tests/browser/out');

export function shoot(page, name) {
  mkdirSync(pictures, { recursive: true });
  return page.screenshot({ path: path.join(pictures, `${name}.png`) });
}

/// All but minor faults, with the elements that have them.
export async function barriers(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact !== 'minor')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`);
}
