import { describe, expect, it } from "vitest";
import { referenceEngine } from "../test/engine.ts";
import type { Engine } from "./engine.ts";
import { add } from "./ops/binary.ts";
import { reshape } from "./ops/reshape.ts";
import { slice } from "./ops/slice.ts";
import { scale } from "./ops/unary.ts";
import { valuesOf } from "./reference/memory.ts";
import type { Tensor } from "./tensor.ts";

const live = (engine: Engine): number => engine.backend.counters.bytesLive;
const BYTES = 8; // of one f64

describe("scope", () => {
  it("frees what it made and does not return, and passes what it returns to the caller", async () => {
    const engine = referenceEngine();
    const y = engine.scope(() => scale(add(engine.from([1, 2]), engine.from([3, 4])), 10));
    expect(live(engine)).toBe(2 * BYTES);
    expect(Array.from(await y.read())).toEqual([40, 60]);
    y.dispose();
    expect(live(engine)).toBe(0);
  });

  it("returns tensors in arrays and plain objects, and passes them from inner to outer scopes", () => {
    const engine = referenceEngine();
    engine
      .scope(() => {
        const inner = engine.scope(() => ({ pair: [engine.from([1]), engine.from([2])], rest: engine.from([3]), count: 3 }));
        engine.from([4]);
        expect(live(engine)).toBe(4 * BYTES);
        return inner.pair;
      })[1]
      .dispose();
    expect(live(engine)).toBe(BYTES);
  });

  it("is asked for before memory is taken", () => {
    const engine = referenceEngine();
    expect(() => engine.from([1, 2])).toThrow(expect.objectContaining({ code: "E_NO_SCOPE" }));
    expect(live(engine)).toBe(0);
  });

  it("frees everything when the function throws", () => {
    const engine = referenceEngine();
    const failing = (): void =>
      engine.scope(() => {
        engine.scope(() => engine.from([1, 2, 3]));
        throw new Error("on purpose");
      });
    expect(failing).toThrow("on purpose");
    expect(live(engine)).toBe(0);
  });

  it("keeps memory while a view of it lives", async () => {
    const engine = referenceEngine();
    const part = engine.scope(() => slice(reshape(engine.from([1, 2, 3, 4, 5, 6]), [3, 2]), { axis: 0, start: 1, end: 2 }));
    expect(live(engine)).toBe(6 * BYTES);
    expect(Array.from(await part.read())).toEqual([3, 4]);
    part.dispose();
    expect(live(engine)).toBe(0);
  });

  it("views launch nothing and allocate nothing", () => {
    const engine = referenceEngine();
    engine.scope(() => {
      const x = engine.from([1, 2, 3, 4], [2, 2]);
      const { launches, allocations } = engine.backend.counters;
      reshape(slice(x, { axis: 0, start: 1 }), [2, 1]);
      expect(engine.backend.counters).toMatchObject({ launches, allocations });
    });
  });

  it("keep holds a tensor until it is disposed of", () => {
    const engine = referenceEngine();
    const kept = keepOne(engine);
    expect(live(engine)).toBe(2 * BYTES);
    kept.dispose();
    expect(live(engine)).toBe(0);
  });

  it("a function that returns a promise is E_ASYNC_SCOPE", () => {
    const engine = referenceEngine();
    expect(() => engine.scope(async () => engine.from([1]))).toThrow(expect.objectContaining({ code: "E_ASYNC_SCOPE" }));
    expect(live(engine)).toBe(0);
  });

  it("an op outside of every scope is E_NO_SCOPE", () => {
    const engine = referenceEngine();
    const x = engine.scope(() => engine.from([1]));
    expect(() => scale(x, 2)).toThrow(expect.objectContaining({ code: "E_NO_SCOPE", place: "affine" }));
    expect(() => engine.from([1])).toThrow(expect.objectContaining({ code: "E_NO_SCOPE" }));
  });

  it("a tensor of a scope that has ended is E_FREED, in ops and in reads", async () => {
    const engine = referenceEngine();
    let lost: Tensor | undefined;
    engine.scope(() => void (lost = engine.from([1, 2], [1, 2])));
    expect(() => engine.scope(() => scale(lost!, 2))).toThrow(
      "E_FREED affine a tensor [1 2] was used after the scope that made it had ended",
    );
    await expect(lost!.read()).rejects.toMatchObject({ code: "E_FREED" });
  });

  it("tensors of two engines do not meet", () => {
    const [one, other] = [referenceEngine(), referenceEngine()];
    const x = one.scope(() => one.from([1]));
    expect(() => other.scope(() => add(other.from([1]), x))).toThrow(expect.objectContaining({ code: "E_ENGINE", place: "add" }));
  });
});

function keepOne(engine: Engine): Tensor {
  let kept: Tensor | undefined;
  engine.scope(() => void (kept = engine.keep(engine.from([1, 2]))));
  return kept!;
}

describe("from", () => {
  it("copies, converts numbers to the engine's float type and keeps typed arrays' own", async () => {
    const engine = referenceEngine("f32");
    const source = Int32Array.of(1, -2);
    const [floats, integers, mask] = engine.scope(() => [
      engine.from([0.1, 2]),
      engine.from(source),
      engine.from(Uint8Array.of(1), [1, 1]),
    ]);
    source.fill(9);
    expect([floats.dtype, integers.dtype, mask.dtype]).toEqual(["f32", "i32", "u8"]);
    expect(Array.from(await floats.read())).toEqual([Math.fround(0.1), 2]);
    expect(Array.from(await integers.read())).toEqual([1, -2]);
  });

  it("a shape that does not fit the values is E_SHAPE", () => {
    const engine = referenceEngine();
    expect(() => engine.scope(() => engine.from([1, 2, 3], [2, 2]))).toThrow("E_SHAPE from expected 4 values for [2 2], got 3");
  });

  it("item reads a number of bf16, not its pattern", async () => {
    const engine = referenceEngine("f32");
    const x = engine.scope(() => engine.from([-1.5], [1], "bf16"));
    expect(await x.item()).toBe(-1.5);
    expect(Array.from(await x.read())).toEqual([0xbfc0]);
  });

  it("16-bit patterns are bf16 or f16: as numbers of another float they are E_DTYPE, and so are numbers as f16", () => {
    const engine = referenceEngine("f32");
    const patterns = Uint16Array.of(0x3fc0);
    expect(() => engine.scope(() => engine.from(patterns))).toThrow(
      "E_DTYPE values expected bf16 or f16 as the type of 16-bit patterns, got f32",
    );
    expect(() => engine.scope(() => engine.from([1.5], [1], "f16"))).toThrow(
      "E_DTYPE values expected 16-bit patterns (a Uint16Array) for f16",
    );
    engine.scope(() => {
      expect(Array.from(valuesOf(engine.from(patterns, [1], "bf16")))).toEqual([1.5]);
      expect(Array.from(valuesOf(engine.from(patterns, [1], "i32")))).toEqual([0x3fc0]);
    });
  });

  it("item reads one element and refuses more", async () => {
    const engine = referenceEngine();
    const [one, two] = engine.scope(() => [engine.from([7], []), engine.from([1, 2])]);
    expect(await one.item()).toBe(7);
    await expect(two.item()).rejects.toMatchObject({ code: "E_SHAPE" });
  });
});
