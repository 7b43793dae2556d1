// HTML as strings: everything that comes from outside goes through `escape` or `embedJson`, and nothing else makes markup of it.

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for element content and for attributes in double quotes. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** JSON for the inside of a script element: no character in it can end the element or a line of script. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A titled part of the page; empty where there is nothing in it. */
export function section(id: string, title: string, body: string): string {
  return body === "" ? "" : `<section id="${id}"><h2>${escape(title)}</h2>${body}</section>`;
}

/** A score in three digits, one of ten and more in one; a dash where there is none. */
export function score(value: number | null | undefined): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  return minus(value.toFixed(Math.abs(value) < 10 ? 3 : 1));
}

/** 12,031 */
export function whole(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** +0.072, −0.010: a difference with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${minus(value.toFixed(3))}`;
}

/** Numbers below zero get the sign that is as wide as a digit. */
function minus(digits: string): string {
  return digits.replace("-", "−");
}
