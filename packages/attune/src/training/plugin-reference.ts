// How a plugin's module is called wherever the working folder is: paths are absolute, packages keep their names.

import { absolutePath } from "#platform";
import { isModulePath } from "../plugin-exports.ts";

/** "./my-loss.ts" as an absolute path; "some-package" as it is. */
export function pluginReference(specifier: string): string {
  return isModulePath(specifier) ? absolutePath(specifier) : specifier;
}

/** Modules and plugins without those that are named twice, in their order. */
export function distinctPlugins<P extends string | object>(plugins: readonly P[]): P[] {
  return [...new Map(plugins.map((plugin) => [typeof plugin === "string" ? pluginReference(plugin) : plugin, plugin])).values()];
}
