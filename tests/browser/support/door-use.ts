// Everything that polo.d.ts promises, used once: tsc says whether it holds.

import { Polo, PoloError, type Message, type SearchReport, type Usage } from './polo.js';

using polo = await Polo.load({
  model: 'user/repo:Q4_K_M', options: { quantize: 'q4', context: 4096 }, store: true, token: 'secret',
  onProgress: ({ phase, done_bytes, total_bytes }) => console.log(phase, done_bytes / total_bytes),
  onNotice: ({ kind, message }) => console.log(kind, message),
  signal: AbortSignal.timeout(1000),
});
const messages: Message[] = [{ role: 'system', content: 'Be short.' }, { role: 'user', content: [{ type: 'text', text: 'Hi' }] }];
let usage: Usage | undefined;
for await (const chunk of polo.chat(messages, { max_tokens: 10, stop: '\n', logit_bias: { 7: -100 }, logprobs: true, prefix: [1, 2] })) {
  const text: string | undefined = chunk.choices[0]?.delta.reasoning_content;
  console.log(text, chunk.choices[0]?.logprobs?.content?.[0]?.top_logprobs[0]?.id);
  usage = chunk.usage ?? usage;
}
const whole = await polo.chat('Hi').complete();
console.log(whole.choices[0]?.message.content, whole.usage.prompt_tokens, whole.replies[0]);
const search = polo.search(messages, { seed: 1, search: { mode: 'mcts', action: { mini_step: 64 } } });
let report: SearchReport | undefined;
for await (const event of search) {
  if (event.type === 'expanded') search.prune(event.nodes[0]!.node);
  if (event.type === 'search_done') report = event.report;
}
console.log(report?.answer, (await polo.importSearch((await search.export()).json).complete()).votes.agreement);
try {
  const { tokens } = await polo.tokenize('Hi');
  for await (const event of polo.request({ type: 'status' })) console.log(event.type, tokens.length);
} catch (error) {
  if (error instanceof PoloError && error.kind === 'context_full') console.log(error.context?.limit);
}
const picked: File[] = [];
await Polo.load({ model: picked });
await Polo.load({ model: { kind: 'remote', url: 'http://localhost:8000/v1' } });
