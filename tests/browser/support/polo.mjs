// The page as a person meets it: by role and name, not by class, so that a new look breaks no test.

import { expect } from './expect.mjs';

/// Loading compiles every shader on a software GPU, beside whatever else the machine does.
export const LOAD_MS = 180_000;
/// A whole answer of Polo Tiny.
export const ANSWER_MS = 180_000;

export class Polo {
  constructor(page) {
    this.page = page;
    this.message = page.getByRole('textbox', { name: 'Message' });
    this.send = page.getByRole('button', { name: 'Send', exact: true });
    this.stop = page.getByRole('button', { name: 'Stop', exact: true });
    this.newChat = page.getByRole('button', { name: 'New chat' });
    this.regenerate = page.getByRole('button', { name: 'Regenerate' });
    this.replies = page.getByRole('article').filter({ has: page.locator('.output, details.thought') });
    this.reply = this.replies.last();
    this.thought = this.reply.locator('details.thought');
    this.output = this.reply.locator('.output');
  }

  async loaded() {
    await expect.visible(this.page.locator('.model[data-state=ready]'), LOAD_MS);
    await expect.visible(this.message, LOAD_MS);
    await this.message.fill('1');
    await expect.enabled(this.send, LOAD_MS);
    await this.message.fill('');
  }

  async ask(text) {
    await this.message.fill(text);
    await this.send.click();
  }

  /// The reply is complete when there is nothing left to stop.
  async answered() {
    await expect.visible(this.reply, ANSWER_MS);
    await expect.hiddenOrDisabled(this.stop, ANSWER_MS);
  }

  text() {
    return this.page.evaluate(() => document.body.textContent);
  }
}
