import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSafetensors, writeSafetensors } from "@attune/formats";
import { createNodeFiles } from "@attune/files-node";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const texts = ["the sun", "", "a red house by the road", "moon"];
const encode = (...words: string[]) => attune(["encode", "--model", tinyModel, "--device", "typescript", ...words]);

test("a vector per line, in input order, empty lines included, the same in every format", async () => {
  const folder = folderWith({ "in.txt": `${texts.join("\n")}\n` });
  const input = ["--input", join(folder, "in.txt")];
  const { status, stdout } = await encode(...input);
  expect(status).toBe(0);
  const vectors = stdout
    .trim()
    .split("\n")
    .map((line) => new Float32Array(JSON.parse(line) as number[]));
  expect(vectors.map((vector) => vector.length)).toEqual([32, 32, 32, 32]);
  for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  const all = Float32Array.from(vectors.flatMap((vector) => [...vector]));

  for (const name of ["o.npy", "o.jsonl", "o.safetensors"])
    expect((await encode(...input, "--output", join(folder, name))).stdout).toBe("");
  expect(readFileSync(join(folder, "o.jsonl"), "utf8")).toBe(stdout);
  expect(new Float32Array(new Uint8Array(readFileSync(join(folder, "o.npy")).subarray(128)).buffer)).toEqual(all);
  const file = await openSafetensors(createNodeFiles(), join(folder, "o.safetensors"));
  expect(file.info("embeddings").shape).toEqual([4, 32]);
  expect(await file.readF32("embeddings")).toEqual(all);
});

test("what is piped in: lines, or a column of JSON lines; nothing is an error", async () => {
  const folder = folderWith({ "in.txt": `${texts.join("\n")}\n` });
  const file = await encode("--input", join(folder, "in.txt"));
  const piped = (stdin: string, ...more: string[]) =>
    attune(["encode", "--model", tinyModel, "--device", "typescript", "--input", "-", ...more], { stdin });
  expect((await piped(`${texts.join("\n")}\n`)).stdout).toBe(file.stdout);
  const records = texts.map((text) => `${JSON.stringify({ body: text })}\n`).join("");
  expect((await piped(records.replace('""', '" "'), "--column", "body")).stdout.split("\n")[0]).toBe(file.stdout.split("\n")[0]);
  expect((await piped("")).stderr).toMatch(/error E_EMPTY {2}standard input holds no text/);
});

test("a column of JSON lines", async () => {
  const folder = folderWith({
    "in.jsonl": texts
      .filter(Boolean)
      .map((text) => `${JSON.stringify({ id: 1, body: text })}\n`)
      .join(""),
    "in.txt": texts.filter(Boolean).join("\n"),
  });
  const [lines, column] = [
    await encode("--input", join(folder, "in.txt")),
    await encode("--input", join(folder, "in.jsonl"), "--column", "body"),
  ];
  expect(column.stdout).toBe(lines.stdout);
  const [query, prompted] = [
    await encode("--input", join(folder, "in.txt"), "--side", "query"),
    await encode("--input", join(folder, "in.txt"), "--prompt", "query: "),
  ];
  expect([query.status, prompted.status]).toEqual([0, 0]);
  expect(prompted.stdout).not.toBe(lines.stdout);
});

test("another pooling than the model's", async () => {
  const input = ["--input", join(folderWith({ "in.txt": "the red house\n" }), "in.txt")];
  const [own, mean, cls] = [
    await encode(...input),
    await encode(...input, "--pooling", "mean"),
    await encode(...input, "--pooling", "cls"),
  ];
  expect([own.status, mean.status, cls.status]).toEqual([0, 0, 0]);
  expect(mean.stdout).toBe(own.stdout); // the model's own
  expect(cls.stdout).not.toBe(own.stdout);
  expect(await encode(...input, "--pooling", "median")).toMatchObject({ status: 2, stderr: expect.stringContaining("E_UNKNOWN_PLUGIN") });
});

test("a column of packed JSON lines and of a table, quoted cells and all", async () => {
  const text = 'a "red" house,\nby the road';
  const folder = folderWith({ "in.csv": `id,body\n1,"${text.replaceAll('"', '""')}"\n`, "in.json": `${JSON.stringify({ body: text })}\n` });
  writeFileSync(join(folder, "in.jsonl.gz"), gzipSync(`${JSON.stringify({ body: text })}\n`));
  const ways = await Promise.all(
    ["in.csv", "in.json", "in.jsonl.gz"].map((name) => encode("--input", join(folder, name), "--column", "body")),
  );
  expect(ways.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(new Set(ways.map(({ stdout }) => stdout)).size).toBe(1);
  expect(ways[0].stdout.trim().split("\n")).toHaveLength(1);

  const unnamed = await encode("--input", join(folder, "in.jsonl.gz"));
  expect(unnamed).toMatchObject({ status: 2, stdout: "" }); // not the vectors of JSON
  expect(unnamed.stderr).toContain('in.jsonl.gz has the keys "body"');
});

test("vectors that are not of numbers are not written", async () => {
  const folder = folderWith({ "in.txt": "the sun\n" });
  const [files, model, output] = [createNodeFiles(), join(folder, "model"), join(folder, "o.jsonl")];
  cpSync(tinyModel, model, { recursive: true });
  const weights = await openSafetensors(files, join(model, "model.safetensors"));
  const tensors = await Promise.all(
    weights.names.map(async (name) => {
      const data = await weights.readF32(name);
      return { name, dtype: "F32" as const, shape: weights.info(name).shape, data: name.includes("LayerNorm") ? data.fill(NaN) : data };
    }),
  );
  await writeSafetensors(files, join(model, "model.safetensors"), tensors);
  const { status, stderr } = await attune([
    ...["encode", "--model", model, "--device", "typescript"],
    ...["--input", join(folder, "in.txt"), "--output", output],
  ]);
  expect({ status, stderr }).toMatchObject({ status: 1 });
  expect(stderr).toContain('error E_NON_FINITE  embedding of "the sun" contains NaN');
  expect(existsSync(output)).toBe(false);
});

test("what is there is replaced only when that is asked for, and the input never", async () => {
  const rows = texts.map((text) => `${JSON.stringify({ text })}\n`).join("");
  const folder = folderWith({ "in.jsonl": rows, "o.jsonl": "mine" });
  const [input, output] = ["in.jsonl", "o.jsonl"].map((name) => join(folder, name));
  const into = (path: string, ...more: string[]) => encode("--input", input, "--column", "text", "--output", path, ...more);
  expect((await into(output)).stderr).toContain("o.jsonl exists.\n  Hint: --overwrite replaces it, or give another --output.");
  expect((await into(join(folder, "..", basename(folder), "in.jsonl"), "--overwrite")).stderr).toContain("--output is the file of --input");
  expect([readFileSync(input, "utf8"), readFileSync(output, "utf8")]).toEqual([rows, "mine"]);
  expect((await into(output, "--overwrite")).status).toBe(0);
  expect(readFileSync(output, "utf8").split("\n")).toHaveLength(texts.length + 1);
});

test("--json tells figures", async () => {
  const folder = folderWith({ "in.txt": texts.join("\n") });
  const { stdout } = await encode("--input", join(folder, "in.txt"), "--output", join(folder, "o.npy"), "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    count: 4,
    dimension: 32,
    seconds: expect.any(Number),
    tokensPerSecond: expect.any(Number),
    precision: "fp32",
  });
});

test.each([
  { file: "in.jsonl", text: '{"title":"a","text":"b"}\n', more: [], code: "E_OPTION", says: 'has the keys "title", "text"' },
  {
    file: "in.jsonl",
    text: '{"text":"a"}\n{"text":4}\n',
    more: ["--column", "text"],
    code: "E_ROW",
    says: 'in.jsonl:2 "text" expected a string, got 4',
  },
  { file: "in.jsonl", text: '{"text":"a"}\nb\n', more: ["--column", "text"], code: "E_ROW", says: "in.jsonl:2 expected valid JSON" },
  { file: "in.csv", text: "title,body\na,b\n", more: [], code: "E_OPTION", says: 'in.csv begins with "title,body"' },
  {
    file: "in.jsonl",
    text: '{"text":"a"}\n',
    more: ["--column", "txt"],
    code: "E_LAYOUT",
    says: 'in.jsonl:1 expected a column "txt", got the columns text',
  },
  { file: "in.txt", text: "", more: [], code: "E_EMPTY", says: "in.txt holds no text" },
  { file: "in.txt", text: "a\n", more: ["--output", "o.csv"], code: "E_OPTION", says: "ends in .npy, .jsonl, .safetensors" },
  { file: "in.txt", text: "a\n", more: ["--output", "no-such/o.npy"], code: "E_OUTPUT", says: "no-such does not exist" },
  { file: "in.txt", text: "a\n", more: ["--output", `${tinyModel}/config.json/o.npy`], code: "E_OUTPUT", says: "is a file, not a folder" },
  { file: "in.txt", text: "a\n", more: ["--json"], code: "E_OPTION", says: "--json needs --output" },
])("$code: $says", async ({ file, text, more, code, says }) => {
  const folder = folderWith({ [file]: text });
  const { status, stdout, stderr } = await encode("--input", join(folder, file), ...more);
  expect({ status, stdout }).toEqual({ status: code === "E_OPTION" ? 2 : 1, stdout: "" });
  expect(stderr).toContain(`error ${code}  `);
  expect(stderr).toContain(says);
});
