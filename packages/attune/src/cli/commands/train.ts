// `attune train`: settings from flags and file, the job, and what is said about it.

import { AttuneError, joinPath } from "@attune/core";
import type { Plugin } from "@attune/core";
import { createRegistryWith } from "../../built-ins.ts";
import { peakRssBytes } from "../../node/platform.ts";
import { openFiles } from "../../runtime.ts";
import { traceSetting } from "../../settings/trace-setting.ts";
import { trainSettings } from "../../settings/train-settings.ts";
import { beginJob, finishJob } from "../../training/job.ts";
import type { Job, JobResult } from "../../training/job.ts";
import { inspectOutput, RECORD } from "../../training/output-folder.ts";
import { distinctPlugins } from "../../training/plugin-reference.ts";
import { startTraining } from "../../training/prepare.ts";
import { differences } from "../../training/record.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import type { Flag } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import type { ConfigFile } from "../config-file.ts";
import { isAbort } from "../errors.ts";
import type { ExitStatus } from "../errors.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { fieldsOf } from "../schema-fields.ts";
import { shellWord } from "../terminal.ts";
import { TrainView } from "../train-view.ts";

const switches = {
  "config FILE": "JSON, YAML or TypeScript file with options (attune.json of an earlier run repeats it); flags win over it",
  overwrite: "start again in an output folder that attune made",
  resume: "continue the training in the output folder; without --model or --config with the settings that stand there",
  json: "one JSON object on stdout at the end",
};

const schema = trainSettings.extend(traceSetting);

const own = ["overwrite", "resume", "json"] as const;

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, own);
    const { config, settingFlags } = await takeConfig(rest, { resume: on.has("resume") });
    const plugins = distinctPlugins([...pluginsOf(config), ...modulesOf(settingFlags)]);
    const registry = await createRegistryWith(plugins);
    const { trace, ...settings } = resolveSettings(settingFlags, {
      schema,
      registry,
      switches: ["config", ...own],
      ...(config && { file: config }),
    });
    await using runtime = await openDevice({ ...settings, trace }, registry, io);
    const view = new TrainView(io.terminal);
    await using job = await beginJob({ ...settings, plugins }, runtime, {
      overwrite: on.has("overwrite"),
      resume: on.has("resume"),
      observer: view,
      nameOf: flagOf,
    });
    if (config?.record) for (const sentence of differences(config.record, job.prepared.record)) io.terminal.fact("warning", sentence);
    const training = startTraining(job.prepared, runtime, { resume: job.resume });
    for await (const event of training) view.event(event);
    const trained = await training.result;
    try {
      const result = await finishJob(job, trained, runtime, view);
      return conclude(result, job, { io, view, json: on.has("json") });
    } catch (error) {
      if (!(io.signal.aborted && isAbort(error))) throw error;
      view.unmeasured(settings.output);
      return 130;
    }
  },

  async help(modules) {
    return helpText({
      usage: "attune train --model MODEL --data PATH --output DIR [options]",
      summary:
        "Fine-tunes an embedding model. A BEIR folder as data is trained on its train split and measured on its test split before and after.",
      schema,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune train --model all-MiniLM-L6-v2 --data pairs.jsonl --output tuned --loss infonce --temperature 0.05",
        "attune train --config tuned/attune.json --output again",
      ],
    });
  },
};

/** A setting as it is typed: "--batch-size". */
function flagOf(setting: string): string {
  const field = fieldsOf(schema).find(({ key }) => key === setting);
  return field ? `--${field.flag}` : setting;
}

/** The configuration file, if one is named or a resume leaves all to the folder's own, and all other flags. */
async function takeConfig(
  flags: readonly Flag[],
  { resume }: { resume: boolean },
): Promise<{ config: ConfigFile | undefined; settingFlags: Flag[] }> {
  const valueOf = (flag: string): Flag["value"] | undefined => flags.findLast(({ name }) => name === flag)?.value;
  const named = valueOf("config");
  const settingFlags = flags.filter(({ name }) => name !== "config");
  if (named === true) throw new AttuneError({ code: "E_OPTION", place: "--config", problem: "needs a value" });
  if (flags.filter(({ name }) => name === "config").length > 1)
    throw new AttuneError({ code: "E_OPTION", place: "--config", problem: "is given twice" });
  if (named !== undefined) return { config: await readConfigFile(await openFiles(), named), settingFlags };
  const output = valueOf("output");
  if (!resume || valueOf("model") !== undefined || typeof output !== "string") return { config: undefined, settingFlags };
  const files = await openFiles();
  await inspectOutput(files, output, { resume });
  return { config: await readConfigFile(files, joinPath(output, RECORD)), settingFlags };
}

function pluginsOf(config: ConfigFile | undefined): (string | Plugin)[] {
  const plugins = config?.settings.plugins;
  return Array.isArray(plugins) ? plugins : []; // anything else fails with all other settings
}

function conclude(result: JobResult, { prepared }: Job, { io, view, json }: { io: Io; view: TrainView; json: boolean }): ExitStatus {
  if (result.status === "stopped") view.stopped(result);
  else {
    if (result.report !== undefined) io.terminal.fact("report", result.report);
    io.terminal.fact("next", `attune encode --model ${shellWord(result.output)} --input texts.txt --output vectors.npy`);
  }
  if (json) {
    const { versions, backend } = prepared.record;
    writeJson(io, {
      ...result,
      tokensPerSecond: result.tokensPerSecond ?? null,
      peakRssBytes: peakRssBytes(),
      precision: prepared.recorded.precision,
      backend,
      versions,
      record: joinPath(result.output, "attune.json"),
    });
  }
  return result.status === "stopped" ? 130 : 0;
}
