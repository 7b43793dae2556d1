// What every evaluation says about itself: what was measured, how fast, in how much memory.

import type { Measurement } from "../evaluating/measure-model.ts";
import { peakRssBytes } from "../node/platform.ts";
import { bytes, plural, rough } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import type { Io } from "./command.ts";

/** The facts of a measurement, on the terminal. */
export function tellMeasured(
  { terminal }: Io,
  { data }: { data: string },
  { choice: [name], seconds, work }: Measurement,
  precision: string,
): void {
  const pairs = "pairs" in work ? ` · ${plural(work.pairs, "pair")}` : "";
  terminal.fact("eval", `${data}: ${name} in ${seconds.toFixed(1)} s${pairs} · ${precision}`);
  terminal.fact("speed", `${speedOf(work)} · peak memory ${bytes(peakRssBytes())}`);
}

function speedOf(work: Measurement["work"]): string {
  const each = (count: number): string => rough(count / Math.max(work.seconds, 1e-9));
  return "pairs" in work ? `${each(work.pairs)} pairs/s` : `${each(work.texts)} texts/s, ${each(work.tokens)} tokens/s`;
}

/** A measurement for machines. */
export function measuredJson({
  model,
  evaluation: { metrics },
  evaluator: { primary },
  choice: [evaluator, options],
  seconds,
  work,
}: Measurement): object {
  const speed =
    "pairs" in work
      ? { pairs: work.pairs }
      : {
          texts: work.texts,
          tokens: work.tokens,
          textsPerSecond: work.texts / work.seconds,
          tokensPerSecond: work.tokens / work.seconds,
        };
  return { metrics, primary, evaluator, options, seconds, ...speed, model };
}

/** Where it was measured, for machines. */
export function placeJson({ context: { backend } }: Runtime, precision: string): object {
  const { name, description } = backend;
  return { precision, backend: { name, description }, peakRssBytes: peakRssBytes() };
}

/** The settings as a report shows them. */
export function reportedSettings(
  { choice }: Measurement,
  settings: EvalSettings,
  { context: { backend } }: Runtime,
  precision: string,
): Record<string, unknown> {
  const { queryModel, maxLength, queryMaxLength, queryPrompt, documentPrompt, pooling, addBos, addEos } = settings;
  const { reranker, rerankerMaxLength } = settings;
  const device = `${backend.name} (${backend.description})`;
  return {
    evaluator: choice,
    queryModel,
    maxLength,
    queryMaxLength,
    queryPrompt,
    documentPrompt,
    pooling,
    addBos,
    addEos,
    reranker,
    rerankerMaxLength,
    precision,
    device,
  };
}

/** Shows how far an evaluation is. */
export function progressOf({ terminal }: Io, prefix = ""): (done: number, unit: "text" | "pair") => void {
  return (done, unit) => terminal.progress(() => `  eval      ${prefix}${plural(done, unit)} ${unit === "text" ? "embedded" : "scored"} …`);
}
