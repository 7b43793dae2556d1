// A pipe or a device as an open file: bytes are added in their order, nothing can be read, cut or taken back.

import { access, constants, open } from "node:fs/promises";
import { AttuneError, type OpenFile } from "@attune/core";
import { explained } from "./file-errors.ts";
import { writeAll } from "./handle-bytes.ts";

/** Opens what can only be added to; a pipe waits here for its reader. E_FILE for every write but the next. */
export async function openStream(path: string): Promise<OpenFile> {
  const handle = await explained(path, "written", () => open(path, "a"));
  let written = 0;
  const refuse = (verb: string): never => {
    const hint = "write to a file first, and send that on";
    throw new AttuneError({ code: "E_FILE", place: path, problem: `cannot be ${verb}: it is a pipe or a device, not a file`, hint });
  };
  return {
    path,
    size: async () => written,
    read: async () => refuse("read"),
    async write(offset, bytes) {
      if (offset !== written) refuse("written out of order");
      await explained(path, "written", () => writeAll(handle, bytes, null));
      written += bytes.length;
    },
    truncate: async (size) => void (size === written || refuse("cut")),
    sync: async () => {},
    [Symbol.asyncDispose]: () => explained(path, "closed", () => handle.close()),
  };
}

/** Writes all at once. Nothing to write only asks whether it may be done: opening a pipe and closing it is an end to its reader. */
export async function writeStream(path: string, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return access(path, constants.W_OK);
  await using handle = await open(path, "a");
  await writeAll(handle, bytes, null);
}
