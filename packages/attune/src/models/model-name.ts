// What a model is called in titles and runs.

import { baseName } from "@attune/core";
import { absolutePath } from "#platform";

/** The last part of a path or hub id; for "." and ".." that of the folder which they stand for. */
export function modelName(model: string): string {
  const name = baseName(model);
  return ["", ".", ".."].includes(name) ? baseName(absolutePath(model)) : name;
}
