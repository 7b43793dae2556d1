// A hub on localhost that speaks the protocol of huggingface.co: revisions, paged file lists, redirects to a CDN, ranges, and the failures of all of them.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with one answer. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Nothing more comes after so many bytes. */
  readonly stallAfter?: number;
  /** The bytes come with one of them changed. */
  readonly corrupt?: boolean;
  /** The whole file comes, whatever range was asked for. */
  readonly ignoreRange?: boolean;
}

export interface HubServer extends AsyncDisposable {
  readonly url: string;
  /** "GET /org/name/resolve/…" and the range asked for, in order. */
  readonly requests: { readonly line: string; readonly range: string | undefined; readonly authorization: string | undefined }[];
  /** The next answers to paths that contain a text, first to last. */
  fail(pathContains: string, ...faults: Fault[]): void;
  /** Bytes of bodies sent so far. */
  readonly sent: number;
  readonly commit: string;
}

/** Folder of a repository: path -> bytes. */
export type Repository = Readonly<Record<string, Uint8Array>>;

export interface HubServerOptions {
  /** id -> files; all at one commit, which "main" and "v1" name. */
  readonly repositories: Readonly<Record<string, Repository>>;
  /** Token that gated models ask for, and the models. */
  readonly gated?: { readonly token: string; readonly ids: readonly string[] };
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const PAGE = 4;

/** Whether a file is stored in LFS: a redirect and a SHA-256 instead of git's SHA-1. */
const isLarge = (path: string): boolean => /\.(safetensors|bin|onnx|h5)$/.test(path);

/** The checksum under which the hub knows a file. */
export function oidOf(path: string, bytes: Uint8Array): string {
  if (isLarge(path)) return createHash("sha256").update(bytes).digest("hex");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Starts the server on a free port. */
export async function startHub({ repositories, gated }: HubServerOptions): Promise<HubServer> {
  const faults: { contains: string; fault: Fault }[] = [];
  const requests: HubServer["requests"] = [];
  let sent = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://hub");
    const { range, authorization } = request.headers;
    requests.push({ line: `${request.method} ${url.pathname}`, range, authorization });
    const at = faults.findIndex(({ contains }) => url.pathname.includes(contains));
    const fault = at < 0 ? {} : faults.splice(at, 1)[0].fault;
    if (fault.status !== undefined) return void response.writeHead(fault.status, fault.headers).end("{}");
    answer(request, response, url, fault);
  });

  function answer(request: IncomingMessage, response: ServerResponse, url: URL, fault: Fault): void {
    const [, api, id, revision, rest] =
      /^\/(api\/models\/)?((?:[^/]+\/)?[^/]+?)\/(?:revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
    const cdn = /^\/cdn\/([^/]+)\/(.+)$/.exec(url.pathname);
    if (cdn) return body(request, response, repositories[decodeURIComponent(cdn[1])][cdn[2]], fault);
    const files = id === undefined ? undefined : repositories[id];
    if (!files) return refuse(response, 401, "RepoNotFound");
    if (!["main", "v1", COMMIT].includes(revision)) return refuse(response, 404, "RevisionNotFound");
    if (api) return url.pathname.includes("/tree/") ? tree(response, url, files) : info(response, id, files);
    if (gated?.ids.includes(id) && request.headers.authorization !== `Bearer ${gated.token}`) return refuse(response, 403, "GatedRepo");
    const path = decodeURIComponent(rest);
    if (!files[path]) return refuse(response, 404, "EntryNotFound");
    response.setHeader("x-repo-commit", COMMIT);
    if (!isLarge(path)) {
      response.setHeader("etag", `"${oidOf(path, files[path])}"`);
      return body(request, response, files[path], fault);
    }
    const linked = { "x-linked-etag": `"${oidOf(path, files[path])}"`, "x-linked-size": String(files[path].length) };
    // Another origin, as the real one: who follows must not take the token along.
    const host = request.headers.host!.replace("127.0.0.1", "localhost");
    response.writeHead(302, { location: `http://${host}/cdn/${encodeURIComponent(id)}/${path}`, ...linked }).end();
  }

  function body(request: IncomingMessage, response: ServerResponse, whole: Uint8Array, fault: Fault): void {
    const begin = fault.ignoreRange ? undefined : /^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1];
    if (begin !== undefined && Number(begin) >= whole.length) return void response.writeHead(416).end();
    const from = Number(begin ?? 0);
    const bytes = Buffer.from(whole.subarray(from));
    if (fault.corrupt) bytes[bytes.length >> 1] ^= 1;
    response.writeHead(begin === undefined ? 200 : 206, {
      "content-length": String(bytes.length),
      "accept-ranges": "bytes",
      ...(begin !== undefined && { "content-range": `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (request.method === "HEAD") return void response.end();
    const part = fault.cutAfter ?? fault.stallAfter;
    sent += Math.min(part ?? bytes.length, bytes.length);
    if (part === undefined) return void response.end(bytes);
    response.write(bytes.subarray(0, part), () => fault.cutAfter !== undefined && setTimeout(() => response.destroy(), 20));
  }

  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    commit: COMMIT,
    fail: (contains, ...more) => void faults.push(...more.map((fault) => ({ contains, fault }))),
    get sent() {
      return sent;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "x-error-code": code, "x-error-message": `said ${code}`, "content-type": "application/json" }).end("{}");
}

function info(response: ServerResponse, id: string, files: Repository): void {
  const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
  const model = {
    _id: "1",
    id,
    modelId: id,
    sha: COMMIT,
    private: false,
    gated: false,
    downloads: 0,
    likes: 0,
    lastModified: "2024-01-01T00:00:00.000Z",
  };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ...model, tags: [], siblings }));
}

function tree(response: ServerResponse, url: URL, files: Repository): void {
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const entries = Object.entries(files).map(([path, bytes]) => {
    const oid = oidOf(path, bytes);
    const large = { oid: createHash("sha1").update(path).digest("hex"), lfs: { oid, size: bytes.length, pointerSize: 134 } };
    return { type: "file", path, size: bytes.length, ...(isLarge(path) ? large : { oid }) };
  });
  if (start + PAGE < entries.length) {
    url.searchParams.set("cursor", String(start + PAGE));
    response.setHeader("link", `<http://${response.req.headers.host}${url.pathname}${url.search}>; rel="next"`);
  }
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(entries.slice(start, start + PAGE)));
}
