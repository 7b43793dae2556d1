import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { goldenDisk, jsonOn } from "../test/memory-files.ts";
import { caseOf, expectedOf, folders, largestDifference, load } from "../test/models.ts";
import { encode } from "./encode.ts";

const loadFolder = async (folder: string) => (await load(goldenDisk(`st/${folder}`))).model;
const { texts } = caseOf("bert-mean-legacy");
const codeOf = (code: string) => expect.objectContaining({ code });

describe.each(folders)("sentence-transformers' embeddings of %s", (folder) => {
  it.each([
    { call: "encode", options: {} },
    { call: "encode_query", options: { side: "query" } },
    { call: "encode_document", options: { side: "document" } },
    { call: "encode_no_prompt", options: { prompt: "" } },
  ] as const)("$call", async ({ call, options }) => {
    const expected = await (await expectedOf(folder))(call);
    const model = await loadFolder(folder);
    expect(largestDifference(await encode(model, caseOf(folder).texts, options), expected)).toBeLessThan(1e-5);
  });
});

it("prompts matter where a folder has them", async () => {
  const expected = await expectedOf("bert-noprompt-legacy");
  expect(largestDifference(await expected("encode_query"), await expected("encode_document"))).toBeGreaterThan(0.01);
  expect(largestDifference(await expected("encode_query"), await expected("encode_no_prompt"))).toBeGreaterThan(0.01);
});

describe("a text's vector", () => {
  it.each([1, 20, 40, 8192])("is the same in batches of %d tokens, bit for bit", async (batchTokens) => {
    const model = await loadFolder("bert-mean-legacy");
    expect(await encode(model, texts, { batchTokens })).toEqual(await encode(model, texts));
  });

  it("is the same in any order, and for a text that comes twice", async () => {
    const model = await loadFolder("bert-dense-legacy");
    const plain = await encode(model, texts);
    const order = [3, 0, 6, 2, 2, 5, 1, 4, 3];
    const turned = await encode(
      model,
      order.map((i) => texts[i]),
      { batchTokens: 50 },
    );
    const { dimension } = model;
    order.forEach((from, to) => {
      expect(turned.subarray(to * dimension, (to + 1) * dimension)).toEqual(plain.subarray(from * dimension, (from + 1) * dimension));
    });
  });

  it("is the same beyond one window of sorted texts", async () => {
    const { model } = await load(goldenDisk("st/bert-mean-legacy"), { maxLength: 4 });
    const many = Array.from({ length: 2100 }, (_, i) => texts[i % texts.length]);
    const all = await encode(model, many);
    const few = await encode(model, texts);
    expect(all.subarray(2099 * 32)).toEqual(few.subarray((2099 % texts.length) * 32, ((2099 % texts.length) + 1) * 32));
    expect(all.subarray(0, few.length)).toEqual(few);
  });
});

describe("encode", () => {
  it("of nothing is nothing", async () => {
    expect(await encode(await loadFolder("bert-mean-legacy"), [])).toEqual(new Float32Array(0));
  });

  it("refuses what is no list of texts, and names the first that is none by its place among all", async () => {
    const model = await loadFolder("bert-mean-legacy");
    const refusal = (place: string, got: string) => expect.objectContaining({ code: "E_TEXT", place, got });
    await expect(encode(model, "a text" as never)).rejects.toEqual(refusal("encode", '"a text"'));
    const many = Array.from({ length: 2100 }, (_, i) => (i === 2050 ? 7 : "a"));
    await expect(encode(model, many as never)).rejects.toEqual(refusal("text 2050", "7"));
  });

  it("leaves no memory and tells its progress", async () => {
    const model = await loadFolder("bert-mean-legacy");
    const { counters } = model.engine.backend;
    const before = counters.bytesLive;
    const progress: number[] = [];
    await encode(model, texts, { batchTokens: 1, onProgress: (done, total) => progress.push(done, total) });
    expect(counters.bytesLive).toBe(before);
    expect(progress.filter((_, i) => i % 2 === 0)).toEqual(texts.map((_, i) => i + 1));
    expect(new Set(progress.filter((_, i) => i % 2 === 1))).toEqual(new Set([texts.length]));
  });

  it("stops when told to, and frees what it made", async () => {
    const model = await loadFolder("bert-mean-legacy");
    const before = model.engine.backend.counters.bytesLive;
    const abort = new AbortController();
    const run = encode(model, texts, {
      batchTokens: 1,
      signal: abort.signal,
      onProgress: (done) => done === 2 && abort.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
    expect(model.engine.backend.counters.bytesLive).toBe(before);
  });

  it("fails once, with a read's error, and frees what it made", async () => {
    const reference = createReferenceBackend();
    let reads = 0;
    const backend = { ...reference, read: async () => (++reads, Promise.reject(new Error("device lost"))) };
    const { model } = await load(goldenDisk("st/bert-mean-legacy"), { engine: new Engine(backend) });
    const before = backend.counters.bytesLive;
    await expect(encode(model, texts, { batchTokens: 1 })).rejects.toThrow("device lost");
    expect(reads).toBeGreaterThan(1);
    expect(backend.counters.bytesLive).toBe(before);
  });

  it("cuts embeddings where the folder says so", async () => {
    const files = goldenDisk("st/bert-mean-legacy");
    const settings = jsonOn(files, "m/config_sentence_transformers.json");
    const cut = goldenDisk("st/bert-mean-legacy", { "config_sentence_transformers.json": { ...settings, truncate_dim: 5 } });
    const [{ model }, { model: whole }] = [await load(cut), await load(files)];
    expect([model.dimension, whole.dimension]).toEqual([5, 32]);
    const [few, all] = [await encode(model, texts), await encode(whole, texts)];
    expect(few).toEqual(all.filter((_, i) => i % 32 < 5));
  });

  it("cuts texts to the folder's length, or to a smaller one", async () => {
    const { model } = await load(goldenDisk("st/bert-mean-legacy"));
    expect(model.tokenize(texts).maxLength).toBe(24);
    const short = (await load(goldenDisk("st/bert-mean-legacy"), { maxLength: 6 })).model;
    expect(short.tokenize(texts).maxLength).toBe(6);
    await expect(load(goldenDisk("st/bert-mean-legacy"), { maxLength: 513 })).rejects.toEqual(codeOf("E_TOO_LONG"));
    await expect(load(goldenDisk("st/bert-mean-legacy"), { maxLength: 2 })).rejects.toEqual(codeOf("E_TOO_SHORT"));
  });

  it("lower-cases texts and prompts where the folder says so", async () => {
    const cased = { do_lower_case: true, max_seq_length: 24 };
    const { model } = await load(goldenDisk("st/bert-mean-legacy", { "sentence_bert_config.json": cased }));
    const { ids } = model.tokenize(["The Captain"], "Query: ");
    expect(ids).toEqual((await loadFolder("bert-mean-legacy")).tokenize(["the captain"], "query: ").ids);
    expect(model.parts.lowerCase).toBe(true);
  });
});
