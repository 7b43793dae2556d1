import { describe, expect, test } from "vitest";
import { findFiles } from "./find-files.ts";
import { memoryFiles } from "./memory-files.ts";

const names = [
  "a.jsonl",
  "b.jsonl.gz",
  "notes.md",
  "data/1.jsonl",
  "data/2.jsonl",
  "data/10.jsonl",
  "data/.hidden.jsonl",
  "data/deep/3.jsonl",
];
const more = [
  "data/deep/er/4.jsonl",
  "data/.git/5.jsonl",
  "data/x+(1).jsonl",
  "odd/what?.jsonl",
  "odd/whats.jsonl",
  "/disk/a/1.tsv",
  "/disk/b/1.tsv",
];
const files = memoryFiles(Object.fromEntries([...names, ...more].map((name) => [name, "{}"])));

describe("patterns", () => {
  test.each([
    ["data/*.jsonl", ["data/1.jsonl", "data/10.jsonl", "data/2.jsonl", "data/x+(1).jsonl"]],
    ["data/?.jsonl", ["data/1.jsonl", "data/2.jsonl"]],
    ["data//?.jsonl", ["data/1.jsonl", "data/2.jsonl"]],
    ["data/.*.jsonl", ["data/.hidden.jsonl"]],
    ["*.jsonl*", ["a.jsonl", "b.jsonl.gz"]],
    ["*/1.jsonl", ["data/1.jsonl"]],
    ["data/*/*.jsonl", ["data/deep/3.jsonl"]],
    ["data/**/?.jsonl", ["data/1.jsonl", "data/2.jsonl", "data/deep/3.jsonl", "data/deep/er/4.jsonl"]],
    ["**/[34].jsonl", undefined],
    ["**/4.*", ["data/deep/er/4.jsonl"]],
    ["data/deep/**", ["data/deep/3.jsonl", "data/deep/er/4.jsonl"]],
    ["data/**/**/4.jsonl", ["data/deep/er/4.jsonl"]],
    ["data/x+(*).jsonl", ["data/x+(1).jsonl"]],
    ["/disk/*/1.tsv", ["/disk/a/1.tsv", "/disk/b/1.tsv"]],
    ["data/d*", undefined],
    ["data/*.csv", undefined],
  ])("%s", async (pattern, expected) => {
    if (expected) expect(await findFiles(files, pattern)).toEqual(expected);
    else await expect(findFiles(files, pattern)).rejects.toMatchObject({ code: "E_NO_FILE", place: pattern });
  });

  test("a path without a pattern, or one that is there as it is written, means itself", async () => {
    expect(await findFiles(files, "odd/what?.jsonl")).toEqual(["odd/what?.jsonl"]);
    expect(await findFiles(files, "odd/what*.jsonl")).toEqual(["odd/what?.jsonl", "odd/whats.jsonl"]);
    expect(await findFiles(files, "data")).toEqual(["data"]);
    expect(await findFiles(files, "nowhere.jsonl")).toEqual(["nowhere.jsonl"]);
    await expect(findFiles(files, "nowhere/*.jsonl")).rejects.toMatchObject({ code: "E_NO_FILE" });
  });

  test("folders that lead to each other end in an error", async () => {
    const list = async (path: string): Promise<string[]> => (path.length < 60 ? ["a", "b"] : []);
    const status = async (path: string) => (path.includes("*") ? undefined : { size: 0, kind: "folder" as const, modified: 0 });
    await expect(findFiles({ ...files, list, status }, "x/**")).rejects.toMatchObject({ code: "E_FILE", place: "x/**" });
  });

  test("so many files that they are no arguments of one call", async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `${i}.jsonl`);
    const list = async (path: string): Promise<string[]> => (path === "x" ? ["deep"] : many);
    const status = async (path: string) =>
      path.includes("*") ? undefined : { size: 0, kind: path.endsWith(".jsonl") ? ("file" as const) : ("folder" as const), modified: 0 };
    expect(await findFiles({ ...files, list, status }, "x/**/*.jsonl")).toHaveLength(many.length);
  });
});
