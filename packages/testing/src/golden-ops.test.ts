// All of golden/ops: outputs and vector-Jacobian products of PyTorch, in double and in single precision.

import { createReferenceBackend, Engine, Parameter, relativePositionBucket, slice } from "@attune/tensor";
import * as ops from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "./expect-close.ts";
import { flatten, flattenInputs, readGolden, shapeOfNested } from "./golden.ts";
import type { Nested } from "./golden.ts";
import { tolerances, widened } from "./tolerances.ts";

interface GoldenCase {
  readonly name: string;
  readonly params: Readonly<Record<string, never>>; // each formula knows its own
  readonly inputs: Readonly<Record<string, Nested>>;
  readonly cotangent?: Nested;
  readonly expected: { readonly output: Nested; readonly grads?: Readonly<Record<string, Nested>> };
  readonly fdNote?: string;
  readonly [extra: string]: unknown;
}

type Inputs = Readonly<Record<string, Tensor>>;
type Formula = (inputs: Inputs, one: GoldenCase, engine: Engine) => Tensor;

const activationNames: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu_erf: ops.gelu,
  gelu_tanh: ops.geluTanh,
  silu: ops.silu,
  relu: ops.relu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  softplus: ops.softplus,
  exp: ops.exp,
  log1p_relu: ops.log1pRelu,
  erf: ops.erf,
  logsigmoid: ops.logSigmoid,
};

const reductions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  sum_axis0: (x) => ops.sum(x, { axis: 0 }),
  mean_axis_last: (x) => ops.mean(x, { axis: -1 }),
  max_axis1: (x) => ops.max(x, { axis: 1 }),
  var_population: (x) => ops.variance(x, { axis: -1 }),
  cumsum: ops.cumsum,
  sum_size1: (x) => ops.sum(x, { axis: 0 }),
  norm_last: (x) => ops.sqrt(ops.sum(ops.square(x), { axis: -1 })),
  transpose_reshape: (x) => ops.reshape(ops.transpose(x), [x.size]),
  broadcast_add_mul: (x) => ops.mul(ops.add(x, slice(x, { axis: 0, end: 1 })), slice(x, { axis: 1, end: 1 })),
  where_positive: (x) => ops.where(ops.greater(x, ops.fill(x.engine, [], 0)), ops.square(x), ops.neg(x)),
  sort_descending: (x) => ops.sort(x).values,
  slice_concat: (x) => ops.concat([slice(x, { axis: 1, start: 1 }), ops.scale(slice(x, { axis: 1, end: 1 }), 2)], { axis: 1 }),
};

const gatedUnits: Readonly<Record<string, readonly [ops.GatedOptions["activation"], number]>> = {
  geglu: ["gelu", 0],
  geglu_tanh: ["geluTanh", 0],
  swiglu: ["silu", 0],
};

const formulas: Readonly<Record<string, Formula>> = {
  softmax: ({ x }, { params }) => ops.softmax(x, params),
  log_softmax: ({ x }, { params }) => ops.logSoftmax(x, params),
  logsumexp: ({ x }, { params }) => ops.logsumexp(x, params),
  layer_norm: ({ x, weight, bias }, { params: { eps } }) => ops.layerNorm(x, { weight, bias, eps }),
  rms_norm: ({ x, weight }, { params: { eps } }) => ops.rmsNorm(x, { weight, eps }),
  l2_normalize: ({ x }, { params }) => ops.l2Normalize(x, params),
  activations: ({ x }, { params: { op } }) => activationNames[op](x),
  reductions: ({ x }, { params: { op } }) => reductions[op](x),

  gated({ x, gate, up, down, wi, wo }, { params: { op, activatedHalf } }) {
    if (op === "swiglu_mlp")
      return ops.linear(ops.gated(ops.linear(x, { weight: [gate, up] }), { activation: "silu", activated: "first" }), { weight: down });
    if (op === "modernbert_mlp")
      return ops.linear(ops.gated(ops.linear(x, { weight: wi }), { activation: "gelu", activated: "first" }), { weight: wo });
    return ops.gated(x, { activation: gatedUnits[op][0], activated: activatedHalf });
  },

  matmul({ x, weight, bias, a, b }, { name }) {
    if (x) return ops.linear(x, { weight, bias });
    return name === "cosine_matrix" ? ops.matmul(ops.l2Normalize(a), ops.l2Normalize(b), { transB: true }) : ops.matmul(a, b);
  },

  embedding: ({ weight }, { ids }, engine) => ops.embedding(weight, integers(engine, ids)),

  cross_entropy({ logits }, { params, targets, softTargets }, engine) {
    const { labelSmoothing = 0, ignoreIndex = -100, reduction } = params;
    const wanted = softTargets ? floats(engine, softTargets as Nested) : integers(engine, targets);
    const losses = ops.softmaxCrossEntropy(logits, wanted, { smoothing: labelSmoothing, ignoreIndex });
    const counted = softTargets ? logits.shape[0] : (targets as number[]).filter((target) => target !== ignoreIndex).length;
    return ops.scale(ops.sum(losses), reduction === "mean" ? 1 / counted : 1);
  },

  rotary({ q, k }, { params: { theta, headDim }, positions }, engine) {
    const heads = q.shape[1] + k.shape[1];
    const x = ops.concat([rows(q), rows(k)], { axis: 1 });
    const frequencies = engine.from(Array.from({ length: headDim / 2 }, (_, i) => theta ** ((-2 * i) / headDim)));
    return ops.rotary(x, { positions: integers(engine, positions), frequencies, heads, headDim });
  },

  attention({ q, k, v, bias }, { params, cuSeqlens, expected }, engine) {
    const offsets = cuSeqlens as number[];
    const { heads, kvHeads, headDim, scale, windowLeft, windowRight } = params;
    const attributes = { heads, kvHeads, headDim, scale, windowLeft, windowRight };
    const maxLength = Math.max(...offsets.slice(1).map((end, i) => end - offsets[i]));
    const y = ops.attention(ops.concat([rows(q), rows(k), rows(v)], { axis: 1 }), {
      ...attributes,
      cuSeqlens: integers(engine, offsets),
      maxLength,
      bias,
    });
    return ops.reshape(y, shapeOfNested(expected.output));
  },
};

/** Cases that lose digits in single precision by their nature: logits of 1000 with differences of 1, values of 1000 less their mean. */
const cancels: ReadonlySet<string> = new Set(["logsumexp huge", "layer_norm large_mean"]);

const rows = (x: Tensor): Tensor => ops.reshape(x, [x.shape[0], x.size / x.shape[0]]);
const integers = (engine: Engine, values: unknown): Tensor =>
  engine.from(Int32Array.from(values as number[]), [(values as number[]).length], "i32");
const floats = (engine: Engine, values: Nested): Tensor => engine.from(flattenInputs(values), shapeOfNested(values));

describe.each(Object.entries(formulas))("%s", (file, formula) => {
  const { cases } = readGolden<{ cases: GoldenCase[] }>(`ops/${file}.json`, (reason) => {
    throw new Error(reason);
  });
  for (const float of ["f64", "f32"] as const) {
    test.each(cases)(`${float}: $name`, (one) => {
      const engine = new Engine(createReferenceBackend(), { float });
      const tolerance = float === "f64" ? tolerances.golden : widened(tolerances.f32, cancels.has(`${file} ${one.name}`) ? 50 : 2);
      const parameters = Object.fromEntries(
        Object.entries(one.inputs).map(([name, values]) => [
          name,
          new Parameter(
            name,
            engine.scope(() => floats(engine, values)),
          ),
        ]),
      );
      engine.scope(() => {
        const output = formula(Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])), one, engine);
        expectClose(ops.valuesOf(output), flatten(one.expected.output), tolerance, { name: "output", shape: output.shape });
        if (one.cotangent !== undefined) engine.backward(output, { cotangent: floats(engine, one.cotangent) });
      });
      for (const [name, values] of Object.entries(one.expected.grads ?? {})) {
        const { gradient, shape } = parameters[name];
        const ref = withPaddingRow(flatten(values), one, ops.valuesOf(gradient!), shape);
        const scale = Math.max(1, ...ref.map(Math.abs));
        expectClose(ops.valuesOf(gradient!), ref, { ...tolerance, absolute: tolerance.absolute * scale }, { name: `d${name}`, shape });
      }
    });
  }
});

/** PyTorch gives the row of `paddingIdx` no gradient; here freezing a row is not the embedding's business, so that row is left out. */
function withPaddingRow(ref: number[], { params }: GoldenCase, got: ArrayLike<number>, shape: readonly number[]): number[] {
  const { paddingIdx } = params as { paddingIdx?: number | null };
  if (paddingIdx === undefined || paddingIdx === null) return ref;
  return ref.map((value, i) => (Math.floor(i / shape[1]) === paddingIdx ? got[i] : value));
}

describe("relative_position_bucket", () => {
  type BucketCase = {
    name: string;
    params: { numBuckets: number; maxDistance: number };
    relativePosition: number[];
    expected: { bucket?: number[]; output?: number[] };
  };
  const { cases } = readGolden<{ cases: BucketCase[] }>("ops/relative_position_bucket.json", (reason) => {
    throw new Error(reason);
  });
  test.each(cases)("$name", ({ params: { numBuckets, maxDistance }, relativePosition, expected }) => {
    const buckets = relativePosition.map((relative) => relativePositionBucket(relative, { buckets: numBuckets, maxDistance }));
    expect(buckets).toEqual(expected.output ?? expected.bucket);
  });
});
