import { describe, expect, it } from "vitest";
import { caseOf, copyOf, folders, jsonAt, largestDifference, load, loadGolden } from "../test/models.ts";

const { pairs, predict } = caseOf("cross-encoder-new");
const codeOf = (code: string) => expect.objectContaining({ code });

describe.each(folders)("sentence-transformers' numbers of %s", (folder) => {
  const expected = caseOf(folder);

  it("scores and logits", async () => {
    using model = (await loadGolden(folder)).model;
    expect(model.parts).toMatchObject({ activation: expected.default_activation.toLowerCase(), labels: ["LABEL_0"], maxLength: 32 });
    expect(largestDifference(await model.score(expected.pairs), expected.predict)).toBeLessThan(1e-6);
    expect(largestDifference(await model.score(expected.pairs, { activation: "identity" }), expected.logits)).toBeLessThan(2e-6);
  });

  it("ranked lists", async () => {
    using model = (await loadGolden(folder)).model;
    const { query, documents, expected: results } = expected.rank;
    const ranked = await model.rank(query, documents);
    expect(ranked.map(({ index }) => index)).toEqual(results.map(({ corpus_id: index }) => index));
    expect(
      largestDifference(
        ranked.map(({ score }) => score),
        results.map(({ score }) => score),
      ),
    ).toBeLessThan(1e-6);
    expect(await model.rank(query, documents, { topK: 3 })).toEqual(ranked.slice(0, 3));
  });
});

describe("a pair's score", () => {
  it.each([1, 40, 100, 8192])("is the same in batches of %d tokens, bit for bit", async (batchTokens) => {
    using model = (await loadGolden("cross-encoder-new")).model;
    expect(await model.score(pairs, { batchTokens })).toEqual(await model.score(pairs));
  });

  it("is the same in any order, and for a pair that comes twice", async () => {
    using model = (await loadGolden("cross-encoder-new")).model;
    const few = await model.score(pairs);
    const order = [3, 0, 6, 2, 2, 5, 1, 4, 7];
    const turned = await model.score(
      order.map((i) => pairs[i]),
      { batchTokens: 50 },
    );
    expect(turned).toEqual(Float32Array.from(order, (i) => few[i]));
  });

  it("depends on the order of its texts, on its prompt and on the length that it is cut to", async () => {
    using model = (await loadGolden("cross-encoder-new")).model;
    const turned = await model.score(pairs.map(([a, b]) => [b, a] as const));
    expect(largestDifference(turned, predict)).toBeGreaterThan(1e-3);
    const prompted = await model.score([["is it?", "yes"]], { prompt: "why " });
    expect(prompted).toEqual(await model.score([["why is it?", "yes"]]));
    using short = (await loadGolden("cross-encoder-new", { maxLength: 12 })).model;
    expect(short.tokenize(pairs).maxLength).toBe(12);
    expect(largestDifference(await short.score(pairs), predict)).toBeGreaterThan(1e-3);
  });

  it("has the prompt of its folder, and the casing", async () => {
    const golden = "st/cross-encoder-new";
    const settings = jsonAt(copyOf(golden), "config_sentence_transformers.json");
    const prompts = { ask: "Why " };
    const folder = copyOf(golden, {
      "config_sentence_transformers.json": { ...settings, prompts, default_prompt_name: "ask" },
      "sentence_bert_config.json": { do_lower_case: true },
    });
    using model = (await load(folder)).model;
    using plain = (await loadGolden("cross-encoder-new")).model;
    expect(await model.score([["is it?", "yes"]])).toEqual(await plain.score([["Why is it?", "yes"]]));
    expect(await model.score([["is it?", "yes"]], { prompt: "" })).toEqual(await plain.score([["is it?", "yes"]]));
    expect(model.parts.lowerCase).toBe(true);
  });
});

describe("score", () => {
  it("of nothing is nothing", async () => {
    using model = (await loadGolden("cross-encoder-new")).model;
    expect(await model.score([])).toEqual(new Float32Array());
    expect(await model.rank("a", [])).toEqual([]);
  });

  it("refuses what is no pair, and names the first by its place among all", async () => {
    using model = (await loadGolden("cross-encoder-new")).model;
    const many = Array.from({ length: 2100 }, (_, i) => (i === 2050 ? ["alone"] : ["a", "b"]));
    await expect(model.score(many as never)).rejects.toMatchObject({ code: "E_TEXT", place: "pair 2050", got: '["alone"]' });
    expect(() => model.tokenize([["a", "b"], "c"] as never)).toThrow(expect.objectContaining({ code: "E_TEXT", place: "pair 1" }));
  });

  it("leaves no memory, tells its progress and stops when told to", async () => {
    using model = (await loadGolden("cross-encoder-new")).model;
    const { counters } = model.engine.backend;
    const before = counters.bytesLive;
    const progress: number[] = [];
    await model.score(pairs, { batchTokens: 1, onProgress: (done) => progress.push(done) });
    expect(progress).toEqual(pairs.map((_, i) => i + 1));
    const abort = new AbortController();
    const stopped = model.score(pairs, {
      batchTokens: 1,
      signal: abort.signal,
      onProgress: (done) => done === 2 && abort.abort(new Error("enough")),
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(counters.bytesLive).toBe(before);
  });

  it("refuses lengths that leave no room, or that the model does not have", async () => {
    await expect(loadGolden("cross-encoder-new", { maxLength: 41 })).rejects.toEqual(codeOf("E_TOO_LONG"));
    await expect(loadGolden("cross-encoder-new", { maxLength: 4 })).rejects.toEqual(codeOf("E_TOO_SHORT"));
    using model = (await loadGolden("cross-encoder-new", { maxLength: 5 })).model;
    expect(model.tokenize([["one two three", "four five six"]]).ids).toHaveLength(5);
  });
});
