// From an id to a folder: which commit, which files, what is here already, what must come.
// The hub is asked through @huggingface/hub for revisions and lists; downloads are ours, because they must survive cut connections.

import { statfs } from "node:fs/promises";
import { AttuneError } from "@attune/core";
import type { Context } from "@attune/core";
import { cachedNames, cachedRepository } from "./cache.ts";
import type { CachedRepository } from "./cache.ts";
import { downloadBlob, partialOf } from "./download.ts";
import type { RemoteFile } from "./download.ts";
import { settingsOf } from "./environment.ts";
import type { HubOptions, HubSettings } from "./environment.ts";
import { createRequest } from "./http.ts";
import type { Request } from "./http.ts";
import { candidatesOf, expectModelId, isCommit, parseModelId } from "./model-id.ts";
import type { ModelId } from "./model-id.ts";
import { modulesIn, neededFiles } from "./needed-files.ts";
import { mayLackModules, notCached, withNearestName } from "./hints.ts";
import { proxyFromEnvironment } from "./proxy.ts";
import { listRepository } from "./repository.ts";
import type { FetchedModel, FetchOptions, ModelSource } from "./source.ts";

type Tools = Pick<Context, "files" | "log">;

/** One fetch: everything that its parts need. */
interface Task {
  readonly id: ModelId;
  readonly settings: HubSettings;
  readonly request: Request;
  readonly repository: CachedRepository;
  readonly signal: AbortSignal;
  readonly tools: Tools;
  readonly room: Room;
  onProgress: NonNullable<FetchOptions["onProgress"]>;
}

/** Bytes that are free where a folder is; undefined where nobody knows. */
type Room = (folder: string) => Promise<number | undefined>;

/** The hub as a source of models. */
export function createHub(options: HubOptions, tools: Tools, { room = roomIn }: { room?: Room } = {}): ModelSource {
  return {
    accepts: (text) => parseModelId(text) !== undefined,
    async fetch(text, { signal = new AbortController().signal, onProgress = () => {} } = {}) {
      const settings = await settingsOf(options);
      const candidates = candidatesOf(expectModelId(text));
      const tasks = candidates.map((id) => taskOf(id, settings, { signal, onProgress }, { tools, room }));
      using _proxy = proxyFromEnvironment();
      return (await fromCache(tasks)) ?? (settings.offline ? await refuseOffline(text, settings, tools) : await fromHub(tasks, text));
    },
  };
}

function taskOf(
  id: ModelId,
  settings: HubSettings,
  { signal, onProgress }: Required<FetchOptions>,
  { tools, room }: Pick<Task, "tools" | "room">,
): Task {
  const { files, log } = tools;
  const request = createRequest({ settings, id, signal, warn: (message) => log.warn(message) });
  return { id, settings, request, repository: cachedRepository(files, settings.cache, id.name), signal, tools, room, onProgress };
}

/** A model of the cache. */
interface Cached {
  readonly task: Task;
  readonly commit: string;
  /** Whether nothing of it can be missing. */
  readonly sure: boolean;
}

/** A model that needs no question to the hub: all of them offline, an exact commit that is whole always. */
async function fromCache(tasks: readonly Task[]): Promise<FetchedModel | undefined> {
  const { offline } = tasks[0].settings;
  const cached = offline || isCommit(tasks[0].id.revision) ? await firstCached(tasks) : undefined;
  return cached && (offline || cached.sure) ? servedAsItIs(cached) : undefined;
}

async function firstCached(tasks: readonly Task[]): Promise<Cached | undefined> {
  for (const task of tasks) {
    const commit = await task.repository.commitOf(task.id.revision);
    const held = commit === undefined ? "part" : await task.repository.held(commit);
    if (commit !== undefined && held !== "part") return { task, commit, sure: held === "whole" };
  }
  return undefined;
}

/** Where nobody can be asked, a model that may lack its modules serves all the same: a plain one has none, and the warning says what else it means. */
function servedAsItIs({ task, commit, sure }: Cached): FetchedModel {
  if (!sure) task.tools.log.warn(mayLackModules(task.id.name));
  return modelAt(task, commit, 0);
}

async function refuseOffline(text: string, settings: HubSettings, { files }: Tools): Promise<never> {
  throw notCached(text, settings.cache, await cachedNames(files, settings.cache));
}

/** Asks for each thing that the id may mean; the first that the hub has is taken. */
async function fromHub(tasks: readonly Task[], text: string): Promise<FetchedModel> {
  let refusal: AttuneError | undefined;
  for (const [i, task] of tasks.entries()) {
    try {
      return await fetchModel(task, tasks.slice(i + 1));
    } catch (error) {
      if (!(error instanceof AttuneError) || error.code !== "E_HUB_NOT_FOUND") throw error;
      refusal ??= error;
    }
  }
  const { settings, tools } = tasks[0];
  throw withNearestName(refusal!, text, await cachedNames(tools.files, settings.cache));
}

/** `others` are what the id may mean if it is not this: with the hub out of reach, one of them that is in the cache is meant. */
async function fetchModel(task: Task, others: readonly Task[]): Promise<FetchedModel> {
  const { id, repository, settings, tools } = task;
  const here = await firstCached([task]);
  // Who has the model already is not kept waiting by a network that is down.
  const request = here === undefined ? task.request : createRequest({ ...task, settings: { ...settings, retries: 0 }, warn() {} });
  let listed: { commit: string; files: RemoteFile[] };
  try {
    listed = await listRepository(id, settings, request);
  } catch (error) {
    const down = error instanceof AttuneError && ["E_HUB_NETWORK", "E_HUB_SERVER", "E_HUB_LIMIT"].includes(error.code);
    const cached = down ? (here ?? (await firstCached(others))) : undefined;
    if (!down || cached === undefined) throw error;
    tools.log.warn(`${error.sentence}: ${cached.task.id.name} is taken from the cache, as of ${cached.commit.slice(0, 7)}`);
    return servedAsItIs(cached);
  }
  const downloaded = await complete(task, listed.commit, listed.files);
  await repository.remember(id.revision, listed.commit);
  return modelAt(task, listed.commit, downloaded);
}

function modelAt({ repository, id }: Task, commit: string, downloaded: number): FetchedModel {
  return { folder: repository.snapshot(commit), id: `${id.name}@${commit}`, downloaded };
}

/** Downloads what a commit's folder lacks; small files come first, so that a folder with weights is whole. */
async function complete(task: Task, commit: string, all: readonly RemoteFile[]): Promise<number> {
  const modules = all.find(({ path }) => path === "modules.json");
  const first = modules && !(await isHere(modules, commit, task)) ? [modules] : [];
  const quiet = { ...task, onProgress() {} }; // how much there is to do is known after it
  const begun = first.length > 0 ? await download(first, { commit, needed: first, task: quiet }) : 0;
  const modulesJson = modules && (await task.tools.files.readText(`${task.repository.snapshot(commit)}/${modules.path}`));
  if (!modules) await task.repository.rememberNoModules(commit);
  const paths = new Set(
    neededFiles(
      all.map(({ path }) => path),
      modulesIn(modulesJson),
      task.id.name,
    ),
  );
  const needed = all.filter(({ path }) => paths.has(path)).sort((a, b) => a.size - b.size);
  const missing: RemoteFile[] = [];
  for (const file of needed) if (!(await isHere(file, commit, task))) missing.push(file);
  if (missing.length === 0) return begun;
  const absent = await withoutBlob(missing, task);
  const size = `${(bytesOf(absent) / 1e6).toFixed(1)} MB`;
  const count = `${absent.length} ${absent.length === 1 ? "file" : "files"}`;
  if (absent.length > 0) task.tools.log.info(`downloading ${task.id.name}: ${count}, ${size}`);
  return begun + (await download(missing, { commit, needed, task }));
}

/** Those that have to be downloaded: another commit may have brought the same bytes. */
async function withoutBlob(missing: readonly RemoteFile[], { repository, tools: { files } }: Task): Promise<RemoteFile[]> {
  const absent: RemoteFile[] = [];
  for (const file of missing) if ((await files.status(repository.blob(file.oid)))?.size !== file.size) absent.push(file);
  return absent;
}

async function isHere({ path, size }: RemoteFile, commit: string, { repository, tools: { files } }: Task): Promise<boolean> {
  const status = await files.status(`${repository.snapshot(commit)}/${path}`);
  return status?.kind === "file" && status.size === size;
}

interface Plan {
  readonly commit: string;
  /** All files of the model, for the progress. */
  readonly needed: readonly RemoteFile[];
  readonly task: Task;
}

async function download(missing: readonly RemoteFile[], { commit, needed, task }: Plan): Promise<number> {
  const { repository, settings, id, tools, request, signal, onProgress } = task;
  const { files, log } = tools;
  await files.makeFolder(`${repository.blob("")}`);
  await expectSpace(await withoutBlob(missing, task), task);
  await using _lock = await repository.lock(signal, (sentence) => log.info(`waiting: ${sentence}`));
  const total = bytesOf(needed);
  let loaded = total - bytesOf(missing);
  let downloaded = 0;
  for (const file of missing) {
    const blob = repository.blob(file.oid);
    const url = `${settings.endpoint}/${id.name}/resolve/${commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`;
    const before = loaded;
    const onBytes = (bytes: number): void => onProgress({ file: file.path, loaded: before + bytes, total });
    if ((await files.status(blob))?.size !== file.size) {
      downloaded += await downloadBlob(file, { files, settings, request, signal, url, blob, onBytes });
    }
    await repository.link(commit, file.path, file.oid);
    loaded = before + file.size;
    onBytes(file.size);
  }
  return downloaded;
}

function bytesOf(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** E_HUB_SPACE before the first byte rather than after the last that fits. */
async function expectSpace(
  absent: readonly RemoteFile[],
  { settings: { cache }, id, repository, room, tools: { files } }: Task,
): Promise<void> {
  const left = await room(cache);
  let needed = bytesOf(absent);
  for (const { oid } of absent) needed -= (await files.status(partialOf(repository.blob(oid))))?.size ?? 0;
  if (left === undefined || left >= needed) return;
  const megabytes = (count: number): string => `${count.toLocaleString("en")} MB`;
  throw new AttuneError({
    code: "E_HUB_SPACE",
    place: id.name,
    problem: `needs ${megabytes(Math.ceil(needed / 1e6))}, and ${cache} has ${megabytes(Math.floor(left / 1e6))} left`,
    hint: "free some space, or set HF_HOME to a folder on another disk",
  });
}

async function roomIn(folder: string): Promise<number | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk && disk.blocks > 0 ? disk.bavail * disk.bsize : undefined;
}
