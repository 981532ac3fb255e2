// Asks for what the present view shows, again and again, while anybody looks.

import { ApiError, SessionOver, Unreachable, follow, get } from '/api.js';

const shortest = 300;
const longestWait = 15000;

/**
 * One loop, one timer, one round of questions at a time. `heed` has
 *   `answers(byName, problems)` after each round; problems: name -> text of those without an answer,
 *   `down(since, why, again)` and `up()` when the daemon stops and begins to answer,
 *   `over(why)` once the session has ended, and `event(name, data)`.
 */
export class Poller {
  #heed;
  #targets = {};
  #every = 1500;
  #timer = 0;
  #round = null; // AbortController of the one under way
  #following = null;
  #followWait = 1000;
  #followTimer = 0;
  #failures = 0;
  #since = null;
  #last = 0;
  #untold = new Map(); // pages that this daemon does not have, by its id
  #daemon = '';
  #ended = false;

  constructor(heed) {
    this.#heed = heed;
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** Asks for these pages from here on: name -> path. `every`: milliseconds, 0 for once. */
  ask(targets, every = 1500) {
    this.#targets = targets;
    this.#every = every;
    this.#look();
  }

  /** Asks soon, for something has changed. */
  hurry() {
    if (document.hidden || this.#ended || this.#round) return;
    this.#plan(Math.max(0, shortest - (performance.now() - this.#last)), true);
  }

  #look() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#round?.abort();
    this.#round = null;
    if (this.#ended) return;
    if (document.hidden) {
      clearTimeout(this.#followTimer);
      this.#following?.abort();
      this.#following = null;
      return;
    }
    this.#ask();
    this.#follow();
  }

  #plan(delay, sooner = false) {
    if (sooner && this.#timer && this.#due <= performance.now() + delay) return;
    clearTimeout(this.#timer);
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => this.#ask(), delay);
  }
  #due = 0;

  async #ask() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const round = this.#round = new AbortController();
    this.#last = performance.now();
    const wanted = Object.entries({ ...this.#targets, daemon: '/v1/', stalls: '/v1/stalls' })
      .filter(([, path]) => !this.#untold.has(path));
    const settled = await Promise.allSettled(wanted.map(([, path]) => get(path, round.signal)));
    if (this.#round !== round) return; // another view, or nobody looks
    this.#round = null;
    const answers = {};
    const problems = {};
    const untold = new Map();
    let unreachable = null;
    settled.forEach((one, i) => {
      const [name, path] = wanted[i];
      if (one.status === 'fulfilled') {
        answers[name] = one.value;
        return;
      }
      const why = one.reason;
      if (why instanceof SessionOver) this.#ended ||= why;
      else if (why instanceof Unreachable) unreachable ??= why;
      else if (why instanceof ApiError && why.status === 404 && /no such page/.test(why.message))
        untold.set(path, 'this daemon does not tell');
      else problems[name] = why;
    });
    if (this.#ended) {
      this.#following?.abort();
      this.#heed.over(this.#ended.message);
      return;
    }
    for (const [path, words] of untold) this.#untold.set(path, words);
    for (const [name, path] of Object.entries(this.#targets))
      if (this.#untold.has(path)) problems[name] = new ApiError(404, this.#untold.get(path));
    if (unreachable && !answers.daemon) {
      this.#since ??= new Date();
      const wait = Math.min(longestWait, 1000 * 2 ** this.#failures++);
      this.#heed.down(this.#since, unreachable.message, wait, () => this.#plan(0));
      this.#plan(wait);
      return;
    }
    if (unreachable) // one page took too long; the daemon is there
      for (const [name] of wanted) if (!(name in answers)) problems[name] ??= unreachable;
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#since = null;
      this.#heed.up();
      this.#follow();
    }
    const daemon = `${answers.daemon?.id} ${answers.daemon?.pid}`;
    if (answers.daemon && daemon !== this.#daemon) {
      this.#daemon = daemon;
      this.#untold = untold; // another daemon may tell more
    }
    const before = performance.now();
    this.#heed.answers(answers, problems);
    const cost = performance.now() - before;
    // Of a slow machine no more than a tenth is taken.
    if (this.#every > 0) this.#plan(Math.max(this.#every, cost * 10));
  }

  async #follow() {
    if (this.#following || this.#ended) return;
    clearTimeout(this.#followTimer);
    const mine = this.#following = new AbortController();
    const began = performance.now();
    try {
      await follow((name, data) => this.#heed.event(name, data), mine.signal);
    } catch { /* the questions tell what is wrong */ }
    if (this.#following !== mine) return;
    this.#following = null;
    if (document.hidden || this.#ended || this.#failures > 0) return;
    this.#followWait = performance.now() - began > 10000
      ? 1000 : Math.min(30000, this.#followWait * 2);
    this.#followTimer = setTimeout(() => this.#follow(), this.#followWait);
  }
}
