import { keyOf, philox } from "@attune/core";
import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../../test/engine.ts";
import { expectClose } from "../../test/golden.ts";
import type { Tensor } from "../tensor.ts";
import { attention, attentionOp } from "./attention.ts";
import type { AttentionAttributes } from "./attention.ts";
import type { RandomMask } from "./random-mask.ts";

const heads = 4;
const kvHeads = 2;
const headDim = 3;
const width = (heads + 2 * kvHeads) * headDim;
const cuSeqlens = [0, 4, 4, 9];
const tokens = 9;
const random: RandomMask = { p: 0.25, seed: 2 ** 40 + 3, step: 7, site: 0xfffffff0, row: 100 };
const common = { heads, kvHeads, headDim, scale: 0.6, maxLength: 5 };

/** The multiplier of one probability, as the specification words it. */
function multiplier(mask: RandomMask | undefined, head: number, token: number, key: number): number {
  if (!mask) return 1;
  const site = Number((BigInt(mask.site) + BigInt(head) * 0x9e3779b9n) % 2n ** 32n);
  const words = philox([mask.step, site, mask.row + token, key >> 3], keyOf(mask.seed));
  const draw = (words[(key & 7) >> 1] >>> (16 * (key & 1))) & 0xffff;
  return draw >= Math.round(65536 * mask.p) ? 65536 / (65536 - Math.round(65536 * mask.p)) : 0;
}

/** One text, one head at a time, with the whole matrix of probabilities. */
function naive(
  qkv: Float64Array,
  bias: Float64Array | undefined,
  { windowLeft, windowRight, mask }: { windowLeft: number; windowRight: number; mask?: RandomMask },
): number[] {
  const y = Array.from({ length: tokens * heads * headDim }, () => 0);
  for (const [text, start] of cuSeqlens.slice(0, -1).entries()) {
    const length = cuSeqlens[text + 1] - start;
    for (let head = 0; head < heads; head++) {
      const group = Math.floor((head * kvHeads) / heads);
      const row = (i: number, block: number): Float64Array =>
        qkv.subarray((start + i) * width + block * headDim, (start + i) * width + (block + 1) * headDim);
      for (let i = 0; i < length; i++) {
        const weights = Array.from({ length }, (_, j) => {
          const seen = (windowLeft < 0 || j >= i - windowLeft) && (windowRight < 0 || j <= i + windowRight);
          const score = row(i, head).reduce((sum, q, c) => sum + q * row(j, heads + group)[c], 0) * common.scale;
          return seen ? Math.exp(score + (bias ? bias[(head * 5 + i) * 5 + j] : 0)) : 0;
        });
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        weights.forEach((weight, j) => {
          const p = (weight / total) * multiplier(mask, head, start + i, j);
          row(j, heads + kvHeads + group).forEach((v, c) => (y[((start + i) * heads + head) * headDim + c] += p * v));
        });
      }
    }
  }
  return y;
}

describe("attention", () => {
  const windows = [
    [-1, -1],
    [-1, 0],
    [1, 2],
    [2, 0],
    [0, 0],
  ] as const;
  it.each(windows.flatMap(([windowLeft, windowRight]) => [undefined, random].map((mask) => ({ windowLeft, windowRight, mask }))))(
    "equals each text by itself: window $windowLeft, $windowRight, dropout $mask.p",
    async ({ windowLeft, windowRight, mask }) => {
      const engine = referenceEngine();
      const qkv = normals(tokens * width, "qkv");
      const bias = normals(heads * 25, "bias");
      const y = engine.scope(() =>
        attention(engine.from(qkv, [tokens, width]), {
          ...common,
          cuSeqlens: engine.from(Int32Array.from(cuSeqlens)),
          windowLeft,
          windowRight,
          random: mask,
          bias: engine.from(bias, [heads, 5, 5]),
        }),
      );
      expectClose(await y.read(), naive(qkv, bias, { windowLeft, windowRight, mask }), 1e-12);
    },
  );

  it("gives a text the same numbers, bit for bit, whatever else is in the batch", async () => {
    const engine = referenceEngine("f32");
    const values = normals(tokens * width, "qkv");
    const [packed, alone] = engine.scope(() => [
      attention(engine.from(values, [tokens, width], "f32"), { ...common, cuSeqlens: engine.from(Int32Array.from(cuSeqlens)) }),
      attention(engine.from(values.subarray(4 * width), [5, width], "f32"), { ...common, cuSeqlens: engine.from(Int32Array.of(0, 5)) }),
    ]);
    expect((await packed.read()).slice(4 * heads * headDim)).toEqual(await alone.read());
  });

  it("drops the same probabilities in a micro-batch as in the whole batch", async () => {
    const engine = referenceEngine();
    const values = normals(tokens * width, "qkv");
    const [whole, part] = engine.scope(() => [
      attention(engine.from(values, [tokens, width]), { ...common, cuSeqlens: engine.from(Int32Array.from(cuSeqlens)), random }),
      attention(engine.from(values.subarray(4 * width), [5, width]), {
        ...common,
        cuSeqlens: engine.from(Int32Array.of(0, 5)),
        random: { ...random, row: random.row + 4 },
      }),
    ]);
    expect((await whole.read()).slice(4 * heads * headDim)).toEqual(await part.read());
  });

  it("gives zeros and no gradient to a token that sees nothing", async () => {
    const engine = referenceEngine();
    const qkv = parameterOf(engine, "qkv", [2, 3]);
    const attributes: AttentionAttributes = { heads: 1, kvHeads: 1, headDim: 1, scale: 1, maxLength: 2, windowLeft: -1, windowRight: -1 };
    const { y, lse } = engine.scope(() => {
      const bias: Tensor = engine.from([-Infinity, -Infinity, 0, 0], [1, 2, 2]);
      const outputs = attentionOp({ qkv: qkv.value, cuSeqlens: engine.from(Int32Array.of(0, 2)), bias }, attributes);
      engine.backward(outputs.y, { cotangent: engine.from([1, 0], [2, 1]) });
      return outputs;
    });
    expect((await y.read())[0]).toBe(0);
    expect((await lse.read())[0]).toBe(-Infinity);
    expect([...(await qkv.gradient!.read())]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each([
    [{ heads: 3 }, "E_SHAPE"],
    [{ headDim: 4 }, "E_SHAPE"],
    [{ windowLeft: -2 }, "E_ATTRIBUTE"],
    [{ random: { ...random, p: 1 } }, "E_ATTRIBUTE"],
    [{ random: { ...random, step: -1 } }, "E_ATTRIBUTE"],
  ])("refuses %o", (change, code) => {
    const engine = referenceEngine();
    const run = () =>
      engine.scope(() =>
        attention(engine.from(normals(width), [1, width]), { ...common, cuSeqlens: engine.from(Int32Array.of(0, 1)), ...change }),
      );
    expect(run).toThrow(expect.objectContaining({ code, place: expect.stringMatching(/^attention/) }));
  });
});
