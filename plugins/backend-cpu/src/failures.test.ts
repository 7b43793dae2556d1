import { Engine, gather } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

it("tells a failure once, however many fences were behind it", async () => {
  const backend = createCpuBackend();
  const engine = new Engine(backend);
  const lost = engine.scope(() => gather(engine.from([1, 2], [2, 1]), engine.from(Int32Array.of(7))));
  await backend.throttle();
  await backend.throttle();
  await expect(lost.read()).rejects.toMatchObject({ code: "E_INDEX" });
  lost.dispose();
  for (let step = 0; step < 4; step++) await backend.throttle();
  const kept = engine.scope(() => gather(engine.from([1, 2], [2, 1]), engine.from(Int32Array.of(1))));
  expect([...(await kept.read())]).toEqual([2]);
  await backend.dispose();
});
