// Buffered fan-out: every listener sees events in order at its own pace, and none slows the training. What all listeners have read is let go of,
// but for a few thousand events: a training of a million steps does not keep a million events.

import type { TrainEvent } from "./events.ts";

/** An event and the way to the one after it: only who has yet to read it keeps it. */
interface Link {
  event?: TrainEvent;
  next?: Link;
}

/** Events that are kept for listeners who come late. */
const KEPT = 10_000;

export class EventHub {
  readonly #waiting = new Set<() => void>();
  readonly #kept: number;
  /** Of the events that are kept no longer, all that are no steps: there are few of them. */
  readonly #milestones: TrainEvent[] = [];
  #oldest: Link = {};
  /** Empty: the place of the next event. */
  #end = this.#oldest;
  #size = 0;
  #published = 0;
  #closed = false;

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  get published(): number {
    return this.#published;
  }

  publish(event: TrainEvent): void {
    this.#end.event = event;
    this.#end.next = {};
    this.#end = this.#end.next;
    this.#published++;
    if (++this.#size > this.#kept) this.#forgetOldest();
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /**
   * All events from now on, ending when the hub is closed, and before them those that were: all of them, or of a long training all but the
   * oldest steps.
   */
  async *events(): AsyncGenerator<TrainEvent, void, void> {
    let link = this.#oldest;
    yield* [...this.#milestones];
    for (;;) {
      while (!link.next) {
        if (this.#closed) return;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      yield link.event!;
      link = link.next;
    }
  }

  #forgetOldest(): void {
    const { event, next } = this.#oldest;
    if (event!.type !== "step") this.#milestones.push(event!);
    this.#oldest = next!;
    this.#size--;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
