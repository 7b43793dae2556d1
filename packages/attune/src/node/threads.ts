// How many threads native code may use. The pool is one per process and reads its size when the addon is loaded.

/** Sets the number of native threads; has an effect only before the first device is opened. */
export function limitThreads(threads: number): void {
  process.env.ATTUNE_THREADS = String(threads);
}
