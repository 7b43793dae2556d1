// What `--data` names: one data set or several, each with its weight, its column names and perhaps a loss of its own.

import type { Context, Files } from "@attune/core";
import type { DataSource } from "@attune/data";
import { absolutePath } from "#platform";
import { recordedChoice, resolveChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";

/** A data set as it is loaded, and the loss that it asks for. */
export interface DataSet extends DataSource {
  readonly loss?: PluginChoice<"loss">;
}

/** The data sets of a training; `PATH=WEIGHT` is taken apart unless a file has that name. */
export async function dataSetsOf(files: Files, data: CompleteTrainSettings["data"]): Promise<DataSet[]> {
  const sets: DataSet[] = [];
  for (const one of [data].flat()) {
    if (typeof one === "string") sets.push(await weighted(files, one));
    else {
      const { path, weight, columns, split, loss } = one;
      sets.push({
        path,
        ...(weight !== undefined && { weight }),
        ...(columns && { columns }),
        ...(split !== undefined && { split }),
        ...(loss !== undefined && { loss }),
      });
    }
  }
  return sets;
}

async function weighted(files: Files, text: string): Promise<DataSet> {
  const [, path, weight] = /^(.+)=(\d*\.?\d+)$/.exec(text) ?? [];
  return path === undefined || (await files.status(text)) ? { path: text } : { path, weight: Number(weight) };
}

/** The data sets as messages name them. */
export function dataName(sets: readonly DataSet[]): string {
  return sets.map(({ path, weight = 1 }) => (weight === 1 ? path : `${path} (weight ${weight})`)).join(", ");
}

/** The data sets as attune.json holds them. */
export function recordedData(sets: readonly DataSet[], { registry }: Pick<Context, "registry">): unknown {
  const absolute = sets.map(({ path, loss, ...rest }) => ({
    path: absolutePath(path),
    ...rest,
    ...(loss !== undefined && { loss: recordedChoice(resolveChoice(registry, "loss", loss)) }),
  }));
  return absolute.length === 1 && Object.keys(absolute[0]).length === 1 ? absolute[0].path : absolute;
}
