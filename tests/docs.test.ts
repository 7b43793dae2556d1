// What the pages say is so: every command that they show runs, every link leads somewhere, and the configuration page is what the schemas are.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { docsSandbox } from "./lib/docs-sandbox.ts";
import { configurationPage, pagesWithCommands, wordsOf } from "./lib/docs.ts";
import { root } from "./lib/workspace.ts";

const main = join(root, "packages", "attune", "src", "cli", "main.ts");
/** Run by CI itself, or by whoever installs a published package. */
const elsewhere = ["npm install attune", "npm run quickstart", "npm test"];

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a command in a folder. A page that is served is fetched once, then stopped. */
function run(words: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
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

describe.each(pagesWithCommands())("$name", ({ commands }) => {
  test("every command that it shows runs", { timeout: 240_000 }, async () => {
    using sandbox = docsSandbox();
    for (const line of commands) {
      const words = wordsOf(line.replace(/^npm run -s attune -- /, "attune "));
      if (elsewhere.includes(line)) continue;
      expect(words[0], `${line}: neither attune nor a command that CI runs`).toBe("attune");
      const { status, output } = await run(words.slice(1), sandbox.folder);
      const stopped = words[1] === "watch" ? /fetched 200/.test(output) : status === 0;
      expect(stopped, `${line}\n${output}`).toBe(true);
    }
  });
});

test("links between pages lead somewhere", () => {
  const broken = pagesWithCommands().flatMap(({ name }) => {
    const text = readFileSync(join(root, name), "utf8");
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
