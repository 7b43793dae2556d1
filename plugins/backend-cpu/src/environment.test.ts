import type { Context } from "@attune/core";
import { afterEach, expect, test, vi } from "vitest";
import cpu from "./index.ts";

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["ATTUNE_CPU_ISA", "sse9", /^ATTUNE_CPU_ISA=sse9 cannot run here \(.+ can\); \S+ is used$/],
  ["ATTUNE_THREADS", "many", /^ATTUNE_THREADS=many is no number of threads; it is ignored$/],
])("%s=%s is told, not passed over", async (name, value, sentence) => {
  vi.stubEnv("ATTUNE_CPU_ISA", "");
  vi.stubEnv("ATTUNE_THREADS", "");
  expect(await warnings()).toEqual([]);
  vi.stubEnv(name, value);
  expect(await warnings()).toEqual([expect.stringMatching(sentence)]);
});

async function warnings(): Promise<string[]> {
  const said: string[] = [];
  const log = { debug() {}, info() {}, warn: (message: string) => said.push(message) };
  const backend = await cpu.create({}, { log } as unknown as Context);
  await backend.dispose();
  return said;
}
