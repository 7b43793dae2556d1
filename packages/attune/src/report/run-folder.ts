// What is known of a training from its output folder alone, while it runs or after: for `attune watch`. Reads, never writes, and takes no lock.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { makeLive, renderReport } from "@attune/report";
import type { Comparison, Progress, ReportData } from "@attune/report";
import type { TrainEvent } from "@attune/train";
import { modelName } from "../models/model-name.ts";
import { LOCK, LOG, RECORD, REPORT } from "../training/output-folder.ts";
import { runRecord } from "../training/record.ts";
import type { RunRecord } from "../training/record.ts";
import { curvesOf, eventsOf, metricCurvesOf, primaryOf, readEvents } from "./events.ts";
import { settingsOf } from "./facts.ts";
import { scoresOf } from "./metrics.ts";
import { count, duration, metricLabel, plural, rough } from "./numbers.ts";

/** The folder of the training that `folder` is, or (as after a quickstart) holds as `model`. E_NO_FILE, E_NO_RUN. */
export async function findRun(files: Files, folder: string): Promise<string> {
  const status = await files.status(folder);
  if (!status)
    throw new AttuneError({ code: "E_NO_FILE", place: folder, problem: "does not exist", hint: "give the --output of attune train" });
  for (const place of [folder, joinPath(folder, "model")]) {
    for (const name of [RECORD, LOG]) if (await files.status(joinPath(place, name))) return place;
  }
  throw new AttuneError({
    code: "E_NO_RUN",
    place: folder,
    problem: `holds no training: neither ${RECORD} nor ${LOG} is in it`,
    hint: "give the --output of attune train, once it has begun",
  });
}

/**
 * Changes whenever the page of a run does, also when its process ends without a word, which `isAlive` tells; a lock that its owner touches is no
 * change.
 */
export async function stateOfRun(files: Files, folder: string, isAlive: (pid: number) => boolean): Promise<string> {
  const found = await Promise.all([RECORD, LOG, REPORT].map((name) => files.status(joinPath(folder, name))));
  const owner = await ownerOf(files, folder, isAlive);
  return [...found.map((one) => (one ? `${one.size} ${one.modified}` : "")), owner ?? ""].join("; ");
}

/** The page of a run: its own report once it is finished, what is known so far until then. `isAlive` says whether a process is there. */
export async function livePage(files: Files, folder: string, isAlive: (pid: number) => boolean): Promise<string> {
  if (!(await isRun(files, folder))) return gonePage(folder);
  const events = await readEvents(files, joinPath(folder, LOG));
  const end = eventsOf(events, "end").at(-1)?.result;
  const finished = await finishedReport(files, folder);
  if (end?.status === "done" && finished !== undefined) return makeLive(finished);
  const { settings, record } = await readRun(files, folder);
  const progress = progressOf(events, (await ownerOf(files, folder, isAlive)) !== undefined);
  const comparison = comparisonOf(record);
  const data: ReportData = {
    title: `Training of ${modelName(folder)}`,
    subtitle: subtitleOf(settings, record),
    ...(progress && { progress }),
    warnings: [...new Set(eventsOf(events, "warning").map(({ message }) => message))],
    ...(comparison && { comparison }),
    curves: curvesOf(events),
    log: LOG,
    metrics: metricCurvesOf(events),
    settings: [...settingsOf({ ...settings, report: undefined }), ...Object.entries(record?.versions ?? {})],
  };
  return makeLive(renderReport(data, { growing: true }));
}

async function isRun(files: Files, folder: string): Promise<boolean> {
  for (const name of [RECORD, LOG, LOCK]) if (await files.status(joinPath(folder, name))) return true;
  return false;
}

/** What is shown of a folder that was removed, or moved, while it was watched. */
function gonePage(folder: string): string {
  const title = `Training of ${modelName(folder)}`;
  return makeLive(renderReport({ title, subtitle: `${folder} is gone, or holds no training any more` }, { growing: true }));
}

/** The report, if it was written after the log's last line: a training that goes on has an old one. */
async function finishedReport(files: Files, folder: string): Promise<string | undefined> {
  const [report, log] = [await files.status(joinPath(folder, REPORT)), await files.status(joinPath(folder, LOG))];
  if (!report || (log && log.modified > report.modified)) return undefined;
  return files.readText(joinPath(folder, REPORT));
}

/** attune.json; empty where it cannot be read at this moment. */
async function readRun(files: Files, folder: string): Promise<{ settings: Record<string, unknown>; record: RunRecord | undefined }> {
  try {
    const { record, ...settings } = JSON.parse(await files.readText(joinPath(folder, RECORD))) as Record<string, unknown>;
    return { settings, record: runRecord.safeParse(record).data };
  } catch {
    return { settings: {}, record: undefined };
  }
}

/** The process that trains, if it lives. */
async function ownerOf(files: Files, folder: string, isAlive: (pid: number) => boolean): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await files.readText(joinPath(folder, LOCK))) as { pid?: unknown };
    return typeof pid === "number" && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function progressOf(events: readonly TrainEvent[], running: boolean): Progress | undefined {
  const start = eventsOf(events, "start").at(-1);
  if (!start) return { text: running ? "measuring the base model …" : "no step has been done", done: 0, total: 1 };
  const steps = eventsOf(events, "step");
  const { step: done = start.doneBefore, epoch = 0 } = steps.at(-1) ?? {};
  const end = eventsOf(events, "end").at(-1)?.result;
  const so = `step ${count(done)} of ${count(start.steps)}`;
  const text = (): string => {
    if (end?.status === "done" && running) return `${so} · trained; the model is being saved and measured …`;
    if (end?.status === "done") return `${so} · trained; the model is saved and measured, or was trained without a report`;
    if (end && !running) return `${so} · stopped; attune train --resume goes on`;
    if (!running) return `${so} · its process has ended without a word; attune train --resume goes on from the newest checkpoint`;
    return [so, `epoch ${epoch + 1} of ${start.epochs}`, ...speedOf(steps, start.steps - done)].join(" · ");
  };
  return { text: text(), done, total: start.steps };
}

/** Steps that the speed is taken from. */
const RECENT = 50;

function speedOf(steps: readonly { readonly seconds: number; readonly tokens: number }[], left: number): string[] {
  const recent = steps.slice(-RECENT);
  const seconds = (recent.at(-1)?.seconds ?? 0) - (recent[0]?.seconds ?? 0);
  if (recent.length < 3 || seconds <= 0) return [];
  const tokens = recent.slice(1).reduce((sum, step) => sum + step.tokens, 0);
  return [`${rough(tokens / seconds)} tokens/s`, `about ${duration((left * seconds) / (recent.length - 1))} left`];
}

function subtitleOf(settings: Readonly<Record<string, unknown>>, record: RunRecord | undefined): string {
  const from = typeof settings.model === "string" ? [`from ${settings.model}`] : [];
  const data = record ? [plural(record.data.rows, "row"), `${record.backend.name} (${record.backend.description})`] : [];
  return [...from, ...data].join(" · ");
}

/** What is measured already: the base model, and the tuned one at the end. */
function comparisonOf(record: RunRecord | undefined): Comparison | undefined {
  const before = record?.baseline;
  const after = (record?.result as { metrics?: { after?: Record<string, number> } } | undefined)?.metrics?.after;
  if (!before && !after) return undefined;
  const scores = [before?.metrics, after].map((one) => one as Record<string, number> | undefined);
  const names = Object.keys(scores[1] ?? scores[0] ?? {});
  const primary = names.find((name) => name === before?.primary) ?? primaryOf(names);
  const source = before && { source: after ? before.source : `the base model, on ${before.source}` };
  if (!after) return { ...source, after: scoresOf(scores[0]!, primary), primary: metricLabel(primary) };
  return {
    ...source,
    ...(scores[0] && { before: scoresOf(scores[0], primary) }),
    after: scoresOf(after, primary),
    primary: metricLabel(primary),
  };
}
