// Texts for people, of what the API tells.

const units = [['d', 86400e9], ['h', 3600e9], ['m', 60e9], ['s', 1e9], ['ms', 1e6], ['µs', 1e3]];

/** A length of time in two digits or three, rounded down: `850ns`, `1.2ms`, `45s`, `3m`. */
export function duration(ns) {
  if (!(ns > 0)) return '0';
  for (const [name, length] of units) {
    if (ns < length) continue;
    const n = ns / length;
    const tenths = Math.floor(n * 10) / 10;
    return (n < 10 && tenths % 1 !== 0 ? tenths.toFixed(1) : String(Math.floor(n))) + name;
  }
  return Math.floor(ns) + 'ns';
}

/** `99999`, `100k`, `1.2M`. */
export function count(n) {
  if (n < 1e5) return String(Math.round(n));
  for (const [name, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]])
    if (n >= size) return (n / size < 10 ? (n / size).toFixed(1) : Math.floor(n / size)) + name;
  return String(n);
}

/** `1.2 MiB`. */
export function bytes(n) {
  if (n < 1024) return `${n} B`;
  let size = n;
  for (const name of ['KiB', 'MiB', 'GiB', 'TiB']) {
    size /= 1024;
    if (size < 1024 || name === 'TiB') return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${name}`;
  }
  return '';
}

/** A share from 0 to 1: `0.3 %`, `42 %`; unknown: `–`. */
export function share(x) {
  if (x === undefined || Number.isNaN(x)) return '–';
  const percent = x * 100;
  return (percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)) + ' %';
}

export function plural(n, noun) { return `${count(n)} ${noun}${n === 1 ? '' : 's'}`; }

/** The time of day, here, of an RFC 3339 moment: `17:04:09.123`. */
export function clock(moment) {
  const ms = Date.parse(moment);
  if (Number.isNaN(ms)) return moment;
  const d = new Date(ms);
  const two = n => String(n).padStart(2, '0');
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.` +
    String(d.getMilliseconds()).padStart(3, '0');
}

/** Nanoseconds since 1970 of an RFC 3339 moment, or null. A bigint: they do not fit a number. */
export function nanoseconds(moment) {
  const parts = /^(.*?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(moment ?? '');
  const ms = parts ? Date.parse(parts[1] + parts[3]) : NaN;
  if (Number.isNaN(ms)) return null;
  return BigInt(ms) * 1000000n + BigInt((parts[2] ?? '').padEnd(9, '0') || 0);
}

/** How hard something works, 0 to 4, for its colour. */
export function level(x) {
  return !(x >= 0.01) ? 0 : x < 0.25 ? 1 : x < 0.5 ? 2 : x < 0.8 ? 3 : 4;
}
