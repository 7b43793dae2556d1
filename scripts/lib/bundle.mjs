// A package's code as few files, as it is published: hundreds of small modules take longer to find and open than to run, which every command
// would pay for at its start. What a package imports from others stays an import, so that there is one copy of each.

import { readFileSync } from "node:fs";
import { rolldown } from "rolldown";
import { filesBelow } from "./hash.mjs";
import { inRoot, readJson } from "./paths.mjs";

const isSource = (name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.endsWith(".d.ts");

/** Whether nothing in a package looks for files beside itself, by `import.meta`: those that do keep their modules where they are. */
export function canBeBundled(folder) {
  const sources = filesBelow(inRoot(folder, "src"), isSource, new Set());
  return sources.every((name) => !readFileSync(inRoot(folder, "src", name), "utf8").includes("import.meta"));
}

/** Writes a file for each entry that the manifest exports, and what they share. False, and the reason on stderr, where that fails. */
export async function bundle(folder) {
  try {
    await write(folder);
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

/** What `using` turns into needs a helper of rolldown's own (that package, or an id that begins with NUL): it is written out, not imported. */
function isOfOthers(id) {
  return !id.startsWith(".") && !id.startsWith("/") && !id.startsWith("\0") && !id.startsWith("@oxc-project/runtime");
}

async function write(folder) {
  const { exports = {} } = readJson(inRoot(folder, "package.json"));
  const entries = Object.values(exports).map((source) => [source.replace(/^\.\/src\/|\.ts$/g, ""), inRoot(folder, source)]);
  const built = await rolldown({
    input: Object.fromEntries(entries),
    external: isOfOthers,
    platform: "neutral",
    transform: { target: "es2022" }, // `using` goes out as plain code: the oldest Node that the packages promise does not know it
    logLevel: "warn",
  });
  await built.write({ dir: inRoot(folder, "dist"), format: "esm", sourcemap: true, chunkFileNames: "[name]-[hash].js" });
  await built.close();
}
