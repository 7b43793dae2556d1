import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../test/engine.ts";
import { expectClose } from "../test/golden.ts";
import type { Backend, Kernel, Operand } from "./backend.ts";
import { Engine } from "./engine.ts";
import { gelu } from "./ops/activations.ts";
import { add } from "./ops/binary.ts";
import { cast } from "./ops/cast.ts";
import { layerNorm } from "./ops/layer-norm.ts";
import { linear } from "./ops/linear.ts";
import { matmul } from "./ops/matmul.ts";
import { softmaxCrossEntropy } from "./ops/cross-entropy.ts";
import { sum } from "./ops/reduce.ts";
import { rmsNorm } from "./ops/rms-norm.ts";
import { opTable } from "./ops/table.ts";
import { topk } from "./ops/topk.ts";
import { createReferenceBackend } from "./reference/backend.ts";
import { valuesOf } from "./reference/memory.ts";
import { tensorsOf } from "./tape.ts";

/** The reference with only some of its kernels. */
function backendWith(keep: (op: string) => boolean): Backend {
  const full = createReferenceBackend();
  return { ...full, name: "partial", kernels: Object.fromEntries(Object.entries(full.kernels).filter(([op]) => keep(op))) };
}

const primitives = new Set(opTable.filter((op) => !op.decompose).map(({ name }) => name));

function train(engine: Engine): number[] {
  const parameters = [parameterOf(engine, "weight", [4, 6]), parameterOf(engine, "bias", [4]), parameterOf(engine, "gain", [4])];
  const [weight, bias, gain] = parameters;
  const loss = engine.scope(() => {
    const x = engine.from(normals(30), [5, 6]);
    const hidden = layerNorm(gelu(linear(x, { weight: weight.value, bias: bias.value, after: "silu" })), { weight: gain.value, eps: 1e-5 });
    const value = sum(softmaxCrossEntropy(hidden, engine.from([0, 3, -100, 1, 2], [5], "i32"), { smoothing: 0.1 }));
    engine.backward(value);
    return value;
  });
  return [loss, ...parameters.map(({ gradient }) => gradient!)].flatMap((tensor) => Array.from(valuesOf(tensor)));
}

describe("a backend with few kernels", () => {
  it("computes the same from decompositions, forward and backward, and saves no more", () => {
    const [full, partial] = [
      referenceEngine(),
      new Engine(
        backendWith((op) => primitives.has(op)),
        { float: "f64" },
      ),
    ];
    const expected = train(full);
    expectClose(train(partial), expected, 1e-12);
    expect(partial.backend.counters.launches).toBeGreaterThan(full.backend.counters.launches);
    expect(partial.backend.counters.bytesLive).toBe(full.backend.counters.bytesLive);
  });

  it("takes a kernel only for the calls that it supports", () => {
    const full = createReferenceBackend();
    const sized = {
      ...full.kernels.gelu,
      supports: ({ inputs }: { inputs: Record<string, unknown> }) => (inputs.x as { size: number }).size > 2,
    };
    const engine = new Engine({ ...full, kernels: { ...full.kernels, gelu: sized } });
    const launches = (size: number): number =>
      engine.scope(() => {
        const x = engine.from(normals(size));
        const before = full.counters.launches;
        gelu(x);
        return full.counters.launches - before;
      });
    expect(launches(3)).toBe(1);
    expect(launches(2)).toBe(4); // scale, erf, affine, mul
  });

  it("a missing primitive is E_NO_KERNEL with the path that led to it", () => {
    const engine = new Engine(backendWith((op) => primitives.has(op) && op !== "erf"));
    const call = (): void => engine.scope(() => void engine.labelled("encoder", () => gelu(engine.from([1, 2]))));
    expect(call).toThrow("E_NO_KERNEL encoder/gelu/erf backend partial has no kernel for erf, and it has no decomposition");
  });
});

describe("a backend without kernels for bf16", () => {
  /** The reference without kernels that read bf16, but for casts and sums in place. */
  function wideOnly(): Backend {
    const full = createReferenceBackend();
    const reads = (operand: Operand): boolean => tensorsOf(operand).some(({ dtype }) => dtype === "bf16");
    const supports: Kernel["supports"] = ({ inputs }) => !Object.values(inputs).some(reads);
    const kernels = Object.entries(full.kernels).map(([op, kernel]) => [
      op,
      ["cast", "addInto"].includes(op) ? kernel : { ...kernel, supports },
    ]);
    return { ...full, kernels: Object.fromEntries(kernels) };
  }

  /** Patterns of results of a small model with its norm, and gradients of its parameters. */
  function trainNarrow(backend: Backend): number[] {
    const engine = new Engine(backend);
    const [x, gain] = [parameterOf(engine, "x", [3, 4]), parameterOf(engine, "gain", [4])];
    const y = engine.scope(() => {
      const [narrow, weight] = [cast(x.value, "bf16"), cast(gain.value, "bf16")];
      const normed = rmsNorm(add(gelu(narrow), narrow), { weight, eps: 1e-6 });
      const product = matmul(normed, narrow, { transB: true });
      engine.backward(sum(cast(topk(product, 2).values, "f32")));
      return product;
    });
    expect(y.dtype).toBe("bf16");
    return [y, x.gradient!, gain.gradient!].flatMap((tensor) => Array.from(valuesOf(tensor)));
  }

  it("computes in f32 what only lies in bf16, and rounds the results: the bits of a backend that has such kernels", () => {
    expect(trainNarrow(wideOnly())).toEqual(trainNarrow(createReferenceBackend()));
  });

  it("leaves to their decompositions the ops that say themselves what is rounded", () => {
    const run = (backend: Backend): number[] => {
      const engine = new Engine(backend);
      return engine.scope(() => {
        const x = engine.from(normals(12), [2, 6], "bf16");
        return Array.from(valuesOf(linear(x, { weight: engine.from([...normals(18, "weight")], [3, 6]), out: "f32" })));
      });
    };
    const [rounded, expected] = [run(wideOnly()), run(createReferenceBackend())];
    expectClose(rounded, expected, 1e-6);
  });

  it("names a type that the backend does not compute in", () => {
    const engine = new Engine({ ...createReferenceBackend(), name: "narrow", kernels: {}, limits: { ...limits, types: ["f32", "bf16"] } });
    const call = (): void => engine.scope(() => void add(engine.from([1], [1], "f64"), engine.from([2], [1], "f64")));
    expect(call).toThrow(
      "E_NO_KERNEL add backend narrow has no kernel for add of f64, and it has no decomposition. Hint: it takes f32, bf16: cast to one of these",
    );
  });
});

const { limits } = createReferenceBackend();

describe("the op table", () => {
  it("has a reference kernel for everything but views", () => {
    const { kernels } = createReferenceBackend();
    expect(opTable.filter(({ name, view }) => !kernels[name] && !view).map(({ name }) => name)).toEqual([]);
    expect(Object.keys(kernels).filter((kernel) => !opTable.some(({ name }) => name === kernel))).toEqual([]);
  });

  it("names what it saves and writes as its inputs and outputs are named", () => {
    for (const { name, writes, vjp, saves } of opTable) {
      expect(writes && vjp, `${name}: an op that writes is never recorded`).toBeFalsy();
      expect(saves && !vjp, `${name}: only an op with a gradient saves`).toBeFalsy();
    }
  });
});
