// The committed quickstart data is what its script builds, and its held-out questions keep clear of the training ones.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { possibleTroubles, troubleId } from "../fixtures/quickstart/articles.ts";
import { buildDataSet } from "../fixtures/quickstart/data-set.ts";
import { articleOf, pairsOf } from "../fixtures/quickstart/questions.ts";
import { preTokenize } from "../fixtures/quickstart/wordpiece.ts";

const folder = new URL("../fixtures/quickstart/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const jsonl = <T>(name: string): T[] =>
  read(name)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
const qrels = (split: string): { query: string; article: string }[] =>
  read(`qrels/${split}.tsv`)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .map(([query, article]) => ({ query, article }));

const articles = jsonl<{ _id: string; title: string; text: string }>("corpus.jsonl");
const questions = jsonl<{ _id: string; text: string }>("queries.jsonl");
const train = qrels("train");
const dev = qrels("dev");
const testSplit = qrels("test");
const heldOut = [...dev, ...testSplit];

describe("files", () => {
  const built = buildDataSet();

  test.each(Object.keys(built))("%s is what build.ts makes", (name) => {
    expect(read(name) === built[name], `${name} is stale: run fixtures/quickstart/build.ts`).toBe(true);
  });

  test("all of them fit into 1.5 MB", () => {
    const bytes = Object.values(built).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
    expect(bytes).toBeLessThan(1.5e6);
  });

  test("the tokenizer has a piece for every word of the data", () => {
    const { model } = JSON.parse(built["tokenizer.json"]) as { model: { vocab: Record<string, number> } };
    expect(Object.keys(model.vocab)).toHaveLength(2048);
    expect(JSON.parse(built["config.json"])).toMatchObject({ vocab_size: 2048, max_position_embeddings: 64 });
    const words = new Set(
      [...articles.flatMap(({ title, text }) => [title, text]), ...questions.map(({ text }) => text)].flatMap(preTokenize),
    );
    const missing = [...words].flatMap((word) => [...word].map((c, i) => (i ? `##${c}` : c))).filter((piece) => !(piece in model.vocab));
    expect(missing).toEqual([]);
  });
});

describe("articles and questions", () => {
  test("counts", () => {
    expect([articles.length, train.length, dev.length, testSplit.length]).toEqual([420, 2400, 120, 300]);
    expect(questions).toHaveLength(2820);
    expect(new Set(questions.map(({ _id }) => _id)).size).toBe(2820);
    expect(new Set(questions.map(({ text }) => text)).size).toBe(2820);
    expect(new Set(articles.map(({ _id }) => _id)).size).toBe(420);
    expect(new Set(articles.map(({ text }) => text)).size).toBe(420);
  });

  test("every question has one right article, which exists and can happen", () => {
    const ids = new Set(articles.map(({ _id }) => _id));
    const possible = new Set(possibleTroubles().map(troubleId));
    const asked = [...train, ...heldOut];
    expect(asked.map(({ query }) => query).sort()).toEqual(questions.map(({ _id }) => _id).sort());
    expect(asked.filter(({ query, article }) => article !== articleOf(query) || !ids.has(article) || !possible.has(article))).toEqual([]);
  });

  test("the examples are test questions", () => {
    const examples = JSON.parse(read("examples.json")) as { query: string; text: string; article: string; title: string }[];
    expect(examples).toHaveLength(3);
    for (const { query, text, article, title } of examples) {
      expect(testSplit).toContainEqual({ query, article });
      expect(questions).toContainEqual({ _id: query, text });
      expect(articles.find(({ _id }) => _id === article)?.title).toBe(title);
    }
  });
});

describe("held-out questions", () => {
  test("no article is asked about in two splits", () => {
    const [inTrain, inDev] = [train, dev].map((split) => new Set(split.map(({ article }) => article)));
    expect(heldOut.filter(({ article }) => inTrain.has(article))).toEqual([]);
    expect(testSplit.filter(({ article }) => inDev.has(article))).toEqual([]);
  });

  test("no two phrases of one question meet in training", () => {
    const met = new Set(train.flatMap(({ query }) => pairsOf(query)));
    expect(heldOut.flatMap(({ query }) => pairsOf(query)).filter((pair) => met.has(pair))).toEqual([]);
  });

  test("every phrase occurs in training, and every component in at least three articles there", () => {
    const phrases = new Set(train.flatMap(({ query }) => query.split("+")));
    expect(heldOut.flatMap(({ query }) => query.split("+")).filter((phrase) => !phrases.has(phrase))).toEqual([]);
    const trained = [...new Set(train.map(({ article }) => article))].flatMap((id) => id.split("+"));
    const rare = new Set(
      heldOut.flatMap(({ article }) => article.split("+")).filter((id) => trained.filter((other) => other === id).length < 3),
    );
    expect([...rare]).toEqual([]);
  });

  test("phrases identify their component", () => {
    for (const kind of ["product", "symptom", "circumstance"] as const) {
      const components = [...new Set(possibleTroubles().map((trouble) => trouble[kind]))];
      const customer = components.flatMap((component) => component.customer);
      const company = components.flatMap((component) => component.company);
      expect(new Set(customer).size).toBe(customer.length);
      expect(new Set(company).size).toBe(company.length);
    }
  });
});
