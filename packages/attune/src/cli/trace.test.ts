import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";
import { createRegistryWith } from "../built-ins.ts";

const encode = (folder: string, device: string, trace: string) =>
  attune(["encode", "--model", tinyModel, "--input", join(folder, "in.txt"), "--device", device, "--trace", trace]);

test("--trace writes what the device ran, in order, with the module that asked for it", async (context) => {
  const available = await (await createRegistryWith([])).available("backend", "cpu");
  if (available !== true) return context.skip(available);
  const folder = folderWith({ "in.txt": "the sun\nmoon\n" });
  const path = join(folder, "run.json");
  const { status, stderr } = await encode(folder, "cpu", path);
  expect(status).toBe(0);
  const [, ...events] = (JSON.parse(readFileSync(path, "utf8")) as { traceEvents: { name: string; ts: number; args: { label: string } }[] })
    .traceEvents;
  expect(stderr).toContain(`${events.length} launches · ${path}`);
  expect(events.filter(({ name }) => name === "attention").map(({ args }) => args.label)).toEqual([
    "encoder.layer.0/attention",
    "encoder.layer.1/attention",
  ]);
  expect(events.every(({ ts }, i) => i === 0 || ts >= events[i - 1].ts)).toBe(true);
});

test("--trace is refused before any work where it cannot be kept or written", async () => {
  const folder = folderWith({ "in.txt": "moon\n" });
  const path = join(folder, "run.json");
  const without = await encode(folder, "typescript", path);
  expect(without.stderr).toContain("error E_OPTION  --trace the device typescript keeps no trace.");
  const nowhere = await encode(folder, "typescript", join(folder, "none", "run.json"));
  expect(nowhere.stderr).toContain("none does not exist");
  expect([without.status, nowhere.status, existsSync(path)]).toEqual([2, 1, false]);
});
