// A daemon that is none: serves the page as gantryd does, and answers with made-up data.

import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';

const root = new URL('../../', import.meta.url);
const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

/** The policy that gantryd sends, read from where it stands, so that it is the one that is tested. */
const policy = (() => {
  const source = readFileSync(new URL('actors/inspect/service/web.cpp', root), 'utf8');
  const [, literals] = /page_policy =\s*((?:"[^"]*"\s*)+);/.exec(source);
  return [...literals.matchAll(/"([^"]*)"/g)].map(m => m[1]).join('');
})();

const files = new Map(readdirSync(new URL('app/inspect/web/', root)).map(name => [
  name === 'index.html' ? '/' : `/${name}`,
  { type: types[name.split('.').pop()], text: readFileSync(new URL(`app/inspect/web/${name}`, root)) }]));

export const TOKEN = 'a'.repeat(64);
const SESSION = 'b'.repeat(64);

const second = 1e9;
const latency = (count, scale = 1) => ({ count, mean_ns: 30000 * scale, p50_ns: 32768 * scale,
  p99_ns: 1048576 * scale, max_ns: 4194304 * scale,
  buckets: count === 0 ? [] : [[4096 * scale, Math.ceil(count / 20)], [16384 * scale, Math.ceil(count / 3)],
    [32768 * scale, Math.ceil(count / 2)], [65536 * scale, Math.ceil(count / 8)], [1048576 * scale, 3],
    [4194304 * scale, 1]] });
const bare = l => ({ ...l, buckets: [] });
const moment = ms => new Date(ms).toISOString().replace('Z', '123456Z');

export function actor(id, parent, kind, more = {}) {
  return { id, parent, kind, name: kind, state: 'idle', age_ns: 1800 * second, mailbox: 0, oldest_ns: 0,
    message: '', message_age_ns: 0, request: 0, messages: 1000 + id, busy_ns: id * 1e6,
    waiting: bare(latency(500)), handling: bare(latency(900, 2)), ...more };
}

/** Some thirty actors as a daemon has them. */
function fewActors() {
  const all = [actor(1, 0, 'engine'), actor(2, 1, 'serveapi', { name: 'serveapi(unix:///var/run/docker.sock)' }),
    actor(3, 2, 'listener', { name: 'listener unix:///var/run/docker.sock' }), actor(4, 3, 'router'),
    actor(5, 1, 'images'), actor(6, 1, 'containers')];
  for (let i = 0; i < 12; ++i)
    all.push(actor(20 + i, 3, 'connection', { name: `connection unix ${i}`, request: i === 0 ? 77 : 0 }));
  for (let i = 0; i < 8; ++i)
    all.push(actor(40 + i, 6, 'container', { name: `container web-${i}` }));
  all.push(actor(60, 1, 'create-job', { name: 'create-job container_create(name=db)', state: 'running',
    message: 'run_job', message_age_ns: 7 * second, request: 77, mailbox: 3, oldest_ns: 5 * second }));
  all.push(actor(61, 1, 'events-job', { name: 'events-job events()', state: 'ready', mailbox: 1, oldest_ns: 20000 }));
  all.push(actor(62, 6, 'container', { name: 'container sleepy', state: 'paused', mailbox: 12, oldest_ns: 90 * second }));
  return all;
}

/** So many, most of them connections, two hundred below each listener. */
export function manyActors(count) {
  const all = [actor(1, 0, 'engine')];
  for (let id = 2; id <= count; ++id)
    all.push(id % 200 === 2 ? actor(id, 1, 'listener', { name: `listener tcp://127.0.0.1:${id}` })
      : actor(id, id - ((id - 2) % 200), 'connection', { name: `connection tcp://10.0.0.1:${id}`,
        state: id % 7 === 0 ? 'running' : 'idle', mailbox: id % 13, message: id % 7 === 0 ? 'read_done' : '' }));
  return all;
}

export const HOSTILE = ['<img src=x onerror="window.hacked=1">', '"><script>window.hacked=1</script>',
  "';window.hacked=1;//", '{{constructor.constructor("window.hacked=1")()}}', 'javascript:window.hacked=1',
  'right to \u202eleft', 'zero\u200bwidth', 'new\nline', 'x'.repeat(3000), '&lt;b&gt;', '😀 é 漢字', '__proto__'];

/** Server-side state and its knobs. `change` what it answers through `pages`, a map of paths. */
export class Fake {
  actors = fewActors();
  pages = {}; // path -> object, status or function
  requests = []; // `METHOD path`
  refuse = null; // text of a 403 to whatever changes something
  hostile = false;
  secured = true; // wants a session
  pid = 4242;
  #tokenUsed = false;
  #followers = new Set();
  #begun = Date.now();
  #server = null;
  #port = 0;

  async start() {
    this.#server = createServer((q, a) => this.#answer(q, a));
    await new Promise(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = this.#server.address().port;
    return this;
  }

  async stop() {
    const closed = new Promise(resolve => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#followers.clear();
    await closed;
  }

  get address() { return `http://127.0.0.1:${this.#port}/#token=${TOKEN}`; }
  get followers() { return this.#followers.size; }

  tell(name, data) {
    for (const each of this.#followers) each.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  count(path) { return this.requests.filter(r => r === `GET ${path}`).length; }

  /** A hostile name in the place of a good one. */
  #name(text, i) { return this.hostile ? HOSTILE[i % HOSTILE.length] : text; }

  #made(path) {
    const now = Date.now();
    const passed = (now - this.#begun) / 1000;
    const name = (text, i) => this.#name(text, i);
    const grown = a => ({ ...a, name: name(a.name, a.id), message: a.message && name(a.message, a.id + 1),
      busy_ns: Math.round(a.busy_ns + passed * second * ((a.id * 37) % 100) / 100) });
    const one = /^\/v1\/actors\/(\d+)$/.exec(path);
    if (one) {
      const found = this.actors.find(a => a.id === Number(one[1]));
      if (!found) return null;
      return { actor: { ...grown(found), waiting: latency(500), handling: latency(900, 2) },
        facts: { phase: name('running', 3), 'a long fact': name('unix:///var/run/docker.sock', 4), [name('jobs', 5)]: '3' },
        facts_missing: '', children: this.actors.filter(a => a.parent === found.id).map(a => a.id),
        traced: this.traced === found.id, last: this.traced !== found.id ? [] : Array.from({ length: 20 }, (_, i) => ({
          time: moment(now - (20 - i) * 100), type: name('run_job', i), sender: 4, request: 77,
          waited_ns: 12000 * i, took_ns: 45000 + i })) };
    }
    const request = /^\/v1\/requests\/(\d+)$/.exec(path);
    if (request) {
      const all = this.#made('/v1/requests').requests;
      const found = all.find(r => r.id === Number(request[1]));
      if (!found) return null;
      const begin = this.#begun;
      const span = (at, id, kind, message, waited, took) => ({ time: moment(begin + at), request: found.id,
        actor: id, kind, name: name(`${kind} ${id}`, id), message: name(message, id + 1), thread: 'io 0',
        waited_ns: waited * 1e6, took_ns: took * 1e6 });
      return { request: found, missing: this.hostile ? HOSTILE[0] : '', spans: [
        span(1, 20, 'connection', 'read_done', 0, 2), span(4, 4, 'router', 'route_request', 1, 1),
        span(8, 60, 'create-job', 'run_job', 2, 12), span(30, 0, 'worker', 'unpack layer', 6, 140),
        span(180, 60, 'create-job', 'layer_ready', 4, 3), span(190, 6, 'containers', 'add_container', 2, 20),
        span(215, 20, 'connection', 'reply', 1, 4)] };
    }
    const kinds = () => [...new Set(this.actors.map(a => a.kind))].sort().map((kind, i) => {
      const those = this.actors.filter(a => a.kind === kind);
      return { kind: name(kind, i), live: those.length, spawned: those.length * 3,
        messages: Math.round(those.length * 1000 + passed * 100 * (i + 1)),
        busy_ns: Math.round(passed * second * (i % 10) / 10), waiting: latency(i % 4 === 3 ? 0 : 500 * (i + 1)),
        handling: latency(900 * (i + 1), 2 ** (i % 5)) };
    });
    switch (path) {
      case '/v1/': return { version: '0.1.0', api: 'v1', id: '6a67fe58', pid: this.pid, time: moment(now),
        uptime_ns: Math.round(passed * second) + 3600 * second };
      case '/v1/actors': return { time: moment(now), total: this.actors.length, actors: this.actors.map(grown) };
      case '/v1/kinds': return { kinds: kinds() };
      case '/v1/threads': return { threads: [
        { name: 'io 0', tid: 100, queued: 2, actor: 60, kind: name('create-job', 0), message: name('run_job', 1), age_ns: 7 * second, wchan: 'futex_wait_queue' },
        { name: 'io 1', tid: 101, queued: 0, actor: 0, kind: '', message: '', age_ns: 0, wchan: 'do_epoll_wait' }] };
      case '/v1/pool': return { pool: { threads: 4, capacity: 64, tasks: [
        { label: name('unpack layer', 2), state: 'running', age_ns: 3 * second, tid: 110, wchan: 'fsync' },
        { label: 'fsync', state: 'waiting', age_ns: 40000, tid: 0, wchan: '' }] } };
      case '/v1/jobs': return { jobs: [{ request: 77, call: name('container_create(name=db)', 1), actor: 60, client: 'unix', age_ns: 7 * second },
        { request: 78, call: 'events()', actor: 61, client: name('unix', 0), age_ns: 600 * second }] };
      case '/v1/connections': return { connections: this.actors.filter(a => a.kind === 'connection').slice(0, 500).map((a, i) => ({
        actor: a.id, listener: 'unix:///var/run/docker.sock', peer: name('unix', i), uid: 0, pid: 2000 + i,
        subject: name('', i), age_ns: (i + 1) * 9 * second, requests: i * 3, request: i === 0 ? 77 : 0,
        doing: i === 0 ? name('POST /v1.50/containers/create?name=db', 0) : '' })) };
      case '/v1/requests': return { requests: [
        { id: 70, call: name('GET /v1.50/containers/json', 0), client: 'unix', connection: 21, time: moment(this.#begun - 9000), took_ns: 812000, status: 200, over: true },
        { id: 71, call: name('POST /v1.50/images/create?fromImage=nothing', 1), client: 'unix', connection: 21, time: moment(this.#begun - 8000), took_ns: 4000000, status: 404, over: true },
        { id: 72, call: 'DELETE /v1.50/containers/x', client: 'unix', connection: 22, time: moment(this.#begun - 7000), took_ns: 92000000, status: 500, over: true },
        { id: 77, call: name('POST /v1.50/containers/create?name=db', 2), client: 'unix', connection: 20, time: moment(this.#begun), took_ns: 230 * 1e6, status: 0, over: false }] };
      case '/v1/streams': return { streams: [
        { actor: 61, what: name('job output', 0), request: 78, bytes: 123456789, credit: 65536, held_ns: 0 },
        { actor: 40, what: 'attach output', request: 0, bytes: 42, credit: 0, held_ns: 12 * second }] };
      case '/v1/containers': return { containers: this.actors.filter(a => a.kind === 'container').map((a, i) => ({
        id: `${i}4c01db0b339c`.padEnd(64, '0'), name: name(`web-${i}`, i), image: name('registry.example/team/app:1.2', i + 1),
        state: i % 4 === 3 ? 'exited' : 'running', actor: a.id, pid: i % 4 === 3 ? 0 : 5000 + i,
        cpu_ns: Math.round(passed * second * i / 6), memory: (i + 1) * 37 << 20, memory_limit: i % 2 ? 512 << 20 : 0,
        pids: i + 1, pressure: i % 3 ? ['cpu', 'memory', 'io'].map(resource => ({ resource, some_avg10: i * 1.5,
          full_avg10: 0, some_total_ns: 0, full_total_ns: 0 })) : [] })) };
      case '/v1/stalls': return { stalls: [
        { time: moment(this.#begun - 60000), what: 'worker', actor: 0, request: 0, kind: '', message: 'fsync', where: 'fsync', duration_ns: 4 * second, over: true },
        { time: moment(this.#begun - 7000), what: 'handler', actor: 60, request: 77, kind: name('create-job', 0), message: name('run_job', 1), where: name('futex_wait_queue', 4), duration_ns: Math.round(7 * second + passed * second), over: false }] };
      case '/v1/deaths': return { deaths: [{ time: moment(this.#begun - 3000), actor: 50, kind: 'stats-job', reason: name('runtime_error: no such cgroup', 1) }] };
      case '/v1/dead-letters': return { dead_letters: [{ time: moment(this.#begun - 2000), type: name('late_answer', 0), actor: 4, kind: 'router' }] };
      default: return null;
    }
  }

  #answer(question, answer) {
    const path = question.url;
    this.requests.push(`${question.method} ${path}`);
    const told = (status, value, headers = {}) => {
      answer.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
      answer.end(value === null ? '' : JSON.stringify(value));
    };
    const file = files.get(path);
    if (file) {
      answer.writeHead(200, { 'Content-Type': `${file.type}; charset=utf-8`, 'Content-Security-Policy': policy,
        'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' });
      answer.end(file.text);
      return;
    }
    if (path === '/session') {
      let body = '';
      question.on('data', piece => { body += piece; });
      question.on('end', () => {
        if (JSON.parse(body).token !== TOKEN) told(401, { message: 'this address is not the one: run gantryctl web again' });
        else if (this.#tokenUsed) told(401, { message: 'this address was opened before: run gantryctl web again' });
        else {
          this.#tokenUsed = true;
          told(200, { session: SESSION });
        }
      });
      return;
    }
    if (this.secured && question.headers.authorization !== `Bearer ${SESSION}`) {
      told(401, { message: "this page's session is over: run gantryctl web again" });
      return;
    }
    if (path === '/v1/events') {
      answer.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      answer.write(':\n\n');
      this.#followers.add(answer);
      answer.on('close', () => this.#followers.delete(answer));
      return;
    }
    if (question.method !== 'GET') {
      if (this.refuse) {
        told(403, { message: this.refuse });
        return;
      }
      const verb = /^\/v1\/actors\/(\d+)\/(\w+)$/.exec(path);
      const id = Number(verb?.[1]);
      const change = state => { this.actors = this.actors.map(a => (a.id === id ? { ...a, state } : a)); };
      if (verb?.[2] === 'kill') this.actors = this.actors.filter(a => a.id !== id);
      if (verb?.[2] === 'pause') change('paused');
      if (verb?.[2] === 'resume') change('idle');
      if (verb?.[2] === 'trace') this.traced = question.method === 'POST' ? id : 0;
      told(204, null);
      return;
    }
    const own = this.pages[path];
    if (typeof own === 'number') {
      told(own, { message: own === 404 ? `no such page: ${path}` : `status ${own}` });
      return;
    }
    const value = own ?? this.#made(path);
    if (value === null)
      told(404, { message: /actors/.test(path) ? `no such actor: ${path.split('/').pop()}` : `no such page: ${path}` });
    else told(200, value);
  }
}
