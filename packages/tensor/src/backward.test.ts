import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../test/engine.ts";
import { expectClose } from "../test/golden.ts";
import type { Engine } from "./engine.ts";
import { defineOp } from "./op.ts";
import { add, mul, sub } from "./ops/binary.ts";
import { concat } from "./ops/concat.ts";
import { linear } from "./ops/linear.ts";
import { matmul } from "./ops/matmul.ts";
import { sum } from "./ops/reduce.ts";
import { reshape } from "./ops/reshape.ts";
import { slice } from "./ops/slice.ts";
import { exp, scale, square } from "./ops/unary.ts";
import type { Parameter } from "./parameter.ts";
import { valuesOf } from "./reference/memory.ts";
import type { Tensor } from "./tensor.ts";

const live = (engine: Engine): number => engine.backend.counters.bytesLive;
const gradient = (parameter: Parameter): number[] => Array.from(valuesOf(parameter.gradient!));

/** An op whose vjp throws. */
const failingOp = defineOp<{ x: Tensor }, { y: Tensor }, object>({
  name: "failing",
  saves: { inputs: ["x"] },
  infer: ({ x }) => ({ y: { shape: x.shape, dtype: x.dtype } }),
  vjp: () => {
    throw new Error("on purpose");
  },
  decompose: ({ x }) => ({ y: scale(x, 1) }),
});

/** An op whose decomposition gives its input back. */
const identityOp = defineOp<{ x: Tensor }, { y: Tensor }, object>({
  name: "identity",
  infer: ({ x }) => ({ y: { shape: x.shape, dtype: x.dtype } }),
  vjp: (_, { dy }) => ({ x: dy! }),
  decompose: ({ x }) => ({ y: x }),
});

describe("backward", () => {
  it("adds up what comes along several paths", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [2], { values: [2, 3] });
    engine.scope(() => {
      const y = square(x.value);
      engine.backward(sum(add(mul(y, x.value), add(y, y)))); // x³ + 2x²
    });
    expect(gradient(x)).toEqual([3 * 4 + 8, 3 * 9 + 12]);
  });

  it("leaves a waiting cotangent alone that someone else holds too", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1], { values: [1] });
    engine.scope(() => {
      const [a, b] = [scale(x.value, 2), scale(x.value, 3)];
      const both = add(a, b); // hands one dy to a and to b
      engine.backward(sum(add(both, mul(a, engine.from([10]))))); // and a gets more
    });
    expect(gradient(x)).toEqual([2 * 11 + 3]);
  });

  it("takes a cotangent and leaves it as it was", async () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [3], { values: [1, 2, 3] });
    const cotangent = engine.scope(() => engine.from([1, 10, 100]));
    engine.scope(() => engine.backward(add(x.value, square(x.value)), { cotangent }));
    expect(gradient(x)).toEqual([3, 50, 700]);
    expect(Array.from(await cotangent.read())).toEqual([1, 10, 100]);
  });

  it("accumulates over two passes what one pass over both would give, also through destinations", () => {
    const engine = referenceEngine();
    const weight = parameterOf(engine, "weight", [2, 3]);
    const bias = parameterOf(engine, "bias", [2]);
    const [first, second] = [normals(6, "first"), normals(12, "second")];
    const pass = (values: Float64Array): void =>
      engine.scope(() =>
        engine.backward(sum(square(linear(engine.from(values, [values.length / 3, 3]), { weight: weight.value, bias: bias.value })))),
      );
    pass(first);
    pass(second);
    const accumulated = [gradient(weight), gradient(bias)];
    for (const parameter of [weight, bias]) parameter.clearGradient();
    pass(Float64Array.of(...first, ...second));
    expectClose(accumulated.flat(), [...gradient(weight), ...gradient(bias)], 1e-12);
  });

  it("gives tied parameters the sum, and list inputs each their own", () => {
    const engine = referenceEngine();
    const [a, b] = [parameterOf(engine, "a", [1, 2], { values: [1, 2] }), parameterOf(engine, "b", [1, 2], { values: [3, 4] })];
    engine.scope(() => {
      const rows = concat([a.value, b.value, a.value], { axis: 0 }); // [3 2]
      engine.backward(rows, { cotangent: engine.from([1, 2, 3, 4, 5, 6], [3, 2]) });
    });
    expect(gradient(a)).toEqual([6, 8]);
    expect(gradient(b)).toEqual([3, 4]);
  });

  it("works in views of parameters and of values", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [3, 2], { values: [1, 2, 3, 4, 5, 6] });
    engine.scope(() => {
      const flat = reshape(slice(x.value, { axis: 0, start: 1 }), [4]);
      engine.backward(sum(mul(flat, engine.from([1, 2, 3, 4]))));
    });
    expect(gradient(x)).toEqual([0, 0, 1, 2, 3, 4]);
  });

  it("calls onGradient once per parameter, when its gradient is complete", () => {
    const engine = referenceEngine();
    const tied = parameterOf(engine, "tied", [2], { values: [1, 2] });
    const late = parameterOf(engine, "late", [2], { values: [1, 1] });
    const idle = parameterOf(engine, "idle", [2], { values: [5, 5] });
    const calls: [string, number[]][] = [];
    engine.scope(() => {
      square(idle.value); // on the tape, but the loss does not depend on it
      const loss = sum(mul(mul(tied.value, late.value), square(tied.value)));
      engine.backward(loss, { onGradient: ({ name }, one) => calls.push([name, Array.from(valuesOf(one))]) });
    });
    expect(calls).toHaveLength(2);
    expect(Object.fromEntries(calls)).toEqual({ tied: [3, 12], late: [1, 8] });
    expect(idle.gradient).toBeUndefined();
  });

  it("does not touch frozen parameters, and follows a change of mind", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1], { values: [3], trainable: false });
    engine.scope(() => {
      const before = engine.backend.counters.allocations;
      square(x.value);
      expect(engine.backend.counters.allocations).toBe(before + 1);
      expect(() => engine.backward(sum(square(x.value)))).toThrow(expect.objectContaining({ code: "E_NO_GRADIENT" }));
    });
    x.trainable = true;
    engine.scope(() => engine.backward(sum(square(x.value))));
    expect(gradient(x)).toEqual([6]);
  });

  it("a tensor of an earlier step is a constant", async () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1], { values: [2] });
    const average = engine.scope(() => square(x.value));
    const before = live(engine);
    engine.scope(() => engine.backward(sum(mul(average, x.value))));
    expect(gradient(x)).toEqual([4]);
    expect(live(engine)).toBe(before + 8); // the gradient
    average.dispose();
  });

  it("needs an output of one element or a cotangent of its shape", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [2], { values: [1, 2] });
    engine.scope(() => {
      expect(() => engine.backward(scale(x.value, 1))).toThrow("E_SHAPE backward expected a scalar, or a cotangent, got [2]");
      const cotangent = engine.from([1]);
      expect(() => engine.backward(scale(x.value, 1), { cotangent })).toThrow("E_SHAPE backward expected a cotangent [2], got [1]");
    });
  });

  it("runs once: a second time, after the scope, or without a tape it is E_NO_GRADIENT", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1], { values: [1] });
    const y = engine.scope(() => {
      const loss = square(x.value);
      engine.backward(loss);
      expect(() => engine.backward(loss)).toThrow(expect.objectContaining({ code: "E_NO_GRADIENT" }));
      expect(() => engine.noGradient(() => engine.backward(loss))).toThrow(expect.objectContaining({ code: "E_NO_GRADIENT" }));
      return square(x.value);
    });
    expect(() => engine.scope(() => engine.backward(y))).toThrow(expect.objectContaining({ code: "E_NO_GRADIENT" }));
  });

  it("a parameter that was updated in between is E_STALE with its name, also behind a view", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "encoder.weight", [2], { values: [1, 2] });
    const stale = (saved: () => Tensor): void =>
      engine.scope(() => {
        const y = sum(exp(mul(saved(), x.value)));
        x.write(Float64Array.of(3, 4));
        engine.backward(y);
      });
    for (const saved of [() => x.value, () => reshape(x.value, [1, 2])]) {
      const before = live(engine);
      expect(() => stale(saved)).toThrow(expect.objectContaining({ code: "E_STALE", message: expect.stringContaining("encoder.weight") }));
      expect(live(engine)).toBe(before);
    }
  });
});

describe("memory of a step", () => {
  const step = (engine: Engine, weight: Parameter, fn: (y: Tensor) => Tensor = square): void =>
    engine.scope(() => engine.backward(sum(fn(matmul(engine.from(normals(6), [2, 3]), weight.value)))));

  it("a step run twice leaves the live bytes unchanged", () => {
    const engine = referenceEngine();
    const weight = parameterOf(engine, "weight", [3, 4]);
    step(engine, weight);
    const { bytesLive, allocations } = engine.backend.counters;
    step(engine, weight);
    expect(live(engine)).toBe(bytesLive);
    expect(engine.backend.counters.allocations - allocations).toBe(allocations - 2); // the parameter and its gradient were made once
  });

  it("forward without backward, failing forward and failing backward leave nothing", () => {
    const engine = referenceEngine();
    const weight = parameterOf(engine, "weight", [3, 4]);
    const before = live(engine);
    engine.scope(() => void square(weight.value));
    expect(() => engine.scope(() => sub(square(weight.value), engine.from([1, 2])))).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
    expect(live(engine)).toBe(before);
    expect(() => step(engine, weight, (y) => exp(failingOp({ x: exp(y) }, {}).y))).toThrow("on purpose");
    expect(live(engine)).toBe(before);
  });

  it("frees each saved tensor after its last use: the peak of a chain does not grow in backward", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1000]);
    const { counters } = engine.backend;
    engine.scope(() => {
      const y = engine.scope(() => Array.from({ length: 10 }).reduce<Tensor>((value) => exp(value), x.value)); // each saves its output
      const before = live(engine);
      counters.bytesPeak = before;
      engine.backward(y, { cotangent: engine.from(normals(1000)) });
      expect((counters.bytesPeak - before) / 8000).toBe(3); // the cotangent, dy and dx of the first node; from then on less and less
      expect((live(engine) - before) / 8000).toBe(1 + 1 - 9); // cotangent and gradient, without what the nodes had saved
    });
  });

  it("a decomposition that gives its input back owns it once", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [2], { values: [1, 2] });
    const before = live(engine);
    engine.scope(() => engine.backward(sum(square(identityOp({ x: x.value }, {}).y))));
    expect(gradient(x)).toEqual([2, 4]);
    expect(live(engine)).toBe(before + 16);
    x.dispose();
    expect(live(engine)).toBe(0);
  });
});
