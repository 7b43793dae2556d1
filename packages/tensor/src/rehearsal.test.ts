import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../test/engine.ts";
import { createReferenceBackend } from "./reference/backend.ts";
import { Engine } from "./engine.ts";
import { gelu } from "./ops/activations.ts";
import { layerNorm } from "./ops/layer-norm.ts";
import { linear } from "./ops/linear.ts";
import { sum } from "./ops/reduce.ts";

function setUp(engine: Engine) {
  const weight = parameterOf(engine, "weight", [6, 5]);
  const gain = parameterOf(engine, "gain", [6]);
  const step = (rows: number): void => {
    engine.scope(() => {
      const x = engine.from(normals(rows * 5), [rows, 5]);
      const hidden = layerNorm(gelu(linear(x, { weight: weight.value })), { weight: gain.value, eps: 1e-5 });
      engine.backward(sum(hidden));
    });
    for (const parameter of [weight, gain]) parameter.clearGradient();
  };
  return { weight, gain, step };
}

describe("rehearse", () => {
  it.each(["kernels", "decompositions"])("tells what a step has live at most, to the byte, with %s", (route) => {
    const backend = createReferenceBackend();
    const { layerNorm: _norm, gelu: _gelu, linear: _linear, ...few } = backend.kernels;
    const engine = new Engine(route === "kernels" ? backend : { ...backend, kernels: few }, { float: "f64" });
    const { counters } = engine.backend;
    const { step } = setUp(engine);
    step(2);
    const { bytesLive } = counters;
    const told = engine.rehearse(() => step(50));
    expect(counters.bytesLive).toBe(bytesLive);
    step(50);
    expect(told.bytes).toBe(counters.bytesPeak - bytesLive);
    expect(told.largest).toBe(8 * 50 * 6);
    expect(counters.bytesLive).toBe(bytesLive);
  });

  it("computes nothing, counts nothing, and leaves values and gradients alone", async () => {
    const engine = referenceEngine();
    const { weight, step } = setUp(engine);
    step(3);
    const before = { ...engine.backend.counters };
    const values = (await weight.value.read()).slice();
    engine.rehearse(() => step(4));
    expect(weight.gradient).toBeUndefined();
    expect({ ...engine.backend.counters, bytesRead: 0 }).toEqual({ ...before, bytesRead: 0 });
    expect(await weight.value.read()).toEqual(values);
  });

  it("goes back to the device also when the step fails", () => {
    const engine = referenceEngine();
    const { backend } = engine;
    const failing = (): void => {
      throw new Error("on purpose");
    };
    expect(() => engine.rehearse(failing)).toThrow("on purpose");
    expect(engine.backend).toBe(backend);
  });

  it("gives the device nothing back that it never had: gradients that a failing step made", () => {
    const engine = referenceEngine();
    const { weight, gain } = setUp(engine);
    const failing = (): void => {
      engine.backward(sum(linear(engine.from(normals(10), [2, 5]), { weight: weight.value })));
      throw new Error("on purpose");
    };
    expect(() => engine.rehearse(failing)).toThrow("on purpose");
    expect(weight.gradient).toBeDefined();
    for (const parameter of [weight, gain]) parameter.dispose();
    expect(engine.backend.counters.bytesLive).toBe(0);
  });
});
