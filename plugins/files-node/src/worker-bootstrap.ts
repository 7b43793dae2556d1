// The first module of every thread: imports the worker module that it is told, then hands it one request after the other.
// It runs only as a thread's entry (nothing imports it), which is why it acts when loaded.

import { parentPort, workerData } from "node:worker_threads";
import { packError, type FromWorker, type Handle, type ToWorker } from "./worker-messages.ts";

const port = parentPort!;

async function load(): Promise<Handle> {
  const module = (await import(workerData as string)) as { handle?: unknown };
  if (typeof module.handle !== "function") throw new Error("it does not export a function `handle`");
  return module.handle as Handle;
}

async function answer(handle: Promise<Handle>, { id, request }: ToWorker): Promise<void> {
  try {
    const { response, transfer } = await (await handle)(request);
    post({ id, response }, transfer);
  } catch (error) {
    post({ id, error: packError(error) });
  }
}

function post(message: FromWorker, transfer: ArrayBufferLike[] = []): void {
  // A SharedArrayBuffer is shared by being sent; listing it as transferred is refused.
  const moved = transfer.filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
  port.postMessage(message, moved);
}

const handle = load();
let last: Promise<void> = handle.then(
  () => post({ id: -1, response: undefined }),
  (error: unknown) => post({ id: -1, error: packError(error) }),
);
port.on("message", (message: ToWorker) => {
  last = last.then(() => answer(handle, message));
});
