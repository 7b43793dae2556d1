// Lets the program hear what happens outside while it computes: without a pause now and then, no signal would ever arrive.

/** Milliseconds of work between two pauses. */
const STRETCH = 100;

/** When to pause, and the pause. */
export interface Pace {
  /** Whether it is time. */
  readonly due: boolean;
  /** Lets everything else run once; throws the reason of a signal that was given. */
  pause(): Promise<void>;
}

/** A pace for long work of a loop, which pauses where it is due: about ten times a second. `signal` stops it, in a pause. */
export function createPace(signal?: AbortSignal): Pace {
  let next = performance.now() + STRETCH;
  return {
    get due() {
      return performance.now() >= next;
    },
    async pause() {
      // A timer, not a promise: signals and keys are heard between tasks only.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
      next = performance.now() + STRETCH;
    },
  };
}
