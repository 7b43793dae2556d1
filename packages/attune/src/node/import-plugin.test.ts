import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importPlugins } from "./import-plugin.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plugin = (name: string): string => `{ kind: "loss", name: "${name}", summary: "", options: {}, create() {} }`;
const esm = (name: string): string => `export const one = ${plugin(name)};`;
const cjs = (name: string): string => `exports.one = ${plugin(name)};`;

/** Packages as they are installed: what package.json holds, and the files. */
const packages: Readonly<Record<string, readonly [manifest: object, files: Readonly<Record<string, string>>]>> = {
  "import-only": [{ type: "module", exports: { ".": { import: "./index.js" } } }, { "index.js": esm("import-only") }],
  "require-only": [{ exports: { ".": { require: "./index.cjs" } } }, { "index.cjs": cjs("require-only") }],
  both: [{ exports: { require: "./index.cjs", import: "./index.mjs" } }, { "index.cjs": cjs("required"), "index.mjs": esm("imported") }],
  nested: [
    { type: "module", exports: { ".": [{ browser: "./none.js" }, { node: { types: "./none.d.ts", default: "./lib/node.js" } }] } },
    { "lib/node.js": esm("nested") },
  ],
  paths: [
    {
      type: "module",
      exports: { ".": "./index.js", "./losses/mine": { import: "./deep.js" }, "./all/*": "./all/*.js", "./all/secret": null },
    },
    {
      "index.js": esm("root"),
      "deep.js": esm("deep"),
      "all/any.js": esm("any"),
      "all/secret.js": esm("secret"),
      "hidden.js": esm("hidden"),
    },
  ],
  "@mine/scoped": [
    { type: "module", exports: { ".": { import: "./index.js" }, "./more": { import: "./more.js" } } },
    { "index.js": esm("scoped"), "more.js": esm("scoped-more") },
  ],
  main: [{ main: "./lib/start.mjs" }, { "lib/start.mjs": esm("main"), "lib/other.js": cjs("other") }],
  bare: [{}, { "index.js": cjs("bare") }],
  gone: [{ type: "module", exports: { ".": { import: "./gone.js" } } }, {}],
};

beforeAll(() => {
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [name, [manifest, files]] of Object.entries(packages)) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
    for (const [path, text] of Object.entries(files)) put(`node_modules/${name}/${path}`, text);
  }
  put("package.json", JSON.stringify({ name: "my-project", type: "module", exports: { "./loss": { import: "./my-loss.js" } } }));
  put("my-loss.js", esm("my own"));
  put("deep/inside/readme.txt", "");
  put("elsewhere/package.json", JSON.stringify({ name: "linked", type: "module", exports: { import: "./index.js" } }));
  put("elsewhere/index.js", esm("linked"));
  symlinkSync(join(folder, "elsewhere"), join(folder, "node_modules", "linked"), "dir");
});

test.each([
  ["import-only", "import-only"],
  ["require-only", "require-only"],
  ["both", "imported"],
  ["nested", "nested"],
  ["paths", "root"],
  ["paths/losses/mine", "deep"],
  ["paths/all/any", "any"],
  ["@mine/scoped", "scoped"],
  ["@mine/scoped/more", "scoped-more"],
  ["main", "main"],
  ["main/lib/other.js", "other"],
  ["bare", "bare"],
  ["linked", "linked"],
  ["my-project/loss", "my own"],
  ["./my-loss.js", "my own"],
])("%s is loaded as the user's own modules would import it", async (specifier, name) => {
  expect((await importPlugins(specifier, folder)).map((one) => one.name)).toEqual([name]);
});

test("packages are found from folders further down", async () => {
  expect(await importPlugins("@mine/scoped", join(folder, "deep", "inside"))).toHaveLength(1);
});

test.each(["absent", "@mine/absent", "@mine", "paths/hidden.js", "paths/all/secret", "gone", "import-only/index.js"])(
  "%s cannot be loaded, and the sentence names it",
  async (specifier) => {
    await expect(importPlugins(specifier, folder)).rejects.toThrow(
      expect.objectContaining({ code: "E_PLUGIN", sentence: expect.stringContaining(`--plugin ${specifier} cannot be loaded: `) }),
    );
  },
);
