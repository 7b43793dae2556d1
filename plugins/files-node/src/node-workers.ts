// Threads over node:worker_threads. A worker module exports `handle(request): Promise<{ response, transfer? }>`.
// A thread keeps the process alive only while an answer is awaited; when it dies, the calls that wait are rejected (E_WORKER).

import { Worker as Thread } from "node:worker_threads";
import { AttuneError, type Worker, type Workers } from "@attune/core";
import { unpackError, type FromWorker, type ToWorker } from "./worker-messages.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Worker threads of this process. */
export function createNodeWorkers(): Workers {
  return {
    available: typeof Thread === "function",
    start: async <Request, Response>(module: URL) => startThread(module) as Promise<Worker<Request, Response>>,
  };
}

async function startThread(module: URL): Promise<Worker<unknown, unknown>> {
  // The repository runs the sources, the package its build: the bootstrap lies beside this file with the same ending.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  // `node --input-type=module -e …` hands its flags down to threads, where a file may not be started with that one.
  const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--input-type"));
  const inherited = execArgv.length === process.execArgv.length ? {} : { execArgv };
  const thread = new Thread(new URL(`./worker-bootstrap.${ending}`, import.meta.url), { workerData: module.href, ...inherited });
  const calls = trackCalls(thread, module);
  try {
    await calls.wait(-1, () => {});
  } catch (error) {
    await thread.terminate();
    throw error instanceof AttuneError ? error : workerError(module, `could not be loaded: ${(error as Error).message}`, error);
  }
  let next = 0;
  return {
    call: (request, transfer = []) =>
      calls.wait(next, () => thread.postMessage({ id: next++, request } satisfies ToWorker, transfer.filter(isOwned))),
    async [Symbol.asyncDispose]() {
      calls.fail(workerError(module, "was stopped"));
      await thread.terminate();
    },
  };
}

/** Which calls wait for an answer; the thread holds the process only while there are some. */
function trackCalls(thread: Thread, module: URL) {
  const waiting = new Map<number, Waiting>();
  let failure: AttuneError | undefined;
  const settle = (id: number): Waiting | undefined => {
    const call = waiting.get(id);
    if (waiting.delete(id) && waiting.size === 0) thread.unref();
    return call;
  };
  const fail = (error: AttuneError): void => {
    failure ??= error;
    for (const id of waiting.keys()) settle(id)?.reject(failure);
  };
  thread.on("message", (message: FromWorker) => {
    if ("error" in message) settle(message.id)?.reject(unpackError(message.error));
    else settle(message.id)?.resolve(message.response);
  });
  thread.on("messageerror", (error) => fail(workerError(module, "sent an answer that cannot be read", error)));
  thread.on("error", (error) => fail(workerError(module, `died: ${error instanceof Error ? error.message : String(error)}`, error)));
  thread.on("exit", (code) => fail(workerError(module, `ended before it answered (exit code ${code})`)));
  thread.unref();
  return {
    fail,
    wait(id: number, send: () => void): Promise<unknown> {
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        send();
        waiting.set(id, { resolve, reject });
        thread.ref();
      });
    },
  };
}

function isOwned(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer;
}

function workerError(module: URL, problem: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_WORKER", place: module.href.replace(/^.*\//, ""), problem, cause });
}
