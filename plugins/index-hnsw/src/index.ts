// hnswlib as an index plugin. The addon is loaded when an index is made.

import { definePlugin } from "@attune/core";
import { commonIndexOptions } from "@attune/search";
import { z } from "zod";
import { createHnswIndex } from "./hnsw-index.ts";
import type { HnswOptions } from "./options.ts";

export type { HnswOptions } from "./options.ts";

declare module "@attune/search" {
  interface IndexOptions {
    hnsw: HnswOptions;
  }
}

/** The index `hnsw`. */
export const hnswIndex = definePlugin({
  kind: "index",
  name: "hnsw",
  summary: "approximate search in a graph (hnswlib): fast queries, slow to build, vectors in memory as they are",
  options: z.strictObject({
    ...commonIndexOptions,
    m: z.int().min(2).max(200).default(16).describe("links of a vector; memory and recall rise with it"),
    efConstruction: z.int().positive().default(128).describe("candidates while building; more finds more and builds slower"),
    efSearch: z.int().positive().default(128).describe("candidates while searching; more finds more and searches slower"),
    seed: z.int().min(0).max(2147483647).default(1).describe("of the graph's random levels"),
  }),
  async available() {
    return import("hnswlib-node").then(
      () => true as const,
      (error: Error) => `hnswlib-node cannot be loaded (${error.message.split("\n")[0]}): npm install hnswlib-node builds it`,
    );
  },
  async create(options, { files }) {
    const { default: hnswlib } = await import("hnswlib-node");
    return createHnswIndex(hnswlib, files, options);
  },
});
