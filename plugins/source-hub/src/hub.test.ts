import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { COMMIT, oidOf } from "../test/hub-server.ts";
import { bytes, failure, filesIn, hubWith, model, putInCache, wanted, weights, withoutEnvironment } from "../test/hub-with.ts";
import type { FetchProgress } from "./source.ts";

beforeEach(withoutEnvironment);

describe("a model that is not here yet", () => {
  test("comes with the files that it needs and no others, in the layout of Python's cache", async () => {
    const { hub, cache, server } = await hubWith();
    const steps: FetchProgress[] = [];
    const { folder, id, downloaded } = await hub.fetch("org/model", { onProgress: (step) => void steps.push(step) });
    const root = join(cache, "models--org--model");
    expect({ folder, id }).toEqual({ folder: join(root, "snapshots", COMMIT), id: `org/model@${COMMIT}` });
    expect(filesIn(folder)).toEqual(wanted);
    for (const path of wanted) {
      expect(new Uint8Array(readFileSync(join(folder, path)))).toEqual(model[path]);
      expect(lstatSync(join(folder, path)).isSymbolicLink()).toBe(true);
    }
    expect(readlinkSync(join(folder, "1_Pooling/config.json"))).toBe(`../../../blobs/${oidOf("a", model["1_Pooling/config.json"])}`);
    expect(readFileSync(join(root, "refs/main"), "utf8")).toBe(COMMIT);
    expect(readdirSync(join(root, "blobs"))).toHaveLength(new Set(wanted.map((path) => oidOf(path, model[path]))).size);
    const total = wanted.reduce((sum, path) => sum + model[path].length, 0);
    expect(steps.at(-1)).toEqual({ file: "model.safetensors", loaded: total, total });
    expect(downloaded).toBe(total);
    expect(server.requests.filter(({ line }) => line.includes("/onnx/") || line.includes("README"))).toEqual([]);
  });

  test("is asked for again, and only the hub's list is read", async () => {
    const { hub, server } = await hubWith();
    await hub.fetch("org/model");
    const before = server.requests.length;
    expect(await hub.fetch("org/model@v1")).toMatchObject({ downloaded: 0 });
    const asked = server.requests.slice(before).map(({ line }) => line);
    expect(asked.every((line) => line.startsWith("GET /api/models/org/model/"))).toBe(true);
  });

  test("never leaves its folder, whatever its files say", async () => {
    const modules = bytes('[{"path":"../../../1_Pooling"},{"path":"/1_Pooling"},{"path":"a/../../b"},{"path":7},{"path":"1_Pooling"}]');
    const outside = Object.fromEntries(
      ["../config.json", "../../../1_Pooling/config.json", "a/../../b/config.json"].map((path) => [path, bytes("{}")]),
    );
    const { hub, cache } = await hubWith({ repositories: { "org/model": { ...model, "modules.json": modules, ...outside } } });
    const { folder } = await hub.fetch("org/model");
    expect(filesIn(folder)).toEqual(wanted.filter((path) => !path.startsWith("2_Dense")));
    expect(filesIn(join(cache, "models--org--model/snapshots"))).toEqual(filesIn(folder).map((path) => join(COMMIT, path)));
  });

  test("without safetensors brings pytorch_model.bin, and an index its shards", async () => {
    const { "model.safetensors": _, ...pickled } = model;
    const shard = (n: number): string => `model-0000${n}-of-00002.safetensors`;
    const sharded = { ...pickled, "model.safetensors.index.json": bytes("{}"), [shard(1)]: bytes("a"), [shard(2)]: bytes("b") };
    const { hub, again } = await hubWith({ repositories: { "org/bin": pickled, "org/shards": sharded } });
    expect(filesIn((await hub.fetch("org/bin")).folder)).toEqual(expect.arrayContaining(["pytorch_model.bin"]));
    const { folder } = await hub.fetch("org/shards");
    expect(filesIn(folder).filter((path) => path.startsWith("model"))).toEqual([shard(1), shard(2), "model.safetensors.index.json"]);
    expect(filesIn(folder)).not.toContain("pytorch_model.bin");
    rmSync(join(folder, shard(2)));
    await expect(again({ offline: true }).fetch("org/shards")).rejects.toEqual(failure("E_HUB_OFFLINE", /is not in/));
  });

  test("by a name alone is one of sentence-transformers, or an old one without owner", async () => {
    const { hub } = await hubWith({ repositories: { "sentence-transformers/mini": model, old: model } });
    expect((await hub.fetch("mini")).id).toBe(`sentence-transformers/mini@${COMMIT}`);
    expect((await hub.fetch("old")).id).toBe(`old@${COMMIT}`);
  });

  test("two at once do not disturb each other", async () => {
    const { hub, again, server } = await hubWith();
    server.fail("/cdn/", { stallAfter: 1000 }, {}, {});
    const both = await Promise.all([again({ timeout: 0.2 }).fetch("org/model"), hub.fetch("org/model")]);
    expect(both.map(({ folder }) => filesIn(folder))).toEqual([wanted, wanted]);
    expect(both.map(({ downloaded }) => downloaded > 0).sort()).toEqual([false, true]);
  });
});

describe("a bad connection", () => {
  test("that is cut is continued where it stopped", async () => {
    const { hub, server } = await hubWith();
    server.fail("/cdn/org%2Fmodel/model.safetensors", { cutAfter: 100_000 }, { cutAfter: 50_000 }, { status: 503 }, {});
    const { folder } = await hub.fetch("org/model");
    expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(weights);
    const ranges = server.requests.filter(({ line }) => line.includes("/cdn/org%2Fmodel/model.")).map(({ range }) => range);
    expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=150000-", "bytes=150000-"]);
  });

  test("that gives up is continued by the next command", async () => {
    const { hub, server } = await hubWith({}, { retries: 1 });
    server.fail("/cdn/org%2Fmodel/model.safetensors", { cutAfter: 120_000 }, { cutAfter: 0 }, { cutAfter: 0 });
    const error = failure(
      "E_HUB_NETWORK",
      /model\.safetensors was cut off at 120,000 of 300,000 bytes \(.+run the command again: it continues there/,
    );
    await expect(hub.fetch("org/model")).rejects.toEqual(error);
    await hub.fetch("org/model");
    expect(server.requests.at(-1)!.range).toBe("bytes=120000-");
  });

  test("that falls silent counts as cut", async () => {
    const { again, server } = await hubWith();
    server.fail("/cdn/org%2Fmodel/model.safetensors", { stallAfter: 10_000 }, {});
    await again({ timeout: 0.15 }).fetch("org/model");
    expect(server.requests.at(-1)!.range).toBe("bytes=10000-");
  });

  test("to a server without ranges starts again", async () => {
    const { hub, server } = await hubWith();
    server.fail("/cdn/org%2Fmodel/model.safetensors", { cutAfter: 100_000 }, { ignoreRange: true });
    const { folder } = await hub.fetch("org/model");
    expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(weights);
  });

  test("with wrong bytes: once they come again, twice is an error and leaves nothing", async () => {
    const { hub, server, cache } = await hubWith();
    server.fail("/cdn/org%2Fmodel/model.safetensors", { corrupt: true }, { corrupt: true });
    await expect(hub.fetch("org/model")).rejects.toEqual(failure("E_HUB_CHECKSUM", /model\.safetensors came twice with bytes/));
    const blobs = join(cache, "models--org--model/blobs");
    expect(readdirSync(blobs).filter((name) => name.includes("incomplete"))).toEqual([]);
    server.fail("/cdn/org%2Fmodel/model.safetensors", { corrupt: true }, {});
    const { folder } = await hub.fetch("org/model");
    expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(weights);
  });

  test("a small file's checksum is git's", async () => {
    const { hub, server } = await hubWith();
    server.fail("/resolve/", { corrupt: true }, {});
    const { folder } = await hub.fetch("org/model");
    expect(new Uint8Array(readFileSync(join(folder, "modules.json")))).toEqual(model["modules.json"]);
  });

  test("part of a file from an earlier day that does not fit is thrown away", async () => {
    const { hub, cache } = await hubWith();
    const blobs = join(cache, "models--org--model/blobs");
    mkdirSync(blobs, { recursive: true });
    writeFileSync(join(blobs, `${oidOf("model.safetensors", weights)}.attune.incomplete`), new Uint8Array(1000));
    const { folder } = await hub.fetch("org/model");
    expect(new Uint8Array(readFileSync(join(folder, "model.safetensors")))).toEqual(weights);
  });

  test("an answer that asks to wait is waited for; too long a wait is a sentence", async () => {
    const { hub, server, again } = await hubWith();
    server.fail("/revision/", { status: 429, headers: { "retry-after": "0" } }, { status: 429, headers: { ratelimit: '"api";r=0;t=0' } });
    await hub.fetch("org/model");
    server.fail("/revision/", { status: 429, headers: { "retry-after": "4000" } });
    const { cache } = await hubWith();
    const limited = failure(
      "E_HUB_LIMIT",
      /^E_HUB_LIMIT 127\.0\.0\.1:\d+ is asked too often from here and wants 4000 s of rest\. Hint: .*HF_TOKEN/,
    );
    await expect(again({ cache }).fetch("org/model")).rejects.toEqual(limited);
  });

  test("no hub at all: the cache serves, with a warning; without one it is a sentence", async () => {
    const { hub, server, warnings, again } = await hubWith();
    await hub.fetch("org/model");
    await server[Symbol.asyncDispose]();
    expect(await hub.fetch("org/model")).toMatchObject({ downloaded: 0, id: `org/model@${COMMIT}` });
    expect(warnings).toEqual([
      expect.stringMatching(/cannot be reached \(ECONNREFUSED\): org\/model is taken from the cache, as of 0123456/),
    ]);
    await expect(again({ retries: 1 }).fetch("org/other")).rejects.toEqual(failure("E_HUB_NETWORK", /cannot be reached \(ECONNREFUSED\)/));
  });

  test("a name alone finds what the cache has of it, whichever model that is", async () => {
    const { hub, server, cache, warnings, again } = await hubWith({ repositories: { old: model } }, { retries: 0 });
    await hub.fetch("old");
    server.fail("/revision/", { status: 503 });
    expect(await hub.fetch("old")).toMatchObject({ id: `old@${COMMIT}`, downloaded: 0 });
    expect(warnings).toEqual([expect.stringMatching(/answered 503.*: old is taken from the cache, as of 0123456/)]);
    await server[Symbol.asyncDispose]();
    expect(await hub.fetch("old")).toMatchObject({ id: `old@${COMMIT}` });
    putInCache(cache, "sentence-transformers/old", { "config.json": model["config.json"] });
    expect(await hub.fetch("old")).toMatchObject({ id: `old@${COMMIT}` });
    await expect(again({}).fetch("other")).rejects.toEqual(failure("E_HUB_NETWORK", /cannot be reached/));
  });

  test("Ctrl-C ends a download, which continues later", async () => {
    const { hub, server } = await hubWith();
    server.fail("/cdn/org%2Fmodel/model.safetensors", { stallAfter: 70_000 });
    const stop = new AbortController();
    const onProgress = ({ loaded }: FetchProgress): void => void (loaded > 70_000 && stop.abort());
    await expect(hub.fetch("org/model", { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: "AbortError" });
    await hub.fetch("org/model");
    expect(server.requests.at(-1)!.range).toBe("bytes=70000-");
  });
});

describe("refused", () => {
  test.each([
    { id: "org/modle", code: "E_HUB_NOT_FOUND", says: /org\/modle is not a model on 127.+private model needs HF_TOKEN/ },
    { id: "org/model@v9", code: "E_HUB_NOT_FOUND", says: /org\/model has no revision "v9"\. Hint: http.+lists its branches and tags/ },
    { id: "org/gguf", code: "E_HUB_FILES", says: /has neither config\.json nor modules\.json.+it has a\.gguf/ },
    { id: "org/tf", code: "E_HUB_FILES", says: /has neither safetensors nor pytorch_model\.bin.+tf_model\.h5/ },
    { id: "org/gated", code: "E_HUB_ACCESS", says: /org\/gated is gated: .+accept its terms at http.+\/org\/gated and set HF_TOKEN/ },
    { id: "a/b/c", code: "E_HUB_ID", says: /expected org\/name/ },
    { id: "org/model@../x", code: "E_HUB_ID", says: /expected org\/name/ },
  ])("$id: $code", async ({ id, code, says }) => {
    const repositories = {
      "org/model": model,
      "org/gated": model,
      "org/gguf": { "a.gguf": bytes("x") },
      "org/tf": { "config.json": bytes("{}"), "tf_model.h5": bytes("x") },
    };
    const { hub } = await hubWith({ repositories, gated: { token: "hf_secret", ids: ["org/gated"] } });
    await expect(hub.fetch(id)).rejects.toEqual(failure(code, says));
  });

  test("a token opens what is gated; a wrong one is named by where it is from, never by what it says", async () => {
    const { hub, server } = await hubWith({ gated: { token: "hf_secret", ids: ["org/model"] } });
    vi.stubEnv("HF_TOKEN", "hf_wrong");
    const refused = await hub.fetch("org/model").catch((error: Error) => error);
    expect(refused).toEqual(failure("E_HUB_ACCESS", /org\/model is gated.*with the account of HF_TOKEN/));
    expect(String(refused)).not.toContain("hf_wrong");
    vi.stubEnv("HF_TOKEN", "hf_secret");
    await hub.fetch("org/model");
    const [hubAsked, cdnAsked] = server.requests.slice(-2);
    expect([hubAsked.authorization, cdnAsked.authorization]).toEqual(["Bearer hf_secret", undefined]);
    vi.stubEnv("HF_TOKEN", "hf_wrong");
    await expect(hub.fetch("org/nothing")).rejects.toEqual(failure("E_HUB_ACCESS", /may not be read with the token from HF_TOKEN/));
  });

  test("a saved login counts, too", async () => {
    const { hub, server, cache } = await hubWith();
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, "token"), "hf_saved\n");
    vi.stubEnv("HF_HOME", cache);
    await hub.fetch("org/model");
    expect(server.requests[0].authorization).toBe("Bearer hf_saved");
  });

  test("a cache that cannot be written, and a page that is no hub", async () => {
    const { again, cache, server } = await hubWith();
    mkdirSync(join(cache, ".."), { recursive: true });
    writeFileSync(cache, "a file");
    await expect(again({}).fetch("org/model")).rejects.toEqual(failure("E_FILE", /a file, not a folder|already there/));
    server.fail("/revision/", { status: 200 });
    await expect(again({}).fetch("org/model")).rejects.toEqual(failure("E_HUB_SERVER", /does not answer as a hub does/));
  });
});
