import { describe, expect, it } from "vitest";
import { Engine } from "./engine.ts";
import { createNullBackend } from "./null-backend.ts";
import { addInto } from "./ops/add-into.ts";
import { layerNorm } from "./ops/layer-norm.ts";
import { linear } from "./ops/linear.ts";
import { reshape } from "./ops/reshape.ts";
import { softmaxCrossEntropy } from "./ops/cross-entropy.ts";
import { sum } from "./ops/reduce.ts";
import { Parameter } from "./parameter.ts";

const [T, K, N] = [8, 16, 4];

function setUp() {
  const engine = new Engine(createNullBackend());
  const parameter = (name: string, shape: number[]): Parameter => new Parameter(name, engine.makePersistent(shape, "f32"));
  return {
    engine,
    counters: engine.backend.counters,
    weight: parameter("weight", [N, K]),
    bias: parameter("bias", [N]),
    gain: parameter("gain", [K]),
  };
}

describe("null backend", () => {
  it("counts launches, allocations and bytes of a step exactly", () => {
    const { engine, counters, weight, bias, gain } = setUp();
    expect(counters).toMatchObject({ allocations: 3, bytesLive: 4 * (N * K + N + K), launches: 0 });
    const persistent = counters.bytesLive;
    engine.scope(() => {
      const x = engine.from(new Float32Array(T * K), [T, K]);
      const targets = engine.from(new Int32Array(T));
      expect(counters.bytesWritten).toBe(4 * (T * K + T));
      const normal = layerNorm(reshape(x, [T, K]), { weight: gain.value, eps: 1e-5 }); // y, normal, rstd
      const logits = linear(normal, { weight: weight.value, bias: bias.value }); // y
      const loss = sum(softmaxCrossEntropy(logits, targets)); // loss, lse; the sum
      expect(counters.launches).toBe(4);
      expect(counters.allocations).toBe(3 + 2 + 3 + 1 + 2 + 1);
      expect(counters.bytesLive - persistent).toBe(4 * (T * K + T + 2 * T * K + T + T * N + 2 * T + 1));

      engine.backward(loss);
      // broadcastTo, crossEntropyGrad, linearInputGrad, linearWeightGrad, layerNormGrad, addInto
      expect(counters.launches).toBe(4 + 6);
    });
    const gradients = 4 * (N * K + N + K);
    expect(counters.bytesLive).toBe(persistent + gradients);
  });

  it("reads zeros of the right length and counts them", async () => {
    const { engine, counters } = setUp();
    const y = engine.scope(() => engine.from([1, 2, 3]));
    expect(Array.from(await y.read())).toEqual([0, 0, 0]);
    expect(counters.bytesRead).toBe(12);
  });

  it("counts an op that writes in place as a launch without memory", () => {
    const { engine, counters, gain } = setUp();
    engine.scope(() => {
      const x = engine.from(new Float32Array(K));
      const { allocations } = counters;
      addInto(gain.value, x, { accumulate: true });
      expect(counters).toMatchObject({ launches: 1, allocations });
    });
  });
});
