import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { COMMIT } from "../test/hub-server.ts";
import type { Repository } from "../test/hub-server.ts";
import { bytes, failure, filesIn, hubWith, model, putInCache, wanted, weights, withoutEnvironment } from "../test/hub-with.ts";

beforeEach(withoutEnvironment);

describe("the cache alone", () => {
  test("serves without a request: offline, and an exact commit always", async () => {
    const { hub, server, again } = await hubWith();
    const { folder } = await hub.fetch("org/model");
    const before = server.requests.length;
    const offline = again({ offline: true });
    expect(await offline.fetch("org/model")).toEqual({ folder, id: `org/model@${COMMIT}`, downloaded: 0 });
    expect(await hub.fetch(`org/model@${COMMIT}`)).toMatchObject({ folder });
    expect(server.requests).toHaveLength(before);
    await expect(offline.fetch("org/modell")).rejects.toEqual(
      failure("E_HUB_OFFLINE", /HF_HUB_OFFLINE forbids .*did you mean org\/model, which is there\?/),
    );
  });

  test("does not serve half a model", async () => {
    const { hub, server, again } = await hubWith({}, { retries: 0 });
    server.fail("/cdn/org%2Fmodel/model.safetensors", { cutAfter: 10 });
    server.fail("/resolve/0123456789abcdef0123456789abcdef01234567/model.safetensors", {}, { status: 500 });
    await expect(hub.fetch("org/model")).rejects.toEqual(failure("E_HUB_SERVER", /answered 500/));
    await expect(again({ offline: true }).fetch("org/model")).rejects.toEqual(failure("E_HUB_OFFLINE", /is not in/));
  });
});

describe("what Python's AutoModel leaves in the cache: no modules.json", () => {
  const { "config.json": config, "tokenizer.json": tokenizer, "model.safetensors": its } = model;
  const plain: Repository = { "config.json": config, "tokenizer.json": tokenizer, "model.safetensors": its };

  test("of a model that has modules is completed, also at an exact commit", async () => {
    for (const id of ["org/model", `org/model@${COMMIT}`]) {
      const { hub, cache, warnings } = await hubWith();
      putInCache(cache, "org/model", plain);
      const { folder } = await hub.fetch(id);
      expect(filesIn(folder)).toEqual(wanted);
      expect(warnings).toEqual([]);
    }
  });

  test("of a plain model is whole once the hub has said that there is none, as Python's library notes it", async () => {
    const { hub, cache, server, again, warnings } = await hubWith({ repositories: { "org/plain": plain } });
    putInCache(cache, "org/plain", plain);
    expect(await hub.fetch(`org/plain@${COMMIT}`)).toMatchObject({ downloaded: 0 });
    const before = server.requests.length;
    await hub.fetch(`org/plain@${COMMIT}`);
    await again({ offline: true }).fetch("org/plain");
    expect(server.requests).toHaveLength(before);
    expect(warnings).toEqual([]);
    expect(filesIn(join(cache, "models--org--plain/.no_exist"))).toEqual([join(COMMIT, "modules.json")]);
  });

  test("serves where nobody can be asked, with a warning", async () => {
    const { hub, cache, server, again, warnings } = await hubWith();
    putInCache(cache, "org/model", plain);
    expect(await again({ offline: true }).fetch("org/model")).toMatchObject({ downloaded: 0 });
    expect(warnings).toEqual([expect.stringMatching(/^org\/model is in the cache without modules\.json.+pooling, prompts.+missing here/)]);
    await server[Symbol.asyncDispose]();
    await hub.fetch(`org/model@${COMMIT}`);
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/is taken from the cache/), warnings[0]]);
  });
});

describe("a download that was killed", () => {
  test.each(["model.safetensors", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/pytorch_model.bin"])(
    "before %s is continued at an exact commit, and is nothing offline",
    async (missing) => {
      const { hub, cache, again } = await hubWith();
      const here = wanted.filter((path) => path !== missing).map((path) => [path, model[path]] as const);
      putInCache(cache, "org/model", Object.fromEntries(here));
      await expect(again({ offline: true }).fetch("org/model")).rejects.toEqual(
        failure("E_HUB_OFFLINE", /or not whole.+Hint: give a model's folder, or unset/),
      );
      const { folder, downloaded } = await hub.fetch(`org/model@${COMMIT}`);
      expect(filesIn(folder)).toEqual(wanted);
      expect(downloaded).toBe(model[missing].length);
    },
  );

  test("before the weights of an old model, which lie in its first module's folder", async () => {
    const modules = bytes('[{"path":"0_Transformer","type":"a.Transformer"},{"path":"1_Pooling","type":"a.Pooling"}]');
    const inside = Object.fromEntries(
      ["config.json", "tokenizer.json", "model.safetensors"].map((name) => [`0_Transformer/${name}`, model[name]]),
    );
    const old: Repository = { "modules.json": modules, "1_Pooling/config.json": bytes("{}"), ...inside };
    const { hub, cache, server } = await hubWith({ repositories: { "org/old": old } });
    const { "0_Transformer/model.safetensors": _, ...half } = old;
    putInCache(cache, "org/old", { ...half, "pytorch_model.bin": bytes("of something else") });
    expect(await hub.fetch(`org/old@${COMMIT}`)).toMatchObject({ downloaded: weights.length });
    const before = server.requests.length;
    await hub.fetch(`org/old@${COMMIT}`);
    expect(server.requests).toHaveLength(before);
  });
});
