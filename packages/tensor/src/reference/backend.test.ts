import { expect, it } from "vitest";
import { createReferenceBackend } from "./backend.ts";

it("lets timers and signals in where a loop waits for it", async () => {
  const backend = createReferenceBackend();
  let fired = false;
  setTimeout(() => (fired = true));
  await backend.throttle();
  await backend.throttle();
  expect(fired).toBe(true);
});
