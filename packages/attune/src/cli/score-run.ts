// `attune eval --run`: metrics of a run that was made elsewhere. Needs no model and no device.

import { show } from "@attune/core";
import { evaluateRetrieval, metricOptions, readTrecQrels, readTrecRun } from "@attune/evaluation";
import { z } from "zod";
import { createRegistryWith } from "../built-ins.ts";
import { metricLines } from "../report/metrics.ts";
import { plural } from "../report/numbers.ts";
import { openFiles } from "../runtime.ts";
import { deviceSettings } from "../settings/device-settings.ts";
import { modulesOf } from "./arguments.ts";
import type { Flag } from "./arguments.ts";
import { writeJson } from "./command.ts";
import type { Io } from "./command.ts";
import { resolveSettings } from "./options.ts";

/** The options of a run's evaluation. */
export const runSettings = z.strictObject({
  run: z.string().min(1).describe("a run made elsewhere, as TREC (6 columns) or Tevatron (3) write it"),
  qrels: z.string().min(1).describe("its judgements, as TREC (4 columns) or BEIR (3) write them"),
  ...metricOptions,
  plugins: deviceSettings.plugins,
});

/** Whether flags ask for a run rather than for a model to be measured. */
export function asksForRun(flags: readonly Flag[]): boolean {
  return flags.some(({ name }) => name === "run" || name === "qrels");
}

/** Scores the run that flags name. */
export async function scoreRun(flags: readonly Flag[], io: Io, { json }: { json: boolean }): Promise<void> {
  const registry = await createRegistryWith(modulesOf(flags));
  const settings = resolveSettings(flags, { schema: runSettings, registry, switches: ["json"] });
  const { k, convention, ignoreIdenticalIds } = settings;
  const files = await openFiles();
  const qrels = await readTrecQrels(files, settings.qrels);
  const run = await readTrecRun(files, settings.run);
  const started = performance.now();
  const { means, perQuery } = evaluateRetrieval(qrels, run, { k, convention, ignoreIdenticalIds });
  const seconds = (performance.now() - started) / 1000;
  const missing = [...qrels.keys()].filter((query) => !run.has(query));
  const unjudged = [...run.keys()].filter((query) => !qrels.has(query));
  const queries = { judged: qrels.size, scored: perQuery.size, withoutHits: missing.length, withoutJudgements: unjudged.length };
  io.terminal.fact("eval", `${settings.run}: ${plural(queries.scored, "query", "queries")}, as ${convention} counts`);
  if (missing.length > 0) {
    const counted = perQuery.has(missing[0]) ? `counted as ${convention} does` : "left out of the means";
    const those = plural(missing.length, "judged query has", "judged queries have");
    io.terminal.fact("warning", `${those} no hits, the first is ${show(missing[0])}: ${counted}`);
  }
  if (unjudged.length > 0) {
    const those = plural(unjudged.length, "query of the run has", "queries of the run have");
    io.terminal.fact("note", `${those} no judgements, the first is ${show(unjudged[0])}: ignored`);
  }
  if (json)
    writeJson(io, { metrics: means, convention, k, ignoreIdenticalIds, queries, seconds, run: settings.run, qrels: settings.qrels });
  else io.stdout.write(`${metricLines(means).join("\n")}\n`);
}
