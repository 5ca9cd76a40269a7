// Colours code, by highlight.js. Fetched when the first finished block of code is shown; each language when its
// first block is.
//
// core.js and languages/ are files of the npm package @highlightjs/cdn-assets 11.12.0 (es/core.min.js and
// es/languages/NAME.min.js), unchanged; LICENSE is theirs. For a newer version copy them anew.

import core from './core.js';

// What is written after the fence, and the file that knows it.
const names = {
  bash: 'bash sh shell zsh console', c: 'c h', cpp: 'cpp c++ cc cxx hpp', csharp: 'csharp cs c#', css: 'css scss less',
  diff: 'diff patch', go: 'go golang', ini: 'ini toml', java: 'java', javascript: 'javascript js jsx mjs cjs',
  json: 'json jsonc json5', kotlin: 'kotlin kt', latex: 'latex tex', markdown: 'markdown md', php: 'php',
  python: 'python py python3', ruby: 'ruby rb', rust: 'rust rs', sql: 'sql mysql postgresql sqlite', swift: 'swift',
  typescript: 'typescript ts tsx', xml: 'xml html svg xhtml vue', yaml: 'yaml yml',
};
const files = new Map(Object.entries(names).flatMap(([file, list]) => list.split(' ').map((name) => [name, file])));
// What stands inside of others.
const inner = { xml: ['css', 'javascript'], markdown: ['xml'], php: ['xml'], typescript: ['javascript'], cpp: ['c'] };
const LONGEST = 100_000;

const loading = new Map();
function load(file) {
  if (!loading.has(file)) {
    loading.set(file, (async () => {
      await Promise.all((inner[file] ?? []).map(load));
      const { default: grammar } = await import(`./languages/${file}.js`);
      core.registerLanguage(file, grammar);
    })());
  }
  return loading.get(file);
}

// The text of `from` with its coloured stretches, and nothing else that might be in it.
function copy(from, to) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    else {
      const span = document.createElement('span');
      span.className = [...node.classList].filter((name) => /^(hljs-[\w-]+|[\w-]+_)$/.test(name)).join(' ');
      copy(node, span);
      to.append(span);
    }
  }
}

/// Colours the text of an element. What has no language known here stays as it is.
export async function paint(element, language) {
  const file = files.get(language.toLowerCase());
  const text = element.textContent;
  if (!file || text.length > LONGEST) return;
  await load(file);
  const { value } = core.highlight(text, { language: file, ignoreIllegals: true });
  const painted = document.createDocumentFragment();
  copy(new DOMParser().parseFromString(`<pre>\n${value}</pre>`, 'text/html').querySelector('pre'), painted);
  // The reader must see what the model wrote, whatever the grammar made of it; and it may have changed by now.
  if (painted.textContent === text && element.textContent === text) element.replaceChildren(painted);
}
