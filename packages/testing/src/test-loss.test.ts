import type { Random } from "@attune/core";
import {
  contrastive,
  cosent,
  cosineSimilarity,
  defineLoss,
  embedrag,
  infonce,
  marginInfonce,
  onlineContrastive,
  symmetricInfonce,
  triplet,
} from "@attune/losses";
import type { LossRequirements } from "@attune/losses";
import { cast, gather, l2Normalize, matmul, mean, mul, softmaxCrossEntropy, sub, sum } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { lossChecks } from "./loss-checks.ts";
import { testLoss } from "./test-loss.ts";

const directions = ["query-to-doc", "query-to-query", "doc-to-query", "doc-to-doc"];

testLoss({
  plugin: infonce,
  options: [
    {},
    { negatives: "group", temperature: 0.1 },
    { negatives: "own-positive-and-all-hard", margin: 0.2 },
    { directions, temperature: 0.05 },
    { directions: directions.filter((direction) => !/(doc-to-doc|query-to-query)/.test(direction)), partition: "per-direction" },
    { directions: ["query-to-doc", "doc-to-query"], negatives: "group", margin: 0.3, temperature: 0.1 },
  ],
  ignoresLength: true,
});
testLoss({ plugin: infonce, options: [{ similarity: "dot", temperature: 1 }] });
testLoss({ plugin: symmetricInfonce, options: [{}, { margin: 0.2 }], ignoresLength: true });
testLoss({ plugin: marginInfonce, options: [{}, { margin: 0.5, negatives: "group" }], ignoresLength: true });
testLoss({ plugin: embedrag, ignoresLength: true });
testLoss({ plugin: cosent, options: [{}, { temperature: 1 }], ignoresLength: true });
testLoss({ plugin: cosineSimilarity, ignoresLength: true });

testLoss({ plugin: contrastive, options: [{ margin: 1.5 }, { reduction: "sum" }], ignoresLength: true });
const lengths = [
  { distance: "euclidean", margin: 4 },
  { distance: "manhattan", margin: 8 },
];
testLoss({ plugin: contrastive, options: lengths });
const zeroOrOne = (random: Random): number => random.below(2);
testLoss({ plugin: onlineContrastive, options: [{ margin: 1.5 }], label: zeroOrOne, ignoresLength: true });
testLoss({ plugin: onlineContrastive, options: lengths, label: zeroOrOne });
testLoss({ plugin: triplet, options: [{ distance: "cosine", margin: 0.5 }], ignoresLength: true });
testLoss({ plugin: triplet, options: [{}, { distance: "manhattan", margin: 1 }] });

type Batch = { anchor: Tensor; candidates: Tensor; targets: Int32Array };

/** A loss of cosine scores, in which something can be made wrong. */
function broken(compute: (batch: Batch) => Tensor, requires: LossRequirements = { negatives: "in-batch" }) {
  const needs = ["candidates", "targets"] as const;
  const plugin = defineLoss({ name: "broken", summary: "", options: z.object({}), needs, requires: () => requires, compute });
  return lossChecks({ plugin, options: {}, label: () => 0, ignoresLength: true });
}

const scores = ({ anchor, candidates }: Batch) => matmul(l2Normalize(anchor), l2Normalize(candidates), { transB: true });
const softmax = (logits: Tensor, targets: Int32Array) => mean(softmaxCrossEntropy(logits, logits.engine.from(targets)));

describe("a loss that is wrong is found", () => {
  const right = broken((batch) => softmax(scores(batch), batch.targets));

  it("and one that is right is not, but for its loose options", async () => {
    for (const [name, check] of Object.entries(right)) if (!name.startsWith("E_OPTION")) await check();
    await expect(right["E_OPTION for an unknown option"]()).rejects.toThrow("to throw");
  });

  it("when a part of its gradient is missing", async () => {
    const checks = broken((batch) => {
      const { engine } = batch.anchor;
      return mul(
        softmax(scores(batch), batch.targets),
        engine.noGradient(() => sum(mul(batch.anchor, batch.anchor))),
      );
    });
    await expect(checks["gradients: pairs"]()).rejects.toThrow("gradcheck: danchor");
  });

  it("when it pairs by position", async () => {
    const checks = broken(({ anchor, candidates, targets }) =>
      mean(sub(anchor, gather(candidates, anchor.engine.from(targets.map((_, i) => i))))),
    );
    await expect(checks["the order of rows and candidates does not matter"]()).rejects.toThrow("loss[0]");
  });

  it("when lengths play a part, when it is no scalar, and when nothing flows", async () => {
    const dot = broken(({ anchor, candidates, targets }) => softmax(matmul(anchor, candidates, { transB: true }), targets));
    await expect(dot["the length of vectors does not matter"]()).rejects.toThrow("loss[0]");
    const rows = broken((batch) => sum(scores(batch), { axis: 1 }));
    await expect(rows["a finite scalar that depends on the embeddings"]()).rejects.toThrow("E_SHAPE backward expected a scalar");
    const constant = broken(({ anchor }) => anchor.engine.from([1], [], anchor.dtype));
    await expect(constant["a finite scalar that depends on the embeddings"]()).rejects.toThrow("some gradient");
  });

  it("when it takes rows that it says it cannot take, and learns where it says that it does not, or the other way round", async () => {
    const found = async (requires: LossRequirements, name: string, says: string): Promise<void> =>
      expect(broken((batch) => softmax(scores(batch), batch.targets), requires)[`learns where it says so: ${name}`]()).rejects.toThrow(
        says,
      );
    await found({ negatives: "required" }, "rows without hard negatives", "to throw");
    await found({ negatives: "hard" }, "rows without hard negatives", "some gradient");
    await found({ negatives: "own" }, "a row without beside rows with them", "some gradient");
    await found({ negatives: "in-batch", labels: "differing" }, "labels that are all the same", "some gradient");
    await found({ negatives: "in-batch", rows: "several" }, "one row with hard negatives", "some gradient");
    await found({}, "one row alone", "some gradient");
  });

  it("when it computes in single precision what must be double", async () => {
    const checks = broken((batch) => cast(softmax(cast(scores(batch), "f32"), batch.targets), batch.anchor.dtype));
    await expect(checks["gradients: pairs"]()).rejects.toThrow("gradcheck: d");
  });
});
