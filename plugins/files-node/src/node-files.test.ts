import { spawn, spawnSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { AttuneError, joinPath, writeLines } from "@attune/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import plugin, { createNodeFiles } from "./index.ts";
import { lockFile } from "./lock.ts";

const files = createNodeFiles();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "attune-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => joinPath(folder, name);

/** The AttuneError that `work` fails with. */
async function failure(work: Promise<unknown>): Promise<AttuneError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AttuneError);
  return error as AttuneError;
}

describe("reading and writing", () => {
  test("write, read, readText, append", async () => {
    await files.write(at("a.txt"), "één\n");
    await files.append(at("a.txt"), new TextEncoder().encode("two\n"));
    expect(await files.readText(at("a.txt"))).toBe("één\ntwo\n");
    expect(await files.read(at("a.txt"))).toEqual(new Uint8Array(await readFile(at("a.txt"))));
    expect(await files.list(folder)).toEqual(["a.txt"]);
  });

  test("ranges: inside, across the end, behind the end", async () => {
    await files.write(at("a"), new Uint8Array([0, 1, 2, 3, 4, 5]));
    await using file = await files.open(at("a"), "read");
    expect(await file.size()).toBe(6);
    expect([...(await file.read(2, 3))]).toEqual([2, 3, 4]);
    expect([...(await file.read(4, 1e12))]).toEqual([4, 5]);
    expect([...(await file.read(99, 3))]).toEqual([]);
  });

  test("modes: write empties, update keeps, both make", async () => {
    await files.write(at("a"), "abcdef");
    {
      await using file = await files.open(at("a"), "update");
      await file.write(2, new TextEncoder().encode("XY"));
      await file.truncate(5);
      await file.sync();
    }
    expect(await files.readText(at("a"))).toBe("abXYe");
    await (await files.open(at("a"), "write"))[Symbol.asyncDispose]();
    await (await files.open(at("b"), "update"))[Symbol.asyncDispose]();
    expect((await files.status(at("a")))?.size).toBe(0);
    expect((await files.status(at("b")))?.size).toBe(0);
  });

  test("status, rename, remove, makeFolder", async () => {
    await files.makeFolder(at("x/y"));
    await files.makeFolder(at("x/y"));
    await files.write(at("x/y/f"), "1");
    await files.rename(at("x"), at("z"));
    expect(await files.status(at("z"))).toMatchObject({ kind: "folder", size: 0 });
    expect(await files.status(at("z/y/f"))).toMatchObject({ kind: "file", size: 1 });
    expect(await files.status(at("z/y/f/none"))).toBeUndefined();
    await files.remove(at("z"));
    await files.remove(at("z"));
    expect(await files.status(at("z"))).toBeUndefined();
  });

  test("a file that says it has no bytes is read to its end", async (context) => {
    if ((await files.status("/proc/self/status")) === undefined) context.skip("no /proc here");
    expect(await files.readText("/proc/self/status")).toContain("Pid:");
  });

  test("the plugin makes the same files", async () => {
    expect(plugin).toMatchObject({ kind: "files", name: "node" });
  });
});

/** The ways in which files are written whole. */
const writers = {
  write: (path: string) => files.write(path, "new\n"),
  writeLines: (path: string) => writeLines(files, path, ["new\n"]),
};

describe.each(Object.entries(writers))("a file replaced by %s", (_, write) => {
  test("keeps its permissions, whatever the mask of the process", async () => {
    for (const mode of [0o600, 0o666, 0o444]) {
      await writeFile(at("a"), "old");
      await chmod(at("a"), mode);
      await write(at("a"));
      expect((await stat(at("a"))).mode & 0o777).toBe(mode);
      expect(await files.readText(at("a"))).toBe("new\n");
      await rm(at("a"));
    }
  });

  test("is the one that a link leads to, over several links, and also where it is yet to be made", async () => {
    await mkdir(at("d/e"), { recursive: true });
    await writeFile(at("d/target"), "old");
    await symlink("../target", at("d/e/inner"));
    await symlink("d/e/inner", at("link"));
    await symlink(at("d/made"), at("dangling"));
    for (const [link, target] of [
      ["link", "d/target"],
      ["dangling", "d/made"],
    ]) {
      await write(at(link));
      expect((await lstat(at(link))).isSymbolicLink()).toBe(true);
      expect((await lstat(at(target))).isFile()).toBe(true);
      expect(await files.readText(at(target))).toBe("new\n");
    }
    expect(await readlink(at("d/e/inner"))).toBe("../target");
    expect([await files.list(folder), await files.list(at("d"))]).toEqual([
      ["d", "dangling", "link"],
      ["e", "made", "target"],
    ]);
  });

  test("is not made of a pipe, which gets the bytes", async (context) => {
    if (spawnSync("mkfifo", [at("pipe")]).status !== 0) context.skip("no mkfifo here");
    const reader = spawn("cat", [at("pipe")]);
    const text = (async () => (await reader.stdout.setEncoding("utf8").toArray()).join(""))();
    // What tries beforehand whether it may be written must not be an end to the reader.
    const probe = `${at("pipe")}.${crypto.randomUUID()}.tmp`;
    await files.write(probe, "");
    await files.remove(probe);
    await write(at("pipe"));
    expect(await text).toBe("new\n");
    expect((await lstat(at("pipe"))).isFIFO()).toBe(true);
    expect(await files.list(folder)).toEqual(["pipe"]);
  });

  test("is not made of a device", async (context) => {
    if (!(await stat("/dev/null").catch(() => undefined))?.isCharacterDevice()) context.skip("no /dev/null here");
    await symlink("/dev/null", at("null"));
    await write(at("null"));
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    expect((await lstat(at("null"))).isSymbolicLink()).toBe(true);
  });
});

test("what a shell has opened as a program's output is added to, not replaced", async (context) => {
  if (!(await files.status("/proc/self/fd"))) context.skip("no /proc here");
  const source = new URL("./index.ts", import.meta.url).href;
  const script = `const { createNodeFiles } = await import(${JSON.stringify(source)});
    await createNodeFiles().write("/dev/stdout", "second\\n");`;
  const shell = `echo first > "$0"; "$1" --input-type=module -e "$2" >> "$0"`;
  spawnSync("sh", ["-c", shell, at("out"), process.execPath, script], { stdio: "inherit" });
  expect(await files.readText(at("out"))).toBe("first\nsecond\n");
  expect(await files.list(folder)).toEqual(["out"]);
});

describe("failures are sentences", () => {
  test("missing", async () => {
    const missing = [files.read, files.readText, files.list, (path: string) => files.open(path, "read")];
    for (const work of missing) expect(await failure(work(at("none")))).toMatchObject({ code: "E_NO_FILE", place: at("none") });
    expect((await failure(files.rename(at("none"), at("b")))).code).toBe("E_NO_FILE");
    expect((await failure(files.read(at("none")))).message).toBe(`E_NO_FILE ${at("none")} does not exist. Hint: check the path`);
  });

  test("a folder where a file should be, and the reverse", async () => {
    await files.makeFolder(at("d/full"));
    await files.write(at("f"), "1");
    const opened = (["read", "write", "update"] as const).map((mode) => (path: string) => files.open(path, mode));
    const wrong = [files.read, (path: string) => files.write(path, "x"), (path: string) => files.append(path, "x"), ...opened];
    for (const work of wrong) expect((await failure(work(at("d")))).message).toMatch(/^E_FILE .*it is a folder.*Hint/);
    expect((await failure(files.makeFolder(at("f")))).code).toBe("E_FILE");
    expect((await failure(files.makeFolder(at("f/g")))).message).toContain("a part of the path is a file");
    expect((await failure(files.list(at("f")))).code).toBe("E_FILE");
    await files.makeFolder(at("e"));
    expect((await failure(files.rename(at("e"), at("d")))).message).toContain("not empty");
    expect(await files.list(folder)).toEqual(["d", "e", "f"]);
  });

  test("a folder that does not exist", async () => {
    expect((await failure(files.write(at("no/f"), "x"))).message).toMatch(/^E_FILE .*cannot be written: its folder does not exist/);
  });

  test("names a file that is being written by its own name, and removes nothing through a file", async () => {
    const temporary = `${at("no/f.npy")}.${crypto.randomUUID()}.tmp`;
    expect(await failure(files.open(temporary, "write"))).toMatchObject({ code: "E_FILE", place: at("no/f.npy") });
    await files.write(at("file"), "1");
    await files.remove(at("file/below"));
    expect(await files.list(folder)).toEqual(["file"]);
  });

  test("says that a pipe is no file", async (context) => {
    if (spawnSync("mkfifo", [at("pipe")]).status !== 0) context.skip("no mkfifo here");
    const writer = spawn("sh", ["-c", 'echo text > "$0"', at("pipe")]);
    expect((await failure(files.open(at("pipe"), "read"))).message).toContain("it is a pipe, not a file");
    writer.kill();
  });

  test("a pipe cannot be written out of order, read or cut", async (context) => {
    if (spawnSync("mkfifo", [at("pipe")]).status !== 0) context.skip("no mkfifo here");
    const reader = spawn("cat", [at("pipe")]);
    {
      await using file = await files.open(`${at("pipe")}.${crypto.randomUUID()}.tmp`, "write");
      await file.write(0, new Uint8Array([1, 2]));
      const wrong = [() => file.write(0, new Uint8Array(1)), () => file.read(0, 1), () => file.truncate(0)];
      for (const work of wrong) {
        expect(await failure(work())).toMatchObject({
          code: "E_FILE",
          place: at("pipe"),
          problem: expect.stringContaining("a pipe or a device"),
        });
      }
    }
    await new Promise((ended) => reader.on("close", ended));
  });

  test("links in a circle", async () => {
    await symlink(at("loop"), at("loop"));
    expect((await failure(files.read(at("loop")))).message).toContain("its links lead in a circle (ELOOP)");
    expect((await failure(files.write(at("loop"), "x"))).message).toContain("its links lead in a circle (ELOOP)");
  });

  test("no space left", async (context) => {
    if ((await files.status("/dev/full")) === undefined) context.skip("no /dev/full here");
    expect((await failure(files.append("/dev/full", "x"))).message).toMatch(/^E_FILE \/dev\/full cannot be written: no space left/);
  });

  test("permission denied", async (context) => {
    if (process.getuid?.() === 0) context.skip("the superuser may do everything");
    await chmod(folder, 0o500);
    const error = await failure(files.write(at("f"), "x"));
    await chmod(folder, 0o700);
    expect(error.message).toContain("permission denied");
  });

  test("invalid UTF-8 names its line", async () => {
    await writeFile(at("a"), new Uint8Array([65, 10, 0xc3, 0xa9, 10, 0xff, 10]));
    expect(await failure(files.readText(at("a")))).toMatchObject({ code: "E_FILE", place: `${at("a")}:3` });
  });
});

describe("locks", () => {
  test("one owner at a time, given back on dispose", async () => {
    {
      await using _lock = await files.lock(at("lock"));
      const error = await failure(createNodeFiles().lock(at("lock")));
      expect(error.code).toBe("E_LOCKED");
      expect(error.message).toContain(`process ${process.pid}`);
    }
    expect(await files.list(folder)).toEqual([]);
  });

  test("a lock whose owner was killed is taken over", async () => {
    const source = new URL("./index.ts", import.meta.url).href;
    const script = `const { createNodeFiles } = await import(${JSON.stringify(source)});
      await createNodeFiles().lock(${JSON.stringify(at("lock"))}); process.kill(process.pid, "SIGKILL");`;
    const { signal, pid } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(signal).toBe("SIGKILL");
    expect(JSON.parse(await files.readText(at("lock")))).toMatchObject({ pid });
    await using _lock = await files.lock(at("lock"));
    expect(JSON.parse(await files.readText(at("lock")))).toMatchObject({ pid: process.pid });
    expect(await files.list(folder)).toEqual(["lock"]);
  });

  test("a reused process id is not the owner", async (context) => {
    if ((await files.status("/proc/self/stat")) === undefined) context.skip("no /proc here");
    await files.write(at("lock"), JSON.stringify({ pid: process.pid, started: "1", token: "old" }));
    await using _lock = await files.lock(at("lock"));
    expect(await files.readText(at("lock"))).not.toContain("old");
  });

  test("an owner in another container is alive while it touches its lock: its process id means nothing here", async (context) => {
    const own = await readlink("/proc/self/ns/pid").catch(() => undefined);
    if (own === undefined) context.skip("no namespaces here");
    const owner = { pid: 2 ** 22 + 7, started: "1", namespace: "pid:[1]", host: "a1b2c3", token: "theirs" };
    await files.write(at("lock"), JSON.stringify(owner));
    expect((await failure(files.lock(at("lock")))).message).toBe(
      `E_LOCKED ${at("lock")} is held by process ${owner.pid} of another container (a1b2c3). ` +
        "Hint: wait until it has ended, and a minute more if it was killed",
    );
    const minutesAgo = Date.now() / 1000 - 90;
    await utimes(at("lock"), minutesAgo, minutesAgo);
    {
      await using _lock = await files.lock(at("lock"));
    }
    await files.write(at("lock"), JSON.stringify({ ...owner, namespace: own }));
    await using _lock = await files.lock(at("lock"));
    expect(JSON.parse(await files.readText(at("lock")))).toMatchObject({ pid: process.pid, namespace: own });
  });

  test("an owner touches its lock as long as it holds it", async () => {
    {
      await using _lock = await lockFile(at("lock"), { beat: 5 });
      await utimes(at("lock"), 1, 1);
      while ((await stat(at("lock"))).mtimeMs < 2000) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await files.list(folder)).toEqual([]);
  });

  test("a half-written lock counts as held for a moment, then as left behind", async () => {
    await files.write(at("lock"), "");
    expect((await failure(files.lock(at("lock")))).code).toBe("E_LOCKED");
    await utimes(at("lock"), 1, 1);
    await using _lock = await files.lock(at("lock"));
    expect(await files.list(folder)).toEqual(["lock"]);
  });

  test("of many that see the same dead owner, one gets the lock", async () => {
    await files.write(at("lock"), JSON.stringify({ pid: 2 ** 22 + 7, token: "dead" }));
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => files.lock(at("lock"))));
    expect(all.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    const lost = all.filter((one) => one.status === "rejected").map((one) => (one.reason as AttuneError).code);
    expect(lost).toEqual(Array.from({ length: 19 }, () => "E_LOCKED"));
  });
});
