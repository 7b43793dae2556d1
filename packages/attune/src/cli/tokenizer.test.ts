import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { loadTokenizer } from "@attune/tokenization";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

const tokenizer = (folder: string, data: string, ...more: string[]) =>
  attune([
    "tokenizer",
    "--data",
    join(folder, data),
    "--output",
    join(folder, "out"),
    ...(more.includes("--size") ? more : ["--size", "70", ...more]),
  ]);

const sentences = Array.from({ length: 30 }, (_, i) => `the red house number ${i} stands by the road`);

test("learns from plain text, documents, rows and BEIR folders alike", async () => {
  const documents = sentences.map((text, i) => `${JSON.stringify({ _id: `${i}`, text })}\n`).join("");
  const folder = folderWith({ "in.txt": sentences.join("\n"), "in.jsonl": documents, "rows.jsonl": rows(20), "corpus.jsonl": documents });
  const runs: string[] = [];
  for (const data of ["in.txt", "in.jsonl", "."]) {
    const { status, stdout, stderr } = await tokenizer(folder, data, "--json", "--overwrite");
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain("texts     30 texts: 270 words, 37 different");
    expect(JSON.parse(stdout)).toMatchObject({ type: "wordpiece", size: 70, texts: 30, words: 270, bad: 0, seconds: expect.any(Number) });
    runs.push(readFileSync(join(folder, "out/tokenizer.json"), "utf8"));
  }
  expect(new Set(runs).size).toBe(1);
  const learnt = await loadTokenizer(createNodeFiles(), join(folder, "out"));
  expect(learnt.decode(learnt.encode("the red house by the road").ids)).toBe("the red house by the road");
  expect((await tokenizer(folder, "rows.jsonl", "--overwrite")).stderr).toContain("texts     60 texts");
});

test("bpe has its own files, and says when there is less to learn than asked for", async () => {
  const folder = folderWith({ "in.txt": sentences.join("\n") });
  const { status, stderr } = await tokenizer(folder, "in.txt", "--type", "bpe", "--size", "5000", "--min-frequency", "3");
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /learnt {4}\d{3} tokens \(of 5,000 asked for: the texts have no more frequent enough\) · 1\.\d\d a word · 0 % unknown/,
  );
  for (const name of ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"])
    expect(existsSync(join(folder, "out", name))).toBe(true);
});

test.each([
  { more: ["--size", "9"], code: "E_VOCABULARY", says: "--size expected at least" },
  { more: ["--type", "unigram"], code: "E_OPTION", says: '--type expected one of "wordpiece"|"bpe"' },
  { more: ["--type", "bpe", "--alphabet", "9"], code: "E_OPTION", says: "--alphabet is for the type wordpiece" },
  { more: ["--data", "none.txt"], code: "E_NO_FILE", says: "none.txt does not exist" },
  { more: ["--column", "body"], code: "E_LAYOUT", says: 'expected a column "body", got the columns text' },
  { more: ["--output", tinyModel], code: "E_OUTPUT", says: "is a model's folder" },
])("$code: $says", async ({ more, code, says }) => {
  const folder = folderWith({ "in.jsonl": '{"text":"some words"}\n' });
  const kept = more.includes("--output") ? [] : ["--output", join(folder, "out")];
  const sized = more.includes("--size") ? [] : ["--size", "300"];
  const { status, stdout, stderr } = await attune(["tokenizer", "--data", join(folder, "in.jsonl"), ...kept, ...sized, ...more]);
  expect({ status, stdout }).toEqual({ status: code === "E_OPTION" ? 2 : 1, stdout: "" });
  expect(stderr).toContain(`error ${code}  `);
  expect(stderr).toContain(says);
  expect(existsSync(join(folder, "out"))).toBe(false);
});

test("never replaces what is there unless told to", async () => {
  const folder = folderWith({ "in.txt": sentences.join("\n") });
  expect((await tokenizer(folder, "in.txt")).status).toBe(0);
  const again = await tokenizer(folder, "in.txt");
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("--overwrite replaces the tokenizer in it") });
});

test("a folder that cannot be made is said before anything is learnt; a comma in a file's name is part of it", async () => {
  const folder = folderWith({ "a,b.txt": sentences.join("\n") });
  const words = ["tokenizer", "--data", join(folder, "a,b.txt"), "--size", "70", "--output"];
  const below = await attune([...words, join(folder, "a,b.txt", "out")]);
  expect(below).toMatchObject({ status: 1, stderr: expect.stringMatching(/E_OUTPUT .*cannot be made: .*a,b\.txt is a file/) });
  expect(below.stderr).not.toContain("texts");
  expect(await attune([...words, join(folder, "out")])).toMatchObject({ status: 0 });
});
