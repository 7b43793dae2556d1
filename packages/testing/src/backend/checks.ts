// What a backend has to get right besides its kernels: memory, views, the order of its queue, and how errors surface.

import {
  addInto,
  addScalar,
  add,
  attention,
  embedding,
  Engine,
  fill,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  matmul,
  mean,
  mul,
  Parameter,
  reshape,
  segmentExpand,
  segmentLogsumexp,
  segmentMax,
  segmentSum,
  slice,
  softmaxCrossEntropy,
  sum,
} from "@attune/tensor";
import type { Backend, DType, Tensor } from "@attune/tensor";
import { expect } from "vitest";
import { Draw } from "../op-cases/draw.ts";
import { tensorFrom } from "../op-cases/run.ts";

/** A check by the name that a skip list uses. */
export type BackendChecks = Readonly<Record<string, (engine: Engine) => Promise<void>>>;

/** All of them; `create` gives a backend of its own to those that break one. */
export function backendChecks(create: () => Backend | Promise<Backend>): BackendChecks {
  return { ...memoryChecks, ...orderChecks, ...ownershipChecks, ...errorChecks(create) };
}

const memoryChecks: BackendChecks = {
  async "memory: every type comes back as it was written"(engine) {
    const values: Readonly<Partial<Record<DType, number[]>>> = {
      f32: [1.5, -0, NaN, -Infinity, 3.4e38],
      i32: [-(2 ** 31), -1, 0, 7, 2 ** 31 - 1],
      u8: [0, 1, 127, 255, 3],
    };
    for (const [dtype, data] of Object.entries(values)) {
      const tensor = engine.scope(() => engine.from(data, [5], dtype as DType));
      expect(Array.from(await tensor.read(), (value) => value)).toEqual(
        data.map((value) => (dtype === "f32" ? Math.fround(value) : value)),
      );
      tensor.dispose();
    }
  },

  async "memory: views read their part"(engine) {
    const base = engine.scope(() => engine.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [4, 3]));
    const part = engine.scope(() => reshape(slice(base, { axis: 0, start: 1, end: 3 }), [3, 2]));
    base.dispose();
    expect(part.shape).toEqual([3, 2]);
    expect(Array.from(await part.read())).toEqual([3, 4, 5, 6, 7, 8]);
    const doubled = engine.scope(() => add(part, part));
    expect(Array.from(await doubled.read())).toEqual([6, 8, 10, 12, 14, 16]);
    for (const tensor of [part, doubled]) tensor.dispose();
  },

  async "memory: kernels write into views"(engine) {
    const base = engine.scope(() => engine.from([0, 0, 0, 0, 0, 0], [3, 2]));
    engine.scope(() => addInto(slice(base, { axis: 0, start: 1, end: 2 }), engine.from([5, 6], [1, 2]), { accumulate: true }));
    expect(Array.from(await base.read())).toEqual([0, 0, 5, 6, 0, 0]);
    base.dispose();
  },

  async "memory: a tensor without elements"(engine) {
    const none = engine.scope(() => add(engine.from([], [0, 3]), engine.from([], [0, 3])));
    expect(await none.read()).toHaveLength(0);
    none.dispose();
  },

  async "memory: what was freed is used again"(engine) {
    const { counters } = engine.backend;
    const round = (): void => engine.scope(() => void addScalar(fill(engine, [1000, 7], 1), 1));
    round();
    const { bytesPeak, bytesReserved } = counters;
    for (let i = 0; i < 50; i++) round();
    expect(counters.bytesPeak).toBe(bytesPeak);
    expect(counters.bytesReserved).toBe(bytesReserved);
  },
};

const orderChecks: BackendChecks = {
  async "order: a read sees all that was enqueued before"(engine) {
    const total = engine.scope(() => {
      let value = engine.from([0], [1]);
      for (let i = 0; i < 300; i++) value = addScalar(value, 1);
      return value;
    });
    expect(await total.item()).toBe(300);
    total.dispose();
  },

  async "order: freed memory keeps its values for what was enqueued before"(engine) {
    const results = Array.from({ length: 40 }, (_, i) =>
      engine.scope(() => {
        const x = fill(engine, [500], i);
        return sum(mul(x, x)); // x is freed here, while the sum may still be waiting
      }),
    );
    const sums = await Promise.all(results.map((result) => result.item()));
    expect(sums).toEqual(results.map((_, i) => 500 * i * i));
    for (const result of results) result.dispose();
  },

  async "order: writes copy"(engine) {
    const values = Float32Array.of(1, 2, 3);
    const tensor = engine.scope(() => addScalar(engine.from(values), 1));
    values.fill(99);
    expect(Array.from(await tensor.read())).toEqual([2, 3, 4]);
    tensor.dispose();
  },

  async "order: the same work twice gives the same bits"(engine) {
    const draw = new Draw("same bits");
    const [x, weight] = [draw.normal([130, 70]), draw.normal([97, 70])];
    const work = (): Tensor =>
      engine.scope(() => l2Normalize(gelu(matmul(tensorFrom(engine, x), tensorFrom(engine, weight), { transB: true }))));
    const [first, second] = [work(), work()];
    expect(await first.read()).toEqual(await second.read());
    for (const tensor of [first, second]) tensor.dispose();
  },

  async "order: throttle and sync may be awaited at any time"(engine) {
    await engine.backend.throttle();
    await engine.backend.sync();
    await engine.backend.throttle();
  },
};

const ownershipChecks: BackendChecks = {
  async "ownership: a step run twice leaves the live bytes unchanged and launches as much"(engine) {
    const draw = new Draw("step");
    const parameter = (name: string, shape: number[]): Parameter =>
      new Parameter(
        name,
        engine.scope(() => tensorFrom(engine, draw.normal(shape, { scale: 0.3 }))),
      );
    const weights = { weight: parameter("weight", [4, 6]), bias: parameter("bias", [4]), scale: parameter("scale", [4]) };
    const x = draw.normal([5, 6]);
    const { counters } = engine.backend;
    const step = async (): Promise<{ live: number; launches: number; loss: number }> => {
      const before = counters.launches;
      const loss = engine.scope(() => {
        const hidden = linear(tensorFrom(engine, x), { weight: weights.weight.value, bias: weights.bias.value, after: "gelu" }); // [5 4]
        const value = mean(
          softmaxCrossEntropy(layerNorm(hidden, { weight: weights.scale.value, eps: 1e-5 }), engine.from([0, 1, 2, 3, 0], [5], "i32")),
        );
        engine.backward(value);
        return value;
      });
      for (const one of Object.values(weights)) one.clearGradient();
      const result = { loss: await loss.item(), launches: counters.launches - before };
      loss.dispose();
      return { ...result, live: counters.bytesLive };
    };
    const first = await step();
    expect(await step()).toEqual(first);
    for (const one of Object.values(weights)) one.dispose();
  },

  async "ownership: an exception frees what the scope made"(engine) {
    const before = engine.backend.counters.bytesLive;
    const failing = (): void =>
      engine.scope(() => {
        add(fill(engine, [100], 1), fill(engine, [100], 2));
        throw new Error("on purpose");
      });
    expect(failing).toThrow("on purpose");
    expect(engine.backend.counters.bytesLive).toBe(before);
  },
};

function errorChecks(create: () => Backend | Promise<Backend>): BackendChecks {
  return {
    async "errors: an id outside of the table is E_TOKEN_ID at the next read at the latest"() {
      const backend = await create();
      const engine = new Engine(backend);
      const lookUp = async (): Promise<void> => {
        const y = engine.scope(() => embedding(engine.from([1, 2, 3, 4], [2, 2]), engine.from([0, 2], [2], "i32")));
        await y.read();
      };
      await expect(lookUp()).rejects.toMatchObject({ code: "E_TOKEN_ID" });
      await backend.dispose();
    },

    async "errors: a target that is no class is E_INDEX"() {
      const backend = await create();
      const engine = new Engine(backend);
      const read = async (): Promise<unknown> =>
        await engine.scope(() => softmaxCrossEntropy(fill(engine, [2, 3], 1), engine.from([0, 3], [2], "i32"))).read();
      await expect(read()).rejects.toMatchObject({ code: "E_INDEX" });
      await backend.dispose();
    },

    async "errors: texts that end behind the last row, or before they begin, are E_INDEX"() {
      const backend = await create();
      const engine = new Engine(backend);
      const attributes = { heads: 1, kvHeads: 1, headDim: 1, scale: 1, maxLength: 9 };
      const readers: readonly ((bounds: Tensor) => Tensor)[] = [
        (bounds) => segmentSum(fill(engine, [3, 2], 1), bounds),
        (bounds) => segmentExpand(fill(engine, [2, 2], 1), bounds, { rows: 3 }),
        (bounds) => segmentMax(fill(engine, [3, 2], 1), bounds),
        (bounds) => segmentLogsumexp(fill(engine, [3], 1), bounds),
        (bounds) => attention(fill(engine, [3, 3], 1), { cuSeqlens: bounds, ...attributes }),
      ];
      for (const run of readers)
        for (const bounds of [
          [0, 1, 4],
          [0, 2, 1],
          [-1, 1, 3],
        ]) {
          const read = async (): Promise<unknown> => await engine.scope(() => run(engine.from(bounds, [3], "i32"))).read();
          await expect(read()).rejects.toMatchObject({ code: "E_INDEX" });
        }
      await backend.dispose();
    },

    async "errors: more memory than there is, is E_OUT_OF_MEMORY with the bytes asked for"() {
      const backend = await create();
      expect(() => backend.alloc(2 ** 50, "temporary")).toThrow(
        expect.objectContaining({ code: "E_OUT_OF_MEMORY", message: expect.stringContaining((2 ** 50).toLocaleString("en")) }),
      );
      await backend.dispose();
    },
  };
}
