// Pictures of the page, axe's search for barriers in it, and a machine's eye for what is cut or too small.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { root } from './server.mjs';

export const pictures = process.env.POLO_SCREENSHOTS
  ? path.resolve(root, process.env.POLO_SCREENSHOTS)
  : path.join(root, 'tests/browser/out');

export function shoot(page, name, options = {}) {
  mkdirSync(pictures, { recursive: true });
  return page.screenshot({ path: path.join(pictures, `${name}.png`), ...options });
}

/// All but minor faults, with the elements that have them.
export async function barriers(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact !== 'minor')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`);
}

/// What does not fit where it stands: wider than the window, cut at an edge, clipped, or too small to be pressed.
export const crooked = (page) => page.evaluate(() => {
  const found = new Set();
  const told = (element) => {
    const text = (element.innerText ?? element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 50);
    return `${element.tagName.toLowerCase()}${[...element.classList].map((name) => `.${name}`).join('')} “${text || element.getAttribute('aria-label') || ''}”`;
  };
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) found.add(`the page is ${wide} px wide in a window of ${innerWidth}`);
  const frame = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
  const edge = frame.getBoundingClientRect();
  if (edge.right > innerWidth + 1 || edge.left < -1) found.add(`it stands outside of the window: ${told(frame)}`);
  const canvas = document.createElement('canvas').getContext('2d');
  const width = (text, style) => {
    canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return canvas.measureText(text).width;
  };
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  };
  // A picture that is moved and enlarged, and what the model wrote in it, is cut by its frame and may be.
  const inPicture = (element) => element.closest('svg, .tree-frame');
  const scrolls = (element) => {
    for (let above = element.parentElement; above && above !== frame; above = above.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(above).overflowX) && above.tagName !== 'MAIN') return true;
    }
    return false;
  };
  for (const element of [frame, ...frame.querySelectorAll('*')]) {
    if (inPicture(element) || !seen(element)) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const field = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(element.tagName);
    if ((ownText || field) && (box.right > edge.right + 1 || box.left < edge.left - 1) && !scrolls(element)) {
      found.add(`cut at the edge: ${told(element)}`);
    }
    // What cannot be scrolled to is lost, but for a line that ends in dots and says the whole of it when pointed at.
    const hides = (flow) => /hidden|clip/.test(flow);
    const text = (element.textContent ?? '').trim();
    if (text && !field && hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1) {
      if (style.textOverflow !== 'ellipsis') found.add(`clipped at its side: ${told(element)}`);
      else if (!element.closest('[title]')) found.add(`ends in dots and has no title: ${told(element)}`);
    }
    if (text && hides(style.overflowY) && element.scrollHeight > element.clientHeight + 2) {
      found.add(`clipped below: ${told(element)}`);
    }
    const next = element.tagName === 'TR' ? element.nextElementSibling?.getBoundingClientRect() : null;
    if (next && next.top < box.bottom - 2) found.add(`another row lies over it: ${told(element)}`);
    const room = element.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    if (element.placeholder && !element.value && width(element.placeholder, style) > room * (element.rows ?? 1) + 1) {
      found.add(`its placeholder is cut: “${element.placeholder}”`);
    }
    if (element.tagName === 'SELECT' && width(element.selectedOptions[0]?.text ?? '', style) > room - 22) {
      found.add(`its choice is cut: “${element.selectedOptions[0].text}”`);
    }
    // A box to tick is as large as its label; a link in a text as its line.
    const pressed = /^(BUTTON|SELECT|SUMMARY)$/.test(element.tagName) || element.matches('input, label:has(input)');
    const target = element.tagName === 'INPUT' ? element.closest('label') ?? element : element;
    if (pressed && !element.matches('.hidden')) {
      const size = target.getBoundingClientRect();
      if (Math.min(size.width, size.height) < 23.9) {
        found.add(`${Math.round(size.width)} by ${Math.round(size.height)} px are hard to press: ${told(element)}`);
      }
    }
  }
  return [...found];
});

/// Sentences in Latin letters that a reader sees or is told of, but for what is English in itself: code, what is
/// marked as English, what was typed, and what the model wrote.
export const strangers = (page) => page.evaluate(() => {
  const english = 'code, pre, kbd, [lang=en], [lang=en] *, textarea, article.question, .output, .thought-text, .facts.long, .listing, math, .tokens, .tree-text, .lane-text, .chat-title, script, style';
  const names = /\b(Polo( Tiny)?|WebGPU|GPU|GGUF|JSON|SVG|Hugging Face|Marco-o1|OpenAI|llama\.cpp|vLLM|CORS|https?|Chrome|Edge|Safari|Firefox|Chromium|Linux|Windows|macOS|Qwen[\w.]*|Instruct|SmolLM2|DeepSeek[\w.-]*|Apache-2\.0|MIT|safetensors|config\.json|tokenizer\.json|Top-[pk]|NF4|N|c|n|scripted|qwen2|user|repo|hf|Enter|Shift|Esc|Ctrl|English|Markdown|[kMGTKi]+B|s|Mac|Apple|Borda|Distill|NVIDIA|GeForce|RTX|Laptop|polo run)\b/g;
  const sentence = (text) => /[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}/.test(text.replace(/https?:\S+/g, '').replace(names, '·'));
  const found = new Set();
  const shown = (element) => element.checkVisibility?.({ checkVisibilityCSS: true }) ?? true;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || parent.closest(english) || !shown(parent)) continue;
    if (sentence(node.data)) found.add(node.data.trim());
  }
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
    // A node of a tree is called by what the model wrote.
    if (element.closest('.output, .thought-text, .tokens, .chat-row, [role=treeitem]')) continue;
    for (const name of ['aria-label', 'title', 'placeholder']) {
      const text = element.getAttribute(name);
      if (text && sentence(text)) found.add(`${name}: ${text}`);
    }
  }
  if (sentence(document.title)) found.add(`document: ${document.title}`);
  return [...found];
});
