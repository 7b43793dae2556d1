// What training in bf16 costs in accuracy, on the real MiniLM and SciFact: no more than PyTorch's autocast does. On the native kernels, since the
// reference would take minutes.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import cpu, { createCpuBackend } from "@attune/backend-cpu";
import type { Context } from "@attune/core";
import { loadEmbeddingModel } from "@attune/embedding";
import type { EmbeddingModel } from "@attune/embedding";
import { createNodeFiles } from "@attune/files-node";
import { infonce } from "@attune/losses";
import { bertFamily } from "@attune/nn";
import { concatTokens, Engine, slice, sum } from "@attune/tensor";
import type { Backend, PackedTokens } from "@attune/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Batch {
  readonly loss: number;
  readonly gradientNorm: number;
  /** PyTorch's own, against its fp32. */
  readonly autocast: { readonly loss: number; readonly gradientError: number; readonly embeddingDistance: number };
  readonly anchors: readonly (readonly number[])[];
  readonly positives: readonly (readonly number[])[];
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const golden = JSON.parse(readFileSync(join(root, "fixtures/golden/bf16/minilm.json"), "utf8")) as {
  temperature: number;
  batches: Batch[];
};
const folder = join(process.env.ATTUNE_SHARED ?? join(root, "../shared"), "models/all-MiniLM-L6-v2");

const absent = existsSync(folder) ? cpu.available!({}) : "needs ../shared; ATTUNE_SHARED may name it";
const skipped = absent === true ? "" : ` (skipped: ${absent})`;

const packed = (ids: readonly number[]): PackedTokens => ({
  ids: Int32Array.from(ids),
  cuSeqlens: Int32Array.of(0, ids.length),
  maxLength: ids.length,
});

describe.skipIf(skipped)(`MiniLM in bf16${skipped}`, () => {
  let backend: Backend;
  let model: EmbeddingModel;
  beforeAll(async () => {
    backend = createCpuBackend();
    const engine = new Engine(backend);
    ({ model } = await loadEmbeddingModel({ files: createNodeFiles() }, folder, { engine, families: [bertFamily] }));
  });
  afterAll(async () => {
    model[Symbol.dispose]();
    await backend.dispose();
  });

  /** Loss, embeddings [16 D] and the whole gradient of a golden batch, without dropout. */
  async function pass({ anchors, positives }: Batch, compute: "f32" | "bf16") {
    const { engine, parameters } = model;
    engine.compute = compute;
    const rows = anchors.length;
    const loss = await infonce.create(infonce.options.parse({ temperature: golden.temperature }), {} as Context);
    const indices = Int32Array.from({ length: rows }, (_, i) => i);
    for (const parameter of parameters) parameter.clearGradient();
    const { value, vectors } = engine.scope(() => {
      const vectors = model.forward(concatTokens([...anchors, ...positives].map(packed)));
      const anchor = slice(vectors, { axis: 0, start: 0, end: rows });
      const candidates = slice(vectors, { axis: 0, start: rows, end: 2 * rows });
      const value = sum(loss.compute({ anchor, candidates, targets: indices, groups: indices }));
      engine.backward(value);
      return { value, vectors };
    });
    using _value = value;
    using _vectors = vectors;
    const gradients = [];
    for (const { gradient } of parameters) if (gradient) gradients.push(await gradient.read());
    return { loss: await value.item(), vectors: await vectors.read(), gradients };
  }

  test("the gradient is as close to fp32 as PyTorch's autocast, embeddings and loss too", { timeout: 600_000 }, async () => {
    const errors: number[] = [];
    for (const batch of golden.batches) {
      const single = await pass(batch, "f32");
      expect(Math.abs(single.loss / batch.loss - 1)).toBeLessThan(1e-5);
      expect(Math.abs(norm(single.gradients) / batch.gradientNorm - 1)).toBeLessThan(1e-4);
      const narrow = await pass(batch, "bf16");
      errors.push(distance(narrow.gradients, single.gradients) / norm(single.gradients));
      expect(largestCosineDistance(narrow.vectors, single.vectors, model.dimension)).toBeLessThan(4e-5);
      expect(Math.abs(narrow.loss / single.loss - 1)).toBeLessThan(0.01);
    }
    const mean = (values: readonly number[]): number => Math.hypot(...values) / Math.sqrt(values.length);
    expect(Math.min(...errors)).toBeGreaterThan(1e-3); // it is bf16
    // A sum in another order moves one batch's error by a fifth, so that of sixteen by 5 %: ours is 1.007 of theirs here, and the limit three times that.
    expect(mean(errors)).toBeLessThan(1.15 * mean(golden.batches.map(({ autocast }) => autocast.gradientError)));
  });
});

type Lists = readonly ArrayLike<number>[];

function norm(lists: Lists): number {
  return distance(lists, undefined);
}

/** ‖a − b‖ over all elements. */
function distance(a: Lists, b: Lists | undefined): number {
  let squares = 0;
  a.forEach((list, n) => {
    for (let i = 0; i < list.length; i++) squares += (list[i] - (b ? b[n][i] : 0)) ** 2;
  });
  return Math.sqrt(squares);
}

/** The largest 1 − cos of two rows. */
function largestCosineDistance(a: ArrayLike<number>, b: ArrayLike<number>, width: number): number {
  let largest = 0;
  for (let start = 0; start < a.length; start += width) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = start; i < start + width; i++) {
      ab += a[i] * b[i];
      aa += a[i] ** 2;
      bb += b[i] ** 2;
    }
    largest = Math.max(largest, 1 - ab / Math.sqrt(aa * bb));
  }
  return largest;
}
