import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { bertFamily } from "./bert.ts";
import { createEncoder, familyOf } from "./families.ts";
import { declareLinear, declareNorm } from "./linear.ts";
import { ParameterStore } from "./parameter-store.ts";

const codeOf = (code: string) => expect.objectContaining({ code });
const newStore = () => new ParameterStore(new Engine(createReferenceBackend()));

describe("a store", () => {
  it("names parameters as files do, in the order of declaration", () => {
    const store = newStore();
    declareLinear(store, "a.dense", [3, 2], { normal: 1 });
    declareNorm(store, "a.norm", 3);
    expect([...store.shapes]).toEqual([
      ["a.dense.weight", [3, 2]],
      ["a.dense.bias", [3]],
      ["a.norm.weight", [3]],
      ["a.norm.bias", [3]],
    ]);
    expect(store.parameters.map(({ name }) => name)).toEqual([...store.shapes.keys()]);
    expect(store.get("a.dense.bias")).toBe(store.parameters[1]);
  });

  it("refuses a name twice, an unknown name, and values that do not fit", async () => {
    const store = newStore();
    store.declare("a", [2], { constant: 0 });
    expect(() => store.declare("a", [2], { constant: 0 })).toThrow(codeOf("E_DUPLICATE_PARAMETER"));
    expect(() => store.get("b")).toThrow(codeOf("E_UNKNOWN_PARAMETER"));
    await expect(store.load(async () => new Float32Array(3))).rejects.toThrow("E_WEIGHTS a expected 2 values, got 3");
  });

  it("starts from a seed: each parameter from its own stream", async () => {
    const drawn = async (names: readonly string[], seed = 1) => {
      const store = newStore();
      for (const name of names) store.declare(name, [5000], { normal: 0.02 });
      store.initialise(seed);
      return store.get("b").value.read();
    };
    const alone = await drawn(["b"]);
    expect(await drawn(["a", "b", "c"])).toEqual(alone);
    expect(await drawn(["b"], 2)).not.toEqual(alone);
    const deviation = Math.sqrt(Array.from(alone).reduce((sum, value) => sum + value * value, 0) / alone.length);
    expect(deviation).toBeGreaterThan(0.019);
    expect(deviation).toBeLessThan(0.021);
  });

  it("fills constants and uniform numbers", async () => {
    const store = newStore();
    const one = store.declare("one", [3], { constant: 1 });
    const uniform = store.declare("uniform", [2000], { uniform: 0.5 });
    store.initialise(3);
    expect([...(await one.value.read())]).toEqual([1, 1, 1]);
    const values = await uniform.value.read();
    expect(Math.min(...values)).toBeLessThan(-0.49);
    expect(Math.max(...values)).toBeGreaterThan(0.49);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.5);
  });

  it("owns its memory", () => {
    const store = newStore();
    store.declare("a", [4], { constant: 0 });
    expect(store.engine.backend.counters.bytesLive).toBe(16);
    store[Symbol.dispose]();
    expect(store.engine.backend.counters.bytesLive).toBe(0);
    expect(store.parameters).toEqual([]);
  });
});

describe("families", () => {
  it("are found by model_type", () => {
    expect(familyOf({ model_type: "bert" }, [bertFamily])).toBe(bertFamily);
  });

  it.each([{ model_type: "roberta" }, {}, null])("are named when there is none for %j", (config) => {
    expect(() => familyOf(config, [bertFamily])).toThrow("config.json model_type expected bert");
    expect(() => createEncoder(newStore().engine, config, [bertFamily])).toThrow(codeOf("E_MODEL_TYPE"));
  });
});
