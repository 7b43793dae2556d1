import { expect, it } from "vitest";
import { createReferenceBackend } from "./backend.ts";

it("takes memory back once", () => {
  const backend = createReferenceBackend();
  const slot = backend.alloc(8, "temporary");
  backend.free(slot);
  expect(() => backend.free(slot)).toThrow(expect.objectContaining({ code: "E_DOUBLE_FREE" }));
  expect(backend.counters.bytesLive).toBe(0);
});

it("says so where the runtime has not as much memory as the limit would let it", () => {
  const backend = createReferenceBackend({ maxBytes: 2 ** 52 });
  const refusal = expect.objectContaining({ code: "E_OUT_OF_MEMORY", message: expect.stringContaining((2 ** 51).toLocaleString("en")) });
  expect(() => backend.alloc(2 ** 51, "persistent")).toThrow(refusal);
  expect(backend.counters).toMatchObject({ allocations: 0, bytesLive: 0, bytesPeak: 0 });
});

it("lets timers and signals in where a loop waits for it", async () => {
  const backend = createReferenceBackend();
  let fired = false;
  setTimeout(() => (fired = true));
  await backend.throttle();
  await backend.throttle();
  expect(fired).toBe(true);
});
