// A run of the device as a Chrome trace: what chrome://tracing and ui.perfetto.dev open. One track, since a device runs its queue in order.

import type { Ran } from "@attune/tensor";

/** The file's text: complete events ("X") with microseconds; the name is the kernel, the category its module path. */
export function chromeTrace(device: string, ran: readonly Ran[]): string {
  const named = { name: "process_name", ph: "M", pid: 1, tid: 1, args: { name: `attune on ${device}` } };
  const first = ran[0]?.start ?? 0;
  const events = ran.map(({ label, work, start, seconds }) => ({
    name: work,
    cat: "device",
    ph: "X",
    pid: 1,
    tid: 1,
    ts: microseconds(start - first),
    dur: microseconds(seconds),
    args: { label },
  }));
  const lines = [named, ...events].map((event) => JSON.stringify(event));
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines.join(",\n")}\n]}\n`;
}

/** To the nanosecond. */
const microseconds = (seconds: number): number => Math.round(seconds * 1e9) / 1e3;
