// A PostgreSQL server of the tests' own: in a temporary folder, on a socket there, without a network port. The server refuses to run as root, so root
// starts it as `nobody`.

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Postgres {
  /** With this database as host, a client reaches it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The folder of a server's programs whose installation has pgvector: ATTUNE_POSTGRES_BIN, or Debian's. Undefined where there is none. */
export function postgresBin(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env.ATTUNE_POSTGRES_BIN, ...versions.map((version) => join(debian, version, "bin"))];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, "initdb")) && hasPgvector(folder));
}

function hasPgvector(bin: string): boolean {
  const share = execFileSync(join(bin, "pg_config"), ["--sharedir"], { encoding: "utf8" }).trim();
  return existsSync(join(share, "extension", "vector.control"));
}

/** Starts a server and waits until it answers. */
export async function startPostgres(bin: string): Promise<Postgres> {
  const root = process.getuid?.() === 0;
  const nobody = root ? { uid: 65534, gid: 65534 } : {};
  const folder = mkdtempSync(join(tmpdir(), "attune-pg-"));
  const data = join(folder, "data");
  mkdirSync(data);
  if (root) {
    chmodSync(folder, 0o755);
    for (const path of [folder, data]) chownSync(path, 65534, 65534);
  }
  const settings = { ...nobody, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "attune", "--auth=trust", "--no-sync", "-E", "UTF8"], {
    ...settings,
    stdio: "pipe",
  });
  const server = spawn(join(bin, "postgres"), ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"], {
    ...settings,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr.on("data", (text: Buffer) => {
      said += text.toString();
      if (said.includes("ready to accept connections")) resolve();
    });
    server.on("exit", () => reject(new Error(`PostgreSQL did not start: ${said}`)));
  });
  const ended = new Promise<void>((resolve) => void server.on("exit", () => resolve()));
  return {
    url: `postgresql://attune@/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      server.kill("SIGINT"); // fast shutdown
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
