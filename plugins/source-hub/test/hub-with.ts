// A hub on this machine with one model, a client of it with a cache of its own, and what both hold.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { expect, onTestFinished, vi } from "vitest";
import { createHub } from "../src/hub.ts";
import type { ModelSource } from "../src/source.ts";
import { COMMIT, startHub } from "./hub-server.ts";
import type { HubServer, HubServerOptions, Repository } from "./hub-server.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
export const model: Repository = {
  ".gitattributes": bytes("*.bin filter=lfs"),
  "README.md": bytes("# a model"),
  "config.json": bytes('{"model_type":"bert"}'),
  "modules.json": bytes('[{"path":"","type":"a.Transformer"},{"path":"1_Pooling","type":"a.Pooling"},{"path":"2_Dense","type":"a.Dense"}]'),
  "tokenizer.json": bytes('{"model":{}}'),
  "model.safetensors": weights,
  "pytorch_model.bin": bytes("the same again"),
  "onnx/model.onnx": bytes("the same in another format"),
  "1_Pooling/config.json": bytes('{"pooling_mode_mean_tokens":true}'),
  "2_Dense/config.json": bytes("{}"),
  "2_Dense/pytorch_model.bin": bytes("pickled"),
  "9_Unused/config.json": bytes("{}"),
};
export const wanted = [
  "1_Pooling/config.json",
  "2_Dense/config.json",
  "2_Dense/pytorch_model.bin",
  "config.json",
  "model.safetensors",
  "modules.json",
  "tokenizer.json",
];

export interface HubSet {
  readonly server: HubServer;
  readonly hub: ModelSource;
  readonly cache: string;
  readonly warnings: string[];
  readonly infos: string[];
  again(options: object): ModelSource;
}

export async function hubWith(
  options: Partial<HubServerOptions> = {},
  settings: object = {},
  internals?: Parameters<typeof createHub>[2],
): Promise<HubSet> {
  const server = await startHub({ repositories: { "org/model": model }, ...options });
  const cache = join(mkdtempSync(join(tmpdir(), "attune-hub-")), "hub");
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(join(cache, ".."), { recursive: true, force: true });
  });
  const [warnings, infos]: string[][] = [[], []];
  const log = { debug() {}, info: (message: string) => void infos.push(message), warn: (message: string) => void warnings.push(message) };
  const again = (more: object): ModelSource =>
    createHub(
      { endpoint: server.url, cache, offline: false, retries: 3, retryDelay: 0.005, timeout: 5, ...settings, ...more },
      { files: createNodeFiles(), log },
      internals,
    );
  return { server, hub: again({}), cache, warnings, infos, again };
}

/** Files of a repository as another tool leaves them in the cache. */
export function putInCache(cache: string, name: string, files: Repository): void {
  const root = join(cache, `models--${name.replace("/", "--")}`);
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, "snapshots", COMMIT, path);
    mkdirSync(join(place, ".."), { recursive: true });
    writeFileSync(place, content);
  }
  mkdirSync(join(root, "refs"), { recursive: true });
  writeFileSync(join(root, "refs/main"), COMMIT);
}

export const failure = (code: string, says: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(says) });
export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** No settings of the machine that runs the tests; to be called before each. */
export function withoutEnvironment(): void {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTP_PROXY", "http_proxy"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", "/nonexistent");
  onTestFinished(() => void vi.unstubAllEnvs());
}
