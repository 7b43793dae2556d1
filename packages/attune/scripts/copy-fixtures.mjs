// Before packing: the quickstart's data lie in the repository, and a published package must bring them along.

import { cpSync, rmSync } from "node:fs";

const source = new URL("../../../fixtures/quickstart/", import.meta.url);
const target = new URL("../fixtures/quickstart/", import.meta.url);
const names = [
  "README.md",
  "config.json",
  "corpus.jsonl",
  "examples.json",
  "qrels",
  "queries.jsonl",
  "tokenizer.json",
  "tokenizer_config.json",
  "vocab.txt",
];

rmSync(target, { recursive: true, force: true });
for (const name of names) cpSync(new URL(name, source), new URL(name, target), { recursive: true });
