import { expect, it } from "vitest";
import { factsOf, fingerprintRows } from "./fingerprint.ts";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";
import { perSetSampler } from "./per-set-sampler.ts";
import { planBatches, type BatchCursor, type PlannedBatch } from "./plan-batches.ts";
import { planStream } from "./plan-stream.ts";
import { randomSampler } from "./random-sampler.ts";

const lines = (count: number, name = "a") =>
  Array.from(
    { length: count },
    (_, i) => `${JSON.stringify({ query: `${name}${i}`, pos: [`p${i}`, `q${i}`], neg: [`n${i}`, `m${i}`] })}\n`,
  ).join("");
const files = memoryFiles({ "one.jsonl": lines(50), "two.jsonl": lines(7, "b"), "bad.jsonl": `${lines(3)}{"query":"x","pos":[]}\n` });
const options = { window: 16, batchSize: 8, epochs: 2, seed: 5, negatives: 1 };

async function all(batches: Iterable<PlannedBatch> | AsyncIterable<PlannedBatch>): Promise<PlannedBatch[]> {
  const found: PlannedBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

it("meets every example once an epoch, in an order that is shuffled and another one each epoch", async () => {
  const sources = ["one.jsonl", { path: "two.jsonl", weight: 2 }];
  const { plan, facts, sample } = await planStream(files, sources, options);
  const { rows } = await loadRows(files, sources);
  expect(facts).toEqual(factsOf(rows));
  expect(facts).toMatchObject({ rows: 57, fingerprint: fingerprintRows(rows), labelled: 0, withNegatives: 57 });
  expect(sample).toEqual(rows);
  const batches = await all(plan.from());
  expect(batches).toHaveLength(plan.steps);
  const epochs = [0, 1].map((epoch) => batches.filter(({ cursor }) => cursor.epoch === epoch).flatMap(({ examples }) => examples));
  const seen = epochs.map((examples) => examples.map(({ positive, anchor }) => `${anchor} ${positive}`));
  expect(seen[0]).toHaveLength(100 + 28);
  expect(new Set(seen[0]).size).toBe(114);
  expect([...seen[0]].sort()).toEqual([...seen[1]].sort());
  expect(seen[0]).not.toEqual(seen[1]);
  expect(epochs[0].every(({ negatives }) => negatives.length === 1)).toBe(true);
});

it("knows where the rows stand that its facts name", async () => {
  const scored = (score: number | undefined, i: number) => `${JSON.stringify({ sentence1: `a${i}`, sentence2: `b${i}`, score })}\n`;
  const written = [2, 1, 1.5, undefined, 3, undefined].map(scored).join("\n");
  const { facts, placeOf } = await planStream(memoryFiles({ "a.jsonl": `{\n${written}` }), "a.jsonl", { ...options, skipBadRows: true });
  const { labels, firstUnlabelled } = facts;
  const named = [labels?.least.row, labels?.most.row, labels?.broken?.row, firstUnlabelled, facts.firstWithoutNegatives];
  expect(named.map((row) => placeOf(row!))).toEqual(["a.jsonl:4", "a.jsonl:10", "a.jsonl:6", "a.jsonl:8", "a.jsonl:2"]);
  expect(placeOf(5)).toBeUndefined();
});

it("goes on from any place with the same batches", async () => {
  const { plan } = await planStream(files, "one.jsonl", { ...options, dropLast: true });
  const whole = await all(plan.from());
  const places: BatchCursor[] = [
    { epoch: 0, batch: 5 },
    { epoch: 1, batch: 0 },
    { epoch: 1, batch: 11 },
    { epoch: 2, batch: 0 },
  ];
  for (const place of places) {
    const rest = whole.filter(({ cursor }) => cursor.epoch > place.epoch || (cursor.epoch === place.epoch && cursor.batch >= place.batch));
    expect(await all(plan.from(place))).toEqual(rest);
  }
});

it("with a window as large as the data meets the rows of a plan in memory", async () => {
  const { rows } = await loadRows(files, "one.jsonl");
  const inMemory = planBatches(rows, { ...options, sampler: randomSampler });
  const { plan } = await planStream(files, "one.jsonl", { ...options, window: 1000 });
  expect(plan.stepsOfEpoch).toEqual(inMemory.stepsOfEpoch);
});

it("repeats the files until the last step", async () => {
  const { epochs: _, ...rest } = options;
  const { plan } = await planStream(files, "two.jsonl", { ...rest, maxSteps: 5 });
  expect(plan.stepsOfEpoch).toEqual([2, 2, 2]);
  expect((await all(plan.from({ epoch: 2, batch: 0 }))).map(({ cursor }) => cursor.batch)).toEqual([0, 1]);
});

it.each([
  { what: "a bad row", path: "bad.jsonl", code: "E_ROW", says: "1 of 4 here" },
  { what: "a weight that is not whole", path: { path: "one.jsonl", weight: 0.5 }, code: "E_OPTION", says: "must be whole" },
])("refuses $what", async ({ path, code, says }) => {
  await expect(planStream(files, path, options)).rejects.toMatchObject({ code, message: expect.stringContaining(says) as string });
});

it("says so where files have fewer rows than were counted, and gives no batch that was not planned", async () => {
  const contents: Record<string, string> = { "one.jsonl": lines(50) };
  const { plan } = await planStream(memoryFiles(contents), "one.jsonl", { ...options, epochs: 1 });
  contents["one.jsonl"] = lines(49);
  const met: PlannedBatch[] = [];
  const meet = async (): Promise<void> => {
    for await (const batch of plan.from()) met.push(batch);
  };
  await expect(meet()).rejects.toMatchObject({
    code: "E_FILE",
    sentence: expect.stringContaining("give 98 examples, and gave 100 when they were counted") as string,
  });
  expect(met.map(({ examples }) => examples.length)).toEqual(Array.from({ length: 12 }, () => 8));
  contents["one.jsonl"] = lines(50);
  expect(await all(plan.from())).toHaveLength(13);
});

it("makes batches of one set each, of all sets by turns", async () => {
  const { rows } = await loadRows(files, ["one.jsonl", "two.jsonl"]);
  const sampler = perSetSampler(randomSampler, ({ rowIndex }) => (rowIndex < 50 ? 0 : 1));
  const plan = planBatches(rows, { sampler, batchSize: 4, epochs: 1, seed: 3 });
  const sets = [...plan.from()].map(({ examples }) => [...new Set(examples.map(({ anchor }) => anchor[0]))].join(""));
  expect(sets).toHaveLength(25 + 4);
  expect(plan.steps).toBe(29);
  expect(sets.filter((set) => set === "b")).toHaveLength(4);
  expect(sets.slice(0, 25)).toContain("b"); // not one set after the other
});
