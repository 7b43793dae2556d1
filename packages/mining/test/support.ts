// What several tests of mining need: folders, a small world of documents, an embedder that counts its work.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, hash32 } from "@attune/core";
import type { Row } from "@attune/data";
import { createReferenceBackend, Engine } from "@attune/tensor";
import type { Embedder } from "../src/index.ts";

export const engine = new Engine(createReferenceBackend());

/** A fresh folder that goes away with the test. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "attune-mining-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Vectors that depend on prompt and text alone; `encoded` lists the texts in the order of the work. */
export function countingEmbedder(dimension = 8): Embedder & { encoded: string[] } {
  const encoded: string[] = [];
  return {
    dimension,
    encoded,
    async encode(texts, { prompt }) {
      encoded.push(...texts);
      return Float32Array.from(texts.flatMap((text) => vectorOf(prompt + text, dimension)));
    },
  };
}

export function vectorOf(text: string, dimension: number): number[] {
  const random = createRandom(hash32(text), "vector");
  return Array.from({ length: dimension }, () => Math.fround(random.normal()));
}

/** `count` documents "document 0", "document 1" … and a row for every fifth. */
export function numberedWorld(count: number): { documents: string[]; rows: Row[] } {
  const documents = Array.from({ length: count }, (_, i) => `document ${i}`);
  const rows = documents.filter((_, i) => i % 5 === 0).map((text, i) => ({ anchor: `question ${i}`, positives: [text], negatives: [] }));
  return { documents, rows };
}
