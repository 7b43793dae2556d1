// A folder with what the pages of docs talk about: a tiny model under a well-known name, rows of every kind, a small BEIR folder.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Program } from "./docs.ts";
import { root, workspacePackages } from "./workspace.ts";

const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "garden", "window", "river", "clock", "ladder", "market"];
const verbs = ["found", "painted", "moved", "sold"];
const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const pairs = verbs.flatMap((verb) =>
  things.map((thing) => ({ anchor: `who ${verb} the ${thing}?`, positive: `the ${thing} was ${verb} before sunrise.` })),
);

/** Files by name. */
const files: Readonly<Record<string, string>> = {
  "pairs.jsonl": jsonl(pairs),
  "triplets.jsonl": jsonl(pairs.slice(0, 12).map((pair, i) => ({ ...pair, negative: pairs[i + 12].positive }))),
  "flag.jsonl": jsonl(
    pairs.map(({ anchor, positive }, i) => ({ query: anchor, pos: [positive], neg: [pairs[(i + 5) % pairs.length].positive] })),
  ),
  "labelled.jsonl": jsonl(
    pairs
      .slice(0, 12)
      .map(({ anchor, positive }, i) => ({ sentence1: anchor, sentence2: i % 2 ? positive : pairs[i + 3].positive, label: i % 2 })),
  ),
  "sts.tsv": `sentence1\tsentence2\tscore\n${pairs
    .slice(0, 12)
    .map(({ anchor, positive }, i) => `${anchor}\t${positive}\t${i % 6}\n`)
    .join("")}`,
  "topics.jsonl": jsonl(pairs.map(({ positive }, i) => ({ text: positive, label: verbs[Math.floor(i / things.length)] }))),
  "questions.csv": `title,body\n${pairs.map(({ anchor, positive }) => `${anchor},${positive}\n`).join("")}`,
  "texts.txt": pairs.map(({ positive }) => `${positive}\n`).join(""),
};

/** Makes it, with the programs of a page and the packages that they import; it is gone with its scope. */
export function docsSandbox(programs: readonly Program[] = []): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "attune-docs-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const golden = join(root, "fixtures", "golden", "st");
  cpSync(join(golden, "bert-mean-legacy"), join(folder, "all-MiniLM-L6-v2"), { recursive: true });
  cpSync(join(golden, "cross-encoder-new"), join(folder, "reranker"), { recursive: true });
  writeBeir(join(folder, "scifact"));
  linkPackages(folder);
  for (const { file, text } of programs) writeFileSync(join(folder, file), text);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** As if the packages of the workspace were installed in a folder of ES modules. */
function linkPackages(folder: string): void {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const installed = workspacePackages().map((one) => [one.manifest.name, one.folder] as const);
  const others = [
    ["zod", join(root, "packages", "core", "node_modules", "zod")],
    ["@types", join(root, "node_modules", "@types")],
  ] as const;
  for (const [name, target] of [...installed, ...others]) {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
}

/** A few queries and documents of the quickstart's data. */
function writeBeir(folder: string): void {
  const source = join(root, "packages", "attune", "fixtures", "quickstart");
  const read = (name: string): string[] => readFileSync(join(source, name), "utf8").trim().split("\n");
  const splits = { train: read("qrels/train.tsv").slice(1, 31), test: read("qrels/test.tsv").slice(1, 11) };
  const wanted = new Set(
    Object.values(splits)
      .flat()
      .map((line) => line.split("\t")[0]),
  );
  mkdirSync(join(folder, "qrels"), { recursive: true });
  writeFileSync(join(folder, "corpus.jsonl"), `${read("corpus.jsonl").join("\n")}\n`);
  const queries = read("queries.jsonl").filter((line) => wanted.has((JSON.parse(line) as { _id: string })._id));
  writeFileSync(join(folder, "queries.jsonl"), `${queries.join("\n")}\n`);
  for (const [split, lines] of Object.entries(splits)) {
    writeFileSync(join(folder, "qrels", `${split}.tsv`), `query-id\tcorpus-id\tscore\n${lines.join("\n")}\n`);
  }
}
