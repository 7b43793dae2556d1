// Trainings that could learn nothing, or end before they were told to: said before the first step, whether rows are held or streamed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel, type Outcome } from "../../test/cli.ts";

const base = ["--model", tinyModel, "--device", "typescript", "--no-report", "--no-eval"];
const line = (index: number, more: object): string =>
  `${JSON.stringify({ anchor: `word ${index}`, positive: `other ${index}`, ...more })}\n`;
const lines = (count: number, more: (index: number) => object = () => ({})): string =>
  Array.from({ length: count }, (_, index) => line(index, more(index))).join("");

const data = {
  "pairs.jsonl": lines(12),
  "mixed.jsonl": lines(12, (i) => (i % 3 === 0 ? {} : { negatives: [`wrong ${i}`] })),
  "hard.jsonl": lines(12, (i) => ({ negatives: [`wrong ${i}`] })),
  "same.jsonl": lines(12, () => ({ score: 1 })),
  "graded.jsonl": lines(12, (i) => ({ score: i % 2 })),
  "odd.jsonl": lines(12, (i) => ({ label: i === 9 ? 7 : i % 2 })),
  "half.jsonl": lines(12, (i) => ({ label: i === 9 ? 0.5 : i % 2 })),
  "unscored.jsonl": lines(12, (i) => (i === 7 ? {} : { score: i % 2 })),
};

interface Trained extends Outcome {
  readonly folder: string;
}

async function train(file: keyof typeof data, ...words: string[]): Promise<Trained> {
  const folder = folderWith(data);
  const batches = words.includes("--batch-size") ? [] : ["--batch-size", "4"];
  const done = await attune(["train", ...base, ...batches, "--data", join(folder, file), "--output", join(folder, "out"), ...words]);
  return { ...done, folder };
}

const group = ["--loss.negatives", "group"];

describe.each([
  { how: "in memory", also: [] },
  { how: "streamed", also: ["--streaming"] },
])("rows $how", ({ also }) => {
  test.each([
    {
      file: "pairs.jsonl",
      words: ["--loss", "embedrag"],
      says: " no row has a negative, and the loss embedrag learns from negatives alone",
    },
    { file: "pairs.jsonl", words: group, says: " no row has a negative, and the loss infonce learns from negatives alone" },
    {
      file: "hard.jsonl",
      words: [...group, "--negatives", "0"],
      says: " --negatives 0 leaves rows without a negative, and the loss infonce",
    },
    {
      file: "mixed.jsonl",
      words: ["--loss", "triplet"],
      says: ":1 has no negative (4 of 12 rows), and the loss triplet compares each positive with one",
    },
    { file: "hard.jsonl", words: ["--loss", "triplet", "--negatives", "0"], says: " --negatives 0 leaves rows without a negative" },
    {
      file: "odd.jsonl",
      words: ["--loss", "cosine-similarity"],
      says: ":10 has the label 7, and the loss cosine-similarity takes −1 to 1",
    },
    {
      file: "half.jsonl",
      words: ["--loss", "online-contrastive"],
      says: ":10 has the label 0.5, and the loss online-contrastive takes 0 (apart) or 1 (together)",
    },
    { file: "same.jsonl", words: ["--loss", "cosent"], says: " all rows have the same label, and the loss cosent" },
    {
      file: "unscored.jsonl",
      words: ["--loss", "cosent"],
      says: ':8 has neither "score" nor "label", and the loss cosent compares them',
    },
  ] as const)("are refused: $file with $words", async ({ file, words, says }) => {
    const { status, stderr, folder } = await train(file, ...words, ...also);
    expect(stderr).toContain(`error E_LOSS_INPUT  ${join(folder, file)}${says}`);
    expect(status).toBe(1);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test.each([
    {
      file: "mixed.jsonl",
      words: group,
      says: "4 of 12 rows have no negative, .* infonce learns from negatives alone: those rows teach nothing",
    },
    {
      file: "mixed.jsonl",
      words: ["--loss", "embedrag"],
      says: "4 of 12 rows have no negative, .*: a batch of those rows teaches nothing",
    },
  ] as const)("are warned of: $file with $words", async ({ file, words, says }) => {
    const { status, stderr } = await train(file, ...words, ...also);
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringMatching(`warning {3}${says}`) as string });
  });

  test.each([
    { file: "hard.jsonl", words: ["--loss", "embedrag"] },
    { file: "hard.jsonl", words: ["--loss", "triplet"] },
    { file: "pairs.jsonl", words: [...group, "--loss.directions", "query-to-doc,doc-to-query"] },
    { file: "graded.jsonl", words: ["--loss", "cosent"] },
  ] as const)("are good: $file with $words", async ({ file, words }) => {
    const { status, stderr } = await train(file, ...words, ...also);
    expect(status).toBe(0);
    expect(stderr).not.toContain("warning");
  });
});

test("a data set that its own loss cannot learn from is refused among others", async () => {
  const folder = folderWith({ ...data, "rows.jsonl": rows(8) });
  const config = join(folder, "config.json");
  const sets = [join(folder, "rows.jsonl"), { path: join(folder, "mixed.jsonl"), loss: "triplet" }];
  writeFileSync(config, JSON.stringify({ data: sets }));
  const { stderr } = await attune(["train", ...base, "--config", config, "--output", join(folder, "out")]);
  expect(stderr).toContain(`${join(folder, "mixed.jsonl")}:1 has no negative (4 of 12 rows), and the loss triplet`);
});

test.each([
  { how: "in memory", also: ["--hold-out", "0.1"], eval: [] },
  { how: "streamed", also: ["--streaming"], eval: ["--no-eval"] },
])("a row is named by its file and line, behind rows that are left out or held out and in a second data set: $how", async (given) => {
  const folder = folderWith({
    ...data,
    "second.jsonl": `{\n${lines(3, () => ({ score: 1 }))}\n${line(3, {})}`,
    "first.jsonl": `{\n${data["graded.jsonl"]}`,
  });
  const sets = ["first.jsonl", "second.jsonl"].flatMap((name) => ["--data", join(folder, name)]);
  const words = [...sets, "--skip-bad-rows", "--loss", "cosent", "--output", join(folder, "out"), ...given.also, ...given.eval];
  const { stderr } = await attune(["train", "--model", tinyModel, "--device", "typescript", "--no-report", ...words]);
  expect(stderr).toContain(`error E_LOSS_INPUT  ${join(folder, "second.jsonl")}:6 has neither "score" nor "label"`);
});

test("a row of a folder is named by its query", async () => {
  const folder = folderWith(data);
  mkdirSync(join(folder, "beir", "qrels"), { recursive: true });
  writeFileSync(join(folder, "beir", "corpus.jsonl"), '{"_id":"d","text":"other"}\n');
  writeFileSync(join(folder, "beir", "queries.jsonl"), '{"_id":"q7","text":"word"}\n');
  writeFileSync(join(folder, "beir", "qrels", "train.tsv"), "q7\td\t1\n");
  const sets = ["--data", join(folder, "beir"), "--data", join(folder, "hard.jsonl"), "--loss", "triplet"];
  const { stderr } = await attune(["train", ...base, ...sets, "--output", join(folder, "out")]);
  expect(stderr).toContain(`error E_LOSS_INPUT  ${join(folder, "beir")}, query "q7" has no negative (1 of 13 rows)`);
});

test("a hardness without a strength is refused, for it would change nothing", async () => {
  const { status, stderr } = await train("hard.jsonl", "--hardness", "hard-negatives");
  expect(stderr).toMatch(/error E_OPTION {2}--hardness does nothing with hardnessStrength 0/);
  expect(status).toBe(2);
});

test("batches of one row, for losses that compare rows", async () => {
  const alone = ["--batch-size", "1", "--max-steps", "2", "--warmup", "0"];
  const warned = async (file: keyof typeof data, ...words: string[]) => (await train(file, ...alone, ...words)).stderr;
  expect(await warned("graded.jsonl", "--loss", "cosent")).toContain(
    "the loss cosent has no other row to compare with, so nothing is learnt",
  );
  expect(await warned("mixed.jsonl")).toContain(
    "the loss infonce has no other row to compare with, so rows without negatives teach nothing",
  );
  expect(await warned("hard.jsonl")).not.toContain("warning");
  expect(await warned("graded.jsonl", "--loss", "cosine-similarity")).not.toContain("warning");
});

test("--max-steps repeats the data; with --epochs whichever ends first, and the plan says so", async () => {
  const plans = async (...words: string[]) => {
    const { stderr, folder } = await train("pairs.jsonl", ...words);
    const log = readFileSync(join(folder, "out", "log.jsonl"), "utf8");
    const steps = log.split("\n").filter((one) => one.startsWith('{"type":"step"')).length;
    return { steps, plan: /batch 4 · (.*?) ·/.exec(stderr)?.[1], warning: /warning {3}(.*)/.exec(stderr)?.[1] };
  };
  expect(await plans("--max-steps", "7")).toEqual({ steps: 7, plan: "7 steps in 3 epochs", warning: undefined });
  expect(await plans("--max-steps", "7", "--streaming")).toEqual({ steps: 7, plan: "7 steps in 3 epochs", warning: undefined });
  expect(await plans("--max-steps", "4", "--epochs", "8")).toEqual({ steps: 4, plan: "4 steps in 2 of 8 epochs", warning: undefined });
  expect(await plans("--max-steps", "100", "--epochs", "2")).toEqual({
    steps: 6,
    plan: "6 steps in 2 epochs",
    warning: "--epochs 2 ends after 6 steps, before --max-steps 100 (without --epochs the data are repeated)",
  });
  expect((await plans()).plan).toBe("3 steps in 1 epoch");
});

test("attune.json repeats a training of so many steps, and one with more of them", async () => {
  const { folder } = await train("pairs.jsonl", "--max-steps", "7");
  const config = ["--config", join(folder, "out", "attune.json")];
  const again = await attune(["train", ...config, "--output", join(folder, "again")]);
  expect(again.stderr).toContain("7 steps in 3 epochs");
  const weights = (name: string) => readFileSync(join(folder, name, "model.safetensors")).toString("base64");
  expect(weights("again")).toBe(weights("out"));
  const longer = await attune(["train", ...config, "--output", join(folder, "longer"), "--max-steps", "10"]);
  expect(longer.stderr).toContain("10 steps in 4 epochs");
});
