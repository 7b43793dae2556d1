// Plugins stand as objects wherever a name does, compiled and never run.

import { definePlugin } from "@attune/core";
import { defineLoss } from "@attune/losses";
import { z } from "zod";
import { createAttune } from "./attune.ts";
import { defineConfig } from "./define-config.ts";

const tracker = definePlugin({
  kind: "tracker",
  name: "ear",
  summary: "",
  options: z.strictObject({ loud: z.boolean().default(false) }),
  create: () => () => ({ name: "ear", onEvent() {} }),
});
const loss = defineLoss({
  name: "nearest",
  summary: "",
  options: z.strictObject({ weight: z.number() }),
  needs: [],
  compute: ({ anchor }) => anchor,
});

export const accepted = {
  alone: defineConfig({ loss, trackers: [tracker, "wandb"], plugins: [tracker, loss, "./more.ts"] }),
  withOptions: defineConfig({ loss: [loss, { weight: 1 }], trackers: [[tracker, { loud: true }]] }),
  registered: () => createAttune({ plugins: [tracker, loss] }),
  // @ts-expect-error: a tracker is no loss
  ofTheirKind: defineConfig({ loss: tracker }),
};
