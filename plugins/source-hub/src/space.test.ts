// Room on the disk, of which there is less than the disk has.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { failure, filesIn, hubWith, wanted, withoutEnvironment } from "../test/hub-with.ts";

beforeEach(withoutEnvironment);

test("a model that does not fit is refused before its weights come", async () => {
  const { hub, server } = await hubWith({}, {}, { room: async () => 200_000 });
  await expect(hub.fetch("org/model")).rejects.toEqual(
    failure("E_HUB_SPACE", /org\/model needs 1 MB, and .+ has 0 MB left\. Hint: free some space/),
  );
  expect(server.requests.filter(({ line }) => line.includes("/cdn/"))).toEqual([]);
});

test("what is there from another commit, or in part, takes no space", async () => {
  let left = 400_000;
  const { hub, cache, infos, server } = await hubWith({}, { retries: 0 }, { room: async () => left });
  server.fail("/cdn/org%2Fmodel/model.safetensors", { cutAfter: 250_000 }, { cutAfter: 0 });
  await expect(hub.fetch("org/model")).rejects.toEqual(failure("E_HUB_NETWORK", /250,000 of 300,000/));
  left = 60_000;
  const { folder } = await hub.fetch("org/model");
  rmSync(join(cache, "models--org--model/snapshots"), { recursive: true });
  left = 0;
  infos.length = 0;
  expect(await hub.fetch("org/model")).toEqual({ folder, id: expect.any(String), downloaded: 0 });
  expect(filesIn(folder)).toEqual(wanted);
  expect(infos).toEqual([]);
});
