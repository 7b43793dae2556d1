import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../test/engine.ts";
import { checkpoint } from "./checkpoint.ts";
import type { Engine } from "./engine.ts";
import { gelu } from "./ops/activations.ts";
import { add } from "./ops/binary.ts";
import { defineOp } from "./op.ts";
import { dropout } from "./ops/dropout.ts";
import { linear } from "./ops/linear.ts";
import { gather } from "./ops/gather.ts";
import { sum } from "./ops/reduce.ts";
import { reshape } from "./ops/reshape.ts";
import { exp, square } from "./ops/unary.ts";
import type { Parameter } from "./parameter.ts";
import { valuesOf } from "./reference/memory.ts";
import type { Tensor } from "./tensor.ts";

const random = { p: 0.4, seed: 3, step: 1, site: 7, row: 0 };
const values = (parameter: Parameter): number[] => Array.from(valuesOf(parameter.gradient!));

function model(engine: Engine) {
  const parameters = {
    x: parameterOf(engine, "x", [4, 6]),
    weight: parameterOf(engine, "weight", [6, 6]),
    bias: parameterOf(engine, "bias", [6]),
  };
  const block = (x: Tensor): Tensor =>
    add(x, dropout(gelu(linear(x, { weight: parameters.weight.value, bias: reshape(parameters.bias.value, [6]) })), random));
  return { ...parameters, block };
}

/** Gradients of two blocks in a row, with the number of times each parameter was reported. */
function gradients(wrap: (block: (x: Tensor) => Tensor) => (x: Tensor) => Tensor) {
  const engine = referenceEngine();
  const { x, weight, bias, block } = model(engine);
  const reported: string[] = [];
  const before = engine.backend.counters.bytesLive;
  engine.scope(() => {
    const run = wrap(block);
    engine.backward(sum(square(run(run(exp(x.value))))), { onGradient: ({ name }) => reported.push(name) });
  });
  const leaked = engine.backend.counters.bytesLive - before - 8 * (24 + 36 + 6);
  return { gradients: [x, weight, bias].map(values), reported: reported.sort(), leaked };
}

describe("checkpoint", () => {
  const plain = gradients((block) => block);
  const wrapped = gradients((block) => (x) => checkpoint(block, x));

  it("gives the gradients of the plain computation, bit for bit, with dropout on", () => {
    expect(wrapped.gradients).toEqual(plain.gradients);
    expect(new Set(plain.gradients[0]).size).toBeGreaterThan(10); // the premise: they are not trivial
  });

  it("reports every parameter once, tied over both stretches, and leaves nothing behind", () => {
    expect(plain.reported).toEqual(["bias", "weight", "x"]);
    expect(wrapped.reported).toEqual(plain.reported);
    expect([plain.leaked, wrapped.leaked]).toEqual([0, 0]);
  });

  it("dropout is on: another seed gives other gradients", () => {
    const other = gradients((block) => (x) => dropout(block(x), { ...random, site: 8 }));
    expect(other.gradients).not.toEqual(plain.gradients);
  });

  it("keeps only its inputs", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [1000]);
    engine.scope(() => {
      const before = engine.backend.counters.bytesLive;
      const y = engine.scope(() => checkpoint((one) => exp(exp(exp(one))), x.value));
      expect(engine.backend.counters.bytesLive - before).toBe(8000); // its result
      engine.backward(y, { cotangent: engine.from(normals(1000)) });
    });
    expect(x.gradient).toBeDefined();
  });

  it("takes integer inputs and works where only a captured parameter is trained", () => {
    const engine = referenceEngine();
    const table = parameterOf(engine, "table", [3, 2], { values: [1, 2, 3, 4, 5, 6] });
    engine.scope(() => {
      const y = checkpoint((ids) => square(gather(table.value, ids)), engine.from([2, 0], [2], "i32"));
      engine.backward(sum(y));
    });
    expect(values(table)).toEqual([2, 4, 0, 0, 10, 12]);
  });

  it("lets nothing flow through a stretch whose result depends on nothing that is trained", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [2], { values: [1, 2] });
    const weights = (one: Tensor): Tensor => engine.noGradient(() => square(one));
    engine.scope(() => engine.backward(sum(add(checkpoint(weights, x.value), square(x.value)))));
    expect(values(x)).toEqual([2, 4]);
  });

  it("leaves nothing behind when an op fails on the way back", () => {
    const engine = referenceEngine();
    const x = parameterOf(engine, "x", [4]);
    const failing = defineOp<{ x: Tensor }, { y: Tensor }, object>({
      name: "failing",
      infer: ({ x: { shape, dtype } }) => ({ y: { shape, dtype } }),
      decompose: ({ x: input }) => ({ y: exp(input) }),
      vjp: () => {
        throw new Error("no way back");
      },
    });
    const before = engine.backend.counters.bytesLive;
    const step = (): void =>
      engine.scope(() => {
        const y = checkpoint((one) => add(failing({ x: one }, {}).y, square(one)), x.value);
        engine.backward(sum(y));
      });
    expect(step).toThrow("no way back");
    expect(engine.backend.counters.bytesLive).toBe(before);
  });

  it("a captured parameter that was updated before backward is E_STALE", () => {
    const engine = referenceEngine();
    const { x, weight, block } = model(engine);
    const step = (): void =>
      engine.scope(() => {
        const y = checkpoint(block, x.value);
        weight.write(normals(36));
        engine.backward(sum(y));
      });
    expect(step).toThrow(expect.objectContaining({ code: "E_STALE", message: expect.stringContaining("parameter weight") }));
  });
});
