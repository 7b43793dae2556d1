// What commands do first: files, registry, device.

import { AttuneError } from "@attune/core";
import type { Log, Registry } from "@attune/core";
import { limitThreads } from "../node/threads.ts";
import { attuneVersion } from "../node/version.ts";
import { openRuntime } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { chromeTrace } from "../report/chrome-trace.ts";
import { plural } from "../report/numbers.ts";
import { profileTable } from "../report/profile.ts";
import type { Io } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { expectNewFile } from "./text-file.ts";

/** Opens the device that settings ask for and says which one it is. */
export async function openDevice(
  { device, threads, trace }: { device: string; threads?: number | undefined; trace?: string | undefined },
  registry: Registry,
  { terminal, signal }: Io,
): Promise<Runtime> {
  if (threads !== undefined) limitThreads(threads);
  const runtime = await openRuntime({ registry, device, log: logTo(terminal), signal, progress: (text) => terminal.progress(text) });
  const { name, description } = runtime.context.backend;
  if (threads !== undefined && name !== "cpu") {
    await runtime[Symbol.asyncDispose]();
    throw new AttuneError({ code: "E_OPTION", place: "--threads", problem: `is for the device cpu, and this is ${name}` });
  }
  const watched = trace === undefined ? runtime : await withTrace(runtime, trace, terminal);
  terminal.line(`  attune ${attuneVersion()} · ${name} (${description})`);
  terminal.line();
  return profiling ? withProfile(watched, terminal) : watched;
}

/** Set to anything but 0 or nothing: where the device's time went is printed at the end of a command. */
const profiling = !["", "0", undefined].includes(process.env.ATTUNE_PROFILE);

function withProfile(runtime: Runtime, terminal: Terminal): Runtime {
  return {
    ...runtime,
    async [Symbol.asyncDispose]() {
      const { backend } = runtime.context;
      await backend.sync();
      for (const line of profileTable(backend.profile?.() ?? [])) terminal.line(line);
      await runtime[Symbol.asyncDispose]();
    },
  };
}

/** Writes what the device ran to `path` when the command ends. E_OUTPUT where no file can be made, E_OPTION for a device that keeps no trace. */
async function withTrace(runtime: Runtime, path: string, terminal: Terminal): Promise<Runtime> {
  const { backend, files } = runtime.context;
  try {
    await expectNewFile(files, path, { flag: "--trace" });
    if (!backend.trace) throw new AttuneError({ code: "E_OPTION", place: "--trace", problem: `the device ${backend.name} keeps no trace` });
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
  backend.trace(true);
  return {
    ...runtime,
    async [Symbol.asyncDispose]() {
      await backend.sync();
      const ran = backend.trace?.(false) ?? [];
      await files.write(path, chromeTrace(`${backend.name} (${backend.description})`, ran));
      terminal.fact("trace", `${plural(ran.length, "launch", "launches")} · ${path}`);
      await runtime[Symbol.asyncDispose]();
    },
  };
}

function logTo(terminal: Terminal): Log {
  return { debug() {}, info: (message) => terminal.fact("note", message), warn: (message) => terminal.fact("warning", message) };
}
