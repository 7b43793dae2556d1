// The JSON files of a model folder, validated by schemas; whatever does not fit is E_MODEL_FOLDER with the file and the key.

import { show, valueAt, type Files } from "@attune/core";
import { z } from "zod";
import { folderError } from "./model-folder.ts";

/** Any JSON file, checked against a schema. E_NO_FILE, E_FILE, E_MODEL_FOLDER. */
export async function readJson<Schema extends z.ZodType>(files: Files, path: string, schema: Schema): Promise<z.output<Schema>> {
  const text = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw folderError(path, `is not JSON: ${(cause as Error).message}`, "restore or download the file again", cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const got = valueAt(value, issue.path);
  const key = issue.path.length > 0 ? `${show(issue.path.join("."))}: ` : "";
  // The schema says which type came; the value itself says more.
  throw folderError(path, `${key}${issue.message.replace(/, received .*$/, "")}, got ${show(got)}`);
}

/** As `readJson`, or undefined when there is no such file. */
export async function readJsonIfThere<Schema extends z.ZodType>(
  files: Files,
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  return (await files.status(path)) === undefined ? undefined : readJson(files, path, schema);
}
