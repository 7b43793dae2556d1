import { describe, expect, it } from "vitest";
import { normals, parameterOf, referenceEngine } from "../../test/engine.ts";
import { expectClose } from "../../test/golden.ts";
import { add } from "./binary.ts";
import { embedding, sumEmbeddings } from "./embedding.ts";
import { scale } from "./unary.ts";

const tokens = Int32Array.of(3, 3, 0, 1);
const types = Int32Array.of(0, 1, 1, 0);

describe("sumEmbeddings", () => {
  it("equals the sum of embeddings, gradients included", async () => {
    const [fused, plain] = [referenceEngine(), referenceEngine()];
    const [a, b] = [parameterOf(fused, "a", [5, 3]), parameterOf(fused, "b", [2, 3], { trainable: true })];
    const [a2, b2] = [parameterOf(plain, "a", [5, 3]), parameterOf(plain, "b", [2, 3])];
    const y = fused.scope(() => {
      const rows = sumEmbeddings([a.value, b.value], [fused.from(tokens), fused.from(types)]);
      fused.backward(rows, { cotangent: fused.from(normals(12, "dy"), [4, 3]) });
      return rows;
    });
    const expected = plain.scope(() => {
      const rows = add(embedding(a2.value, plain.from(tokens)), embedding(scale(b2.value, 1), plain.from(types)));
      plain.backward(rows, { cotangent: plain.from(normals(12, "dy"), [4, 3]) });
      return rows;
    });
    expectClose(await y.read(), await expected.read(), 0);
    expectClose(await a.gradient!.read(), await a2.gradient!.read(), 1e-15);
    expectClose(await b.gradient!.read(), await b2.gradient!.read(), 1e-15);
  });

  it("leaves frozen tables alone and zeroes a gradient that is written anew", async () => {
    const engine = referenceEngine();
    const [a, b] = [parameterOf(engine, "a", [5, 3]), parameterOf(engine, "b", [2, 3], { trainable: false })];
    const run = (ids: Int32Array): void =>
      engine.scope(() => {
        const rows = sumEmbeddings([a.value, b.value], [engine.from(ids), engine.from(types)]);
        engine.backward(rows, { cotangent: engine.from(new Float64Array(12).fill(1), [4, 3]) });
      });
    run(Int32Array.of(4, 4, 4, 4));
    a.clearGradient();
    run(tokens);
    expect([...(await a.gradient!.read())]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0]);
    run(tokens);
    expect((await a.gradient!.read())[9]).toBe(4);
    expect(b.gradient).toBeUndefined();
  });

  it("refuses an id outside of the table", () => {
    const engine = referenceEngine();
    const table = parameterOf(engine, "a", [5, 3]);
    expect(() => engine.scope(() => embedding(table.value, engine.from(Int32Array.of(5))))).toThrow(
      expect.objectContaining({ code: "E_TOKEN_ID", got: "5" }),
    );
    expect(() => engine.scope(() => sumEmbeddings([table.value], []))).toThrow(
      expect.objectContaining({ code: "E_SHAPE", place: "sumEmbeddings" }),
    );
  });
});
