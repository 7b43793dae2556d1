// Two data sets that number their documents from 0, as BEIR's and Tevatron's do, in memory and streamed.

import { expect, test } from "vitest";
import { collate } from "./collate.ts";
import { factsOf } from "./fingerprint.ts";
import { holdOut } from "./hold-out.ts";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";
import { planBatches, type PlannedBatch } from "./plan-batches.ts";
import { planStream } from "./plan-stream.ts";
import { randomSampler } from "./random-sampler.ts";

const tevatron = (name: string): string =>
  Array.from({ length: 4 }, (_, i) => {
    const passage = (docid: number) => ({ docid: String(docid), title: "", text: `${name} document ${docid}` });
    return `${JSON.stringify({ query: `${name} query ${i}`, positive_passages: [passage(i)], negative_passages: [passage(i + 4)] })}\n`;
  }).join("");
const files = memoryFiles({
  "plain.jsonl": '{"query":"plain","pos":["a text without id"]}\n',
  "one.jsonl": tevatron("one"),
  "two.jsonl": tevatron("two"),
  "part-1.jsonl": tevatron("one"),
  "part-2.jsonl": '{"query":"another","positive_passages":[{"docid":"0","title":"cut","text":"otherwise"}],"negative_passages":[]}\n',
});
const sets = ["plain.jsonl", "one.jsonl", "two.jsonl"];
const options = { batchSize: 9, epochs: 2, seed: 3 };

async function all(batches: Iterable<PlannedBatch> | AsyncIterable<PlannedBatch>): Promise<PlannedBatch[]> {
  const found: PlannedBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

test("a document of one set is no positive of the other", async () => {
  const { rows } = await loadRows(files, sets);
  const [{ examples }] = [...planBatches(rows, { ...options, sampler: randomSampler }).from()];
  expect(examples).toHaveLength(9);
  expect(collate(examples)).not.toHaveProperty("exclude");
  expect(holdOut(rows, 0.12, 1).heldOut).toHaveLength(1);
});

test("the files of one pattern share their documents", async () => {
  const { rows } = await loadRows(files, "part-*.jsonl");
  const [{ examples }] = [...planBatches(rows, { ...options, sampler: randomSampler }).from()];
  expect(collate(examples).exclude?.reduce((sum, one) => sum + one, 0)).toBe(2);
});

test("streamed rows say the same in every epoch and from any place on, and the fingerprint is that of the rows as they were", async () => {
  const { rows } = await loadRows(files, sets);
  const { plan, facts, sample } = await planStream(files, sets, { ...options, batchSize: 3, window: 100 });
  expect(sample).toEqual(rows);
  expect(facts).toEqual(factsOf(rows));
  const bare = (await Promise.all(sets.map((path) => loadRows(files, path)))).flatMap((loaded) => loaded.rows);
  expect(facts.fingerprint).toBe(factsOf(bare).fingerprint);
  const batches = await all(plan.from());
  const keys = (epoch: number) =>
    batches
      .flatMap(({ cursor, examples }) => (cursor.epoch === epoch ? examples.map(({ positiveId }) => positiveId ?? "") : []))
      .toSorted();
  expect(new Set(keys(0)).size).toBe(9);
  expect(keys(1)).toEqual(keys(0));
  const place = { epoch: 1, batch: 1 };
  expect(await all(plan.from(place))).toEqual(batches.slice(4));
});
