// What a repository holds at a revision: its commit, and the files with sizes and checksums.

import { AttuneError } from "@attune/core";
import type { RemoteFile } from "./download.ts";
import type { HubSettings } from "./environment.ts";
import type { Request } from "./http.ts";
import { isCommit } from "./model-id.ts";
import type { ModelId } from "./model-id.ts";

const OID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Asks the hub. Errors are those of `request`; E_HUB_SERVER where the answer is none of a hub. */
export async function listRepository(
  { name, revision }: ModelId,
  { endpoint }: HubSettings,
  request: Request,
): Promise<{ commit: string; files: RemoteFile[] }> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const asked = ((url: string, init?: RequestInit) => request(url, { ...init, whole: true })) as typeof fetch;
  const common = { hubUrl: endpoint, fetch: asked };
  const { sha } = await understood(endpoint, () => modelInfo({ name, revision, additionalFields: ["sha"], ...common }));
  if (typeof sha !== "string" || !isCommit(sha)) throw notAHub(endpoint);
  const files: RemoteFile[] = [];
  await understood(endpoint, async () => {
    for await (const entry of listFiles({ repo: name, revision: sha, recursive: true, ...common })) {
      if (entry.type !== "file") continue;
      const oid = entry.lfs?.oid ?? entry.oid ?? "";
      if (OID.test(oid)) files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, oid });
    }
  });
  return { commit: sha, files };
}

/** What is no refusal and still fails is an answer in another form: a login page of the network, say. */
async function understood<T>(endpoint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw notAHub(endpoint, error);
    throw error;
  }
}

function notAHub(endpoint: string, cause?: unknown): AttuneError {
  return new AttuneError({
    code: "E_HUB_SERVER",
    place: endpoint,
    problem: "does not answer as a hub does",
    hint: "check HF_ENDPOINT, and whether the network asks for a login",
    cause,
  });
}
