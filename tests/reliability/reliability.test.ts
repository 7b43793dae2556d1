// What users' machines do to a training: full and read-only disks, signals, kills, two runs at once, damaged files, clocks that go backwards,
// too little memory. Each time there is one sentence, nothing half-written, and a way to go on that ends in the same bytes.

import { cpSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mountDisk } from "./disks.ts";
import { remains, train, weightsOf, workplace } from "./training.ts";

const place = workplace();
const long = ["--epochs", "500"];
const short = ["--epochs", "3"]; // 12 steps
const output = (name: string): string => join(place.path, name);
let straight: string;

beforeAll(async () => {
  const { status, stderr } = await train(place, output("straight"), short).ended;
  if (status !== 0) throw new Error(stderr);
  straight = weightsOf(output("straight"));
}, 60_000);

afterAll(() => place[Symbol.dispose]());

test("a full disk: one sentence, the last checkpoint is whole, and with more room the training goes on", async (context) => {
  const folder = output("disk");
  const disk = mountDisk(folder, "700k"); // room for one checkpoint, not for a second beside it
  if (typeof disk === "string") return context.skip(disk);
  using _disk = disk;
  const out = join(folder, "out");
  const full = await train(place, out, short).ended;
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/error E_FILE {2}.*cannot be written: no space left on the disk \(ENOSPC\)\.\n {2}Hint: free some space/);
  expect(remains(out)).toEqual(["checkpoint-2"]);
  disk.resize("size=8m");
  expect(await train(place, out, [...short, "--resume"]).ended).toMatchObject({ status: 0 });
  expect(weightsOf(out)).toBe(straight);
});

test("a disk that can only be read: said before anything is computed", async (context) => {
  const folder = output("readonly");
  const disk = mountDisk(folder, "8m");
  if (typeof disk === "string") return context.skip(disk);
  using _disk = disk;
  disk.resize("ro");
  const { status, stderr } = await train(place, join(folder, "out"), short).ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/error E_OUTPUT {2}.*cannot be written: .*the file system is read-only \(EROFS\)/);
  expect(stderr).not.toContain("step ");
});

test("SIGTERM leaves a checkpoint of the step under way, and a resumed training ends in the same bytes", async () => {
  const out = output("sigterm");
  const run = train(place, out, short);
  await run.step(3);
  run.child.kill("SIGTERM");
  const { status, stderr } = await run.ended;
  expect({ status, stderr }).toMatchObject({ status: 130, stderr: expect.stringContaining("--resume") });
  expect(remains(out)).toHaveLength(1);
  expect(await train(place, out, [...short, "--resume"]).ended).toMatchObject({ status: 0 });
  expect(weightsOf(out)).toBe(straight);
});

test("Ctrl-C twice ends at once; so does a second run into the same folder, which names the first one's process", async () => {
  const out = output("twice");
  const run = train(place, out, long);
  await run.step(3);
  const second = await train(place, out, [...long, "--resume"]).ended;
  expect(second.status).toBe(1);
  expect(second.stderr).toContain(`is held by process ${run.child.pid}`);
  expect(run.child.exitCode).toBeNull(); // the first one goes on
  run.child.kill("SIGINT");
  run.child.kill("SIGINT");
  expect((await run.ended).status).toBe(130);
  expect(remains(out).some((name) => /^checkpoint-\d+$/.test(name))).toBe(true);
});

test("a lock that a killed run left is taken over, and its half-written checkpoint is gone", async () => {
  const out = output("killed");
  const run = train(place, out, short);
  await run.step(5);
  run.child.kill("SIGKILL");
  await run.ended;
  expect(existsSync(join(out, ".lock"))).toBe(true);
  expect(await train(place, out, [...short, "--resume"]).ended).toMatchObject({ status: 0 });
  expect(weightsOf(out)).toBe(straight);
  expect(remains(out)).toEqual(["checkpoint-12"]);
});

test("a damaged newest checkpoint is named and put aside, and the one before it ends in the same bytes", async () => {
  const out = output("damaged");
  expect(await train(place, out, [...short, "--keep", "2"]).ended).toMatchObject({ status: 0 });
  expect(remains(out)).toEqual(["checkpoint-10", "checkpoint-12"]);
  truncateSync(join(out, "checkpoint-12", "optimizer.safetensors"), 5000);
  const { status, stderr } = await train(place, out, [...short, "--keep", "2", "--resume"]).ended;
  expect({ status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/checkpoint-12 is damaged .*the checkpoint before it is used/),
  });
  expect(weightsOf(out)).toBe(straight);
  expect(remains(out)).toEqual(["checkpoint-10", "checkpoint-12", "checkpoint-12.damaged"]);

  for (const name of ["checkpoint-10", "checkpoint-12"]) writeFileSync(join(out, name, "state.json"), "{");
  const none = await train(place, out, [...short, "--keep", "2", "--resume"]).ended;
  expect({ status: none.status, stderr: none.stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("E_CHECKPOINT") });
});

test("a clock that runs backwards changes nothing", async () => {
  const clock = join(place.path, "clock.mjs");
  writeFileSync(clock, "let now = Date.now(); Date.now = () => (now -= 3_600_000);\n");
  const out = output("clock");
  expect(await train(place, out, short, { node: ["--import", clock] }).ended).toMatchObject({ status: 0 });
  expect(weightsOf(out)).toBe(straight);
  const seconds = readFileSync(join(out, "log.jsonl"), "utf8")
    .match(/(?<="seconds":)[-\d.e]+/g)!
    .map(Number);
  expect(seconds.every((value) => value >= 0)).toBe(true);
});

test("data that are deleted while the training runs are not missed; a deleted base model is a sentence, and the checkpoint stays", async () => {
  const own = { model: output("own-model"), data: output("own-rows.jsonl") };
  cpSync(place.model, own.model, { recursive: true });
  cpSync(place.data, own.data);
  const out = output("deleted");
  const run = train(own, out, short);
  await run.step(1);
  rmSync(own.data);
  expect(await run.ended).toMatchObject({ status: 0 });
  expect(weightsOf(out)).toBe(straight);

  cpSync(place.data, own.data);
  const without = output("without-model");
  const last = train(own, without, short);
  await last.step(1);
  rmSync(own.model, { recursive: true });
  const { status, stderr } = await last.ended;
  expect({ status, stderr }).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/error E_MODEL_FOLDER {2}.*own-model does not exist any more/),
  });
  expect(remains(without)).toEqual(["checkpoint-12"]);
  cpSync(place.model, own.model, { recursive: true });
  expect(await train(own, without, [...short, "--resume"]).ended).toMatchObject({ status: 0 });
  expect(weightsOf(without)).toBe(straight);
});

test("NaN in the weights ends the training with the reason", async () => {
  const broken = { model: output("nan-model"), data: place.data };
  cpSync(place.model, broken.model, { recursive: true });
  const path = join(broken.model, "model.safetensors");
  const bytes = readFileSync(path);
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  bytes.writeFloatLE(Number.NaN, 8 + Number(bytes.readBigUInt64LE(0)));
  writeFileSync(path, bytes);
  const { status, stderr } = await train(broken, output("nan"), short).ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/error E_(DIVERGED|WEIGHTS) {2}/);
  expect(stderr).toMatch(/NaN in the weights|not finite/);
});

test("more memory than a container grants: bytes and a hint, not a kill", async (context) => {
  const group = memoryGroup();
  if (typeof group === "string") return context.skip(group);
  using _group = group;
  const rows = Array.from({ length: 6000 }, (_, i) => ({
    anchor: `who found the kettle ${i}? `.repeat(6),
    positive: `the kettle number ${i} was found. `.repeat(6),
  }));
  const data = output("many.jsonl");
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const words = ["--batch-size", "6000", "--max-steps", "2"];
  const run = train({ model: place.model, data }, output("memory"), words, {
    device: "cpu",
    wrap: ["sh", "-c", `echo $$ > ${group.tasks} && exec "$@"`, "sh"],
  });
  const { status, stderr } = await run.ended;
  if (stderr.includes("E_UNAVAILABLE")) return context.skip("the native addon is not built here");
  expect({ status, stderr }).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/error E_OUT_OF_MEMORY {2}[\d,]+ bytes were asked for, [\d,]+ are in use, and the limit is [\d,]+/),
  });
  expect(stderr).toMatch(/Hint: use a smaller --batch-size/);
});

/** A control group of 400 MB, version 1 or 2; a reason where none can be made. */
function memoryGroup(): ({ readonly tasks: string } & Disposable) | string {
  const reason = "no control group for memory can be made here";
  try {
    const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
    const own = lines.map((line) => line.split(":")).find(([, names]) => names.split(",").includes("memory") || names === "");
    if (!own) return reason;
    const version = own[1] === "" ? 2 : 1;
    const parent = `/sys/fs/cgroup${version === 1 ? "/memory" : ""}${own[2]}`;
    const folder = join(parent, `attune-test-${process.pid}`);
    mkdirSync(folder);
    const limit = join(folder, version === 1 ? "memory.limit_in_bytes" : "memory.max");
    if (!existsSync(limit)) {
      rmdirSync(folder);
      return reason;
    }
    writeFileSync(limit, String(400 << 20));
    return { tasks: join(folder, "cgroup.procs"), [Symbol.dispose]: () => rmdirSync(folder) };
  } catch {
    return reason;
  }
}
