// Where things are in this checkout. Every path is absolute, so that the commands work from any folder.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A path inside the checkout. */
export const inRoot = (...parts) => join(root, ...parts);

export const addonFolder = inRoot("plugins", "backend-cpu");
export const cache = inRoot(".cache");

/** A JSON file's content, or undefined where there is none or it is damaged. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
