// Models by hub id. The cache is Python's own, so that both share one; nothing but what a model folder needs is downloaded.

import { definePlugin } from "@attune/core";
import { z } from "zod";

export type { FetchedModel, FetchOptions, FetchProgress, ModelSource } from "./source.ts";

const optional = (description: string) => z.string().min(1).optional().describe(description);

/** The plugin of kind "source" named "hub". What is left out comes from the variables that Python's library reads. */
const hub = definePlugin({
  kind: "source",
  name: "hub",
  summary: "models by hub id (org/name@revision), in the cache that Python uses",
  options: z.strictObject({
    endpoint: optional("address of the hub; HF_ENDPOINT when left out"),
    cache: optional("folder of the cache; HF_HUB_CACHE or HF_HOME/hub when left out"),
    token: optional("for private and gated models; HF_TOKEN or the saved login when left out"),
    offline: z.boolean().optional().describe("use the cache alone; HF_HUB_OFFLINE when left out"),
    retries: z.int().nonnegative().default(5).describe("tries in a row that may bring nothing before a download is given up"),
    retryDelay: z.number().positive().default(1).describe("seconds before the first new try; doubled with each"),
    timeout: z.number().positive().default(30).describe("seconds without a byte after which a connection counts as cut"),
  }),
  async create(options, { files, log }) {
    const { createHub } = await import("./hub.ts");
    return createHub(options, { files, log });
  },
});

export default hub;
