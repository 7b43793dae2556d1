// Configuration files: JSON, YAML, or a TypeScript or JavaScript module. attune.json of an earlier run is one, too.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { importConfig } from "../node/import-config.ts";
import { runRecord } from "../training/record.ts";
import type { RunRecord } from "../training/record.ts";
import type { RawSettings } from "./options.ts";

export interface ConfigFile {
  readonly path: string;
  readonly settings: RawSettings;
  /** What the run that wrote the file met, where it is an attune.json. */
  readonly record?: RunRecord;
}

/** Reads a configuration by its ending. E_NO_FILE, E_CONFIG_FILE. */
export async function readConfigFile(files: Files, path: string): Promise<ConfigFile> {
  const value = await parse(files, path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw configError(path, "holds no object of options");
  const { record, ...settings } = value as RawSettings;
  if (record === undefined) return { path, settings };
  const parsed = runRecord.safeParse(record);
  if (!parsed.success)
    throw configError(path, '"record" is not what attune writes', undefined, "remove it to use the file as a configuration");
  return { path, settings, record: parsed.data };
}

async function parse(files: Files, path: string): Promise<unknown> {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1].toLowerCase() ?? "";
  if (["ts", "mts", "js", "mjs"].includes(ending)) {
    if (!(await files.status(path))) await files.read(path); // its error says that there is no such file
    return importConfig(path).catch((cause: unknown) => {
      throw configError(path, `cannot be loaded: ${reason(cause)}`, cause);
    });
  }
  const text = await files.readText(path);
  try {
    if (ending === "yaml" || ending === "yml") return (await import("yaml")).parse(text, { logLevel: "error" });
    return JSON.parse(text);
  } catch (cause) {
    throw configError(path, `is not ${ending === "yaml" || ending === "yml" ? "YAML" : "JSON"}: ${reason(cause)}`, cause);
  }
}

function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0];
}

function configError(path: string, problem: string, cause?: unknown, hint?: string): AttuneError {
  return new AttuneError({ code: "E_CONFIG_FILE", place: path, problem, ...(hint && { hint }), cause });
}
