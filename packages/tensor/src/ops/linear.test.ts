import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../../test/engine.ts";
import { expectClose } from "../../test/golden.ts";
import type { Engine } from "../engine.ts";
import type { Parameter } from "../parameter.ts";
import { gelu } from "./activations.ts";
import { add } from "./binary.ts";
import { linear } from "./linear.ts";
import { matmul } from "./matmul.ts";
import { scale } from "./unary.ts";

const T = 3;
const K = 5;
const N = 4;

/** Backward of linear(x, …) under a fixed cotangent. */
function pull(engine: Engine, fn: () => ReturnType<typeof linear>): void {
  engine.scope(() => {
    const y = fn();
    engine.backward(y, { cotangent: engine.from(normals(y.size, "dy"), y.shape) });
  });
}

function layer(engine: Engine, { weight = true, bias = true } = {}): { x: Parameter; weight: Parameter; bias: Parameter } {
  return {
    x: parameterOf(engine, "x", [T, K]),
    weight: parameterOf(engine, "weight", [N, K], { trainable: weight }),
    bias: parameterOf(engine, "bias", [N], { trainable: bias }),
  };
}

describe("linear", () => {
  it("with a low-rank term equals the merged weight", async () => {
    const engine = referenceEngine();
    const { x, weight, bias } = layer(engine);
    const a = parameterOf(engine, "a", [2, K]);
    const b = parameterOf(engine, "b", [N, 2]);
    const [adapted, merged] = engine.scope(() => [
      linear(x.value, {
        weight: weight.value,
        bias: bias.value,
        lowRank: { a: a.value, b: b.value, scale: 0.5 },
        before: "gelu",
        after: "tanh",
      }),
      linear(x.value, { weight: add(weight.value, scale(matmul(b.value, a.value), 0.5)), bias: bias.value, before: "gelu", after: "tanh" }),
    ]);
    expectClose(await adapted.read(), await merged.read(), 1e-14);
  });

  it("trains the low-rank factors of a frozen weight", async () => {
    const engine = referenceEngine();
    const { x, weight, bias } = layer(engine, { weight: false, bias: false });
    const a = parameterOf(engine, "a", [2, K]);
    const b = parameterOf(engine, "b", [N, 2]);
    pull(engine, () => linear(x.value, { weight: weight.value, bias: bias.value, lowRank: { a: a.value, b: b.value, scale: 0.5 } }));
    const direct = referenceEngine();
    const copies = [parameterOf(direct, "x", [T, K]), parameterOf(direct, "a", [2, K]), parameterOf(direct, "b", [N, 2])];
    pull(direct, () => {
      const low = matmul(matmul(copies[0].value, copies[1].value, { transB: true }), copies[2].value, { transB: true, alpha: 0.5 });
      return add(linear(copies[0].value, { weight: parameterOf(direct, "weight", [N, K], { trainable: false }).value }), low);
    });
    for (const [i, parameter] of [x, a, b].entries())
      expectClose(await parameter.gradient!.read(), await copies[i].gradient!.read(), 1e-14);
    expect(weight.gradient).toBeUndefined();
    expect(bias.gradient).toBeUndefined();
  });

  it("gives a bias its gradient when everything else is frozen, in one launch", async () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [T, K], { trainable: false });
    const { weight, bias } = layer(engine, { weight: false });
    engine.scope(() => {
      const y = linear(x.value, { weight: weight.value, bias: bias.value });
      const cotangent = engine.from(normals(T * N, "dy"), [T, N]);
      const { launches } = engine.backend.counters;
      engine.backward(y, { cotangent });
      expect(engine.backend.counters.launches - launches).toBe(1);
    });
    const dy = normals(T * N, "dy");
    expectClose(
      await bias.gradient!.read(),
      [0, 1, 2, 3].map((n) => dy[n] + dy[N + n] + dy[2 * N + n]),
      1e-14,
    );
    expect(weight.gradient).toBeUndefined();
  });

  it("equals its parts one by one when weights are stacked, some of them frozen", async () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [T, K]);
    const weights = ["q", "k", "v"].map((name) => parameterOf(engine, name, [N, K], { trainable: name !== "k" }));
    pull(engine, () => linear(x.value, { weight: weights.map((weight) => weight.value) }));
    const dy = normals(T * 3 * N, "dy");
    expect(weights[1].gradient).toBeUndefined();
    for (const [part, weight] of weights.entries()) {
      if (part === 1) continue;
      const alone = referenceEngine();
      const again = parameterOf(alone, weight.name, [N, K]);
      const columns = Float64Array.from({ length: T * N }, (_, i) => dy[Math.floor(i / N) * 3 * N + part * N + (i % N)]);
      alone.scope(() =>
        alone.backward(linear(parameterOf(alone, "x", [T, K]).value, { weight: again.value }), { cotangent: alone.from(columns, [T, N]) }),
      );
      expect(await weight.gradient!.read()).toEqual(await again.gradient!.read());
    }
  });

  it("adds to the gradient of a second backward pass, and of a weight that is used twice", async () => {
    const engine = referenceEngine();
    const { x, weight, bias } = layer(engine);
    const run = (): void => pull(engine, () => linear(x.value, { weight: weight.value, bias: bias.value }));
    run();
    const once = await weight.gradient!.read();
    run();
    expectClose(
      await weight.gradient!.read(),
      once.map((value: number) => 2 * value),
      1e-14,
    );
    weight.clearGradient();
    pull(engine, () =>
      linear(linear(x.value, { weight: weight.value }), { weight: parameterOf(engine, "out", [2, N], { trainable: false }).value }),
    );
    const single = await weight.gradient!.read();
    weight.clearGradient();
    pull(engine, () => {
      const out = parameterOf(engine, "out", [2, N], { trainable: false }).value;
      return linear(add(linear(x.value, { weight: weight.value }), linear(x.value, { weight: weight.value })), { weight: out });
    });
    expectClose(
      await weight.gradient!.read(),
      single.map((value: number) => 2 * value),
      1e-13,
    );
  });

  it("folds the gradient that waits at its input into its own product", () => {
    const engine = referenceEngine();
    const { x, weight } = layer(engine, { weight: false });
    engine.scope(() => {
      const h = gelu(x.value);
      const y = add(linear(h, { weight: weight.value }), linear(h, { weight: weight.value }));
      const cotangent = engine.from(normals(T * N, "dy"), [T, N]);
      const { launches } = engine.backend.counters;
      engine.backward(y, { cotangent });
      expect(engine.backend.counters.launches - launches).toBe(4); // two products, activationGrad, and the write to x's gradient: no addition
    });
  });

  it.each([
    ["x with another width", () => ({ width: K + 1 }), "linear", /weight\[0\]/],
    ["a bias of another length", () => ({ biasLength: N + 1 }), "linear", /bias\[0\]/],
  ])("refuses %s", (_, change, place, operand) => {
    const engine = referenceEngine();
    const { width = K, biasLength = N } = change() as { width?: number; biasLength?: number };
    const run = () =>
      engine.scope(() =>
        linear(engine.from(normals(T * width), [T, width]), {
          weight: engine.from(normals(N * K), [N, K]),
          bias: engine.from(normals(biasLength)),
        }),
      );
    expect(run).toThrow(expect.objectContaining({ code: "E_SHAPE", place, expected: expect.stringMatching(operand) }));
  });

  it("refuses operands of two types", () => {
    const engine = referenceEngine();
    const run = () => engine.scope(() => linear(engine.from(normals(K), [1, K]), { weight: engine.from(new Float32Array(K), [1, K]) }));
    expect(run).toThrow(expect.objectContaining({ code: "E_DTYPE", place: "linear weight[0]" }));
  });
});
