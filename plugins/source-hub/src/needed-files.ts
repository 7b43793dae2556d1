// Which files of a repository a model folder needs: configuration, tokenizer, one form of the weights, and the folders of its modules.
// ONNX, OpenVINO, TensorFlow and duplicate weights stay where they are.

import { AttuneError } from "@attune/core";

const SMALL = new Set([
  "config.json",
  "modules.json",
  "config_sentence_transformers.json",
  "sentence_bert_config.json",
  "sentence_roberta_config.json",
  "sentence_distilbert_config.json",
  "sentence_xlm-roberta_config.json",
  "sentence_xlnet_config.json",
  "sentence_albert_config.json",
  "sentence_camembert_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
]);

/** Weights in the order in which a reader looks for them; an index brings its shards. */
const WEIGHTS = [
  { file: "model.safetensors", shard: undefined },
  { file: "model.safetensors.index.json", shard: /^model-\d+-of-\d+\.safetensors$/ },
  { file: "pytorch_model.bin", shard: undefined },
  { file: "pytorch_model.bin.index.json", shard: /^pytorch_model-\d+-of-\d+\.bin$/ },
] as const;

/** Names that stay inside of a folder. */
const SAFE = /^(?!\.{1,2}$)[^/\\:\0]+$/;

/** A module that a `modules.json` names. */
export interface Module {
  /** Its folder; "" for the root. */
  readonly folder: string;
  /** The last part of its class. */
  readonly type: string;
}

/** The modules of a `modules.json` in order; a file that says something else names none: reading it will say why. A folder outside counts as the root. */
export function modulesIn(modulesJson: string | undefined): Module[] {
  let modules: unknown;
  try {
    modules = JSON.parse(modulesJson ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(modules)) return [];
  return (modules as ({ path?: unknown; type?: unknown } | null)[]).map((one) => {
    const { path, type } = one ?? {};
    const inside = typeof path === "string" && path.split("/").every((part) => SAFE.test(part));
    return { folder: inside ? path : "", type: typeof type === "string" ? type.split(".").at(-1)! : "" };
  });
}

/** The folders that a model's files lie in: the root and those of its modules. */
export function foldersOf(modules: readonly Module[]): string[] {
  return [...new Set(["", ...modules.map(({ folder }) => folder)])];
}

/** Of all paths of a repository those that are needed. E_HUB_FILES (with `place`) where there is no configuration or no weights. */
export function neededFiles(all: readonly string[], modules: readonly Module[], place: string): string[] {
  const present = new Set(all);
  if (!present.has("config.json") && !present.has("modules.json")) {
    throw noModel(place, all, "has neither config.json nor modules.json");
  }
  const chosen = foldersOf(modules).flatMap((folder) => {
    const names = namesIn(all, folder);
    return [...names.filter((name) => SMALL.has(name)), ...weightsAmong(names)].map((name) => inFolder(folder, name));
  });
  // A Dense module's weights are none of the model's.
  if (!hasWeights(all, modules[0]?.folder ?? "")) throw noModel(place, all, "has neither safetensors nor pytorch_model.bin");
  return chosen;
}

/** Whether nothing is missing among these paths that the modules cannot do without; shards are not counted. */
export function hasEveryModule(paths: readonly string[], modules: readonly Module[]): boolean {
  const configured = modules.filter(({ folder, type }) => folder !== "" && (type === "Pooling" || type === "Dense"));
  return (
    hasWeights(paths, modules[0]?.folder ?? "") &&
    configured.every(({ folder }) => paths.includes(inFolder(folder, "config.json"))) &&
    configured.every(({ folder, type }) => type !== "Dense" || hasWeights(paths, folder))
  );
}

function hasWeights(paths: readonly string[], folder: string): boolean {
  return weightsAmong(namesIn(paths, folder)).some((name) => /\.(safetensors|bin)$/.test(name));
}

/** Names of files that lie in a folder itself. */
function namesIn(paths: readonly string[], folder: string): string[] {
  const prefix = inFolder(folder, "");
  return paths.flatMap((path) => (path.startsWith(prefix) && SAFE.test(path.slice(prefix.length)) ? [path.slice(prefix.length)] : []));
}

function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function weightsAmong(names: readonly string[]): string[] {
  const found = WEIGHTS.find(({ file }) => names.includes(file));
  if (!found) return [];
  const { file, shard } = found;
  return shard ? [file, ...names.filter((name) => shard.test(name))] : [file];
}

function noModel(place: string, all: readonly string[], problem: string): AttuneError {
  const some = all.filter((path) => !path.startsWith(".")).slice(0, 6);
  return new AttuneError({
    code: "E_HUB_FILES",
    place,
    problem: `${problem}, so it is no model that attune reads`,
    hint: `it has ${some.join(", ") || "no files"}${all.length > some.length ? ", …" : ""}`,
  });
}
