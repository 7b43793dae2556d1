// What runs inside of the page: attune from its own entry, as an application would use it. The test calls these functions by name.

import { createAttune } from "../../packages/attune/src/index.ts";
import type { TrainRequest } from "../../packages/attune/src/index.ts";
import { createBrowserFiles, createBrowserWorkers } from "../../plugins/files-browser/src/index.ts";

/** Base64 of a file's bytes, which a page and its test can hand to each other. */
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const page = {
  /** Puts files into the origin's private file system: path -> base64. */
  async put(contents: Readonly<Record<string, string>>): Promise<void> {
    const files = await createBrowserFiles();
    for (const [path, base64] of Object.entries(contents)) {
      await files.makeFolder(path.replace(/[^/]*$/, ""));
      await files.write(path, fromBase64(base64));
    }
  },

  async encode(model: string, texts: readonly string[]): Promise<number[][]> {
    await using attune = createAttune();
    using loaded = await attune.model(model);
    return (await loaded.encode(texts)).map((vector) => [...vector]);
  },

  /** Trains; with `stopAfter`, stops after that step with a checkpoint. */
  async train(
    request: TrainRequest,
    stopAfter = Infinity,
  ): Promise<{ losses: number[]; status: string; savedDifference: number | undefined }> {
    await using attune = createAttune({ device: "typescript" });
    const run = attune.train(request);
    const losses: number[] = [];
    for await (const event of run) {
      if (event.type !== "step") continue;
      losses.push(event.loss);
      if (event.step === stopAfter) void run.stop();
    }
    const { status, savedDifference } = await run.result;
    return { losses, status, savedDifference };
  },

  /** SHA-256 of a file, in hexadecimal digits. */
  async sha256(path: string): Promise<string> {
    const bytes = await (await createBrowserFiles()).read(path);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  },

  async list(path: string): Promise<string[]> {
    return (await createBrowserFiles()).list(path);
  },

  /** For tests of the file system: runs a piece of code with files, workers and this page's errors at hand. */
  async withFiles(code: string): Promise<unknown> {
    const files = await createBrowserFiles();
    const failure = async (work: () => Promise<unknown>): Promise<string> =>
      work().then(
        () => "no error",
        (error: unknown) => `${(error as { code?: string }).code}: ${(error as Error).message}`,
      );
    const body = new Function("files", "workers", "failure", "createBrowserFiles", `return (async () => { ${code} })()`);
    return body(files, createBrowserWorkers(), failure, createBrowserFiles) as Promise<unknown>;
  },
};

/** The functions by which the test reaches into the page. */
export type TestPage = typeof page;

Object.assign(globalThis, { page });
