// Which time a benchmark takes. On a machine that others use, wall time measures them; the processor time of one thread does not, except for
// what they take of caches and memory bandwidth.

export type Clock = "wall" | "processor";

/** ATTUNE_BENCH_CLOCK, so that child processes agree. Throws for processor time of several threads: threads that wait by spinning would count. */
export function chosenClock(threads: number): Clock {
  if (process.env.ATTUNE_BENCH_CLOCK !== "processor") return "wall";
  if (threads === 1) return "processor";
  throw new Error("processor time tells something about one thread only: set ATTUNE_THREADS=1");
}

/** Seconds on that clock. */
export function now(clock: Clock): number {
  if (clock === "wall") return performance.now() / 1000;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
