// Connections, jobs, containers, threads and workers, streams, trouble: each a table or a few.

import { h, setText } from '/dom.js';
import { bytes, clock, count, duration, share } from '/format.js';
import { showLoad } from '/actors.js';
import { Growth } from '/loads.js';
import { Table, keyed } from '/table.js';

const actorLink = (value = x => x.actor) => ({ name: 'actor', title: 'Actor', number: true, value,
  href: x => (value(x) > 0 ? `#/actors/${value(x)}` : null), text: x => value(x) || '' });
const requestLink = { name: 'request', title: 'Request', number: true, value: x => x.request,
  href: x => (x.request > 0 ? `#/requests/${x.request}` : null), text: x => x.request || '' };
const age = { name: 'age', title: 'Age', number: true, value: x => x.age_ns, text: x => duration(x.age_ns) };

/** A view with one table of the list `member` of the page `target`. */
function listView(title, target, member, settings, prepare) {
  const table = new Table({ label: title, ...settings });
  return {
    title,
    element: table.element,
    targets: { list: target },
    update({ list, daemon }, problems) {
      if (list && prepare) prepare(list[member], daemon);
      table.set(list?.[member], problems.list?.message);
    },
  };
}

export function connectionsView() {
  return listView('Connections', '/v1/connections', 'connections', {
    noun: 'connection', key: c => c.actor, sort: '-age', empty: 'nobody is connected',
    words: c => `${c.peer} ${c.listener} ${c.doing} ${c.subject} ${c.pid ?? ''}`,
    columns: [actorLink(), { name: 'peer', title: 'Peer', value: c => c.peer },
      { name: 'pid', title: 'Process', number: true, value: c => c.pid ?? 0, text: c => c.pid ?? '' },
      { name: 'uid', title: 'User', number: true, minor: true, value: c => c.uid ?? -1, text: c => c.uid ?? '' },
      { name: 'doing', title: 'Doing', value: c => c.doing }, requestLink, age,
      { name: 'requests', title: 'Requests', number: true, minor: true, value: c => c.requests,
        text: c => count(c.requests) },
      { name: 'subject', title: 'Certificate', minor: true, value: c => c.subject },
      { name: 'listener', title: 'Listener', minor: true, value: c => c.listener }],
  });
}

export function jobsView() {
  return listView('Jobs', '/v1/jobs', 'jobs', {
    noun: 'job', key: j => `${j.actor} ${j.request}`, sort: '-age', empty: 'no job is at work',
    words: j => `${j.call} ${j.client}`,
    columns: [{ name: 'call', title: 'Call', value: j => j.call }, actorLink(), requestLink, age,
      { name: 'client', title: 'Client', value: j => j.client }],
  });
}

function pressureText(container, resource) {
  const p = container.pressure?.find(each => each.resource === resource);
  return p ? `${p.some_avg10.toFixed(1)} %` : '–';
}
const pressure = (resource, title) => ({ name: `pressure-${resource}`, title, number: true, minor: true,
  about: `share of the last 10 s in which some process waited for ${resource}`,
  value: c => c.pressure?.find(p => p.resource === resource)?.some_avg10 ?? -1,
  text: c => pressureText(c, resource) });

export function containersView() {
  const growth = new Growth();
  return listView('Containers', '/v1/containers', 'containers', {
    noun: 'container', key: c => c.id, sort: '-cpu', empty: 'there are no containers',
    words: c => `${c.name} ${c.image} ${c.state} ${c.id}`,
    columns: [{ name: 'name', title: 'Name', value: c => c.name || c.id.slice(0, 12),
      href: c => (c.actor > 0 ? `#/actors/${c.actor}` : null) },
    { name: 'state', title: 'State', value: c => c.state },
    { name: 'cpu', title: 'CPU', number: true, about: 'processors used since the last look', value: c => c.load ?? -1,
      show: (cell, c) => showLoad(cell, c.load) },
    { name: 'memory', title: 'Memory', number: true, value: c => c.memory,
      show(cell, c) {
        const part = c.pid > 0 && c.memory_limit > 0 ? c.memory / c.memory_limit : 0;
        const words = c.pid > 0 ? bytes(c.memory) + (c.memory_limit > 0 ? ` of ${bytes(c.memory_limit)}` : '') : '';
        if (!cell.firstChild) cell.append(h('meter', { min: 0, max: 1, low: .7, high: .9, optimum: 0,
          'aria-label': 'share of its memory limit' }), h('span', {}));
        const [meter, text] = cell.children;
        meter.hidden = part === 0;
        meter.value = part;
        setText(text, words);
      } },
    { name: 'pids', title: 'Processes', number: true, value: c => c.pids, text: c => (c.pid > 0 ? c.pids : '') },
    pressure('cpu', 'CPU waits'), pressure('memory', 'Memory waits'), pressure('io', 'I/O waits'),
    { name: 'pid', title: 'Process', number: true, minor: true, value: c => c.pid, text: c => c.pid || '' },
    { name: 'image', title: 'Image', value: c => c.image },
    { name: 'id', title: 'Id', minor: true, value: c => c.id, text: c => c.id.slice(0, 12) }],
  }, (containers, daemon) => {
    growth.look(daemon?.time ?? performance.now() * 1e6, containers, c => c.id, c => c.cpu_ns,
      (c, used, length) => { if (c.pid > 0) c.load = used / length; });
  });
}

export function threadsView() {
  const threads = new Table({ label: 'Threads', noun: 'thread', key: t => `${t.name} ${t.tid}`, sort: 'name',
    words: t => `${t.name} ${t.kind} ${t.message} ${t.wchan}`,
    columns: [{ name: 'name', title: 'Thread', value: t => t.name }, actorLink(),
      { name: 'kind', title: 'Runs', value: t => t.kind, text: t => t.kind || 'idle' },
      { name: 'message', title: 'Message', value: t => t.message },
      { name: 'age', title: 'For', number: true, value: t => t.age_ns,
        text: t => (t.actor > 0 ? duration(t.age_ns) : '') },
      { name: 'queued', title: 'Queued', number: true, about: 'actors that wait for it', value: t => t.queued },
      { name: 'wchan', title: 'Kernel', minor: true, value: t => t.wchan },
      { name: 'tid', title: 'Tid', number: true, minor: true, value: t => t.tid }] });
  const about = h('p', {});
  const tasks = new Table({ label: 'Tasks of the workers', noun: 'task', key: t => t.key, sort: '-age',
    empty: 'no task is at work or waits',
    columns: [{ name: 'label', title: 'Task', value: t => t.label },
      { name: 'state', title: 'State', value: t => t.state }, age,
      { name: 'tid', title: 'Tid', number: true, value: t => t.tid, text: t => t.tid || '' },
      { name: 'wchan', title: 'Kernel', minor: true, value: t => t.wchan }] });
  return {
    title: 'Threads and workers',
    element: h('div', {}, h('h2', {}, 'Threads that run actors'), threads.element,
      h('h2', {}, 'Workers, for what blocks'), about, tasks.element),
    targets: { threads: '/v1/threads', pool: '/v1/pool' },
    update(answers, problems) {
      threads.set(answers.threads?.threads, problems.threads?.message);
      const pool = answers.pool?.pool;
      if (pool) setText(about, `${count(pool.threads)} threads, room for ${count(pool.capacity)} tasks; ` +
        `${pool.tasks.filter(t => t.state === 'running').length} running`);
      tasks.set(keyed(pool?.tasks, t => t.label), problems.pool?.message);
    },
  };
}

export function streamsView() {
  return listView('Streams', '/v1/streams', 'streams', {
    noun: 'stream', key: s => `${s.actor} ${s.what} ${s.request}`, sort: '-held', empty: 'nothing streams',
    words: s => s.what,
    columns: [actorLink(), { name: 'what', title: 'Stream', value: s => s.what }, requestLink,
      { name: 'bytes', title: 'Passed', number: true, value: s => s.bytes, text: s => bytes(s.bytes) },
      { name: 'credit', title: 'Credit', number: true, about: 'bytes that its reader takes now', value: s => s.credit,
        text: s => (s.credit > 0 ? bytes(s.credit) : 'none') },
      { name: 'held', title: 'Held up for', number: true, value: s => s.held_ns,
        text: s => (s.credit > 0 ? '' : duration(s.held_ns)) }],
  });
}

const numbered = list => keyed(list, each => `${each.time} ${each.actor}`);

export function troubleView() {
  const time = { name: 'time', title: 'Time', value: x => x.time, text: x => clock(x.time) };
  const kind = { name: 'kind', title: 'Kind', value: x => x.kind };
  const stalls = new Table({ label: 'Stalls', noun: 'stall', key: s => s.key, sort: '-time', empty: 'nothing hung',
    words: s => `${s.what} ${s.kind} ${s.message} ${s.where}`,
    columns: [time, { name: 'what', title: 'What', value: s => s.what }, actorLink(), kind,
      { name: 'duration', title: 'For', number: true, value: s => s.duration_ns, text: s => duration(s.duration_ns) },
      { name: 'over', title: 'Over', value: s => Number(s.over), text: s => (s.over ? 'yes' : 'no') },
      { name: 'message', title: 'Message', value: s => s.message }, requestLink,
      { name: 'where', title: 'Where', value: s => s.where, text: s => s.where.split('\n')[0] }] });
  const deaths = new Table({ label: 'Deaths', noun: 'death', key: d => d.key, sort: '-time', empty: 'none failed',
    columns: [time, actorLink(), kind, { name: 'reason', title: 'Reason', value: d => d.reason }] });
  const letters = new Table({ label: 'Dead letters', noun: 'dead letter', key: l => l.key, sort: '-time',
    empty: 'every message was taken',
    columns: [time, actorLink(), kind, { name: 'type', title: 'Message', value: l => l.type }] });
  return {
    title: 'Trouble',
    element: h('div', {}, h('h2', {}, 'Stalls: what hung, or hangs'), stalls.element,
      h('h2', {}, 'Deaths: actors that failed'), deaths.element,
      h('h2', {}, 'Dead letters: messages that nobody took'), letters.element),
    targets: { deaths: '/v1/deaths', letters: '/v1/dead-letters' },
    update(answers, problems) {
      stalls.set(numbered(answers.stalls?.stalls), problems.stalls?.message);
      deaths.set(numbered(answers.deaths?.deaths), problems.deaths?.message);
      letters.set(numbered(answers.letters?.dead_letters), problems.letters?.message);
    },
  };
}
