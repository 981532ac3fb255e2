// What was done between two looks, from figures that only grow.

import { nanoseconds } from '/format.js';

/** Shares of time and rates of things that are told by a key. */
export class Growth {
  #before = new Map();
  #at = null;

  /**
   * Calls `told(thing, grown, length)` for each that was there the last time: what its figure has
   * grown by, in a time of `length` ns. `now`: the moment of the figures, in RFC 3339 or ns.
   */
  look(now, things, key, figure, told) {
    const at = typeof now === 'number' ? BigInt(Math.round(now)) : nanoseconds(now);
    const length = this.#at !== null && at !== null ? Number(at - this.#at) : 0;
    const next = new Map();
    for (const thing of things) {
      const k = key(thing);
      const value = figure(thing);
      next.set(k, value);
      const before = length > 0 ? this.#before.get(k) : undefined;
      if (before !== undefined) told(thing, Math.max(0, value - before), length);
    }
    this.#before = next;
    this.#at = at;
  }
}

/** Gives each actor its `load`: the share of the time between two answers that it was busy. */
export class Loads {
  #growth = new Growth();

  look(answer) {
    this.#growth.look(answer.time, answer.actors, a => a.id, a => a.busy_ns, (a, busy, length) => {
      // A message that takes longer than the time between two looks is not in busy_ns yet.
      const now = a.message && a.state === 'running' ? Math.min(a.message_age_ns, length) : 0;
      a.load = Math.min(1, Math.max(busy, now) / length);
    });
    return answer.actors;
  }
}
