// The texts that both sides work on, as JSON lines that both read: pairs of SciFact or of the STS benchmark, documents of SciFact.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

type Fields = Readonly<Record<string, string>>;

const jsonLines = (path: string): Fields[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Fields);

function documents(data: string): Map<string, string> {
  return new Map(jsonLines(join(data, "scifact", "corpus.jsonl")).map(({ _id, title, text }) => [_id, `${title} ${text}`]));
}

function scifactPairs(data: string): Fields[] {
  const corpus = documents(data);
  const queries = new Map(jsonLines(join(data, "scifact", "queries.jsonl")).map(({ _id, text }) => [_id, text]));
  const [, ...lines] = readFileSync(join(data, "scifact", "qrels", "train.tsv"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const [query, document] = line.split("\t");
    return { anchor: queries.get(query)!, positive: corpus.get(document)! };
  });
}

function stsPairs(data: string): Fields[] {
  const text = gunzipSync(readFileSync(join(data, "text2vec", "English-STS-B", "stsbenchmark.tsv.gz"))).toString("utf8");
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const column = (name: string): number => head.split("\t").indexOf(name);
  const [split, anchor, positive] = ["split", "sentence1", "sentence2"].map(column);
  const rows = lines.map((line) => line.split("\t")).filter((cells) => cells[split] === "train");
  return rows.map((cells) => ({ anchor: cells[anchor], positive: cells[positive] }));
}

const makers = {
  scifact: scifactPairs,
  short: stsPairs,
  corpus: (data: string): Fields[] => [...documents(data).values()].filter((_, i) => i % 32 === 0).map((text) => ({ text })),
};

/** Writes the rows of a kind, from a folder with scifact/ (BEIR) and text2vec/English-STS-B/, to `path`. */
export function writeRows(kind: keyof typeof makers, data: string, path: string): void {
  writeFileSync(
    path,
    makers[kind](data)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
  );
}
