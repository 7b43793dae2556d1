import { createRandom } from "@attune/core";
import { uploadTokens } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { backwardOf, goldenBert, goldenIds, hiddenOf, pack } from "../test/bert.ts";
import { largest, largestDifference } from "../test/compare.ts";
import { maskOf } from "./mode.ts";
import type { Encoder } from "./model.ts";

const only = (where: "hidden" | "attention_probs", p: number) => ({
  hidden_dropout_prob: where === "hidden" ? p : 0,
  attention_probs_dropout_prob: where === "attention_probs" ? p : 0,
});
const training = { seed: 7, step: 2, row: 0 };
const text = goldenIds[0];

describe("premise", () => {
  it("drops about p of the embeddings' elements and keeps their mean", async () => {
    const p = 0.3;
    const encoder = await goldenBert("f64", only("hidden", p));
    const { engine } = encoder.store;
    const layer = async (options?: { training: typeof training }): Promise<ArrayLike<number>> => {
      const [x] = engine.scope(() =>
        engine.noGradient(
          () =>
            encoder.forward(uploadTokens(engine, pack(Array.from({ length: 40 }, () => text))), { ...options, keepLayers: true }).layers!,
        ),
      );
      return x.read();
    };
    const plain = await layer();
    const dropped = await layer({ training });
    const kept = Array.from(dropped).filter((value) => value !== 0).length / dropped.length;
    expect(kept).toBeGreaterThan(1 - p - 0.01);
    expect(kept).toBeLessThan(1 - p + 0.01);
    const scale = 65536 / (65536 - Math.round(65536 * p));
    for (let i = 0; i < plain.length; i++) if (dropped[i] !== 0) expect(dropped[i] / plain[i]).toBeCloseTo(scale, 12);
  });

  it.each(["hidden", "attention_probs"] as const)("%s dropout keeps the mean of what a layer gives, over many steps", async (where) => {
    const encoder = await goldenBert("f64", { ...only(where, 0.1), num_hidden_layers: 1 });
    const plain = await hiddenOf(encoder, pack([text]));
    const steps = 400;
    const mean = new Float64Array(plain.length);
    const spread = new Float64Array(plain.length);
    for (let step = 0; step < steps; step++) {
      const drawn = await hiddenOf(encoder, pack([text]), { training: { seed: 1, step, row: 0 } });
      for (let i = 0; i < mean.length; i++) {
        mean[i] += drawn[i] / steps;
        spread[i] += (drawn[i] - plain[i]) ** 2 / steps;
      }
    }
    expect(Math.sqrt(largest(spread))).toBeGreaterThan(0.05);
    // norms after dropout are not linear, so the mean moves a little; it would move by the spread if kept values were not scaled up
    let bias = 0;
    let noise = 0;
    for (let i = 0; i < mean.length; i++) {
      bias += (mean[i] - plain[i]) ** 2;
      noise += spread[i];
    }
    expect(Math.sqrt(bias / noise)).toBeLessThan(0.35);
  });
});

describe("masks", () => {
  const both = { hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.2 };

  it("are the same for the same (seed, step, row), and others for others", async () => {
    const encoder = await goldenBert("f32", both);
    const of = (changes: Partial<typeof training> = {}) => hiddenOf(encoder, pack([text]), { training: { ...training, ...changes } });
    const first = await of();
    expect(await of()).toEqual(first);
    for (const changed of [{ seed: 8 }, { step: 3 }, { row: 1 }]) expect(largestDifference(await of(changed), first)).toBeGreaterThan(0.05);
    expect(largestDifference(first, await hiddenOf(encoder, pack([text])))).toBeGreaterThan(0.05);
  });

  it.each(["hidden", "attention_probs"] as const)("%s: each layer draws its own", async (where) => {
    const encoder = await goldenBert("f64", only(where, 0.5));
    const paths = ["embeddings.dropout", "encoder.layer.0.output", "encoder.layer.1.output", "encoder.layer.0.attention"];
    const sites = paths.map((path) => maskOf(training, path, 0.5)!.site);
    expect(new Set(sites).size).toBe(paths.length);
    expect(largestDifference(await hiddenOf(encoder, pack([text]), { training }), await hiddenOf(encoder, pack([text])))).toBeGreaterThan(
      0.1,
    );
  });

  it("of micro-batches are those of the whole batch: hidden states and summed gradients", async () => {
    const encoder = await goldenBert("f64", both);
    const batch = [goldenIds[3], goldenIds[1], goldenIds[0], goldenIds[4]];
    const tokens = batch.reduce((sum, one) => sum + one.length, 0);
    const random = createRandom(1, "cotangent");
    const cotangent = Float64Array.from({ length: tokens * 32 }, () => random.normal());
    const whole = await backwardOf(encoder, pack(batch), cotangent, { training });
    const sums = await inParts(encoder, [batch.slice(0, 1), batch.slice(1, 3), batch.slice(3)], cotangent, whole.hidden);
    for (const [name, gradient] of whole.gradients) {
      expect(largestDifference(sums.get(name)!, gradient) / Math.max(1, largest(gradient)), name).toBeLessThan(1e-12);
    }
  });
});

/** Gradients accumulated over micro-batches, whose hidden states are compared with those of the whole batch. */
async function inParts(encoder: Encoder, parts: readonly number[][][], cotangent: Float64Array, hidden: ArrayLike<number>) {
  for (const parameter of encoder.store.parameters) parameter.clearGradient();
  let row = 0;
  let gradients = new Map<string, ArrayLike<number>>();
  for (const part of parts) {
    const [start, end] = [row * 32, (row + part.flat().length) * 32];
    const found = await backwardOf(encoder, pack(part), cotangent.subarray(start, end), { training: { ...training, row } });
    expect(found.hidden).toEqual((hidden as Float64Array).subarray(start, end));
    row += part.flat().length;
    gradients = found.gradients;
  }
  return gradients;
}

it("draws nothing in inference, nor with p = 0", async () => {
  expect(maskOf(undefined, "a", 0.5)).toBeUndefined();
  expect(maskOf(training, "a", 0)).toBeUndefined();
  const encoder = await goldenBert("f32");
  expect(await hiddenOf(encoder, pack([text]), { training })).toEqual(await hiddenOf(encoder, pack([text])));
});
