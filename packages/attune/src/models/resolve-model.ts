// What `--model` means: a folder here, else an id of a source of models (the hub), which brings a folder.
// Sources are asked only where no folder has that name; what is in the folder is checked by who loads it.

import { AttuneError, folderOf, joinPath, nearestName } from "@attune/core";
import type { Files, Registry } from "@attune/core";
import { absolutePath } from "#platform";
import { bytes } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";

/** A model on this machine. */
export interface ResolvedModel {
  readonly folder: string;
  /** What names the same model later and from anywhere: an absolute path, or an id with the exact revision. */
  readonly reference: string;
}

/**
 * The folder of a model, downloaded if need be. A text that is no folder and can be no id is taken for a folder, so that loading it says what is
 * missing. E_HUB_… where the hub does not have it, does not give it, or is not reached.
 */
export function resolveModel(model: string, place: Pick<Runtime, "context" | "progress">): Promise<ResolvedModel> {
  const { registry } = place.context;
  const known = answers.get(registry) ?? new Map<string, Promise<ResolvedModel>>();
  answers.set(registry, known);
  const answer = known.get(model) ?? resolve(model, place);
  known.set(model, answer);
  answer.catch(() => known.delete(model)); // whoever asks again may have a network by then
  return answer;
}

/** A command may ask several times for one model: first what it is, then for itself. */
const answers = new WeakMap<Registry, Map<string, Promise<ResolvedModel>>>();

async function resolve(model: string, { context, progress }: Pick<Runtime, "context" | "progress">): Promise<ResolvedModel> {
  const { files, registry, signal } = context;
  if ((await files.status(model)) === undefined) {
    for (const { name } of registry.list("source")) {
      const source = await registry.create("source", name, {}, context);
      if (!source.accepts(model)) continue;
      const fetching = source.fetch(model, { signal, onProgress: (state) => progress?.(() => progressLine(model, state)) });
      const fetched = await fetching.catch(async (error: unknown) => {
        throw await withFolders(error, model, files);
      });
      return { folder: fetched.folder, reference: fetched.id };
    }
  }
  return { folder: model, reference: absolutePath(model) };
}

function progressLine(model: string, { file, loaded, total }: { file: string; loaded: number; total: number }): string {
  return `  model     ${model}  ${Math.floor((100 * loaded) / total)} % of ${bytes(total)}  ${file}`;
}

/** Whoever mistyped a folder must not be told about the hub alone. */
async function withFolders(error: unknown, model: string, files: Files): Promise<unknown> {
  const known = ["E_HUB_NOT_FOUND", "E_HUB_OFFLINE", "E_HUB_NETWORK"];
  if (!(error instanceof AttuneError) || !known.includes(error.code)) return error;
  const nearest = await nearestFolder(model, files);
  const said = error.place === model ? error.problem : error.sentence;
  return new AttuneError({
    code: error.code,
    place: model,
    problem: `is no folder here, and ${said}`,
    hint: [nearest && `did you mean the folder ${nearest}?`, error.hint].filter(Boolean).join(" "),
    cause: error,
  });
}

async function nearestFolder(model: string, files: Files): Promise<string | undefined> {
  const parent = folderOf(model);
  if ((await files.status(parent))?.kind !== "folder") return undefined;
  const names = (await files.list(parent)).map((name) => (parent === "." ? name : joinPath(parent, name)));
  const nearest = nearestName(model, names);
  return nearest !== undefined && (await files.status(nearest))?.kind === "folder" ? nearest : undefined;
}
