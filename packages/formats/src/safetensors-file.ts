// Opening safetensors: every header is read and checked at once, tensors when asked for; one file or many shards behind one set of names.

import type { Files } from "@attune/core";
import { headerLength, LENGTH_BYTES, parseHeader } from "./safetensors-header.ts";
import { openIndex, openShards } from "./shards.ts";
import { weightsFile, type SafetensorsFile } from "./weights-file.ts";

/**
 * Opens a `.safetensors` file, several, or the `.safetensors.index.json` of a sharded model, and checks all headers.
 * Errors: E_NO_FILE, E_FILE, and E_SAFETENSORS_… with the file and the tensor.
 */
export async function openSafetensors(files: Files, path: string | readonly string[]): Promise<SafetensorsFile> {
  const open = (shard: string): Promise<SafetensorsFile> => openFile(files, shard);
  if (typeof path !== "string") return openShards(path, open);
  return path.endsWith(".json") ? openIndex(files, path, ".safetensors", open) : open(path);
}

async function openFile(files: Files, path: string): Promise<SafetensorsFile> {
  await using file = await files.open(path, "read");
  const size = await file.size();
  const length = headerLength(await file.read(0, LENGTH_BYTES), size, path);
  const { tensors, metadata } = parseHeader(await file.read(LENGTH_BYTES, length), size, path);
  return weightsFile(files, [path], tensors, metadata);
}
