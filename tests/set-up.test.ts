// The set-up of a checkout, tried on miniature checkouts (in a folder with spaces in its name) with a stand-in for npx that records its calls.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "./lib/workspace.ts";

const cli = `const [mode] = process.argv.slice(2);
if (mode === "wait") {
  let count = 0;
  process.on("SIGINT", () => { count++; setTimeout(() => { console.log("signals", count); process.exit(130); }, 200); });
  console.log("ready"); setInterval(() => {}, 1000);
} else if (mode === "fail") process.exit(3);
else console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) }));`;

let checkout: string;
let bin: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  checkout = join(mkdtempSync(join(tmpdir(), "attune set-up ")), "a checkout");
  bin = join(checkout, "bin");
  cpSync(join(root, "scripts"), join(checkout, "scripts"), { recursive: true });
  file("package.json", JSON.stringify({ packageManager: "pnpm@1.2.3" }));
  file("packages/attune/src/cli/main.ts", cli);
  file("plugins/backend-cpu/package.json", "{}");
  file("pnpm-lock.yaml", "one");
  file("node_modules/present", "");
  fakeNpx("exit 0");
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dirname(checkout), { recursive: true, force: true });
});

function file(path: string, text: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

function fakeNpx(behaviour: string): void {
  file("bin/npx", `#!/bin/sh\necho "$@" >> "${join(checkout, "npx.calls")}"\n${behaviour}\n`);
  chmodSync(join(bin, "npx"), 0o755);
}

const npxCalls = () =>
  existsSync(join(checkout, "npx.calls")) ? readFileSync(join(checkout, "npx.calls"), "utf8").trim().split("\n") : [];
const script = () => join(checkout, "scripts", "run.mjs");
const environment = (extra: Record<string, string> = {}) => ({ PATH: `${bin}:/bin`, HOME: checkout, ...extra });

function run(args: readonly string[], { cwd = checkout, env = {} }: { cwd?: string; env?: Record<string, string> } = {}) {
  return spawnSync(process.execPath, [script(), ...args], { cwd, env: environment(env), encoding: "utf8" });
}

test("installs once with a frozen lockfile, again only when the lockfile changed", () => {
  expect(JSON.parse(run(["attune", "a b", "--json"]).stdout)).toEqual({ cwd: checkout, args: ["a b", "--json"] });
  expect(npxCalls()).toEqual(["-y pnpm@1.2.3 install --frozen-lockfile"]);
  run(["attune"]);
  expect(npxCalls()).toHaveLength(1);
  file("pnpm-lock.yaml", "two");
  run(["attune"]);
  expect(npxCalls()).toHaveLength(2);
});

test("a failed install is one sentence with the end of its log, and is tried again", () => {
  fakeNpx("echo first; echo the registry said no >&2; exit 1");
  const { status, stdout, stderr } = run(["attune"]);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("dependencies could not be installed");
  expect(stderr).toContain("  | the registry said no");
  expect(stderr).not.toContain("    at ");
  fakeNpx("echo noise; exit 0");
  const again = run(["attune"]);
  expect(again.status).toBe(0);
  expect(again.stderr).not.toContain("noise");
});

test("without npx it says so", () => {
  rmSync(join(bin, "npx"));
  expect(run(["attune"], { env: { PATH: bin } }).stderr).toContain("npx was not found");
});

test("without a compiler it says so on stderr and goes on", () => {
  file("plugins/backend-cpu/binding.gyp", "{}");
  const { status, stdout, stderr } = run(["attune", "x"], { env: { PATH: bin } });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ args: ["x"] });
  expect(stderr).toMatch(
    /a C\+\+ compiler, make, python3 not found, so the native CPU backend is not built: the TypeScript backend is used/,
  );
});

test("a failing compile shows its reason once, and is retried when the sources change or on build", () => {
  file("plugins/backend-cpu/binding.gyp", "{}");
  file(
    "plugins/backend-cpu/node_modules/node-gyp/bin/node-gyp.js",
    `console.error("a.cc:1: error: no such thing\\ngyp ERR! not ok"); process.exit(1);`,
  );
  for (const tool of ["g++", "make", "python3"]) cpSync(join(bin, "npx"), join(bin, tool));
  const first = run(["attune", "x"]);
  expect(first.stderr).toContain("  | a.cc:1: error: no such thing");
  expect(first.stderr).not.toContain("gyp ERR!");
  expect(first.status).toBe(0);
  const second = run(["attune", "x"]);
  expect(second.stderr).not.toContain("error: no such thing");
  expect(second.stderr).toContain("npm run build tries again");
  file("plugins/backend-cpu/native/a.cc", "changed");
  expect(run(["attune", "x"]).stderr).toContain("error: no such thing");
  expect(run(["build"]).stderr).toContain("error: no such thing");
});

test("runs where the user stands and passes the exit status on", () => {
  const elsewhere = dirname(checkout);
  expect(JSON.parse(run(["attune"], { cwd: elsewhere }).stdout)).toMatchObject({ cwd: elsewhere });
  expect(JSON.parse(run(["attune"], { env: { INIT_CWD: elsewhere } }).stdout)).toMatchObject({ cwd: elsewhere });
  expect(run(["attune", "fail"]).status).toBe(3);
  expect(run(["attune", "fail"], { env: supervised }).status).toBe(3);
});

test("an unknown command is wrong use", () => {
  const { status, stderr } = run(["tset"]);
  expect(status).toBe(2);
  expect(stderr).toContain(`"tset" is no command`);
});

/** Takes away what newer Nodes have, so that the supervisor of older ones is tried. */
const supervised = { NODE_OPTIONS: "--import data:text/javascript,delete%20process.execve" };

test.each([
  ["replaced process", {}],
  ["supervised child", supervised],
])("an interrupt reaches the command once and its status comes back (%s)", async (_name, extra) => {
  run(["attune"]);
  const child = spawn(process.execPath, [script(), "attune", "wait"], { env: environment(extra), stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const status = new Promise((resolve) => child.once("exit", resolve));
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output === "ready\n") child.kill("SIGINT");
  }
  expect(output).toBe("ready\nsignals 1\n");
  expect(await status).toBe(130);
});

const lockPath = () => join(checkout, ".cache", "set-up.lock");
const quick = { beat: 50, silence: 600, patience: 1500 };

/** Takes the checkout's lock in a process of its own, says so, and holds it for `hold` milliseconds. */
function takeLock({ hold = 0, times = quick }: { hold?: number; times?: object } = {}) {
  file(
    "take.mjs",
    `import { setTimeout as sleep } from "node:timers/promises";
     import { exclusively } from "./scripts/lib/lock.mjs";
     try {
       await exclusively(async () => { console.log("taken"); await sleep(Number(process.argv[2])); console.log("done"); }, JSON.parse(process.argv[3]));
     } catch (error) { console.log(error.message); }`,
  );
  const child = spawn(process.execPath, [join(checkout, "take.mjs"), String(hold), JSON.stringify(times)]);
  children.push(child);
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => (said.out += String(text)));
  child.stderr.on("data", (text) => (said.err += String(text)));
  const ended = new Promise<{ out: string; err: string }>((resolve) => child.once("close", () => resolve(said)));
  return { child, said, ended };
}

test("one set-up waits for another, longer than a silent one would be waited for, and says for what", async () => {
  const first = takeLock({ hold: 1000 });
  await expect.poll(() => first.said.out).toContain("taken");
  const second = takeLock({ times: { ...quick, patience: 60_000 } });
  await expect.poll(() => second.said.err).toContain(`waiting for it (its lock is ${lockPath()})`);
  expect(second.said.out).toBe("");
  expect((await first.ended).out).toBe("taken\ndone\n");
  expect((await second.ended).out).toBe("taken\ndone\n");
  expect(existsSync(lockPath())).toBe(false);
});

test("the lock of a process that is gone is taken at once", async () => {
  const first = takeLock({ hold: 60_000 });
  await expect.poll(() => first.said.out).toContain("taken");
  first.child.kill("SIGKILL");
  await first.ended;
  const { out, err } = await takeLock({ times: { ...quick, silence: 60_000 } }).ended;
  expect([out, err]).toEqual(["taken\ndone\n", ""]);
});

test.each([
  ["that is empty", ""],
  ["whose number another process has now", JSON.stringify({ pid: process.pid, host: hostname(), id: "x" })],
  ["of another machine", JSON.stringify({ pid: 1, host: "elsewhere", id: "x" })],
])("a lock %s is taken when nobody touches it", async (_name, text) => {
  file(".cache/set-up.lock", text);
  const { out, err } = await takeLock().ended;
  expect(out).toBe("taken\ndone\n");
  expect(err).toContain("waiting for it");
});

test("who waits for too long gives up with a sentence", async () => {
  const first = takeLock({ hold: 60_000 });
  await expect.poll(() => first.said.out).toContain("taken");
  const { out } = await takeLock({ times: { ...quick, silence: 60_000 } }).ended;
  expect(out).toContain(`has held ${lockPath()} for`);
  expect(out).toContain("Hint:");
  expect(existsSync(lockPath())).toBe(true);
  first.child.kill("SIGKILL");
  await first.ended;
});

/** Makes the Node that runs look like another one. */
const pretending = (version: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`)}`,
});

test("where no Node is installed along, one that cannot run the sources is refused with a sentence", () => {
  const { status, stdout, stderr } = run(["attune"], { env: pretending("22.18.0") });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/under Node 24 or later.*this is Node 22\.18\.0\. Hint: /);
  expect(run(["attune"], { env: pretending("24.0.0") }).status).toBe(0);
});
