// Everything that comes with attune, in one registry. Packages and plugins are imported here and only when asked for, so that
// `attune --help` loads none of them. What needs a file system or native code is in "#platform".

import { AttuneError, createRegistry, definePlugin, show } from "@attune/core";
import type { Kind, Plugin, Registry } from "@attune/core";
import { z } from "zod";
import { importPlugins, platformBuiltIns } from "#platform";
import { isPlugin, pluginsIn } from "./plugin-exports.ts";
import { shapes } from "./plugin-shapes.ts";

/** A package with plugins. */
export interface BuiltIn {
  /** The kinds of plugins that it exports: a command that needs none of them does not load it. */
  readonly kinds: readonly Kind[];
  load(): Promise<object>;
}

const portable: readonly BuiltIn[] = [
  { kinds: ["backend"], load: typescriptBackend },
  { kinds: ["model"], load: () => import("@attune/nn") },
  { kinds: ["pooling"], load: () => import("@attune/pooling") },
  { kinds: ["loss"], load: () => import("@attune/losses") },
  { kinds: ["optimizer", "schedule"], load: () => import("@attune/optim") },
  { kinds: ["sampler"], load: () => import("@attune/data") },
  { kinds: ["evaluator"], load: () => import("@attune/evaluation") },
  { kinds: ["miner"], load: () => import("@attune/mining") },
  { kinds: ["index"], load: () => import("@attune/search") },
  { kinds: ["tracker"], load: () => import("@attune/tracker-embedrag") },
  { kinds: ["tracker"], load: () => import("@attune/tracker-tensorboard") },
  { kinds: ["tracker"], load: () => import("@attune/tracker-wandb") },
];

/** All packages with plugins, in the order in which they are listed. */
export const builtIns: readonly BuiltIn[] = [...platformBuiltIns, ...portable];

/** A registry with every plugin of these kinds (all, when left out) that the packages export: a new loss is in it as soon as its package exports it. */
export async function createDefaultRegistry(kinds?: readonly Kind[]): Promise<Registry> {
  const wanted = builtIns.filter((one) => kinds === undefined || one.kinds.some((kind) => kinds.includes(kind)));
  const modules = await Promise.all(wanted.map((one) => one.load()));
  const registry = createRegistry({ shapes });
  for (const plugin of modules.flatMap(pluginsIn)) registry.use(plugin);
  return registry;
}

/** The reference backend of @attune/tensor as a plugin: what carries on where no addon can be loaded. */
async function typescriptBackend() {
  const { createReferenceBackend } = await import("@attune/tensor");
  const typescript = definePlugin({
    kind: "backend",
    name: "typescript",
    summary: "plain TypeScript: the reference, correct and slow, runs anywhere",
    options: z.strictObject({}),
    create: () => createReferenceBackend(),
  });
  return { typescript };
}

/**
 * The default registry with further plugins, as objects or as modules that export them; with `kinds`, only with what comes with attune of these.
 * E_PLUGIN, E_DUPLICATE_PLUGIN.
 */
export async function createRegistryWith(
  plugins: readonly (string | Plugin)[],
  { kinds }: { kinds?: readonly Kind[] } = {},
): Promise<Registry> {
  const registry = await createDefaultRegistry(kinds);
  for (const plugin of plugins) {
    for (const one of typeof plugin === "string" ? await importPlugins(plugin) : [expectPlugin(plugin)]) registry.use(one);
  }
  return registry;
}

/** Said when it is given: later it would be a name that nobody knows. */
function expectPlugin(value: unknown): Plugin {
  if (isPlugin(value)) return value;
  const called = typeof value === "function" ? `the function ${value.name || "without a name"}` : show(value);
  const hint = "give what definePlugin or defineLoss returns; a function that makes a plugin is called first";
  throw new AttuneError({ code: "E_PLUGIN", place: "plugins", expected: "plugins, or modules that export them", got: called, hint });
}
