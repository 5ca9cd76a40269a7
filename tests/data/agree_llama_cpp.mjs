// How far llama.cpp is from the reference that golden/smollm2.json holds, for comparison with our own distance.
//
//     npm install node-llama-cpp@3.22.1        (in a folder outside the repository; it brings llama.cpp built)
//     cp tests/data/agree_llama_cpp.mjs THAT_FOLDER
//     node THAT_FOLDER/agree_llama_cpp.mjs tests/data/golden/smollm2.json SmolLM2-135M-Instruct.Q4_1.gguf
//
// Each prompt is followed by the reference's own 48 tokens; at every step the most probable token and the
// log-probabilities of the reference's five best are compared.

import {readFileSync} from "node:fs";

import {getLlama} from "node-llama-cpp";

const [golden, modelPath] = process.argv.slice(2);
const {prompts} = JSON.parse(readFileSync(golden, "utf8"));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({contextSize: 512});
const sequence = context.getSequence();
let [agree, steps, sum, worst] = [0, 0, 0, 0];
for (const {ids, greedy, top_ids, top_logprobs} of prompts) {
    await sequence.clearHistory();
    const wanted = {generateNext: {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}}};
    const input = [...ids, ...greedy.slice(0, -1)].map((id, at) => (at < ids.length - 1 ? id : [id, wanted]));
    const output = await sequence.controlledEvaluate(input);
    for (const [step, token] of greedy.entries()) {
        // Sorted, the most probable one first.
        const {probabilities} = output[ids.length - 1 + step].next;
        agree += probabilities.keys().next().value === token ? 1 : 0;
        for (const [rank, id] of top_ids[step].entries()) {
            const error = Math.abs(Math.log(probabilities.get(id)) - top_logprobs[step][rank]);
            sum += error;
            worst = Math.max(worst, error);
        }
        steps += 1;
    }
}
console.log(`${agree} of ${steps} tokens; log-probabilities ${(sum / steps / 5).toFixed(3)} off on average, ${worst.toFixed(2)} at most`);
await llama.dispose();
