// The overview: what the daemon is doing as a whole, and what has just happened.

import { h, setText } from '/dom.js';
import { clock, count, duration, plural } from '/format.js';
import { Growth } from '/loads.js';

const mostHappenings = 100;
const happenings = []; // newest first, over all views

export function heedEvent(name, data) {
  const now = clock(new Date().toISOString());
  let text = '';
  if (name === 'actor')
    text = `${data.what} ${data.kind} ${data.id}` + (data.reason ? `: ${data.reason}` : '');
  else if (name === 'stall')
    text = `${data.over ? 'over' : 'stuck'}: ${data.what}` +
      (data.actor > 0 ? ` of ${data.kind} ${data.actor}` : '') + ` for ${duration(data.duration_ns)}`;
  else if (name === 'gap') text = `${plural(data.lost, 'event')} lost`;
  else return;
  happenings.unshift({ now, text });
  happenings.length = Math.min(happenings.length, mostHappenings);
}

/** A figure with its name; `set(text, more, alarm)`. */
function figure(name, href) {
  const value = href ? h('a', { href }) : h('span', {});
  const more = h('span', { class: 'more' });
  const box = h('div', { class: 'figure' }, h('dt', {}, name), h('dd', {}, value, more));
  return {
    box,
    set(text, words = '', alarm = false) {
      setText(value, text);
      setText(more, words);
      box.classList.toggle('alarm', alarm);
    },
  };
}

const untold = 'this daemon does not tell';

export function overviewView() {
  const growth = new Growth();
  const of = {
    up: figure('Up'), actors: figure('Actors', '#/actors'), rate: figure('Messages a second', '#/kinds'),
    stuck: figure('Stuck now', '#/trouble'), threads: figure('Threads busy', '#/threads'),
    pool: figure('Workers busy', '#/threads'), waiting: figure('Tasks waiting', '#/threads'),
    requests: figure('Requests at work', '#/requests'),
    jobs: figure('Jobs', '#/jobs'), connections: figure('Connections', '#/connections'),
    deaths: figure('Deaths', '#/trouble'), letters: figure('Dead letters', '#/trouble'),
  };
  const feed = h('ul', { class: 'happenings', tabindex: 0, 'aria-label': 'What happens' });
  const none = h('p', { class: 'muted' }, 'Nothing has begun or ended since this page was opened.');

  function showHappenings() {
    none.hidden = happenings.length > 0;
    feed.hidden = happenings.length === 0;
    const lines = feed.children;
    happenings.forEach((each, i) => {
      if (!lines[i]) feed.append(h('li', {}, h('time', {}), h('span', {})));
      setText(lines[i].children[0], each.now);
      setText(lines[i].children[1], each.text);
    });
  }
  showHappenings();
  let dirty = false;

  return {
    title: 'Overview',
    element: h('div', {},
      h('dl', { class: 'figures' }, Object.values(of).map(each => each.box)),
      h('h2', {}, 'What happens'), none, feed),
    targets: { kinds: '/v1/kinds', threads: '/v1/threads', pool: '/v1/pool', jobs: '/v1/jobs',
      requests: '/v1/requests', connections: '/v1/connections', deaths: '/v1/deaths',
      letters: '/v1/dead-letters' },
    event() {
      if (dirty) return;
      dirty = true;
      requestAnimationFrame(() => {
        dirty = false;
        showHappenings();
      });
    },
    update(answers, problems) {
      const each = (name, box, show) => {
        if (answers[name]) show(answers[name]);
        else if (problems[name]) box.set('–', problems[name].status === 404 ? untold : problems[name].message);
      };
      each('daemon', of.up, d => of.up.set(duration(d.uptime_ns), `version ${d.version}, pid ${d.pid}`));
      each('kinds', of.actors, ({ kinds }) => {
        of.actors.set(count(kinds.reduce((n, k) => n + k.live, 0)),
          `${count(kinds.reduce((n, k) => n + k.spawned, 0))} ever`);
        const total = { messages: kinds.reduce((n, k) => n + k.messages, 0) };
        growth.look(performance.now() * 1e6, [total], () => 'all', t => t.messages, (t, grown, length) => {
          const rate = grown / (length / 1e9);
          of.rate.set(rate < 10 ? rate.toFixed(1) : count(rate), `${count(t.messages)} ever`);
        });
        if (!of.rate.box.querySelector('dd').textContent) of.rate.set('…', `${count(total.messages)} ever`);
      });
      each('stalls', of.stuck, ({ stalls }) => {
        const now = stalls.filter(s => !s.over);
        const kinds = ['handler', 'worker', 'mailbox', 'request']
          .map(what => [now.filter(s => s.what === what).length, what]).filter(([n]) => n > 0);
        of.stuck.set(now.length, now.length > 0 ? kinds.map(([n, what]) => plural(n, what)).join(', ')
          : `${plural(stalls.length, 'stall')} before`, now.length > 0);
      });
      each('threads', of.threads, ({ threads }) => {
        const busy = threads.filter(t => t.actor > 0);
        const longest = Math.max(0, ...busy.map(t => t.age_ns));
        of.threads.set(`${busy.length} of ${threads.length}`, busy.length > 0 ? `longest for ${duration(longest)}`
          : `${count(threads.reduce((n, t) => n + t.queued, 0))} actors wait`);
      });
      each('pool', of.pool, ({ pool }) => {
        const running = pool.tasks.filter(t => t.state === 'running');
        const waiting = pool.tasks.length - running.length;
        of.pool.set(`${running.length} of ${pool.threads}`,
          running.length > 0 ? `longest for ${duration(Math.max(...running.map(t => t.age_ns)))}` : '');
        of.waiting.set(count(waiting), `room for ${count(pool.capacity)}`,
          pool.capacity > 0 && waiting >= pool.capacity);
      });
      if (problems.pool) of.waiting.set('–', untold);
      each('requests', of.requests, ({ requests }) => {
        const now = requests.filter(r => !r.over);
        of.requests.set(count(now.length), now.length > 0
          ? `longest for ${duration(Math.max(...now.map(r => r.took_ns)))}` : '');
      });
      each('jobs', of.jobs, ({ jobs }) => of.jobs.set(count(jobs.length),
        jobs.length > 0 ? `oldest for ${duration(Math.max(...jobs.map(j => j.age_ns)))}` : ''));
      each('connections', of.connections, ({ connections: all }) => of.connections.set(count(all.length),
        `${count(all.filter(c => c.doing).length)} with a request`));
      each('deaths', of.deaths, ({ deaths }) => of.deaths.set(count(deaths.length), deaths.length > 0
        ? `last: ${deaths[deaths.length - 1].kind}, ${clock(deaths[deaths.length - 1].time).slice(0, 8)}` : ''));
      each('letters', of.letters, ({ dead_letters: all }) => of.letters.set(count(all.length),
        all.length > 0 ? `last: ${all[all.length - 1].type}` : ''));
    },
  };
}
