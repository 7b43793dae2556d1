import { expect, it } from "vitest";
import { newEngine, parameterOf, readGolden } from "../test/golden.ts";
import { decayGroups, decays } from "./parameter-groups.ts";

interface Run {
  readonly no_weight_decay: readonly string[];
}

it("decays what transformers' Trainer decays in a BERT", () => {
  const kept = readGolden<Run>("train/mnrl/case.json").no_weight_decay;
  expect(kept.length).toBeGreaterThan(20);
  for (const name of kept) expect(decays(name), name).toBe(false);
  for (const part of [
    "embeddings.word_embeddings",
    "encoder.layer.0.attention.self.query",
    "encoder.layer.1.output.dense",
    "2_Dense.linear",
  ]) {
    expect(decays(`${part}.weight`)).toBe(true);
  }
});

it.each(["model.norm.weight", "layers.0.input_layernorm.weight", "q_norm.weight", "LayerNorm.weight", "linear.bias"])(
  "never decays %s",
  (name) => {
    expect(decays(name)).toBe(false);
  },
);

it("groups trainable parameters in their order", () => {
  const engine = newEngine();
  const [weight, frozen, bias] = ["a.weight", "b.weight", "a.bias"].map((name) => parameterOf(engine, name, [1]));
  frozen.trainable = false;
  expect(decayGroups([weight, frozen, bias], 0.01)).toEqual([
    { parameter: weight, weightDecay: 0.01 },
    { parameter: bias, weightDecay: 0 },
  ]);
});
