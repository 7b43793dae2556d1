// pipeline.json: what a pipeline was asked to do and which stages are done, so that a second call goes on where the first one ended.

import { AttuneError, joinPath, show } from "@attune/core";
import type { Files } from "@attune/core";
import { z } from "zod";
import { absolutePath } from "#platform";
import { splitChoice } from "../settings/choice.ts";
import { flagName } from "../settings/flag-name.ts";
import { LOCK } from "../training/output-folder.ts";
import { stageNames } from "../settings/pipeline-settings.ts";
import type { PipelineSettings, StageName } from "../settings/pipeline-settings.ts";

const STATE = "pipeline.json";

const stateSchema = z.object({
  version: z.literal(1),
  settings: z.record(z.string(), z.unknown()),
  /** Fingerprints of what it began with. */
  inputs: z.object({ rows: z.string(), corpus: z.string(), model: z.string() }),
  /** Stage -> what it took and what came out. */
  stages: z.partialRecord(z.enum(stageNames), z.object({ seconds: z.number(), result: z.unknown() })),
});
export type PipelineState = z.output<typeof stateSchema>;
export type PipelineInputs = PipelineState["inputs"];

/** Settings that may differ from call to call: they change no result, or only which stages are done. */
const FREE = new Set(["output", "device", "threads", "plugins", "skip", "keep"]);

/** The state of the folder, or a new one. E_RESUME where settings, rows, corpus or model are not those of the first call, with the first that differs. */
export async function openState(files: Files, settings: PipelineSettings, inputs: PipelineInputs): Promise<PipelineState> {
  const asked = comparable(settings);
  const known = await readState(files, settings.output);
  if (!known) return newState(settings, inputs);
  const keys = [...new Set([...Object.keys(asked), ...Object.keys(known.settings)])];
  const changed = keys.find((key) => JSON.stringify(asked[key]) !== JSON.stringify(known.settings[key]));
  const hint = "repeat the first call to go on, or give another --output, or --overwrite to start again";
  if (changed !== undefined) {
    const place = changed === "mine" ? "--skip mine" : `--${flagName(changed)}`;
    throw new AttuneError({
      code: "E_RESUME",
      place,
      problem: `is not that of the pipeline in ${settings.output}`,
      expected: said(known.settings[changed]),
      got: said(asked[changed]),
      hint,
    });
  }
  const other = (["rows", "corpus", "model"] as const).find((name) => known.inputs[name] !== inputs[name]);
  if (other === undefined) return known;
  const { data, corpus = data, model } = settings;
  const [place, things] = ({ rows: [data, "rows"], corpus: [corpus, "texts"], model: [model, "files"] } as const)[other];
  throw new AttuneError({
    code: "E_RESUME",
    place,
    problem: `has other ${things} than when the pipeline in ${settings.output} began`,
    hint,
  });
}

/** The state of a pipeline that has done nothing yet. */
export function newState(settings: PipelineSettings, inputs: PipelineInputs): PipelineState {
  return { version: 1, settings: comparable(settings), inputs, stages: {} };
}

/** Where it is. */
function stateFile(output: string): string {
  return joinPath(output, STATE);
}

/** Writes it. */
export async function writeState(files: Files, output: string, state: PipelineState): Promise<void> {
  await files.write(stateFile(output), `${JSON.stringify(state, null, 2)}\n`);
}

/** Checks, without changing anything, that a pipeline may write to a folder: E_OUTPUT for a file, and for a folder that something else uses. */
export async function expectOwnFolder(files: Files, output: string): Promise<void> {
  const status = await files.status(output);
  if (status?.kind === "file") throw outputError(output, "is a file, not a folder");
  const names = status ? (await files.list(output)).filter((name) => name !== LOCK) : [];
  if (names.length > 0 && !names.includes(STATE)) throw outputError(output, "is not empty, and holds no pipeline");
}

async function readState(files: Files, output: string): Promise<PipelineState | undefined> {
  const path = stateFile(output);
  if ((await files.status(path)) === undefined) return undefined;
  try {
    return stateSchema.parse(JSON.parse(await files.readText(path)));
  } catch (cause) {
    throw new AttuneError({ code: "E_RESUME", place: path, problem: "cannot be read", hint: "--overwrite starts again", cause });
  }
}

/** Settings that decide results, as JSON has them; `mine` says whether negatives are mined. */
function comparable(settings: PipelineSettings): Record<string, unknown> {
  const { data, corpus, skip } = settings;
  const kept = Object.entries(settings).filter(([key, value]) => !FREE.has(key) && value !== undefined);
  const whole = {
    ...Object.fromEntries(kept),
    data: absolutePath(data),
    ...(corpus !== undefined && { corpus: absolutePath(corpus) }),
    ...Object.fromEntries((["loss", "miner", "sampler"] as const).map((key) => [key, namedChoice(settings[key])])),
    mine: !skip.includes("mine"),
  };
  return JSON.parse(JSON.stringify(whole)) as Record<string, unknown>;
}

function namedChoice(chosen: PipelineSettings["loss" | "miner" | "sampler"]): unknown {
  const [named, options] = splitChoice(chosen as PipelineSettings["loss"]);
  return [typeof named === "string" ? named : named.name, options];
}

function said(value: unknown): string {
  return value === undefined ? "nothing" : show(value);
}

function outputError(output: string, problem: string): AttuneError {
  return new AttuneError({ code: "E_OUTPUT", place: output, problem, hint: "give another --output" });
}

/** Whether a stage is done. */
export function isDone(state: PipelineState, stage: StageName): boolean {
  return state.stages[stage] !== undefined;
}
