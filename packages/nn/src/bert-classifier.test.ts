import { createReferenceBackend, Engine, uploadTokens } from "@attune/tensor";
import { expect, it } from "vitest";
import { pack } from "../test/bert.ts";
import { largest, largestDifference } from "../test/compare.ts";
import { readGolden, readTensors } from "../test/golden.ts";
import { bertFamily } from "./bert.ts";

interface Case {
  readonly labels: readonly number[];
  readonly logits: readonly number[];
  readonly parameters_with_zero_gradient: readonly string[];
}

const golden = readGolden<Case>("model-cases/bert-seqcls/case.json");
const forward = readTensors("model-cases/bert-seqcls/forward.safetensors");
const gradients = readTensors("model-cases/bert-seqcls/grads.safetensors");
const weights = readTensors("st/cross-encoder-new/model.safetensors");
const config = readGolden<object>("st/cross-encoder-new/config.json");

function goldenTokens() {
  const lengths = [...forward.get("lengths")!];
  const rows = (name: string) => {
    const values = forward.get(name)!;
    const width = values.length / lengths.length;
    return lengths.map((length, i) => Array.from(values.subarray(i * width, i * width + length)));
  };
  return pack(rows("input_ids"), rows("token_type_ids"));
}

async function goldenClassifier(float: "f32" | "f64") {
  const engine = new Engine(createReferenceBackend(), { float });
  const encoder = bertFamily.create(engine, config);
  const head = bertFamily.classifier!(encoder, 1);
  const nameInFile = (name: string): string => (head.isOutside(name) ? name : `bert.${name}`);
  await encoder.store.load(async (name) => weights.get(nameInFile(name)) as Float32Array);
  return { engine, encoder, head, nameInFile };
}

it.each([
  { float: "f64", output: 5e-7, gradient: 1e-6 },
  { float: "f32", output: 2e-5, gradient: 1e-4 },
] as const)("transformers' BertForSequenceClassification in $float: logits and every gradient", async ({ float, output, gradient }) => {
  const { engine, encoder, head, nameInFile } = await goldenClassifier(float);
  const { labels, logits } = golden;
  // Of the mean binary cross entropy with logits: (sigmoid(logit) - label) / B.
  const cotangent = logits.map((logit, i) => (1 / (1 + Math.exp(-logit)) - labels[i]) / labels.length);
  using found = engine.scope(() => {
    const tokens = uploadTokens(engine, goldenTokens());
    const scores = head.forward(encoder.forward(tokens).hidden, tokens);
    engine.backward(scores, { cotangent: engine.from(cotangent, scores.shape) });
    return scores;
  });
  expect(found.shape).toEqual([4, 1]);
  expect(largestDifference(await found.read(), logits)).toBeLessThan(output);
  expect(encoder.store.parameters.map(({ name }) => nameInFile(name)).sort()).toEqual([...gradients.keys()].sort());
  for (const { name, gradient: got } of encoder.store.parameters) {
    const inFile = nameInFile(name);
    const [expected, read] = [gradients.get(inFile)!, await got!.read()];
    if (golden.parameters_with_zero_gradient.includes(inFile)) expect(largest(read), name).toBeLessThan(1e-6);
    else expect.soft(largestDifference(read, expected) / largest(expected), name).toBeLessThan(gradient);
  }
});

it("refuses a text without tokens", async () => {
  const { engine, encoder, head } = await goldenClassifier("f32");
  const run = () =>
    engine.noGradient(() =>
      engine.scope(() => {
        const tokens = uploadTokens(engine, pack([[2, 5, 3], []]));
        return head.forward(encoder.forward(tokens).hidden, tokens);
      }),
    );
  expect(run).toThrow(expect.objectContaining({ code: "E_EMPTY", place: "text 1" }));
});
