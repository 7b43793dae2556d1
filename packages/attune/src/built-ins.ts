// Everything that comes with attune, in one registry. Packages and plugins are imported here and only when asked for, so that
// `attune --help` loads none of them.

import { createRegistry, definePlugin } from "@attune/core";
import type { Plugin, Registry } from "@attune/core";
import { z } from "zod";
import { importPlugins } from "./node/import-plugin.ts";
import { pluginsIn } from "./plugin-exports.ts";

/** A registry with every plugin that the packages export: a new loss is in it as soon as its package exports it. */
export async function createDefaultRegistry(): Promise<Registry> {
  const modules = await Promise.all([
    import("@attune/backend-cpu"),
    typescriptBackend(),
    import("@attune/nn"),
    import("@attune/pooling"),
    import("@attune/losses"),
    import("@attune/optim"),
    import("@attune/data"),
    import("@attune/evaluation"),
    import("@attune/mining"),
    import("@attune/files-node"),
    import("@attune/tracker-embedrag"),
    import("@attune/tracker-tensorboard"),
  ]);
  const registry = createRegistry();
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

/** The default registry with further plugins, as objects or as modules that export them. E_PLUGIN, E_DUPLICATE_PLUGIN. */
export async function createRegistryWith(plugins: readonly (string | Plugin<never, never>)[]): Promise<Registry> {
  const registry = await createDefaultRegistry();
  for (const plugin of plugins) {
    for (const one of typeof plugin === "string" ? await importPlugins(plugin) : [plugin]) registry.use(one);
  }
  return registry;
}
