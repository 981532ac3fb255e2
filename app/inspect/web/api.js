// The inspection API of a gantryd, served by itself over TLS or through `gantryctl web`.

const patience = 10000;

/** What the daemon, or who stands before it, has refused or could not do. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Nobody answers, or not in time. */
export class Unreachable extends Error {}

/** This page has no right to ask, or none any more. */
export class SessionOver extends Error {}

const store = 'gantry-session';
let session = null;
try {
  session = sessionStorage.getItem(store);
} catch { /* a browser that keeps nothing: the session lasts as long as the page */ }

/**
 * Takes `#token=T` out of the address and makes a session of it, once. Without one the page goes
 * with the session that this tab has, or with none, as a daemon with client certificates has it.
 */
export async function begin() {
  const token = /^#token=([0-9A-Za-z_-]+)$/.exec(location.hash)?.[1];
  if (!token) return;
  history.replaceState(null, '', location.pathname + '#/overview');
  const answer = await ask('POST', '/session', { body: { token }, open: true });
  session = answer?.session ?? null;
  try {
    sessionStorage.setItem(store, session);
  } catch { /* as above */ }
}

async function message(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).message || text;
  } catch {
    return text || `it answered with status ${response.status}`;
  }
}

async function send(method, target, { body, signal, open }) {
  const headers = {};
  if (session && !open) headers.Authorization = `Bearer ${session}`;
  if (body) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(target, {
      method, headers, signal, cache: 'no-store', body: body && JSON.stringify(body),
      redirect: 'error', credentials: 'same-origin',
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new Unreachable('nobody listens at this address; if gantryctl web has ended, run it again');
  }
}

async function check(response) {
  if (response.ok) return;
  const text = await message(response);
  if (response.status === 401) throw new SessionOver(text);
  if (response.status === 502 || response.status === 504) throw new Unreachable(text);
  throw new ApiError(response.status, text);
}

/** One question and its whole answer as a value; null if it has none. */
async function ask(method, target, { body, signal, open } = {}) {
  const timer = new AbortController();
  const late = setTimeout(() => timer.abort(new Unreachable('no answer within 10s')), patience);
  const both = signal ? AbortSignal.any([signal, timer.signal]) : timer.signal;
  try {
    const response = await send(method, target, { body, signal: both, open });
    await check(response);
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    if (both.aborted) throw both.reason;
    throw error instanceof TypeError ? new Unreachable(error.message) : error;
  } finally {
    clearTimeout(late);
  }
}

export function get(target, signal) { return ask('GET', target, { signal }); }
export function change(method, target) { return ask(method, target); }

/** Follows /v1/events until it ends or is given up: `heed(name, data)` for each. */
export async function follow(heed, signal) {
  const response = await send('GET', '/v1/events', { signal });
  await check(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    if (rest.length > 1 << 20) throw new ApiError(200, 'an event of more than 1 MiB');
    for (const block of blocks) {
      let name = 'message';
      const data = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        else if (line.startsWith('data:')) data.push(line.slice(5).trim());
      }
      if (data.length > 0) heed(name, JSON.parse(data.join('\n')));
    }
  }
}
