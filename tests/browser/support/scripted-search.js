// Searches of the scripted engine: small trees that are the same each time, and one of 500 nodes on demand (BIG).
// With STEP in the question a search waits after each rollout until the test calls `release()`.

const trees = new Map();
const held = new Set();
/// Of the last search, for tests.
globalThis.rolloutsOf = () => [...trees.values()].at(-1)?.rollouts ?? 0;
const TEXTS = [
  'First the bags: 3 × 8 = 24 apples.\n\n', 'Then all of them: 24 + 24 = 48.\n\n', 'Anna has 24 apples to begin with.\n\n',
  'Perhaps she gave some away?\n\n',
];
const ANSWERS = ['48', '48', '47', '48', '32', '48', '48', '47'];

const node = (tree, parent, rollout, kind, text, answer = null) => {
  const id = tree.nodes.length;
  const confidence = 0.55 + ((id * 37) % 45) / 100;
  const told = { node: id, parent, rollout, kind, text, tokens: text.length >> 2, confidence, answer };
  tree.nodes.push({ ...told, visits: 0, children: [], pruned: false });
  tree.nodes[parent].children.push(id);
  return told;
};
const pathTo = (tree, id) => (id === 0 ? [0] : [...pathTo(tree, tree.nodes[id].parent), id]);
const isPruned = (tree, id) => pathTo(tree, id).some((one) => tree.nodes[one].pruned);

function votesOf(tree) {
  const leaves = tree.nodes.filter(({ node, answer }) => answer && !isPruned(tree, node));
  const classes = [...new Set(leaves.map(({ answer }) => answer))].map((answer) => {
    const own = leaves.filter((leaf) => leaf.answer === answer).map(({ node }) => node);
    return { answer, votes: own.length, weight: own.length / leaves.length, value: 0.9, leaves: own };
  });
  classes.sort((a, b) => b.votes - a.votes);
  return { classes, votes: leaves.length, agreement: leaves.length < 2 ? 0.5 : Math.min(0.97, 0.6 + leaves.length * 0.04) };
}

/// One rollout's part of the tree: where it hangs follows from its number alone.
function grow(tree, rollout, from) {
  const inner = tree.nodes.filter(({ kind, node }) => kind === 'segment' && pathTo(tree, node).length < 24);
  let parent = from ?? (rollout === 0 ? 0 : inner[(rollout * 7919) % inner.length].node);
  const nodes = [];
  const add = (...rest) => {
    const told = node(tree, parent, rollout, ...rest);
    nodes.push(told);
    parent = told.node;
  };
  add('segment', TEXTS[rollout % 4]);
  if (rollout % 2 === 0) add('segment', TEXTS[(rollout + 1) % 4]);
  if (rollout % 5 === 2) add('reflection', 'Wait! Maybe I made some mistakes! I need to rethink from scratch.\n\n');
  if (rollout % 11 === 9) add('loop', 'again and again and again');
  else add(rollout % 7 === 6 ? 'truncated' : 'final', '</Thought>\n<Output>\nThe answer is 48.\n</Output>', ANSWERS[rollout % 8]);
  return nodes;
}

const progressOf = (tree) => ({ rollouts: tree.rollouts, in_flight: 0, tokens: tree.tokens, max_tokens: tree.search.max_tokens });

async function rollout(id, tree, number, { from, slow = globalThis.pace ?? 8 } = {}) {
  const nodes = grow(tree, number, from);
  post({ type: 'launched', id, rollout: number, node: nodes[0].parent, text: '' });
  for (const told of nodes) {
    for (const text of told.text.match(/[^]{1,6}/g)) {
      post({ type: 'token', id, choice: number, node: nodes[0].parent, channel: 'thought', text, token: 1, logprob: -0.1 });
      tree.tokens += 1;
      if (slow) await sleep(slow);
    }
  }
  tree.rollouts += 1;
  const path = pathTo(tree, nodes.at(-1).node);
  for (const one of path) tree.nodes[one].visits += 1;
  post({ type: 'expanded', id, nodes });
  post({ type: 'visited', id, rollout: number, path, value: 0.8 });
  post({ type: 'voted', id, votes: votesOf(tree) });
  post({ type: 'searched', id, progress: progressOf(tree) });
}

function finish(id, tree, stop) {
  const votes = votesOf(tree);
  const leaf = votes.classes[0]?.leaves[0];
  tree.stop = stop;
  post({ type: 'search_done', id, report: {
    answer: votes.classes[0]?.answer ?? null,
    reply: leaf === undefined ? '' : '<Thought>\nFirst the bags: 3 × 8 = 24\n</Thought>\n<Output>\nThe answer is **48**.\n</Output>',
    path: leaf === undefined ? [] : pathTo(tree, leaf), chosen: leaf === undefined ? 'nothing' : 'vote', votes,
    without_reflection: null, stop, progress: progressOf(tree),
  } });
}

async function search({ id, prompt, search }) {
  const question = prompt.messages.at(-1).content;
  const root = { node: 0, parent: 0, kind: 'segment', text: '', visits: 0, children: [], pruned: false };
  const tree = { prompt, search, nodes: [root], rollouts: 0, tokens: 0 };
  trees.set(id, tree);
  post({ type: 'started', id, prompt_tokens: 20, cached_tokens: 0 });
  const big = question.includes('BIG');
  const count = big ? 200 : { chain_of_thought: 1 }[search.mode] ?? Math.min(search.rollouts, 8);
  const patience = async () => {
    // A large tree is there at once, and steps only at its end.
    if (question.includes('STEP') && (!big || tree.nodes.length > 480)) await Promise.race([waitForTest(), (async () => { while (!cancelled.has(id)) await sleep(10); })()]);
    while (held.has(id) && !cancelled.has(id)) await sleep(10);
  };
  for (let number = 0; number < count && !cancelled.has(id) && tree.nodes.length < 501; number += 1) {
    await rollout(id, tree, number, big ? { slow: 0 } : {});
    await patience();
  }
  finish(id, tree, cancelled.has(id) ? 'cancelled' : 'rollouts');
}

function detail({ id, node: which }) {
  const tree = trees.get(id);
  const { children, pruned, visits, ...told } = { confidence: null, answer: null, rollout: 0, tokens: 0, ...tree.nodes[which] };
  const top = (text, at) => [text, ' other', ' third', ' fourth', ' fifth'].map((other, rank) => ({
    token: at * 10 + rank, text: other, logprob: Math.log([0.72, 0.15, 0.06, 0.04, 0.01][rank]),
  }));
  const pieces = (told.text.match(/\s*\S+|\s+$/g) ?? []).map((text, at) => ({
    token: at * 10, text, confidence: 0.5 + ((at * 29) % 50) / 100, forced: false, top: top(text, at),
  }));
  const standing = isPruned(tree, which) ? 'pruned' : told.answer ? 'ended' : 'open';
  post({ type: 'node', id, detail: { node: told, pieces, visits, in_flight: 0, value: 0.8, score: which ? 1.234 : null, standing } });
}

/// One more rollout in a search that may be done.
async function more(id, from) {
  const tree = trees.get(id);
  tree.search.max_tokens += 100;
  await rollout(id, tree, tree.rollouts, { from, slow: 0 });
  finish(id, tree, 'rollouts');
}

function reopen({ id, json }) {
  let tree;
  try {
    tree = JSON.parse(json);
  } catch {
    tree = {};
  }
  if (tree.format !== 'scripted') {
    post({ type: 'failed', id, kind: 'bad_request', message: 'this is no search that was exported: no format' });
    return;
  }
  trees.set(id, tree);
  const { prompt, search } = tree;
  post({ type: 'started', id, prompt_tokens: 20, cached_tokens: 0 });
  const sampling = { temperature: 0.7, top_p: 0.9, top_k: 40, seed: 0, max_new_tokens: 2048, top_logprobs: 0, stop: [], choices: 1 };
  post({ type: 'imported', id, prompt, sampling, search });
  post({ type: 'expanded', id, nodes: tree.nodes.slice(1).map(({ visits, children, pruned, ...told }) => told) });
  for (const { node: leaf } of tree.nodes.filter(({ answer }) => answer)) {
    post({ type: 'visited', id, rollout: tree.nodes[leaf].rollout, path: pathTo(tree, leaf), value: 0.8 });
  }
  post({ type: 'voted', id, votes: votesOf(tree) });
  post({ type: 'searched', id, progress: progressOf(tree) });
  finish(id, tree, tree.stop ?? 'rollouts');
}

/// Requests about searches; false for all others.
globalThis.searchRequest = async (request) => {
  const { id, type } = request;
  const tree = trees.get(id);
  const actions = {
    search: () => search(request),
    node: () => detail(request),
    pause: () => held.add(id),
    resume: () => held.delete(id),
    pin: () => {},
    prune: () => {
      tree.nodes[request.node].pruned = request.pruned;
      post({ type: 'voted', id, votes: votesOf(tree) });
    },
    continue: () => more(id, request.node),
    branch: () => (request.token % 10 === 4
      ? post({ type: 'failed', id, kind: 'bad_request', message: 'the branch is as long as it may be: choose a node above' })
      : more(id, tree.nodes[request.node].parent)),
    export: () => post({
      type: 'exported', id, json: JSON.stringify({ format: 'scripted', ...tree }),
      svg: '<svg xmlns="http://www.w3.org/2000/svg"><title>tree</title></svg>',
    }),
    import: () => reopen(request),
  };
  await actions[type]?.();
};
