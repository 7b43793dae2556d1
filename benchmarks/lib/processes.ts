// Fresh processes: a program is run, its output is awaited, and what it says when it fails is not lost.

import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes for its standard input. */
  readonly input?: Uint8Array;
}

/** What the program wrote to stdout. Throws with the end of what it said when it fails, or with what is missing. */
export function output(file: string, args: readonly string[], { cwd, env = {}, input }: RunOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text));
  child.once("error", (error) => reject(new Error(`${file}: ${error.message}`)));
  child.once("close", (code, signal) => {
    if (code === 0) return resolve(written.stdout);
    const said = (written.stderr.trim() || written.stdout.trim()).split("\n").slice(-12).join("\n");
    reject(new Error(`${file} ${args.join(" ")} ended with ${signal ?? code}\n${said}`));
  });
  child.stdin.on("error", () => {}); // a program that ended early says why itself
  child.stdin.end(input);
  return promise;
}

/** Runs a script of these benchmarks, of this checkout or another, and parses what it printed. */
export async function script<T>(path: string, args: readonly string[] = [], options?: RunOptions): Promise<T> {
  return JSON.parse(await output(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...args], options)) as T;
}
