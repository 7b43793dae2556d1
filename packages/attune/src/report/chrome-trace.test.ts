import { expect, test } from "vitest";
import { chromeTrace } from "./chrome-trace.ts";

test("launches become complete events that begin at zero, in microseconds", () => {
  const text = chromeTrace("cpu (AVX2, 2 threads)", [
    { label: "encoder.layer.0/linear", work: "linear", start: 5.000001, seconds: 0.002 },
    { label: "adamw", work: "adamw", start: 5.0031, seconds: 1e-9 },
  ]);
  const { traceEvents } = JSON.parse(text) as { traceEvents: readonly Record<string, unknown>[] };
  expect(traceEvents).toEqual([
    { name: "process_name", ph: "M", pid: 1, tid: 1, args: { name: "attune on cpu (AVX2, 2 threads)" } },
    { name: "linear", cat: "device", ph: "X", pid: 1, tid: 1, ts: 0, dur: 2000, args: { label: "encoder.layer.0/linear" } },
    { name: "adamw", cat: "device", ph: "X", pid: 1, tid: 1, ts: 3099, dur: 0.001, args: { label: "adamw" } },
  ]);
});

test("nothing that ran is an empty trace", () => {
  expect(JSON.parse(chromeTrace("cpu", [])).traceEvents).toHaveLength(1);
});
