// Where things are in this checkout.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout that these benchmarks belong to. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const inRoot = (...parts: string[]): string => join(root, ...parts);
