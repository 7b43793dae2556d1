// What each runtime runs, with the sources as they are: `program.ts encode MODEL`, or `program.ts train MODEL DATA OUTPUT`, which goes on with the
// training in OUTPUT if there is one. Says one JSON object per line on stdout; all from the native backend.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createAttune } from "../../packages/attune/src/index.ts";

const [task, model, data, output] = process.argv.slice(2);
const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

await using attune = createAttune({ device: "cpu" });
if (task === "encode") {
  using loaded = await attune.model(model);
  const vectors = await loaded.encode(["who found the kettle?", "the Übergrößenträger was found before sunrise.", ""]);
  say({ vectors: vectors.map((vector) => [...vector]) });
} else {
  const resume = existsSync(join(output, "attune.json"));
  const settings = { batchSize: 4, maxSteps: 10, epochs: 2, learningRate: 1e-3, saveSteps: 1, eval: false, seed: 3 };
  const run = attune.train({ ...settings, model, data, output, resume });
  for await (const event of run) {
    if (event.type === "step") say({ step: event.step, loss: event.loss });
    if (event.type === "checkpoint") say({ checkpoint: event.step });
  }
  say({ status: (await run.result).status });
}
