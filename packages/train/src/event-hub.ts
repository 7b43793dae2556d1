// Buffered fan-out: every listener sees every event in order at its own pace, and none slows the training.

import type { TrainEvent } from "./events.ts";

export class EventHub {
  readonly #history: TrainEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #closed = false;

  get published(): number {
    return this.#history.length;
  }

  publish(event: TrainEvent): void {
    this.#history.push(event);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** All events from the first one on, ending when the hub is closed. */
  async *events(): AsyncGenerator<TrainEvent, void, void> {
    for (let next = 0; ; next++) {
      while (next >= this.#history.length) {
        if (this.#closed) return;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      yield this.#history[next];
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
