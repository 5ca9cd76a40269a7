// Makes icons/*.png from icons/icon.svg, as Chromium draws it: `node tests/browser/icons.mjs` after a change of it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { launch } from './support/browser.mjs';
import { root } from './support/server.mjs';

const svg = readFileSync(path.join(root, 'icons/icon.svg'), 'utf8');
const paper = '#fbfaf8';
// How much of the picture the compass takes. Of a maskable icon a system may cut off all but the middle 80 %.
const pictures = [
  { name: 'icon-192', size: 192, part: 1 },
  { name: 'icon-512', size: 512, part: 1 },
  { name: 'maskable-192', size: 192, part: 0.66, ground: paper },
  { name: 'maskable-512', size: 512, part: 0.66, ground: paper },
  { name: 'apple-touch-icon', size: 180, part: 0.78, ground: paper },
];

const browser = await launch({ gpu: false });
for (const { name, size, part, ground } of pictures) {
  const page = await browser.newPage({ viewport: { width: size, height: size }, colorScheme: 'light' });
  await page.setContent(`<style>
    body { margin: 0; height: ${size}px; display: grid; place-items: center; background: ${ground ?? 'transparent'} }
    svg { width: ${size * part}px; height: ${size * part}px; display: block }
  </style>${svg}`);
  await page.screenshot({ path: path.join(root, `icons/${name}.png`), omitBackground: !ground });
  await page.close();
}
await browser.close();
