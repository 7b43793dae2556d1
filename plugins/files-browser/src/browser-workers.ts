// Threads over module workers. A worker module exports `handle(request): Promise<{ response, transfer? }>`; the few lines that import it and
// hand it requests are a script of their own, so that no bundler has to know about them.

import { AttuneError, type Worker as Thread, type Workers } from "@attune/core";

/** What the worker answers. */
interface Answer {
  readonly id: number;
  readonly response?: unknown;
  readonly error?: {
    readonly message: string;
    readonly attune?: Pick<AttuneError, "code" | "place" | "expected" | "got" | "hint" | "problem">;
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Runs in the worker: imports the module that its name says, then answers one request after the other. */
const bootstrap = `
const loaded = import(self.name);
const pack = (error) => ({ message: error?.message ?? String(error),
  ...(error?.name === "AttuneError" && { attune: Object.fromEntries(["code", "place", "expected", "got", "hint", "problem"].map((key) => [key, error[key]])) }) });
let last = loaded.then((module) => {
  if (typeof module.handle !== "function") throw new Error("it does not export a function \`handle\`");
  postMessage({ id: -1 });
}).catch((error) => postMessage({ id: -1, error: pack(error) }));
addEventListener("message", ({ data: { id, request } }) => {
  last = last.then(async () => {
    try {
      const { response, transfer = [] } = await (await loaded).handle(request);
      postMessage({ id, response }, { transfer: transfer.filter((one) => one instanceof ArrayBuffer) });
    } catch (error) { postMessage({ id, error: pack(error) }); }
  });
});`;

/** Web workers of this page. */
export function createBrowserWorkers(): Workers {
  return { available: typeof globalThis.Worker === "function", start: (module) => startWorker(module) };
}

async function startWorker<Request, Response>(module: URL): Promise<Thread<Request, Response>> {
  const script = URL.createObjectURL(new Blob([bootstrap], { type: "text/javascript" }));
  const worker = new Worker(script, { type: "module", name: module.href });
  const calls = new Map<number, Waiting>();
  let failure: AttuneError | undefined;
  const fail = (error: AttuneError): void => {
    failure ??= error;
    worker.terminate(); // one that threw outside of a request would go on, and answer calls that have failed
    for (const call of calls.values()) call.reject(failure);
    calls.clear();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    const call = calls.get(data.id);
    calls.delete(data.id);
    if (data.error) call?.reject(unpack(data.error));
    else call?.resolve(data.response);
  });
  worker.addEventListener("messageerror", () => fail(workerError(module, "sent an answer that cannot be read")));
  // Where the script itself cannot be run, the browser says no more than that.
  const untold = "its script could not be run (by the page's policy, say, which must allow workers from blob:)";
  worker.addEventListener("error", ({ message }) => fail(workerError(module, `died: ${message || untold}`)));
  const wait = (id: number, send = (): void => {}): Promise<unknown> => {
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      send();
      calls.set(id, { resolve, reject });
    });
  };
  try {
    await wait(-1);
  } catch (cause) {
    worker.terminate();
    throw cause instanceof AttuneError ? cause : workerError(module, `could not be loaded: ${(cause as Error).message}`, cause);
  } finally {
    URL.revokeObjectURL(script);
  }
  let next = 0;
  return {
    call(request, transfer = []) {
      const buffers = transfer.filter((one) => one instanceof ArrayBuffer);
      return wait(next, () => worker.postMessage({ id: next++, request }, { transfer: buffers })) as Promise<Response>;
    },
    async [Symbol.asyncDispose]() {
      fail(workerError(module, "was stopped"));
    },
  };
}

function unpack({ message, attune }: NonNullable<Answer["error"]>): Error {
  if (!attune) return new Error(message);
  return Object.assign(new AttuneError({ code: attune.code }), attune, { message });
}

function workerError(module: URL, problem: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_WORKER", place: module.href.replace(/^.*\//, ""), problem, cause });
}
