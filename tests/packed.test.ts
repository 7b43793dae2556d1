// What npm gets is what works: every package is built, packed and installed outside of the workspace, then used there as a user would.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleForBrowser } from "./browser/bundle.ts";
import { fetchLeastNode, type LeastNode } from "./lib/least-node.ts";
import { installPacked, type PackedProject } from "./lib/packed.ts";
import { root, workspacePackages } from "./lib/workspace.ts";

const packages = workspacePackages();
const entries = packages.flatMap(({ manifest, folder }) =>
  Object.entries(manifest.exports ?? {}).map(([entry, source]) => ({
    specifier: join(manifest.name, entry),
    source: join(folder, source),
  })),
);

let project: PackedProject;
let leastNode: LeastNode;
let reference: Trained;

beforeAll(async () => {
  [project, leastNode] = await Promise.all([installPacked(), fetchLeastNode()]);
}, 120_000);

afterAll(() => project?.remove());

/** What the sources export, by entry. */
async function exportsOfSources(): Promise<Record<string, string[]>> {
  const found = entries.map(async ({ specifier, source }) => [specifier, Object.keys((await import(source)) as object).sort()] as const);
  return Object.fromEntries(await Promise.all(found));
}

/** What the packages export, by entry, under the Node of the tests or another. */
async function exportsOfPackages(node?: string): Promise<Record<string, string[]>> {
  const list = JSON.stringify(entries.map(({ specifier }) => specifier));
  const program = `
    const names = async (specifier) => [specifier, Object.keys(await import(specifier)).sort()];
    console.log(JSON.stringify(Object.fromEntries(await Promise.all(${list}.map(names)))));`;
  return JSON.parse(await project.run("entries.mjs", program, node)) as Record<string, string[]>;
}

/** The published JavaScript, by path. */
function publishedCode(): Map<string, string> {
  const folders = packages.map(({ manifest }) => join(project.folder, "node_modules", manifest.name, "dist"));
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)));
  return new Map(files.filter((file) => file.endsWith(".js")).map((file) => [file, readFileSync(file, "utf8")]));
}

test("every entry exports what its source does", async () => {
  expect(await exportsOfPackages()).toEqual(await exportsOfSources());
});

test("what is published is ES2022: no `using`, and nothing is imported in its place", () => {
  const newer = /^\s*(?:await )?using \w+ =|\bof using\b|^import .*@oxc-project/m;
  expect([...publishedCode()].filter(([, code]) => newer.test(code)).map(([file]) => file)).toEqual([]);
});

test("files that bundlers are told of by URL are published", () => {
  const told = [...publishedCode()].flatMap(([file, code]) =>
    [...code.matchAll(/new URL\("(\.[^"]*\.\w+)", import\.meta\.url\)/g)].map(([, path]) => join(dirname(file), path)),
  );
  expect(told.filter((path) => path.endsWith("worker.js"))).toHaveLength(1);
  expect(told.filter((path) => !existsSync(path))).toEqual([]);
});

test("a page's bundle is made from the packages, and is ES2022, too", async () => {
  project.write("page.js", `export * from "attune";`);
  const { code } = await bundleForBrowser(join(project.folder, "page.js"));
  expect(code).toContain("createAttune");
  expect(code).not.toMatch(/^\s*(?:await )?using \w+ =/m);
});

test("the published types stand on their own", async () => {
  const program = entries.map(({ specifier }, i) => `export * as entry${i} from "${specifier}";`).join("\n");
  const options = {
    module: "nodenext",
    target: "es2022",
    lib: ["es2024", "esnext.disposable", "dom"],
    strict: true,
    noEmit: true,
    types: ["node"],
  };
  project.write("entries.ts", program);
  project.write("tsconfig.json", JSON.stringify({ compilerOptions: options, files: ["entries.ts"] }));
  expect(await project.execute(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."])).toBe("");
});

test("a tarball holds the build, a README and the licence, and nothing else that is ours", () => {
  for (const { manifest } of packages) {
    const names = readdirSync(join(project.folder, "node_modules", manifest.name));
    expect(names, manifest.name).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist", "package.json"]));
    expect(
      names.filter((name) => ["src", "tsconfig.json", "native", "build", "node_modules"].includes(name)),
      manifest.name,
    ).toEqual([]);
    const dist = readdirSync(join(project.folder, "node_modules", manifest.name, "dist"), { recursive: true, encoding: "utf8" });
    expect(
      dist.filter((name) => name.includes(".test")),
      manifest.name,
    ).toEqual([]);
  }
});

test("the quickstart's data are in the package, the scripts that made them are not", () => {
  const names = readdirSync(join(project.folder, "node_modules", "attune", "fixtures", "quickstart"), {
    recursive: true,
    encoding: "utf8",
  });
  expect(names).toEqual(expect.arrayContaining(["corpus.jsonl", "queries.jsonl", "tokenizer.json", "config.json", "examples.json"]));
  expect(names.filter((name) => name.endsWith(".ts"))).toEqual([]);
});

test("the command line runs", async () => {
  const command = join(project.folder, "node_modules", ".bin", "attune");
  expect(existsSync(command)).toBe(true);
  const { version } = packages.find(({ short }) => short === "attune")!.manifest;
  expect((await project.execute(command, ["--version"])).trim()).toContain(version);
});

const rows = ["kettle", "bridge", "harbour", "letter", "robot", "library"].map((thing) => ({
  anchor: `who found the ${thing}?`,
  positive: `the ${thing} was found before sunrise.`,
}));
const tinyModel = join(root, "fixtures", "golden", "st", "bert-mean-legacy");

/** A module that trains the tiny model for three steps and prints the losses, and the first vector of the saved model; without `using`, for Node 22. */
const training = (device: string, output: string) => `
  import { createAttune } from "attune";
  const attune = createAttune({ device: "${device}" });
  const settings = { model: ${JSON.stringify(tinyModel)}, data: "rows.jsonl", output: "${output}", batchSize: 2, maxSteps: 3, eval: false, seed: 1 };
  const run = attune.train(settings);
  const losses = [];
  for await (const event of run) if (event.type === "step") losses.push(event.loss);
  const { status, savedDifference } = await run.result;
  const tuned = await attune.model("${output}");
  const [vector] = await tuned.encode(["who found the kettle?"]);
  tuned[Symbol.dispose]();
  await attune[Symbol.asyncDispose]();
  console.log(JSON.stringify({ status, savedDifference, losses, vector: [...vector] }));`;

interface Trained {
  readonly status: string;
  readonly savedDifference: number;
  readonly losses: readonly number[];
  readonly vector: readonly number[];
}

async function trainOutside(
  device: string,
  { output = `tuned-${device}`, node }: { output?: string; node?: string } = {},
): Promise<Trained> {
  project.write("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  return JSON.parse(await project.run(`train-${device}.mjs`, training(device, output), node)) as Trained;
}

test("a model trains three steps and is the same when loaded again", async () => {
  reference = await trainOutside("typescript");
  const { status, savedDifference, losses, vector } = reference;
  expect({ status, savedDifference, steps: losses.length }).toEqual({ status: "done", savedDifference: 0, steps: 3 });
  expect(losses.every((loss) => loss > 0 && loss < 20)).toBe(true);
  expect(Math.hypot(...vector)).toBeGreaterThan(0.1);
});

test("the oldest Node of `engines` imports every entry, runs the command line and trains to the same numbers", async (context) => {
  const { version, program, problem } = leastNode;
  if (!program) return context.skip(`Node ${version} is not here: ${problem}`);
  expect(await exportsOfPackages(program)).toEqual(await exportsOfSources());
  const help = await project.execute(program, [join("node_modules", "attune", "dist", "cli", "main.js"), "--help"]);
  expect(help).toContain("attune train");
  expect(await trainOutside("typescript", { output: "tuned-least", node: program })).toEqual(reference);
});

test("an index whose optional dependency was left out says so when it is chosen", async () => {
  const program = `
    import { createRegistry } from "@attune/core";
    import { usearchIndex } from "@attune/index-usearch";
    await createRegistry().use(usearchIndex).create("index", "usearch", {}, {}).catch((error) => console.log(error.code, error.message));`;
  const said = await project.run("left-out.mjs", program);
  expect(said).toContain("E_UNAVAILABLE");
  expect(said).toMatch(/usearch cannot be loaded \(Cannot find package 'usearch'\): .*npm install usearch/);
});

test("the guide's plugin template builds, proves itself and trains, outside of the workspace", { timeout: 120_000 }, async () => {
  cpSync(join(root, "templates", "loss"), join(project.folder, "alignment"), { recursive: true });
  const inTemplate = (...words: string[]) => project.execute(process.execPath, words);
  expect(await inTemplate("node_modules/typescript/bin/tsc", "-p", "alignment")).toBe("");
  const proven = await inTemplate("node_modules/vitest/vitest.mjs", "run", "--root", "alignment");
  expect(proven).toMatch(/Tests.*\d+ passed/);
  project.write("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const command = ["train", "--plugin", "./alignment/dist/index.js", "--loss", "alignment", "--weight", "0.5", "--device", "typescript"];
  const settings = [
    "--model",
    tinyModel,
    "--data",
    "rows.jsonl",
    "--output",
    "aligned",
    "--batch-size",
    "2",
    "--max-steps",
    "2",
    "--no-eval",
    "--json",
  ];
  const result = await inTemplate("node_modules/attune/dist/cli/main.js", ...command, ...settings);
  expect(JSON.parse(result)).toMatchObject({ status: "done", steps: 2, savedDifference: 0 });
});

test("a prebuilt addon in the tarball's place is found and computes the same", async (context) => {
  const built = join(root, "plugins", "backend-cpu", "build", "Release", "attune_cpu.node");
  if (!existsSync(built)) return context.skip("the native addon is not built here");
  const place = join(project.folder, "node_modules", "@attune", "backend-cpu", "prebuilds", `${process.platform}-${process.arch}`);
  mkdirSync(place, { recursive: true });
  cpSync(built, join(place, "@attune+backend-cpu.node"));
  const native = await trainOutside("cpu");
  expect(native.savedDifference).toBe(0);
  expect(native.losses).toEqual(reference.losses.map((loss) => expect.closeTo(loss, 4)));
});
