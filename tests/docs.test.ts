// What the pages say is so: every command that they show runs, every program compiles, every link leads somewhere, and the configuration page is
// what the schemas are.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { docsSandbox } from "./lib/docs-sandbox.ts";
import { configurationPage, pages, wordsOf } from "./lib/docs.ts";
import { root, workspacePackages } from "./lib/workspace.ts";

const main = join(root, "packages", "attune", "src", "cli", "main.ts");
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
/** Run by CI itself, or by whoever installs a published package. */
const elsewhere = ["npm install attune", "npm run quickstart", "npm test"];

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a script in a folder. A page that is served is fetched once, then stopped. */
function run(script: string, words: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let address: string | undefined;
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      if (words[0] !== "watch" || address) return;
      address = /http:\/\/127\.0\.0\.1:\d+\S*/.exec(output)?.[0];
      if (!address) return;
      fetch(address)
        .then((answer) => (output += ` fetched ${answer.status}`), reject)
        .finally(() => child.kill("SIGINT"));
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
}

describe.each(pages().filter(({ commands }) => commands.length > 0))("$name", ({ commands, programs }) => {
  test("every command that it shows runs", { timeout: 240_000 }, async () => {
    using sandbox = docsSandbox(programs);
    for (const line of commands) {
      const words = wordsOf(line.replace(/^npm run -s attune -- /, "attune "));
      if (elsewhere.includes(line)) continue;
      expect(words[0], `${line}: neither attune nor a command that CI runs`).toBe("attune");
      const { status, output } = await run(main, words.slice(1), sandbox.folder);
      const stopped = words[1] === "watch" ? /fetched 200/.test(output) : status === 0;
      expect(stopped, `${line}\n${output}`).toBe(true);
    }
  });
});

test("every program that they show compiles", { timeout: 120_000 }, async () => {
  using sandbox = docsSandbox();
  for (const { name, programs } of pages()) {
    const folder = join(sandbox.folder, "programs", name.replaceAll("/", "-"));
    mkdirSync(folder, { recursive: true });
    for (const { file, text } of programs) writeFileSync(join(folder, file), text);
  }
  const compilerOptions = { noEmit: true, noUnusedLocals: false };
  const config = { extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["programs"] };
  writeFileSync(join(sandbox.folder, "tsconfig.json"), JSON.stringify(config));
  expect(await run(compiler, ["-p", "."], sandbox.folder)).toEqual({ status: 0, output: "" });
});

test("every plugin that they show imports the package that declares its kind, which the one program above cannot tell", () => {
  const declared = workspacePackages().flatMap(({ manifest: { name }, sources }) =>
    sources.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/interface PluginKinds {\s+(\w+):/g)].map(([, kind]) => ({ kind, name })),
    ),
  );
  const shown = pages().flatMap(({ programs }) =>
    programs.flatMap(({ file, text }) => [...text.matchAll(/kind: "(\w+)"/g)].map(([, kind]) => ({ file, kind, text }))),
  );
  const lacking = shown.filter(({ kind, text }) => !declared.some((one) => one.kind === kind && text.includes(`from "${one.name}"`)));
  expect(shown.length).toBeGreaterThan(0);
  expect(lacking.map(({ file, kind }) => `${file} ${kind}`)).toEqual([]);
});

test("links between pages lead somewhere", () => {
  const broken = pages().flatMap(({ name, text }) => {
    const links = [...text.matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link));
    return links.filter((link) => !existsSync(join(root, dirname(name), link))).map((link) => `${name} -> ${link}`);
  });
  expect(broken).toEqual([]);
});

test("docs/configuration.md is what the schemas say", async () => {
  const path = join(root, "docs", "configuration.md");
  const page = await configurationPage();
  if (process.env.ATTUNE_UPDATE_DOCS) writeFileSync(path, page);
  expect(existsSync(path) ? readFileSync(path, "utf8") : "", "write it anew with ATTUNE_UPDATE_DOCS=1").toBe(page);
});
