// `.ci/run` counts what was tested and prepares what the tests need; tried on a miniature checkout with stand-ins for npm, python3 and the system.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "./lib/workspace.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-ci-"));
  cpSync(join(root, ".ci"), join(folder, "checkout", ".ci"), { recursive: true });
  write("checkout/a-file", "not a program");
  program("chromium", "exit 0");
  npm("echo 3 passed, 0 failed");
  python("exit 1");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function program(name: string, body: string): void {
  write(`bin/${name}`, `#!/bin/bash\n${body}\n`);
  chmodSync(join(folder, "bin", name), 0o755);
}

const npm = (body: string) => program("npm", `echo "\${ATTUNE_POSTGRES_BIN-unset}" >> "${join(folder, "postgres")}"\n${body}`);
/** `python3 -m venv FOLDER`, as `body` makes it. */
const python = (body: string) => program("python3", `echo called >> "${join(folder, "python3.calls")}"\n${body}`);
const linesOf = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim().split("\n") : []);
const environment = (extra: Record<string, string>) => ({
  PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
  HOME: folder,
  TMPDIR: folder,
  // bash takes these for functions: nobody in particular, on a system without a server.
  "BASH_FUNC_compgen%%": "() { return 1; }",
  "BASH_FUNC_id%%": "() { echo 1000; }",
  ...extra,
});

function run(extra: Record<string, string> = {}) {
  const { status, stdout } = spawnSync("bash", [join(folder, "checkout", ".ci", "run")], { env: environment(extra), encoding: "utf8" });
  return { status, last: stdout.trim().split("\n").at(-1), stdout };
}

test("adds tests and checks up", () => {
  const { status, last } = run();
  expect([status, last]).toEqual([0, "17 passed, 0 failed"]); // eight checks, three of which are of three tests each
});

test("a suite of which everything was skipped fails where CI is set, and only there", () => {
  npm('case "$*" in *runtimes*) echo 0 passed, 0 failed, 4 skipped;; *) echo 3 passed, 0 failed;; esac');
  expect(run()).toMatchObject({ status: 0, last: "14 passed, 0 failed, 4 skipped" });
  const inCi = run({ CI: "true" });
  expect(inCi).toMatchObject({ status: 1, last: "13 passed, 1 failed, 4 skipped" });
  expect(inCi.stdout).toContain("== runtimes: FAILED");
});

test("a server that could not be installed leaves nothing behind, however often it is tried", () => {
  python('mkdir -p "$3/bin"; exit 1');
  const mode = statSync(join(folder, "checkout", "a-file")).mode;
  for (let time = 1; time <= 2; time++) {
    expect(run().stdout).toContain("a server with pgvector could not be installed");
    expect(existsSync(join(folder, "attune-postgres"))).toBe(false);
  }
  expect(new Set(linesOf("postgres"))).toEqual(new Set(["unset"]));
  expect(statSync(join(folder, "checkout", "a-file")).mode).toBe(mode);
});

test("what an earlier run left half done is made again, and what it finished is used again", () => {
  write("attune-postgres/bin/python", "");
  python(
    `mkdir -p "$3/bin" && printf '#!/bin/bash\\nmkdir -p "%s/pginstall/bin" && touch "%s/pginstall/bin/initdb"' "$3" "$3" > "$3/bin/pip" && chmod +x "$3/bin/pip"`,
  );
  run();
  run();
  expect(linesOf("python3.calls")).toHaveLength(1);
  expect(new Set(linesOf("postgres"))).toEqual(new Set([join(folder, "attune-postgres", "pginstall", "bin")]));
});
