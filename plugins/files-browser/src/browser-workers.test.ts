// How calls end when their worker does, with a worker in place of the browser's; what a real one answers is looked at by tests/browser.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBrowserWorkers } from "./browser-workers.ts";

/** Is loaded at once and answers nothing of itself. */
class SilentWorker extends EventTarget {
  static last: SilentWorker;
  readonly sent: unknown[] = [];
  terminated = false;

  constructor() {
    super();
    SilentWorker.last = this;
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data: { id: -1 } })));
  }

  postMessage(message: unknown): void {
    this.sent.push(structuredClone(message));
  }

  terminate(): void {
    this.terminated = true;
  }
}

beforeEach(() => vi.stubGlobal("Worker", SilentWorker));
afterEach(() => vi.unstubAllGlobals());

const start = () => createBrowserWorkers().start<unknown, unknown>(new URL("https://example.org/module.js"));
const died = (message: string): Event => Object.assign(new Event("error"), { message });

test("a call after the end is rejected and not sent", async () => {
  const worker = await start();
  const running = worker.call(1);
  await worker[Symbol.asyncDispose]();
  for (const call of [running, worker.call(2)])
    await expect(call).rejects.toMatchObject({ code: "E_WORKER", place: "module.js", problem: "was stopped" });
  expect(SilentWorker.last).toMatchObject({ sent: [{ id: 0, request: 1 }], terminated: true });
});

test.each([
  ["died", () => died("out of memory"), "died: out of memory"],
  [
    "is not allowed to run",
    () => new Event("error"),
    "died: its script could not be run (by the page's policy, say, which must allow workers from blob:)",
  ],
  ["sent what cannot be read", () => new MessageEvent("messageerror"), "sent an answer that cannot be read"],
])("of a worker that %s all calls say so, those after it, too", async (_, event, problem) => {
  const worker = await start();
  const running = worker.call(1);
  SilentWorker.last.dispatchEvent(event());
  for (const call of [running, worker.call(2)]) await expect(call).rejects.toMatchObject({ code: "E_WORKER", problem });
  expect(SilentWorker.last).toMatchObject({ sent: [{ id: 0, request: 1 }], terminated: true });
  await worker[Symbol.asyncDispose]();
  await expect(worker.call(3)).rejects.toMatchObject({ problem });
});

test("a request that cannot be sent is rejected, and the next one is not", async () => {
  const worker = await start();
  await expect(worker.call(() => {})).rejects.toMatchObject({ name: "DataCloneError" });
  const next = worker.call(2);
  SilentWorker.last.dispatchEvent(new MessageEvent("message", { data: { id: 1, response: "two" } }));
  expect(await next).toBe("two");
});
