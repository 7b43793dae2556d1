// usearch as an index plugin. The addon is loaded when an index is made.

import { definePlugin } from "@attune/core";
import { commonIndexOptions } from "@attune/search";
import { z } from "zod";
import type { UsearchOptions } from "./options.ts";
import { createUsearchIndex } from "./usearch-index.ts";

export type { UsearchOptions } from "./options.ts";

declare module "@attune/search" {
  interface IndexOptions {
    usearch: UsearchOptions;
  }
}

/** The index `usearch`. */
export const usearchIndex = definePlugin({
  kind: "index",
  name: "usearch",
  summary: "approximate search in a graph (usearch) over vectors of 32, 16, 8 bits or 1 bit per number, in memory",
  options: z.strictObject({
    ...commonIndexOptions,
    stored: z
      .enum(["f32", "f16", "i8", "binary"])
      .default("f16")
      .describe("numbers of a stored vector; i8 and binary are for cosine, and their scores are as coarse"),
    connectivity: z.int().min(2).max(200).default(16).describe("links of a vector; memory and recall rise with it"),
    expansionAdd: z.int().positive().default(128).describe("candidates while building; more finds more and builds slower"),
    expansionSearch: z.int().positive().default(128).describe("candidates while searching; more finds more and searches slower"),
    addThreads: z
      .int()
      .min(0)
      .default(1)
      .describe("threads while building, 0 for all; with more than one some vectors may never be found, and no two builds are alike"),
  }),
  async available() {
    return import("usearch").then(
      () => true as const,
      (error: Error) =>
        `usearch cannot be loaded (${reasonOf(error)}): an installation leaves it out where no prebuilt addon loads and no compiler is found; npm install usearch tries again and says why`,
    );
  },
  async create(options, { files }) {
    const { Index } = await import("usearch");
    return createUsearchIndex(Index, files, options);
  },
});

/** The first line of what the import threw, without the path of the module that asked. */
function reasonOf(error: Error): string {
  return error.message.split("\n")[0].replace(/ imported from .*$/, "");
}
