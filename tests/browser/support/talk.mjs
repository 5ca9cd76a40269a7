// What is asked and answered in pictures of the page, in each of its languages; for the scripted engine.

const code = 'def apples(have, bags, each):\n    """How many there are in the end."""\n    return have + bags * each  # 24 + 3 * 8\n\nprint(apples(24, 3, 8))';
const worked = '$$\\text{n} = 24 + \\sum_{i=1}^{3} 8 = 24 + 3 \\times 8 = 48$$';

export const talk = {
  en: {
    question: 'Anna has 24 apples and buys 3 bags with 8 apples each. How many apples does Anna have now? Show it as a table and as a program.',
    part: 'Anna has',
    thought: 'First the bags: 3 × 8 = 24 apples.\n\nThen all of them: 24 + 24 = 48.\n\nWait, did she give some away? No, it does not say so.\n',
    output: `### The answer\n\nAnna has **48 apples**, since $3 \\times 8 = 24$ and $24 + 24 = 48$:\n\n${worked}\n\n| What | Bags | Apples |\n|:--|--:|--:|\n| To begin with | | 24 |\n| Bought | 3 | 24 |\n| **Together** | | **48** |\n\n- Each bag holds 8.\n- Nothing is said of apples that were *eaten*.\n\n\`\`\`python\n${code}\n\`\`\`\n\n> Check it: \`apples(24, 3, 8)\` is 48.`,
    edited: 'Anna has 24 apples and buys 5 bags with 8 apples each. How many apples does Anna have now?',
    find: 'eaten',
    others: ['How many letters “r” are there in “strawberry”?', 'Prove that the square root of 2 is irrational, step by step', 'Packing list for a week in the mountains in October', 'What is 48 + 37?'],
  },
  ru: {
    question: 'У Анны 24 яблока, она покупает 3 пакета по 8 яблок в каждом. Сколько яблок у Анны теперь? Покажи таблицей и программой.',
    part: 'У Анны',
    thought: 'Сначала пакеты: 3 × 8 = 24 яблока.\n\nТеперь все вместе: 24 + 24 = 48.\n\nПостой, не отдала ли она часть? Нет, об этом не сказано.\n',
    output: `### Ответ\n\nУ Анны **48 яблок**, потому что $3 \\times 8 = 24$ и $24 + 24 = 48$:\n\n${worked}\n\n| Что | Пакетов | Яблок |\n|:--|--:|--:|\n| Было | | 24 |\n| Куплено | 3 | 24 |\n| **Вместе** | | **48** |\n\n- В каждом пакете по 8.\n- О *съеденных* яблоках не сказано ничего.\n\n\`\`\`python\n${code}\n\`\`\`\n\n> Проверка: \`apples(24, 3, 8)\` даёт 48.`,
    edited: 'У Анны 24 яблока, она покупает 5 пакетов по 8 яблок в каждом. Сколько яблок у Анны теперь?',
    find: 'съеденных',
    others: ['Сколько букв «о» в слове «молокозавод»?', 'Докажи, что квадратный корень из 2 иррационален, по шагам', 'Список вещей для недели в горах в октябре', 'Сколько будет 48 + 37?'],
  },
  zh: {
    question: '安娜有24个苹果，又买了3袋，每袋8个。安娜现在一共有多少个苹果？请用表格和程序说明。',
    part: '安娜有',
    thought: '先算袋子里的：3 × 8 = 24 个苹果。\n\n再算总数：24 + 24 = 48。\n\n等等，她有没有送人？没有，题目没有说。\n',
    output: `### 答案\n\n安娜有 **48 个苹果**，因为 $3 \\times 8 = 24$，而 $24 + 24 = 48$：\n\n${worked}\n\n| 项目 | 袋数 | 苹果 |\n|:--|--:|--:|\n| 原有 | | 24 |\n| 买来 | 3 | 24 |\n| **合计** | | **48** |\n\n- 每袋有 8 个。\n- 题目没有提到*吃掉*的苹果。\n\n\`\`\`python\n${code}\n\`\`\`\n\n> 验证：\`apples(24, 3, 8)\` 等于 48。`,
    edited: '安娜有24个苹果，又买了5袋，每袋8个。安娜现在一共有多少个苹果？',
    find: '吃掉',
    others: ['“strawberry”这个单词里有几个字母“r”？', '请一步一步证明根号 2 是无理数', '十月去山里一周的行李清单', '48 + 37 等于多少？'],
  },
};

/// For the workers: what they answer to these questions, and a device as people have it.
export const saying = (language) => {
  const { part, thought, output } = talk[language];
  return `
    globalThis.pace = 1;
    globalThis.replies = ${JSON.stringify({ [part]: { thought, output } })};
    Object.assign(device, { name: 'NVIDIA GeForce RTX 4070 Laptop GPU', device_type: 'DiscreteGpu', driver: 'NVIDIA 565.77',
      features: ['shader-f16'], limits: [['maxBufferSize', 4294967296], ['maxStorageBufferBindingSize', 2147483644]],
      variants: [['matvec', 'subgroups: the adapter has them'], ['attention', 'f16: the adapter has shader-f16']] });
    Object.assign(tiny, { weight_bytes: 1900000, kv_bytes: 5242880, load_ms: 812 });`;
};

/// A file of chats of earlier days.
export function chatsOf(language) {
  const day = 86_400_000;
  const { others } = talk[language];
  const chats = others.map((question, at) => {
    const changed_ms = Date.now() - [0, 1, 4, 40][at] * day;
    const reply = { end: 'stop', model: 'Polo Tiny', thoughts: 'marco', tokens: 40, thought_tokens: 20, seed: 1, thought: '…', output: '…' };
    return { chat: { version: 2, id: `other-${at}`, created_ms: changed_ms, changed_ms, exchanges: [{ key: at + 1, parent: null, seen: 1, question, reply }] } };
  });
  return { name: 'chats.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ format: 'polo-chats', version: 2, chats })) };
}
