// A training as a Weights & Biases run that was made offline: `wandb sync FOLDER` uploads it. No SDK, no network, nothing about the machine.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { Tracker, TrainEvent } from "@attune/train";
import { lastRuntime, record } from "./messages.ts";
import type { Content } from "./messages.ts";
import { fileHeader, framed, recordsOf, wholeBytes } from "./record-log.ts";

export interface WandbOptions {
  readonly project?: string;
  /** What the run is called; the output folder's name when left out. */
  readonly name?: string;
}

const FOLDER = "wandb";
const NAME = /^wandb\/offline-run-\d{8}_\d{6}-([a-z0-9]{8})\/run-\1\.wandb$/;

class WandbTracker implements Tracker {
  readonly name = "wandb";
  readonly #files: Files;
  readonly #output: string;
  readonly #options: Required<WandbOptions>;
  /** Of the .wandb file, within the output; set by the first event or by a resume. */
  #path: string | undefined;
  #id = "";
  #size = 0;
  #records = 0;
  #started = Date.now() / 1000;
  /** The values of one step, until nothing more is said about it: rows of a run have steps that rise. */
  #row: { readonly step: number; readonly values: Record<string, unknown> } | undefined;
  #sets: string[] = [];

  constructor(files: Files, output: string, { project = "attune", name = output.split(/[/\\]/).findLast(Boolean) ?? "run" }: WandbOptions) {
    this.#files = files;
    this.#output = output;
    this.#options = { project, name };
  }

  async onEvent(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "start":
        return this.#begin(event.doneBefore);
      case "step": {
        const { step, loss, learningRate, gradientNorm, tokens, epoch } = event;
        return this.#add(step, { loss, learning_rate: learningRate, gradient_norm: gradientNorm, tokens, epoch });
      }
      case "evaluation":
        return this.#add(event.step, this.#metrics(event));
      case "end": {
        await this.#flush();
        const { status, best, seconds } = event.result;
        if (best) await this.#write({ summary: { best_step: best.step, [`best_${best.metric}`]: best.value } });
        // An interrupted run has not exited: it goes on in this file.
        if (status === "done") await this.#write({ exit: { code: 0, seconds } });
        return;
      }
      default:
        return; // checkpoints and warnings are no values
    }
  }

  async offsets(): Promise<Record<string, number>> {
    await this.#flush();
    return this.#path === undefined ? {} : { [this.#path]: this.#size };
  }

  /** Goes on in the run that the checkpoint knows; where a loss of power left nothing of it, another one begins. */
  async truncate(offsets: Readonly<Record<string, number>>): Promise<void> {
    const known = Object.keys(offsets).find((path) => NAME.test(path));
    if (known === undefined || !(await this.#files.status(joinPath(this.#output, known)))) return;
    await using file = await this.#files.open(joinPath(this.#output, known), "update");
    const bytes = await file.read(0, offsets[known]);
    const records = recordsOf(bytes);
    if (records.length === 0) return;
    // After a loss of power the log may be shorter than the checkpoint knew it, and end within a record.
    this.#size = wholeBytes(bytes);
    await file.truncate(this.#size);
    await file.sync();
    this.#path = known;
    this.#id = NAME.exec(known)![1];
    this.#records = records.length;
    // The run's clock goes on where it stood: the time in between is not its own.
    this.#started = Date.now() / 1000 - lastRuntime(records);
  }

  async #begin(doneBefore: number): Promise<void> {
    if (this.#path !== undefined) return;
    this.#id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("");
    const stamp = new Date(this.#started * 1000)
      .toISOString()
      .replace(/[-:]/g, "")
      .replace(/T(\d{6}).*/, "_$1");
    const folder = `${FOLDER}/offline-run-${stamp}-${this.#id}`;
    await this.#files.makeFolder(joinPath(this.#output, folder, "files"));
    this.#path = `${folder}/run-${this.#id}.wandb`;
    await this.#files.write(joinPath(this.#output, this.#path), fileHeader);
    this.#size = fileHeader.length;
    await this.#write({ header: { producer: "attune" } });
    const { project, name } = this.#options;
    await this.#write({
      run: { id: this.#id, project, name, config: await this.#config(), started: this.#started, startingStep: doneBefore },
    });
  }

  /** The settings in attune.json beside the checkpoints; none where a program trains without the command line. */
  async #config(): Promise<Record<string, unknown>> {
    const path = joinPath(this.#output, "attune.json");
    if (!(await this.#files.status(path))) return {};
    const { record: _record, ...settings } = JSON.parse(await this.#files.readText(path)) as Record<string, unknown>;
    return settings;
  }

  /** The first set's metrics are "eval/ndcg@10", those of others "eval/NAME/ndcg@10". */
  #metrics({ name, metrics }: Extract<TrainEvent, { type: "evaluation" }>): Record<string, number> {
    if (!this.#sets.includes(name)) this.#sets.push(name);
    const prefix = this.#sets[0] === name ? "eval" : `eval/${name}`;
    return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${prefix}/${metric}`, value]));
  }

  async #add(step: number, values: Record<string, unknown>): Promise<void> {
    if (this.#row?.step !== step) await this.#flush();
    this.#row = { step, values: { ...this.#row?.values, ...values } };
  }

  async #flush(): Promise<void> {
    if (!this.#row) return;
    const { step, values } = this.#row;
    this.#row = undefined;
    const now = Date.now() / 1000;
    const history = { ...values, _timestamp: now, _runtime: Math.max(0, now - this.#started), _step: step };
    await this.#write({ summary: history });
    await this.#write({ history, step });
  }

  async #write(content: Content): Promise<void> {
    const bytes = framed(record(++this.#records, content, this.#id), this.#size);
    await this.#files.append(joinPath(this.#output, this.#path!), bytes);
    this.#size += bytes.length;
  }
}

/**
 * Writes `output/wandb/offline-run-*`, which `wandb sync` takes: loss, learning_rate, gradient_norm, tokens, epoch and eval/<metric> by optimiser
 * step, the settings as the run's configuration. After a resume the same run goes on.
 */
export function wandbTracker(files: Files, output: string, options: WandbOptions = {}): Tracker {
  return new WandbTracker(files, output, options);
}
