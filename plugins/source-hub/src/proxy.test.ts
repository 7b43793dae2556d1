import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { sharedProxy } from "./proxy.ts";

beforeEach(() => {
  for (const name of ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"]) vi.stubEnv(name, "");
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** A proxy, and what was done to the process, in order. */
function recorded() {
  const done: string[] = [];
  const use = sharedProxy(() => (done.push("set"), () => void done.push("restored")));
  return { done, use };
}

test("of two that fetch at once the first sets the proxy, and the last takes it away", () => {
  vi.stubEnv("HTTPS_PROXY", "http://proxy.example:3128");
  const { done, use } = recorded();
  const [first, second] = [use(), use()];
  first[Symbol.dispose]();
  expect(done).toEqual(["set"]);
  second[Symbol.dispose]();
  expect(done).toEqual(["set", "restored"]);
  use()[Symbol.dispose]();
  expect(done).toEqual(["set", "restored", "set", "restored"]);
});

test("without one in the environment nothing is set", () => {
  const { done, use } = recorded();
  use()[Symbol.dispose]();
  expect(done).toEqual([]);
});
