// attune.json: the resolved configuration beside every result. It is itself a configuration, so `--config OUT/attune.json` repeats the run;
// under "record" stands what the run met (versions, device, hashes), which a repetition compares and does not obey.

import { baseName, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { z } from "zod";
import { RECORD } from "./output-folder.ts";

/** What a run met, apart from its settings. */
export const runRecord = z.object({
  versions: z.record(z.string(), z.string()),
  backend: z.object({ name: z.string(), description: z.string() }),
  data: z.object({ fingerprint: z.string(), rows: z.number(), bad: z.number() }),
  /** File of the base model -> SHA-256. */
  weights: z.record(z.string(), z.string()),
  /**
   * Scores of the base model, so that a resumed run need not measure it again; null where a score is not defined. With them what was measured on,
   * in words and by its content, and the metric that counts.
   */
  baseline: z
    .object({
      source: z.string(),
      content: z.string().optional(),
      primary: z.string().optional(),
      metrics: z.record(z.string(), z.number().nullable()),
    })
    .optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
export type RunRecord = z.output<typeof runRecord>;

/** Writes attune.json. */
export async function writeRecord(
  files: Files,
  output: string,
  settings: Readonly<Record<string, unknown>>,
  record: RunRecord,
): Promise<void> {
  await files.write(joinPath(output, RECORD), `${JSON.stringify({ ...settings, record }, null, 2)}\n`);
}

/** The record in an output folder; undefined where there is none that can be read. */
export async function readRecord(files: Files, output: string): Promise<RunRecord | undefined> {
  const path = joinPath(output, RECORD);
  if (!(await files.status(path))) return undefined;
  try {
    return runRecord.parse((JSON.parse(await files.readText(path)) as { record?: unknown }).record);
  } catch {
    return undefined; // it is only a shortcut: what it says is then found out again
  }
}

/** What differs between a recorded run and this one, as sentences for a person. */
export function differences(before: RunRecord, now: RunRecord): string[] {
  const said: string[] = [];
  if (before.data.fingerprint !== now.data.fingerprint) said.push("the data is not the recorded one");
  const changed = Object.keys(now.weights).filter((name) => before.weights[name] !== now.weights[name]);
  if (changed.length > 0) said.push(`the base model is not the recorded one (${changed.map(baseName).join(", ")})`);
  if (before.backend.description !== now.backend.description || before.backend.name !== now.backend.name) {
    said.push(
      `the recorded run was on ${before.backend.name} (${before.backend.description}), this is ${now.backend.name} (${now.backend.description})`,
    );
  }
  return said;
}
