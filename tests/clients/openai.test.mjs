// The openai package, as it comes from npm. POLO_BIN is the program.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';

const KEY = 'sk-of-the-tests';
const messages = [{ role: 'user', content: 'What is 12 + 30?' }];
const ask = { model: 'polo-tiny', messages, temperature: 0, max_tokens: 600 };
let client, polo, folder;

async function freePort() {
  const server = createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'polo-npm-'));
  const port = await freePort();
  const env = { ...process.env, POLO_HOME: folder, XDG_CONFIG_HOME: folder, POLO_API_KEY: KEY };
  polo = spawn(process.env.POLO_BIN, ['serve', '--model', 'polo-tiny', '--port', `${port}`], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; ; tries += 1) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/health`)).ok) break;
    } catch {
      // Not listening yet.
    }
    assert.ok(tries < 600 && polo.exitCode === null, 'polo serve did not come up');
    await new Promise((done) => { setTimeout(done, 200); });
  }
  client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: KEY, maxRetries: 0 });
});

after(async () => {
  const gone = new Promise((done) => { polo.once('exit', done); });
  polo.kill('SIGTERM');
  assert.equal(await gone, 0);
  await rm(folder, { recursive: true, force: true });
});

test('a chat, whole and streamed', async () => {
  const reply = await client.chat.completions.create(ask);
  assert.match(reply.choices[0].message.content, /42/);
  assert.ok(reply.choices[0].message.reasoning_content);
  let content = '';
  let last;
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })) {
    content += chunk.choices[0]?.delta.content ?? '';
    last = chunk;
  }
  assert.equal(content, reply.choices[0].message.content);
  assert.equal(last.usage.completion_tokens, reply.usage.completion_tokens);
});

test('the stream helper sees a message that grows', async () => {
  const stream = client.chat.completions.stream(ask);
  let text = '';
  stream.on('content', (delta) => { text += delta; });
  const whole = await stream.finalChatCompletion();
  assert.equal(whole.choices[0].message.content, text);
  assert.equal(whole.choices[0].finish_reason, 'stop');
});

test('a reply of a form', async () => {
  const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };
  const reply = await client.chat.completions.create({ ...ask, response_format: { type: 'json_schema', json_schema: { name: 'sum', schema, strict: true } } });
  assert.equal(typeof JSON.parse(reply.choices[0].message.content).answer, 'number');
});

test('log-probabilities', async () => {
  const reply = await client.chat.completions.create({ ...ask, logprobs: true, top_logprobs: 5 });
  for (const entry of reply.choices[0].logprobs.content) assert.equal(entry.top_logprobs.length, 5);
});

test('leaving, and errors', async () => {
  const stream = await client.chat.completions.create({ ...ask, stream: true });
  for await (const _ of stream) break;
  await assert.rejects(client.chat.completions.create({ ...ask, model: 'gpt-9' }), (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
  await assert.rejects(new OpenAI({ baseURL: client.baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
  assert.match((await client.chat.completions.create(ask)).choices[0].message.content, /42/);
});
