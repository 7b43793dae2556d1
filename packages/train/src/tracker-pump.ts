// Feeds events to trackers in the background; a tracker that fails is reported once and left out from then on.

import type { EventHub } from "./event-hub.ts";
import type { Tracker } from "./tracker.ts";

export class TrackerPump {
  readonly #trackers: Set<Tracker>;
  readonly #hub: EventHub;
  readonly #failed: (tracker: Tracker, error: unknown) => void;
  #handled = 0;
  /** The sizes of all logs that are known; a tracker that failed leaves those of its last good checkpoint. */
  #offsets: Record<string, number> = {};
  #progress: (() => void) | undefined;
  readonly finished: Promise<void>;

  constructor(hub: EventHub, trackers: readonly Tracker[], failed: (tracker: Tracker, error: unknown) => void) {
    this.#hub = hub;
    this.#trackers = new Set(trackers);
    this.#failed = failed;
    this.finished = this.#pump();
  }

  /**
   * Cuts the logs back to a checkpoint's offsets, before any event. A log that cannot be cut is left out; its offsets stay in later
   * checkpoints.
   */
  async truncate(offsets: Readonly<Record<string, number>>): Promise<void> {
    this.#offsets = { ...offsets };
    for (const tracker of this.#trackers) await this.#guard(tracker, async () => tracker.truncate?.(offsets));
  }

  /** Log sizes after all events published so far. */
  async offsets(): Promise<Record<string, number>> {
    while (this.#handled < this.#hub.published) await new Promise<void>((resolve) => (this.#progress = resolve));
    for (const tracker of this.#trackers) await this.#guard(tracker, async () => Object.assign(this.#offsets, await tracker.offsets?.()));
    return { ...this.#offsets };
  }

  async #pump(): Promise<void> {
    for await (const event of this.#hub.events()) {
      for (const tracker of this.#trackers) await this.#guard(tracker, async () => tracker.onEvent(event));
      this.#handled++;
      this.#progress?.();
    }
  }

  async #guard(tracker: Tracker, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#trackers.delete(tracker);
      this.#failed(tracker, error);
    }
  }
}
