// Which of a module's exports are plugins.

import type { Plugin } from "@attune/core";

/** The plugins among the exports of a module, those in exported lists included; other exports are passed over. */
export function pluginsIn(module: object): Plugin[] {
  const found = Object.values(module).flatMap((exported: unknown) => (Array.isArray(exported) ? exported : [exported]).filter(isPlugin));
  return [...new Set(found)]; // a default export may have a name, too
}

/** Whether a value has the shape of a plugin. */
export function isPlugin(value: unknown): value is Plugin {
  const one = value as Partial<Plugin> | null;
  return (
    typeof one === "object" &&
    one !== null &&
    typeof one.kind === "string" &&
    typeof one.name === "string" &&
    typeof one.options === "object" &&
    typeof one.create === "function"
  );
}

/** Whether what names a plugin's module is a path, and not a package. */
export function isModulePath(specifier: string): boolean {
  return /^[./]|^[A-Za-z]:/.test(specifier);
}
