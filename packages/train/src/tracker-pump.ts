// Feeds events to trackers in the background; a tracker that fails is reported once and left out from then on.

import type { EventHub } from "./event-hub.ts";
import type { Tracker } from "./tracker.ts";

export class TrackerPump {
  readonly #trackers: Set<Tracker>;
  readonly #hub: EventHub;
  readonly #failed: (tracker: Tracker, error: unknown) => void;
  #handled = 0;
  #progress: (() => void) | undefined;
  readonly finished: Promise<void>;

  constructor(hub: EventHub, trackers: readonly Tracker[], failed: (tracker: Tracker, error: unknown) => void) {
    this.#hub = hub;
    this.#trackers = new Set(trackers);
    this.#failed = failed;
    this.finished = this.#pump();
  }

  /** Log sizes after all events published so far. */
  async offsets(): Promise<Record<string, number>> {
    while (this.#handled < this.#hub.published) await new Promise<void>((resolve) => (this.#progress = resolve));
    const offsets: Record<string, number> = {};
    for (const tracker of this.#trackers) await this.#guard(tracker, async () => Object.assign(offsets, await tracker.offsets?.()));
    return offsets;
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
