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

/** The folders of modules that a `modules.json` names, without the root; a file that says something else names none: reading it will say why. */
export function moduleFolders(modulesJson: string | undefined): string[] {
  let modules: unknown;
  try {
    modules = JSON.parse(modulesJson ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(modules)) return [];
  const paths = modules.map((one: unknown) => (one as { path?: unknown } | null)?.path);
  return paths.filter(
    (path): path is string => typeof path === "string" && path !== "" && path.split("/").every((part) => SAFE.test(part)),
  );
}

/** Of all paths of a repository those that are needed. E_HUB_FILES (with `place`) where there is no configuration or no weights. */
export function neededFiles(all: readonly string[], folders: readonly string[], place: string): string[] {
  const present = new Set(all);
  if (!present.has("config.json") && !present.has("modules.json")) {
    throw noModel(place, all, "has neither config.json nor modules.json");
  }
  const chosen = ["", ...folders.map((folder) => `${folder}/`)].flatMap((prefix) => {
    const here = all.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
    const names = here.filter((name) => SAFE.test(name));
    return [...names.filter((name) => SMALL.has(name)), ...weightsAmong(names)].map((name) => prefix + name);
  });
  if (!chosen.some((path) => /\.(safetensors|bin)$/.test(path))) throw noModel(place, all, "has neither safetensors nor pytorch_model.bin");
  return chosen;
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
