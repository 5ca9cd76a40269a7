import { Polo } from './polo.js';

const [form, button] = [document.querySelector('form'), document.querySelector('button')];
const show = (id, text) => { document.getElementById(id).textContent = text; };

const polo = await Polo.load({ onProgress: ({ phase }) => show('status', `Loading: ${phase}…`) });
show('status', `${polo.info.name} is ready`);
button.disabled = false;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  let [thought, answer] = ['', ''];
  const reply = polo.chat([{ role: 'user', content: form.elements.question.value }], { temperature: 0 });
  for await (const { choices: [choice], usage } of reply) {
    show('thought', (thought += choice?.delta.reasoning_content ?? ''));
    show('answer', (answer += choice?.delta.content ?? ''));
    if (usage) show('status', `${usage.completion_tokens} tokens`);
  }
});
