// Requests of the API: those at work and the last answered, and the path of one through the actors.

import { h, setAttribute, setText } from '/dom.js';
import { clock, duration, nanoseconds, plural } from '/format.js';
import { timeline } from '/charts.js';
import { Table, keyed } from '/table.js';

const columns = [
  { name: 'id', title: 'Id', number: true, value: r => r.id, href: r => `#/requests/${r.id}` },
  { name: 'state', title: 'State', value: r => (r.over ? String(r.status) : ''),
    show(cell, r) {
      setText(cell, r.over ? r.status || 'none' : 'at work');
      setAttribute(cell, 'class', !r.over ? 'good' : r.status >= 500 ? 'bad' : r.status >= 400 ? 'warn' : null);
    } },
  { name: 'took', title: 'Took', number: true, value: r => r.took_ns, text: r => duration(r.took_ns) },
  { name: 'call', title: 'Call', value: r => r.call },
  { name: 'time', title: 'Began', minor: true, value: r => r.time, text: r => clock(r.time) },
  { name: 'client', title: 'Client', minor: true, value: r => r.client },
  { name: 'connection', title: 'Connection', number: true, minor: true, value: r => r.connection },
];

export function requestsView() {
  const table = new Table({ label: 'Requests', noun: 'request', columns, key: r => r.id, sort: '-id',
    words: r => `${r.call} ${r.client} ${r.status} ${r.over ? '' : 'at work'}`, empty: 'there were none' });
  return {
    title: 'Requests',
    element: table.element,
    targets: { requests: '/v1/requests' },
    update({ requests }, problems) {
      table.set(requests?.requests, problems.requests?.message);
    },
  };
}

const spans = [
  { name: 'from', title: 'At', number: true, value: s => s.from, text: s => duration(s.from) },
  { name: 'actor', title: 'Actor', value: s => s.title, href: s => (s.actor > 0 ? `#/actors/${s.actor}` : null), text: s => s.title },
  { name: 'message', title: 'Message', value: s => s.message },
  { name: 'waited', title: 'Waited', number: true, value: s => s.waited, text: s => duration(s.waited) },
  { name: 'took', title: 'Took', number: true, value: s => s.took, text: s => duration(s.took) },
  { name: 'thread', title: 'Thread', minor: true, value: s => s.thread },
];

/** Where each actor was busy with it, in the order in which they came to it. */
function lanesOf(told) {
  const lanes = new Map();
  for (const span of told) {
    const lane = lanes.get(span.actor + span.kind) ?? { name: span.title, spans: [] };
    lane.spans.push({ from: span.from, waited: span.waited, took: span.took, text: span.message });
    lanes.set(span.actor + span.kind, lane);
  }
  return [...lanes.values()];
}

export function requestView(id) {
  const summary = h('p', {});
  const missing = h('p', { class: 'warn', role: 'status' });
  const picture = h('figure', { 'aria-label': 'Path of the request' });
  const keys = h('p', { class: 'muted' }, h('span', { class: 'key waited' }), 'waiting in a mailbox  ',
    h('span', { class: 'key took' }), 'being handled');
  const table = new Table({ label: 'Steps of the request', noun: 'step', columns: spans, key: s => s.key,
    sort: 'from', empty: 'no steps are kept of it' });
  let lanes = [];
  let length = 0;
  const draw = () => {
    const wide = picture.clientWidth;
    if (lanes.length === 0 || wide === 0) picture.replaceChildren();
    else picture.replaceChildren(timeline(lanes.slice(0, 200), length, wide,
      `path of request ${id} through ${plural(lanes.length, 'actor')}; the table below has the same`));
  };
  const watcher = new ResizeObserver(draw);
  watcher.observe(picture);
  return {
    title: `Request ${id}`,
    element: h('div', {}, summary, missing, h('h2', {}, 'Over time'), keys, picture,
      h('h2', {}, 'Step by step'), table.element),
    targets: { trace: `/v1/requests/${id}` },
    end: () => watcher.disconnect(),
    update({ trace }, problems) {
      setText(missing, problems.trace?.message ?? trace?.missing ?? '');
      if (!trace) return;
      const r = trace.request;
      setText(summary, `${r.call}, of ${r.client || 'an unknown client'}, ` + (r.over
        ? `answered with ${r.status || 'nothing'} after ${duration(r.took_ns)}` : `at work for ${duration(r.took_ns)}`));
      const begin = nanoseconds(r.time) ?? nanoseconds(trace.spans[0]?.time);
      const told = keyed(trace.spans, s => `${s.time} ${s.actor} ${s.message}`).map(s => {
        const at = nanoseconds(s.time);
        return { ...s, from: at === null || begin === null ? 0 : Number(at - begin),
          waited: s.waited_ns, took: s.took_ns,
          title: s.actor > 0 ? `${s.actor} ${s.name || s.kind}` : s.name || s.kind };
      });
      lanes = lanesOf(told);
      length = Math.max(r.took_ns, ...told.map(s => s.from + s.took));
      draw();
      table.set(told);
    },
  };
}
