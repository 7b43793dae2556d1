// Models in several files: one view over their tensors, and the index that says which tensor is where.

import { AttuneError, folderOf, joinPath, show, type Files } from "@attune/core";
import { placeOf, unknownTensor, type SafetensorsFile } from "./weights-file.ts";

/** Opens one file of weights. */
export type OpenShard = (path: string) => Promise<SafetensorsFile>;

/** One view over several files; a tensor in two of them is E_SAFETENSORS_DUPLICATE. */
export async function openShards(paths: readonly string[], open: OpenShard): Promise<SafetensorsFile> {
  const shards: SafetensorsFile[] = [];
  const holder = new Map<string, SafetensorsFile>();
  for (const path of paths) {
    const shard = await open(path);
    for (const name of shard.names) {
      const problem = `is also in ${holder.get(name)?.info(name).path}`;
      if (holder.has(name)) throw new AttuneError({ code: "E_SAFETENSORS_DUPLICATE", place: placeOf(path, name), problem });
      holder.set(name, shard);
    }
    shards.push(shard);
  }
  if (shards.length === 1) return shards[0];
  const names = [...holder.keys()];
  const metadata = Object.assign({}, ...shards.map((shard) => shard.metadata)) as Record<string, string>;
  const at = (name: string): SafetensorsFile => holder.get(name) ?? unknownTensor(paths, name, names);
  return {
    paths,
    names,
    metadata,
    info: (name) => at(name).info(name),
    read: async (name) => at(name).read(name),
    readF32: async (name) => at(name).readF32(name),
  };
}

/**
 * A sharded model from its index, `{"weight_map": {tensor: file}}` beside the shards, whose names end with `ending`.
 * E_SAFETENSORS_INDEX when the two disagree.
 */
export async function openIndex(files: Files, path: string, ending: string, open: OpenShard): Promise<SafetensorsFile> {
  const map = parseIndex(await files.readText(path), path, ending);
  const shards = shardsIn(map);
  const file = await openShards(
    shards.map((shard) => joinPath(folderOf(path), shard)),
    open,
  );
  const known = new Set(file.names);
  for (const [name, shard] of Object.entries(map)) {
    if (known.has(name) && file.info(name).path.endsWith(`/${shard}`)) continue;
    throw indexError(placeOf(path, name), `is not in ${shard}, where the index says it is`);
  }
  return file;
}

/** Names of the shards of an index, whose names end with `ending`. E_SAFETENSORS_INDEX when it is damaged. */
export async function shardNames(files: Files, path: string, ending: string): Promise<string[]> {
  return shardsIn(parseIndex(await files.readText(path), path, ending));
}

function shardsIn(map: Readonly<Record<string, string>>): string[] {
  return [...new Set(Object.values(map))].sort();
}

function parseIndex(text: string, path: string, ending: string): Record<string, string> {
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    throw indexError(path, `is not JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof map !== "object" || map === null) throw indexError(path, 'has no "weight_map"');
  const outside = Object.entries(map).find(([, file]) => typeof file !== "string" || /[/\\]/.test(file) || !file.endsWith(ending));
  if (outside) throw indexError(placeOf(path, outside[0]), `is said to be in ${show(outside[1])}, which is no ${ending} file beside it`);
  return map as Record<string, string>;
}

function indexError(place: string, problem: string, cause?: unknown): AttuneError {
  const hint = "download the model's index and shards again";
  return new AttuneError({ code: "E_SAFETENSORS_INDEX", place, problem, hint, cause });
}
