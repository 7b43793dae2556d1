// "#platform" of a page in a browser: files of the origin, web workers, and what a record says about the browser.
// src/node/index.ts exports the same names for Node, Bun and Deno; bundlers choose this one by the condition "browser".

import { AttuneError } from "@attune/core";
import type { Files, Plugin, Workers } from "@attune/core";
import type { BuiltIn } from "../built-ins.ts";
import manifest from "../../package.json" with { type: "json" };

/** The origin's private file system. */
export async function openFiles(): Promise<Files> {
  const { createBrowserFiles } = await import("@attune/files-browser");
  return createBrowserFiles();
}

/** Web workers of this page. */
export async function openWorkers(): Promise<Workers> {
  const { createBrowserWorkers } = await import("@attune/files-browser");
  return createBrowserWorkers();
}

/** What needs a browser. */
export const platformBuiltIns: readonly BuiltIn[] = [{ kinds: ["files"], load: () => import("@attune/files-browser") }];

/** E_PLUGIN: a page cannot look modules up by name; it hands plugin objects over. */
export async function importPlugins(specifier: string): Promise<Plugin[]> {
  throw new AttuneError({
    code: "E_PLUGIN",
    place: specifier,
    problem: "cannot be loaded by its name in a browser",
    hint: "import the module in your page and give its plugin object",
  });
}

/** The hexadecimal SHA-256 of a file's bytes, which are in memory as a whole for it. */
export async function sha256OfFile(files: Files, path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", (await files.read(path)) as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A path from the origin's root, the only folder that paths start at: "m", "/m" and "a/../m" are one. */
export function absolutePath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** The browser, for the record of a run. */
export function platformVersions(): Record<string, string> {
  return { browser: navigator.userAgent };
}

/** This package's version. */
export function attuneVersion(): string {
  return manifest.version;
}
