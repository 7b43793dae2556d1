import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 as zlibCrc32 } from "node:zlib";
import { concatBytes } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import type { TrainEvent } from "@attune/train";
import { expect, it, onTestFinished, vi } from "vitest";
import { crc32 } from "./crc32.ts";
import wandb, { wandbTracker } from "./index.ts";
import { lastRuntime, record } from "./messages.ts";
import { fileHeader, framed, recordsOf, wholeBytes } from "./record-log.ts";

const files = createNodeFiles();

function outputFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-wandb-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const start = (doneBefore = 0): TrainEvent => ({ type: "start", steps: 6, epochs: 1, doneBefore, examples: 8, trainableParameters: 1 });
const step = (number: number): TrainEvent => ({
  type: "step",
  step: number,
  epoch: 0,
  loss: 1 / number,
  learningRate: 1e-5,
  gradientNorm: 2,
  applied: true,
  tokens: 30,
  seconds: number,
});
const evaluation = (number: number, name = "dev"): TrainEvent => ({
  type: "evaluation",
  step: number,
  name,
  metrics: { "ndcg@10": number / 10, odd: Number.NaN },
  seconds: 1,
});
const end: TrainEvent = {
  type: "end",
  result: {
    status: "done",
    steps: 6,
    seconds: 6,
    tokensPerSecond: 1,
    finalLoss: 1,
    skippedSteps: 0,
    checkpoint: undefined,
    best: { metric: "ndcg@10", step: 4, value: 0.4 },
  },
};

/** A run with an interruption, after which a torn record lies at the end of the file. */
async function interrupted(): Promise<string> {
  const output = outputFolder();
  writeFileSync(
    join(output, "attune.json"),
    JSON.stringify({ epochs: 2, loss: ["infonce", { temperature: 0.05 }], record: { private: 1 } }),
  );
  const first = wandbTracker(files, output, { name: "a run" });
  for (const event of [start(), step(1), step(2), evaluation(2), evaluation(2, "sts")]) await first.onEvent(event);
  const offsets = await first.offsets!();
  for (const event of [step(3), step(4)]) await first.onEvent(event);
  const path = join(output, Object.keys(offsets)[0]);
  appendFileSync(path, "torn");
  const second = wandbTracker(files, output);
  await second.truncate!(offsets);
  for (const event of [start(2), step(3), evaluation(3), step(4), end]) await second.onEvent(event);
  return path;
}

it("has zlib's checksum", () => {
  for (const text of ["", "123456789", "W&B".repeat(999)]) {
    const bytes = new TextEncoder().encode(text);
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    expect(crc32(bytes, crc32(Uint8Array.of(7)))).toBe(zlibCrc32(Uint8Array.of(7, ...bytes)));
  }
});

it.each([0, 1, 100, 32747, 32754, 32755, 32761, 40000, 70000, 98283])("records of %i bytes come back, wherever blocks end", (length) => {
  const data = Uint8Array.from({ length }, (_, i) => i % 251);
  let file = Uint8Array.from(fileHeader);
  for (let i = 0; i < 4; i++) file = Uint8Array.from(concatBytes([file, framed(data, file.length)]));
  expect(recordsOf(file).map((one) => Buffer.from(one).equals(Buffer.from(data)))).toEqual([true, true, true, true]);
  expect(recordsOf(file.subarray(0, file.length - 1)).length).toBe(3);
});

it.each([
  { length: 10, types: [2, 4] },
  { length: 40_000, types: [2, 3, 4] },
])("a record of $length bytes that begins where only a header fits is one record to wandb's reader", ({ length, types }) => {
  const size = 2 * 32768 - 7;
  const file = concatBytes([new Uint8Array(size), framed(new Uint8Array(length), size)]);
  const found: number[] = [];
  for (let at = size; at < file.length; at += 7 + new DataView(file.buffer, at).getUint16(4, true)) found.push(file[at + 6]);
  expect(found).toEqual(types); // FIRST, MIDDLE, LAST: FULL or FIRST behind a FIRST end `wandb sync`
});

it("writes the bytes that wandb 0.31 writes for the same records", () => {
  const golden = JSON.parse(readFileSync(new URL("../test/golden.json", import.meta.url), "utf8")) as Record<string, string>;
  const hex = (content: Parameters<typeof record>[1], number: number): string =>
    Buffer.from(record(number, content, "xq7xxnjk")).toString("hex");
  expect(hex({ header: { producer: "attune" } }, 1)).toBe(golden.header);
  expect(hex({ history: { loss: 0.5, learning_rate: 2e-5, _step: 2 }, step: 2 }, 11)).toBe(golden.history);
  expect(hex({ summary: { loss: 0.5, _step: 2 } }, 10)).toBe(golden.summary);
  expect(hex({ exit: { code: 0, seconds: 3 } }, 300)).toBe(golden.exit);
  const run = { id: "xq7xxnjk", project: "attune", name: "a run", config: { epochs: 2 }, started: 1795267487.5, startingStep: 0 };
  expect(hex({ run }, 2)).toBe(golden.run);
});

it("is one run with every step once, after a resume, too", async () => {
  const path = await interrupted();
  expect(readdirSync(join(path, "../.."))).toHaveLength(1);
  expect(readdirSync(join(path, "..")).sort()).toEqual(["files", path.split("/").at(-1)]);
  expect(recordsOf(readFileSync(path))).toHaveLength(2 + 2 * 4 + 2);
});

it("goes on with its clock where the run was cut off", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const output = outputFolder();
  const later = (seconds: number): unknown => vi.setSystemTime(Date.now() + seconds * 1000);
  const first = wandbTracker(files, output);
  await first.onEvent(start());
  for (const number of [1, 2]) {
    later(50);
    await first.onEvent(step(number));
  }
  const offsets = await first.offsets!();
  const path = join(output, Object.keys(offsets)[0]);
  expect(lastRuntime(recordsOf(readFileSync(path)))).toBeCloseTo(100, 3);
  later(3600); // nobody trained
  const second = wandbTracker(files, output);
  await second.truncate!(offsets);
  await second.onEvent(start(2));
  later(10);
  await second.onEvent(step(3));
  await second.offsets!();
  expect(lastRuntime(recordsOf(readFileSync(path)))).toBeCloseTo(110, 3);
});

it.each([
  { lost: 10, records: 2 + 2 * 1 + 1 + 2 * 2 }, // of the last record's bytes; its summary is before it
  { lost: 100_000, records: 2 + 2 * 2 },
])("goes on behind the last whole record where a loss of power took $lost bytes that the checkpoint knew", async ({ lost, records }) => {
  const output = outputFolder();
  const first = wandbTracker(files, output);
  for (const event of [start(), step(1), step(2)]) await first.onEvent(event);
  const offsets = await first.offsets!();
  const [[known, size]] = Object.entries(offsets);
  truncateSync(join(output, known), Math.max(0, size - lost));
  const second = wandbTracker(files, output);
  await second.truncate!(offsets);
  for (const event of [start(2), step(3), step(4)]) await second.onEvent(event);
  const [[path]] = Object.entries(await second.offsets!());
  expect(path === known).toBe(lost < size); // nothing to go on with: another run
  const file = readFileSync(join(output, path));
  expect(recordsOf(file)).toHaveLength(records);
  expect(wholeBytes(file)).toBe(file.length);
});

it("is a plugin with a project and a name", () => {
  expect(wandb.options.parse({})).toEqual({ project: "attune" });
  expect(() => wandb.options.parse({ project: "" })).toThrow(/project/);
});

const python = process.env.ATTUNE_PYTHON ?? "python3";
const absent = spawnSync(python, ["-c", "import wandb.sdk.internal.datastore"]).status !== 0;

it.skipIf(absent)(
  `wandb reads the same numbers${absent ? " (skipped: python3 has no wandb with a reader, up to 0.18; ATTUNE_PYTHON may name one that has)" : ""}`,
  async () => {
    const path = await interrupted();
    const reader = fileURLToPath(new URL("../test/read_wandb.py", import.meta.url));
    const { stdout, stderr } = spawnSync(python, [reader, path], { encoding: "utf8" });
    expect(stderr).toBe("");
    type Item = { key?: string; nested_key?: string[]; value_json: string };
    const records = JSON.parse(stdout) as {
      num: string;
      run?: { config: { update: Item[] }; display_name: string };
      history?: { item: Item[] };
      exit?: object;
    }[];
    expect(records.map(({ num }) => Number(num))).toEqual(records.map((_, i) => i + 1));
    const run = records.find((one) => one.run)!.run!;
    expect(run.display_name).toBe("a run");
    expect(run.config.update.map(({ key, value_json }) => [key, value_json])).toEqual([
      ["_wandb", "{}"],
      ["epochs", "2"],
      ["loss", '["infonce",{"temperature":0.05}]'],
    ]);
    const rows = records.flatMap(({ history }) =>
      history ? [Object.fromEntries(history.item.map((item) => [item.nested_key![0], item.value_json]))] : [],
    );
    expect(rows.map((row) => row._step)).toEqual(["1", "2", "3", "4"]);
    expect(rows[1]).toMatchObject({ loss: "0.5", "eval/ndcg@10": "0.2", "eval/odd": "NaN", "eval/sts/ndcg@10": "0.2" });
    expect(records.at(-1)).toHaveProperty("exit");
  },
  60_000,
);
