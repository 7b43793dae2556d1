// The same weights under other names, and their comparison with what an architecture expects. Nothing is read or copied here.

import { AttuneError, nearestName, show } from "@attune/core";
import { placeOf, unknownTensor, type SafetensorsFile } from "./weights-file.ts";

/** A view in which every tensor is called `rename(name)`; E_WEIGHTS when two end up with one name. */
export function renameTensors(file: SafetensorsFile, rename: (name: string) => string): SafetensorsFile {
  const original = new Map<string, string>();
  for (const name of file.names) {
    const renamed = rename(name);
    const other = original.get(renamed);
    if (other !== undefined) throw weightsError(file, `holds both ${show(other, 200)} and ${show(name, 200)}, which mean the same tensor`);
    original.set(renamed, name);
  }
  const nameIn = (name: string): string => original.get(name) ?? unknownTensor(file.paths, name, original.keys());
  return {
    ...file,
    names: [...original.keys()],
    info: (name) => file.info(nameIn(name)),
    read: async (name) => file.read(nameIn(name)),
    readF32: async (name) => file.readF32(nameIn(name)),
  };
}

/** The weights without the prefix that task models put before an encoder's names ("bert."); names without it stay as they are. */
export function stripPrefix(file: SafetensorsFile, prefix: string): SafetensorsFile {
  return renameTensors(file, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
}

/**
 * Throws E_WEIGHTS unless the file holds exactly the expected tensors in their shapes.
 * `unused` tells which further tensors a file of this architecture may hold (poolers, position ids).
 */
export function checkTensors(
  file: SafetensorsFile,
  expected: ReadonlyMap<string, readonly number[]>,
  unused: (name: string) => boolean = () => false,
): void {
  const present = new Set(file.names);
  const missing = [...expected.keys()].filter((name) => !present.has(name));
  const leftOver = file.names.filter((name) => !expected.has(name) && !unused(name));
  if (missing.length > 0) {
    const nearest = nearestName(missing[0], leftOver);
    const hint = nearest ? `the file holds ${show(nearest, 200)} instead` : "config.json must be the one that these weights belong to";
    throw weightsError(file, `lacks ${listed(missing)}`, hint);
  }
  for (const [name, shape] of expected) {
    const got = file.info(name).shape;
    if (got.length === shape.length && got.every((size, axis) => size === shape[axis])) continue;
    const details = { expected: `[${shape.join(", ")}] as config.json says`, got: `[${got.join(", ")}]` };
    throw new AttuneError({ code: "E_WEIGHTS", place: placeOf(file.info(name).path, name), ...details });
  }
  if (leftOver.length > 0) throw weightsError(file, `holds ${listed(leftOver)}, which this architecture does not have`);
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, 3).map((name) => show(name, 200));
  const rest = names.length - first.length;
  return `${names.length === 1 ? "the tensor" : `${names.length} tensors:`} ${first.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function weightsError(file: SafetensorsFile, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_WEIGHTS", place: file.paths.join(", "), problem, hint });
}
