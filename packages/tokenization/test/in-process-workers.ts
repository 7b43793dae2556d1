// Workers without threads: the module runs here, and what crosses is cloned and handed over as between threads.

import type { Workers } from "@attune/core";

type Handle = (request: unknown) => Promise<{ response: unknown; transfer?: ArrayBuffer[] }>;

export function inProcessWorkers(): Workers & { readonly started: string[]; stopped: number } {
  const workers = {
    available: true,
    started: [] as string[],
    stopped: 0,
    async start<Request, Response>(module: URL) {
      workers.started.push(module.href);
      const { handle } = (await import(module.href)) as { handle: Handle };
      return {
        async call(request: Request): Promise<Response> {
          const { response, transfer = [] } = await handle(structuredClone(request));
          return structuredClone(response, { transfer }) as Response;
        },
        async [Symbol.asyncDispose]() {
          workers.stopped++;
        },
      };
    },
  };
  return workers;
}
