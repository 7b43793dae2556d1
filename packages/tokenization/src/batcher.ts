// Packs batches one ahead of their consumer, in a worker where there is one, else on the caller's thread.

import type { Worker, Workers } from "@attune/core";
import type { TokenizerContents } from "./contents.ts";
import { packTexts, type PackOptions, type TextInput, type TokenBatch } from "./pack.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";
import type { WorkerRequest, WorkerResponse } from "./worker.ts";

export interface BatcherOptions extends PackOptions {
  readonly tokenizer: Tokenizer | TokenizerContents;
  /** Without, or where no threads are available, the caller's thread does the work. */
  readonly workers?: Workers;
}

export interface Batcher extends AsyncDisposable {
  /** Whether a thread does the work. */
  readonly threaded: boolean;
  /** One batch, as `packTexts` makes it. */
  pack(texts: readonly TextInput[]): Promise<TokenBatch>;
  /** The batches in order; while the caller uses one, the next is being packed. An error comes where its batch would have come. */
  packAhead(batches: AsyncIterable<readonly TextInput[]> | Iterable<readonly TextInput[]>): AsyncGenerator<TokenBatch, void, undefined>;
}

/** A batcher; its thread starts with the first batch and ends when it is disposed. Errors are those of `packTexts`, and E_WORKER. */
export function createBatcher({ tokenizer, workers, maxLength, prompt }: BatcherOptions): Batcher {
  const options: PackOptions = { maxLength, ...(prompt !== undefined && { prompt }) };
  const threaded = workers?.available ?? false;
  const packer = threaded ? threadPacker(workers!, tokenizer, options) : localPacker(tokenizer, options);
  return {
    threaded,
    pack: packer.pack,
    async *packAhead(batches) {
      let ahead: Promise<TokenBatch> | undefined;
      for await (const next of caught(batches)) {
        const current = ahead;
        ahead = "texts" in next ? packer.pack(next.texts) : Promise.reject(next.error);
        // Whoever awaits it sees the error; until then it must not count as unhandled.
        ahead.catch(() => {});
        if (current) yield await current;
      }
      if (ahead) yield await ahead;
    },
    [Symbol.asyncDispose]: packer.stop,
  };
}

/** The batches; an error of their source comes after them, as one of theirs would. */
async function* caught(
  batches: AsyncIterable<readonly TextInput[]> | Iterable<readonly TextInput[]>,
): AsyncGenerator<{ readonly texts: readonly TextInput[] } | { readonly error: unknown }> {
  try {
    for await (const texts of batches) yield { texts };
  } catch (error) {
    yield { error };
  }
}

interface Packer {
  pack(texts: readonly TextInput[]): Promise<TokenBatch>;
  stop(): Promise<void>;
}

function localPacker(source: Tokenizer | TokenizerContents, options: PackOptions): Packer {
  const tokenizer = "encode" in source ? source : createTokenizer(source);
  return { pack: async (texts) => packTexts(tokenizer, texts, options), stop: async () => {} };
}

function threadPacker(workers: Workers, source: Tokenizer | TokenizerContents, options: PackOptions): Packer {
  let started: Promise<Worker<WorkerRequest, WorkerResponse>> | undefined;
  const start = async (): Promise<Worker<WorkerRequest, WorkerResponse>> => {
    const worker = await workers.start<WorkerRequest, WorkerResponse>(workerModule());
    try {
      await worker.call({ type: "load", contents: "encode" in source ? source.contents : source });
    } catch (error) {
      await worker[Symbol.asyncDispose](); // nobody else knows of it
      throw error;
    }
    return worker;
  };
  return {
    async pack(texts) {
      started ??= start();
      return (await (await started).call({ type: "pack", texts, options }))!;
    },
    async stop() {
      const worker = await started?.catch(() => undefined);
      await worker?.[Symbol.asyncDispose]();
    },
  };
}

/** Bundlers look for this URL in the text and need the file, so it names the build's; in the repository the source lies in its place. */
function workerModule(): URL {
  const built = new URL("./worker.js", import.meta.url);
  return import.meta.url.endsWith(".ts") ? new URL(built.href.replace(/\.js$/, ".ts")) : built;
}
