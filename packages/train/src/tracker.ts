// Trackers write down what a training tells. They only read events; one that fails is a warning.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { TrainEvent } from "./events.ts";

export interface Tracker {
  readonly name: string;
  /** Called with every event, in order, one at a time. */
  onEvent(event: TrainEvent): void | Promise<void>;
  /** The log files and their sizes in bytes, all events so far written: what a checkpoint remembers. */
  offsets?(): Promise<Readonly<Record<string, number>>>;
  /** Cuts the logs back to a checkpoint's offsets, before a resumed run writes on. */
  truncate?(offsets: Readonly<Record<string, number>>): Promise<void>;
}

declare module "@attune/core" {
  interface PluginKinds {
    tracker: (folder: string) => Tracker;
  }
}

/** One JSON object per event, a line each, in `folder/log.jsonl`. */
export function jsonlTracker(files: Files, folder: string): Tracker {
  const path = joinPath(folder, "log.jsonl");
  return {
    name: "jsonl",
    async onEvent(event) {
      await files.append(path, `${JSON.stringify(event)}\n`);
    },
    async offsets() {
      return { "log.jsonl": (await files.status(path))?.size ?? 0 };
    },
    async truncate(offsets) {
      const known = offsets["log.jsonl"];
      if (known === undefined || !(await files.status(path))) return; // the checkpoint knows nothing of this log, or somebody removed it
      await using file = await files.open(path, "update");
      // After a loss of power the log may be shorter than the checkpoint knew it.
      await file.truncate(Math.min(known, await file.size()));
      await file.sync();
    },
  };
}
