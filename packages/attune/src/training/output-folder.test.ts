// What lies in an output folder when something else writes to it, or a kill comes.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { expect, test } from "vitest";
import { folderWith } from "../../test/cli.ts";
import { inspectOutput, takeOutput } from "./output-folder.ts";

const files = createNodeFiles();

/** A folder as a finished training leaves it. */
function finished(): string {
  const names = ["attune.json", "config.json", "log.jsonl", "model.safetensors", "report.html"];
  const folder = folderWith(Object.fromEntries(names.map((name) => [name, name === "attune.json" ? '{"record":{}}' : "{}"])));
  mkdirSync(join(folder, "checkpoint-2"));
  writeFileSync(join(folder, "checkpoint-2", "state.json"), "{}");
  return folder;
}

test("a kill at any moment of --overwrite leaves a folder that --overwrite takes", async () => {
  for (let removals = 0; ; removals++) {
    const folder = finished();
    let left = removals;
    const remove = async (path: string): Promise<void> => {
      if (!path.includes(".attune") && left-- === 0) throw new Error("killed"); // what is tried before is no removal
      await files.remove(path);
    };
    const use = { overwrite: true };
    try {
      await using _lock = await takeOutput({ ...files, remove }, folder, { plan: "anew", use });
      expect(removals).toBe(6);
      break;
    } catch (error) {
      if ((error as Error).message !== "killed") throw error;
      expect(await inspectOutput(files, folder, use), `after ${removals} removals`).toBe("anew");
    }
  }
});

test("a folder that somebody else has trained in since it was looked at is not taken", async () => {
  const folder = finished();
  const taking = takeOutput(files, folder, { plan: "start", use: {} });
  await expect(taking).rejects.toMatchObject({ code: "E_OUTPUT" });
  await expect(takeOutput(files, folder, { plan: "start", use: { overwrite: true } })).rejects.toThrow(/by another training meanwhile/);
  expect([existsSync(join(folder, "log.jsonl")), existsSync(join(folder, ".lock"))]).toEqual([true, false]);
});

test("a training that starts again because it had no checkpoint leaves no log and no curves of its first start", async () => {
  const folder = folderWith({ "attune.json": '{"record":{}}', "log.jsonl": "{}\n", "notes.txt": "mine" });
  mkdirSync(join(folder, "runs"));
  writeFileSync(join(folder, "runs", "events.out.tfevents.1.attune"), "");
  await using _lock = await takeOutput(files, folder, { plan: "start", use: { resume: true } });
  expect(["log.jsonl", "runs", "notes.txt"].map((name) => existsSync(join(folder, name)))).toEqual([false, false, true]);
});
