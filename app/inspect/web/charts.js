// Charts by hand. Each is an image with a name; a table or words beside it tell the same.

import { s } from '/dom.js';
import { count, duration } from '/format.js';

/** Bars for the buckets of a distribution: [[upper bound in ns, count], ...], their bounds powers
 * of two. Heights are logarithmic, so that a single slow one among a million is seen. */
export function histogram(latency, label, className) {
  const width = 200;
  const height = 64;
  const base = 48;
  const buckets = latency.buckets ?? [];
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, width: '100%', role: 'img', 'aria-label':
    `${label}: ${count(latency.count)} measured, half below ${duration(latency.p50_ns)}, ` +
    `99 of 100 below ${duration(latency.p99_ns)}, all below ${duration(latency.max_ns)}` });
  svg.append(s('line', { class: 'grid', x1: 0, x2: width, y1: base, y2: base }));
  if (buckets.length === 0) {
    svg.append(s('text', { x: 0, y: 30, class: 'muted' }, 'none yet'));
    return svg;
  }
  const place = bound => Math.round(Math.log2(Math.max(1, bound)));
  const first = place(buckets[0][0]);
  const places = Math.max(8, place(buckets[buckets.length - 1][0]) - first + 1);
  const wide = width / places;
  const most = Math.log(1 + Math.max(...buckets.map(b => b[1])));
  for (const [bound, n] of buckets) {
    const tall = Math.max(2, Math.log(1 + n) / most * (base - 4));
    svg.append(s('rect', { class: className, x: (place(bound) - first) * wide + .5, y: base - tall,
      width: Math.max(1, wide - 1), height: tall },
    s('title', {}, `${count(n)} below ${duration(bound)}`)));
  }
  svg.append(s('text', { x: 0, y: height - 3, class: 'muted' }, duration(buckets[0][0])));
  if (buckets.length > 1)
    svg.append(s('text', { x: Math.min(width, Math.max(90, (place(buckets[buckets.length - 1][0]) - first + 1) * wide)),
      y: height - 3, class: 'muted', 'text-anchor': 'end' }, duration(buckets[buckets.length - 1][0])));
  return svg;
}

/** Round steps for an axis of `length` in at most `most` parts. */
function stepFor(length, most) {
  let step = 10 ** Math.floor(Math.log10(Math.max(1, length / most)));
  for (const by of [2, 2.5, 2]) if (length / step > most) step *= by;
  return step;
}

/** A path through actors over time. `lanes`: [{name, spans: [{from, waited, took, text}]}], times
 * in ns since the beginning; `length`: of all. `width`: pixels there are. */
export function timeline(lanes, length, width, label) {
  const lane = 40;
  const head = 20;
  const height = head + lanes.length * lane + 6;
  const x = ns => Math.max(0, Math.min(1, ns / Math.max(1, length))) * (width - 2) + 1;
  const svg = s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  const step = stepFor(length, Math.max(2, Math.floor(width / 110)));
  for (let at = 0; at <= length; at += step) {
    svg.append(s('line', { class: 'grid', x1: x(at), x2: x(at), y1: head - 4, y2: height }));
    if (x(at) < width - 46)
      svg.append(s('text', { class: 'muted', x: x(at) + 3, y: head - 7 }, duration(at)));
  }
  lanes.forEach((each, i) => {
    const top = head + i * lane;
    svg.append(s('text', { x: 3, y: top + 14 }, each.name));
    for (const span of each.spans) {
      const bar = (className, from, to, words) => svg.append(s('rect', { class: className, x: x(from),
        y: top + 20, width: Math.max(1.5, x(to) - x(from)), height: 14, rx: 2 }, s('title', {}, words)));
      if (span.waited > 0)
        bar('waited', span.from - span.waited, span.from, `${span.text}: waited ${duration(span.waited)}`);
      bar('took', span.from, span.from + span.took, `${span.text}: took ${duration(span.took)}`);
    }
  });
  return svg;
}
