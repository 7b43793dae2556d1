// The curves of a training as TensorBoard event files. Every part of a training (the first, and each resumed one) has a file of its own: a
// TensorBoard that is running holds its place in the old one, which is cut back to the checkpoint, and would lose its way in what is appended.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { StepEvent, Tracker, TrainEvent } from "@attune/train";
import { eventRecord } from "./event-record.ts";
import type { EventContent } from "./event-record.ts";
import { Speed } from "./speed.ts";

/** The files of this tracker, and when each was begun: those of other writers in the same folder are left alone. */
const NAME = /^events\.out\.tfevents\.(\d{1,15})\.attune$/;

class TensorboardTracker implements Tracker {
  readonly name = "tensorboard";
  readonly #files: Files;
  /** Where the event files are, and their folder's name within the output. */
  readonly #path: string;
  readonly #folder: string;
  /** The file of this part. */
  #file = "";
  #speed = new Speed();
  #firstSet: string | undefined;

  constructor(files: Files, output: string, folder: string) {
    this.#files = files;
    this.#path = joinPath(output, folder);
    this.#folder = folder;
  }

  async onEvent(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "start":
        return this.#begin(event.doneBefore);
      case "step":
        return this.#write({ step: event.step, scalars: this.#scalarsOf(event) });
      case "evaluation":
        return this.#write({
          step: event.step,
          scalars: Object.fromEntries(
            Object.entries(event.metrics).map(([metric, value]) => [`${this.#prefix(event.name)}/${metric}`, value]),
          ),
        });
      default:
        return; // checkpoints, warnings and the end have no curve
    }
  }

  async offsets(): Promise<Record<string, number>> {
    const sizes = (await this.#eventFiles()).map(async (name) => {
      const { size } = (await this.#files.status(joinPath(this.#path, name)))!;
      return [joinPath(this.#folder, name), size] as const;
    });
    return Object.fromEntries(await Promise.all(sizes));
  }

  /** Files that a checkpoint does not know were begun after it: they go. */
  async truncate(offsets: Readonly<Record<string, number>>): Promise<void> {
    for (const name of await this.#eventFiles()) {
      const path = joinPath(this.#path, name);
      const known = offsets[joinPath(this.#folder, name)];
      if (known === undefined) {
        await this.#files.remove(path);
        continue;
      }
      await using file = await this.#files.open(path, "update");
      await file.truncate(Math.min(known, await file.size()));
      await file.sync();
    }
  }

  async #begin(doneBefore: number): Promise<void> {
    await this.#files.makeFolder(this.#path);
    if (doneBefore === 0) await this.truncate({}); // of a training that was here before
    const earlier = (await this.#eventFiles()).map((name) => Number(NAME.exec(name)![1]));
    // TensorBoard reads files by name, so a name is later than all before it, also when the clock was set back.
    const begun = Math.max(Math.floor(Date.now() / 1000), ...earlier.map((seconds) => seconds + 1));
    this.#file = joinPath(this.#path, `events.out.tfevents.${begun}.attune`);
    this.#speed = new Speed();
    await this.#write({ version: "brain.Event:2" });
    await this.#write({ started: true, step: doneBefore === 0 ? 0 : doneBefore + 1 });
  }

  /** The first set's metrics are "eval/ndcg@10", those of others "eval/NAME/ndcg@10". */
  #prefix(set: string): string {
    this.#firstSet ??= set;
    return set === this.#firstSet ? "eval" : `eval/${set}`;
  }

  #scalarsOf({ loss, learningRate, gradientNorm, tokens, seconds }: StepEvent): Record<string, number> {
    const speed = this.#speed.after(tokens, seconds);
    return { loss, learning_rate: learningRate, gradient_norm: gradientNorm, ...(speed !== undefined && { tokens_per_second: speed }) };
  }

  async #write(content: EventContent): Promise<void> {
    await this.#files.append(this.#file, eventRecord(Date.now() / 1000, content));
  }

  async #eventFiles(): Promise<string[]> {
    if (!(await this.#files.status(this.#path))) return [];
    return (await this.#files.list(this.#path)).filter((name) => NAME.test(name));
  }
}

/**
 * Writes `output/folder/events.out.tfevents.*` with the scalars loss, learning_rate, gradient_norm, tokens_per_second and eval/<metric>, by
 * optimiser step. After a resume no step is there twice. Speed is that of the last ten steps, and left out at the first three of each part.
 */
export function tensorboardTracker(files: Files, output: string, { folder = "runs" }: { folder?: string } = {}): Tracker {
  return new TensorboardTracker(files, output, folder);
}
