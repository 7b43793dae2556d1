import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith } from "../../test/cli.ts";
import { commands } from "./commands.ts";

test("without a command, all commands", async () => {
  for (const words of [[], ["help"], ["--help"], ["-h"]]) {
    const { status, stdout, stderr } = await attune(words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of Object.keys(commands)) expect(stdout).toContain(`attune ${name}`);
  }
});

test.each(Object.keys(commands))("help of %s is generated, on stdout, and mentions --json", async (name) => {
  const [one, other] = [await attune([name, "--help"]), await attune(["help", name])];
  expect(one).toEqual(other);
  expect(one).toMatchObject({ status: 0, stderr: "" });
  expect(one.stdout).toContain(`attune ${name} `);
  expect(one.stdout).toContain("--json");
  expect(one.stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
});

test("help of train has every option with its default, and those of every plugin", async () => {
  const { stdout } = await attune(["train", "--help"]);
  for (const said of [
    "--batch-size N",
    "(32)",
    "--learning-rate N",
    "(2e-5)",
    "--no-eval",
    "[each | rotate | random]",
    "--loss.temperature N",
    "--schedule.cycles N",
    "no-duplicates",
    "--config FILE",
  ])
    expect(stdout).toContain(said);
});

test("plugins: every kind, with options and availability", async () => {
  const { stdout, stderr } = await attune(["plugins", "--json"]);
  expect(stderr).toBe("");
  const { plugins } = JSON.parse(stdout) as {
    plugins: { kind: string; name: string; available: true | string; options: { name: string }[] }[];
  };
  const names = plugins.map(({ kind, name }) => `${kind}/${name}`);
  for (const name of [
    "backend/cpu",
    "backend/typescript",
    "model/bert",
    "pooling/mean",
    "loss/infonce",
    "loss/cosent",
    "optimizer/adamw",
    "schedule/linear",
    "sampler/no-duplicates",
    "evaluator/retrieval",
    "miner/union",
    "files/node",
  ])
    expect(names).toContain(name);
  const infonce = plugins.find(({ name }) => name === "infonce")!;
  expect(infonce.options[0]).toEqual({
    name: "temperature",
    type: "number",
    default: 0.02,
    required: false,
    description: expect.any(String),
  });
  expect(infonce.available).toBe(true);
  expect((await attune(["plugins"])).stdout).toMatch(/^loss\n(?: .*\n)*? {2}infonce /m);
});

test("doctor measures what is there and says why something is not", async () => {
  const { status, stdout } = await attune(["doctor", "--json"]);
  expect(status).toBe(0);
  const { versions, machine, devices } = JSON.parse(stdout) as {
    versions: object;
    machine: object;
    devices: { name: string; available: true | string; gflops?: number }[];
  };
  expect(versions).toMatchObject({ node: process.versions.node });
  expect(machine).toMatchObject({ threads: expect.any(Number) });
  expect(devices.map(({ name }) => name)).toEqual(["cpu", "typescript"]);
  for (const { available, gflops } of devices) expect(available === true ? gflops : available.length).toBeGreaterThan(0);
});

test("doctor tells of a device that fails, and of all others", async () => {
  const source = (name: string): string => new URL(`../../../${name}/src/index.ts`, import.meta.url).href;
  const folder = folderWith({
    "broken.ts": `import { definePlugin } from "${source("core")}"; import { z } from "${import.meta.resolve("zod")}";
      const create = () => { throw new Error("the driver is gone"); };
      export const broken = definePlugin({ kind: "backend", name: "broken", summary: "", options: z.strictObject({}), create });`,
  });
  const { status, stdout } = await attune(["doctor", "--plugin", join(folder, "broken.ts")]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/device broken +not available: Error: the driver is gone\n/);
  expect(stdout).toMatch(/device typescript .* GFLOP\/s/);
});
