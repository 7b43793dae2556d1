// Which options of `attune eval` go together: said before a model works for minutes.

import { AttuneError } from "@attune/core";
import type { EvalSettings } from "../settings/eval-settings.ts";

/** What an evaluation is for: one model, two beside each other, or all checkpoints of a training. */
export type EvalMode = "model" | "compare" | "checkpoints";

const flags = {
  compare: "--compare",
  reranker: "--reranker",
  rerankerMaxLength: "--reranker-max-length",
  saveRun: "--save-run",
  mteb: "--mteb",
  mtebTask: "--mteb-task",
  mtebLanguages: "--mteb-languages",
} as const;

const fits: Readonly<Record<EvalMode, readonly (keyof typeof flags)[]>> = {
  model: ["reranker", "rerankerMaxLength", "saveRun", "mteb", "mtebTask", "mtebLanguages"],
  compare: ["compare"],
  checkpoints: [],
};

/** E_OPTION for options that do not go together. */
export function expectFitting(settings: EvalSettings, mode: EvalMode): void {
  const other = mode === "compare" ? "--compare" : "--all-checkpoints";
  for (const key of Object.keys(flags) as (keyof typeof flags)[]) {
    if (settings[key] !== undefined && !fits[mode].includes(key)) throw wrong(flags[key], `does not go with ${other}`);
  }
  if (settings.rerankerMaxLength !== undefined && settings.reranker === undefined) throw needs("--reranker-max-length", "--reranker");
  for (const key of ["mtebTask", "mtebLanguages"] as const) {
    if (settings[key] !== undefined && settings.mteb === undefined) throw needs(flags[key], "--mteb");
  }
  if (settings.mtebTask !== undefined && /[/\\]/.test(settings.mtebTask))
    throw wrong("--mteb-task", "is the name of a file, and has a slash in it");
}

function needs(flag: string, other: string): AttuneError {
  return wrong(flag, `is for ${other}, and none is given`);
}

function wrong(place: string, problem: string): AttuneError {
  return new AttuneError({ code: "E_OPTION", place, problem });
}
