// A report that follows its training: the page fetches itself again whenever its server says that there is something new, and shows the
// new content in place of the old. The page stays a report: without its server it is as complete as it was.

import { policy } from "./render-report.ts";

/** A page of `renderReport` that listens to `/events` (Server-Sent Events) of the server it came from, and to nothing else. */
export function makeLive(html: string): string {
  return html.replace(policy, `${policy}; connect-src 'self'`).replace("</body>", () => `<script>${script}</script>\n</body>`);
}

const script = String.raw`
(function () {
  "use strict";
  const header = () => document.querySelector("header");
  const line = document.createElement("p");
  const connection = (live) => {
    line.className = live ? "connection" : "connection lost";
    line.textContent = live ? "live" : "no connection: attune watch has ended, or is out of reach";
    header().append(line);
  };

  /** What a reader has unfolded stays so. */
  const unfolded = () => [...document.querySelectorAll("main details")].map((one) => one.open);

  async function show() {
    const response = await fetch("/");
    if (!response.ok) return;
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    const open = unfolded();
    document.title = next.title;
    document.querySelector("main").replaceWith(next.querySelector("main"));
    [...document.querySelectorAll("main details")].forEach((one, i) => (one.open = open[i] ?? false));
    const [charts, data] = [document.getElementById("charts"), next.getElementById("charts")];
    if (charts && data) charts.textContent = data.textContent;
    connection(true);
    document.dispatchEvent(new Event("attune:update"));
  }

  let busy = false;
  let again = false;
  async function refresh() {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      await show().catch(() => connection(false));
    }
    busy = false;
  }

  const source = new EventSource("/events");
  source.addEventListener("open", () => {
    connection(true);
    refresh(); // what changed before anybody listened, or while nobody did
  });
  source.addEventListener("error", () => connection(false));
  source.addEventListener("message", refresh);
})();
`;
