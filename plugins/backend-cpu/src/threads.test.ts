// A process that is granted few threads or little memory, by a limit on its addresses.

import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const index = new URL("index.ts", import.meta.url).href;

/** What a process with 16 GB of addresses prints that asks for two thousand threads; `before` runs first. */
function printedBy(before: string): string {
  const script = `
    const { createCpuBackend } = await import(${JSON.stringify(index)});
    const { Engine, linear } = await import("@attune/tensor");
    ${before}
    try {
      const engine = new Engine(createCpuBackend());
      const y = engine.scope(() => linear(engine.from([1, 2], [1, 2]), { weight: engine.from([3, 4, 5, 6], [2, 2]) }));
      console.log(String(await y.read()));
      await engine.backend.dispose();
    } catch (error) {
      console.log(error.message);
    }`;
  const limited = 'ulimit -v 16000000 && exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, script], {
    encoding: "utf8",
    cwd: import.meta.dirname,
    env: { ...process.env, ATTUNE_THREADS: "2000" },
  });
  return stdout.trim() || stderr;
}

it.runIf(process.platform === "linux")("works with as many threads as there are", () => {
  expect(printedBy("")).toBe("11,17");
});

it.runIf(process.platform === "linux")("says so where there is no memory for any", () => {
  const fill = `
    const { Instance } = (await import(${JSON.stringify(new URL("native.ts", import.meta.url).href)})).loadAddon();
    const first = new Instance();
    for (let bytes = 2 ** 30; bytes >= 2 ** 20; bytes /= 2) while (first.map(bytes) !== 0);`;
  expect(printedBy(fill)).toMatch(
    /^E_NATIVE backend cpu the system grants no thread or no memory to work with: .+ Hint: use --device typescript/,
  );
});
