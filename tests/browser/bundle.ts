// One script for a page from a TypeScript entry, as an application's bundler would make it: what only Node has makes it fail.

import { isBuiltin } from "node:module";
import { rolldown } from "rolldown";

export interface Bundle {
  readonly code: string;
  /** The files that it was made from. */
  readonly modules: readonly string[];
}

/** Bundles `entry` for browsers. Throws with the importer where anything reaches for a module of Node. */
export async function bundleForBrowser(entry: string): Promise<Bundle> {
  await using bundle = await rolldown({
    input: entry,
    platform: "browser",
    logLevel: "silent",
    plugins: [
      {
        name: "no-node",
        resolveId(specifier, importer) {
          if (isBuiltin(specifier)) throw new Error(`${importer ?? entry} imports ${specifier}, which no browser has`);
          return null;
        },
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", codeSplitting: false });
  return { code: output[0].code, modules: Object.keys(output[0].modules) };
}
