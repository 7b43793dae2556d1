// How numbers are shown to a person. Machines get them unrounded, through --json.

/** 12,031. Of a whole number; by hand, since the first call of toLocaleString takes 30 ms. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 row", "12,031 rows" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 61 k, 9.1 k, 430: three digits at most, so that a progress line keeps its width. */
export function rough(value: number): string {
  if (value < 1000) return value < 10 ? value.toFixed(1) : value.toFixed(0);
  const [scaled, unit] = value < 1e6 ? [value / 1e3, "k"] : [value / 1e6, "M"];
  return `${scaled < 10 ? scaled.toFixed(1) : scaled.toFixed(0)} ${unit}`;
}

/** 91.6 MB: bytes, in powers of ten as shops and hubs count them. */
export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return power === 0 ? `${value} bytes` : `${(value / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** 0:48, 12:05, 1:02:03 */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** 1.9e-5, 0.012: a learning rate in two digits. */
export function rate(value: number): string {
  if (value === 0) return "0";
  return value < 1e-2 ? value.toExponential(1).replace(".0e", "e") : value.toPrecision(2);
}

/** A number as a person would type it: 0.05, 2e-5, 8192. */
export function number(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/** +0.072: a difference with its sign. */
export function signed(value: number, digits = 3): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** 0.1 %, 12 % */
export function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

const metricNames: Readonly<Record<string, string>> = { ndcg: "nDCG", map: "MAP", mrr: "MRR" };

/** "ndcg@10" as the field writes it: nDCG@10. */
export function metricLabel(name: string): string {
  return name.replace(/^[a-z]+(?=@)/, (word) => metricNames[word] ?? word);
}
