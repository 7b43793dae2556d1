// A running training: events to iterate over, a result to await, a way to stop.

import type { Context } from "@attune/core";
import { joinPath } from "@attune/core";
import type { TrainConfig } from "./config.ts";
import { EventHub } from "./event-hub.ts";
import type { TrainEvent, TrainResult } from "./events.ts";
import { TrackerPump } from "./tracker-pump.ts";
import { Training } from "./training.ts";

export interface Run extends AsyncIterable<TrainEvent> {
  /** Rejects with what ended the training. */
  readonly result: Promise<TrainResult>;
  /** Ends after the step under way, with a checkpoint; resolves when it is written. */
  stop(): Promise<TrainResult>;
}

/**
 * Starts a training at once. Iterate over its events, or await `result`; any number of listeners see every event, and none slows it.
 * Leaving the iteration early stops the training with a checkpoint, as does the context's signal; a signal that is heard while batches are still
 * being planned rejects with its reason.
 */
export function train(config: TrainConfig, context: Pick<Context, "files" | "signal">): Run {
  const hub = new EventHub();
  const stopping = new AbortController();
  const result = runLocked(config, context, hub, AbortSignal.any([context.signal, stopping.signal]));
  result.catch(() => undefined); // whoever listens gets the error from the iterator or from `result`
  const stop = (): Promise<TrainResult> => {
    stopping.abort();
    return result;
  };
  return {
    result,
    stop,
    async *[Symbol.asyncIterator]() {
      let ended = false;
      try {
        yield* hub.events();
        ended = true;
      } finally {
        if (!ended) await stop();
      }
      await result;
    },
  };
}

/** The training, alone in its output folder until the last tracker has written the last event. */
async function runLocked(
  config: TrainConfig,
  { files }: Pick<Context, "files">,
  hub: EventHub,
  stopping: AbortSignal,
): Promise<TrainResult> {
  const pump = new TrackerPump(hub, config.trackers ?? [], (tracker, error) => {
    const reason = error instanceof Error ? error.message : String(error);
    hub.publish({ type: "warning", step: 0, message: `tracker ${tracker.name} failed and is left out from now on: ${reason}` });
  });
  const tellRest = async (): Promise<void> => {
    hub.close();
    await pump.finished;
  };
  try {
    await files.makeFolder(config.output);
    await using _lock = config.lock ? undefined : await files.lock(joinPath(config.output, ".lock"));
    try {
      const planned = await Training.planned(config, stopping);
      const result = await new Training(planned, { files }, { hub, pump }).run(stopping);
      hub.publish({ type: "end", result });
      return result;
    } finally {
      await tellRest(); // before the lock goes: a tracker writes into the folder, too
    }
  } finally {
    await tellRest();
  }
}
