// The tree of actors, as the tree pattern of WAI-ARIA has it; only what can be seen is in the
// document.

import { h, say, setAttribute, setText } from '/dom.js';
import { count, duration, level, plural, share } from '/format.js';

const spare = 8;
const step = 22; // pixels to the right for each level
const deepest = 64;

export class Tree {
  #actors = new Map();
  #children = new Map();
  #roots = [];
  #chosen = new Map(); // id -> opened or closed by hand
  #flat = []; // what is open: {actor, depth, children, place, of}
  #living = new Map();
  #current = null;
  #height = 0;
  #frame = 0;
  #typed = '';
  #typedAt = 0;
  #small = true;

  constructor() {
    this.counter = h('span', { class: 'muted' });
    this.all = h('div', { class: 'all', role: 'none' });
    this.scroller = h('div', { class: 'tree', role: 'tree', 'aria-label': 'Actors',
      onscroll: () => this.#soon(), onkeydown: e => this.#press(e), onclick: e => this.#click(e),
      ondblclick: e => this.#open(this.#at(e.target)) }, this.all);
    this.filter = h('input', { type: 'search', 'aria-label': 'Filter the tree',
      placeholder: 'filter: press /', oninput: () => this.#build() });
    this.element = h('div', {},
      h('div', { class: 'tools' }, this.filter, this.counter,
        h('button', { type: 'button', onclick: () => this.#every(true) }, 'Open all'),
        h('button', { type: 'button', onclick: () => this.#every(false) }, 'Close all')),
      h('p', { class: 'muted' }, 'Arrow keys move, open and close; ', h('kbd', {}, 'Enter'), ' shows the actor.'),
      this.scroller);
    new ResizeObserver(() => this.#soon()).observe(this.scroller);
  }

  set(actors) {
    this.#actors = new Map(actors.map(a => [a.id, a]));
    this.#children = new Map();
    this.#roots = [];
    for (const a of actors) {
      if (a.parent === 0 || a.parent === a.id || !this.#actors.has(a.parent)) {
        this.#roots.push(a);
        continue;
      }
      const list = this.#children.get(a.parent);
      if (list) list.push(a);
      else this.#children.set(a.parent, [a]);
    }
    const byId = (a, b) => a.id - b.id;
    this.#roots.sort(byId);
    for (const list of this.#children.values()) list.sort(byId);
    this.#small = actors.length <= 300;
    for (const id of this.#chosen.keys()) if (!this.#actors.has(id)) this.#chosen.delete(id);
    this.#build();
  }

  #isOpen(actor, depth, children) {
    return this.#chosen.get(actor.id) ?? (this.#small || depth === 0 || (depth < 4 && children <= 40));
  }

  #build() {
    const text = this.filter.value.trim().toLowerCase();
    let kept = null;
    let found = 0;
    if (text !== '') {
      kept = new Set();
      for (const a of this.#actors.values()) {
        if (!`${a.name} ${a.kind}`.toLowerCase().includes(text)) continue;
        ++found;
        for (let up = a; up && !kept.has(up.id); up = this.#actors.get(up.parent)) kept.add(up.id);
      }
    }
    const flat = [];
    const walk = (list, depth) => {
      const those = kept ? list.filter(a => kept.has(a.id)) : list;
      those.forEach((actor, i) => {
        const children = this.#children.get(actor.id) ?? [];
        const open = children.length > 0 && depth < deepest &&
          (kept ? this.#chosen.get(actor.id) ?? true : this.#isOpen(actor, depth, children.length));
        flat.push({ actor, depth, children: children.length, open, place: i + 1, of: those.length });
        if (open) walk(children, depth + 1);
      });
    };
    walk(this.#roots, 0);
    this.#flat = flat;
    const total = plural(this.#actors.size, 'actor');
    setText(this.counter, kept ? `${found} of ${total}` : total);
    if (!flat.some(n => n.actor.id === this.#current)) {
      // Whoever has gone, or is hidden in a closed one, gives its place to the nearest that is there.
      let up = this.#actors.get(this.#current);
      while (up && !flat.some(n => n.actor.id === up.id)) up = this.#actors.get(up.parent);
      this.#current = up?.id ?? flat[0]?.actor.id ?? null;
    }
    this.#draw();
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#height ||= parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 30;
    const flat = this.#flat;
    this.all.style.height = `${flat.length * this.#height}px`;
    const sight = Math.ceil((this.scroller.clientHeight || 600) / this.#height);
    const from = Math.max(0, Math.floor(this.scroller.scrollTop / this.#height) - spare);
    const until = Math.min(flat.length, from + Math.max(sight, 24) + 2 * spare);
    const had = this.scroller.contains(document.activeElement);
    // The one that Tab leads to is always there, in sight or not.
    const current = flat.findIndex(n => n.actor.id === this.#current);
    const shown = [];
    if (current >= 0 && current < from) shown.push(current);
    for (let i = from; i < until; ++i) shown.push(i);
    if (current >= until) shown.push(current);
    const before = this.#living;
    this.#living = new Map(shown.map(i => {
      const { id } = flat[i].actor;
      return [id, before.get(id) ?? this.#line()];
    }));
    for (const [id, line] of before) if (!this.#living.has(id)) line.remove();
    // In the document they stand as they are seen: some who read it follow that.
    let place = this.all.firstChild;
    for (const i of shown) {
      const line = this.#living.get(flat[i].actor.id);
      this.#fill(line, flat[i], i);
      if (line !== place) this.all.insertBefore(line, place);
      else place = line.nextSibling;
    }
    if (had && !this.scroller.contains(document.activeElement))
      this.#living.get(this.#current)?.focus({ preventScroll: true });
  }

  #line() {
    // The spaces are not seen, but heard.
    return h('div', { class: 'node', role: 'treeitem' }, h('span', { class: 'twist', 'aria-hidden': 'true' }),
      h('span', { class: 'load' }), ' ', h('span', { class: 'what' }), ' ', h('span', { class: 'about' }));
  }

  #fill(line, node, index) {
    const { actor } = node;
    const [twist, load, what, about] = line.children;
    line.dataset.id = actor.id;
    line.style.top = `${index * this.#height}px`;
    line.style.paddingLeft = `${6 + Math.min(node.depth, 30) * step}px`;
    setAttribute(line, 'aria-level', node.depth + 1);
    setAttribute(line, 'aria-posinset', node.place);
    setAttribute(line, 'aria-setsize', node.of);
    setAttribute(line, 'aria-expanded', node.children > 0 ? String(node.open) : null);
    const current = actor.id === this.#current;
    setAttribute(line, 'tabindex', current ? 0 : -1);
    setAttribute(line, 'aria-selected', String(current));
    setText(twist, node.children === 0 ? '' : node.open ? '▾' : '▸');
    setText(load, share(actor.load));
    setAttribute(load, 'class', `load load-${level(actor.load)}`);
    setText(what, `${actor.id} ${actor.name || actor.kind}`);
    setText(about, aboutActor(actor) + (node.children > 0 && !node.open ? `, ${node.children} below` : ''));
  }

  #at(target) {
    const line = target.closest?.('[data-id]');
    return line ? this.#flat.findIndex(n => n.actor.id === Number(line.dataset.id)) : -1;
  }

  #click(e) {
    const at = this.#at(e.target);
    if (at < 0) return;
    this.#go(at);
    if (e.target.closest('.twist') && this.#flat[at].children > 0) this.#turn(at, !this.#flat[at].open);
  }

  #open(at) {
    if (at >= 0) location.hash = `#/actors/${this.#flat[at].actor.id}`;
  }

  #turn(at, open) {
    this.#chosen.set(this.#flat[at].actor.id, open);
    this.#build();
  }

  #every(open) {
    for (const id of this.#children.keys()) this.#chosen.set(id, open);
    this.#build();
    say(open ? 'all are open' : 'all are closed');
  }

  #go(to) {
    const at = Math.max(0, Math.min(this.#flat.length - 1, to));
    this.#current = this.#flat[at].actor.id;
    const top = at * this.#height;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    if (top + this.#height > this.scroller.scrollTop + this.scroller.clientHeight)
      this.scroller.scrollTop = top + this.#height - this.scroller.clientHeight;
    this.#draw();
    this.#living.get(this.#current)?.focus({ preventScroll: true });
  }

  #press(e) {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const at = this.#flat.findIndex(n => n.actor.id === this.#current);
    if (at < 0) return;
    const node = this.#flat[at];
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.#height) - 1);
    const parent = () => {
      let up = at;
      while (up > 0 && this.#flat[up].depth >= node.depth) --up;
      return this.#flat[up].depth < node.depth ? up : at;
    };
    switch (e.key) {
      case 'ArrowDown': this.#go(at + 1); break;
      case 'ArrowUp': this.#go(at - 1); break;
      case 'PageDown': this.#go(at + page); break;
      case 'PageUp': this.#go(at - page); break;
      case 'Home': this.#go(0); break;
      case 'End': this.#go(this.#flat.length - 1); break;
      case 'ArrowRight':
        if (node.children > 0 && !node.open) this.#turn(at, true);
        else if (node.open) this.#go(at + 1);
        break;
      case 'ArrowLeft':
        if (node.open) this.#turn(at, false);
        else this.#go(parent());
        break;
      case '*':
        for (const n of this.#flat)
          if (n.depth === node.depth && n.children > 0 && n.actor.parent === node.actor.parent)
            this.#chosen.set(n.actor.id, true);
        this.#build();
        break;
      case 'Enter': this.#open(at); break;
      default: {
        if (e.key.length !== 1 || e.key === '/') return;
        // What is typed quickly is looked for together.
        const now = performance.now();
        this.#typed = now - this.#typedAt < 700 ? this.#typed + e.key.toLowerCase() : e.key.toLowerCase();
        this.#typedAt = now;
        const first = this.#typed.length > 1 ? at : at + 1;
        for (let i = 0; i < this.#flat.length; ++i) {
          const to = (first + i) % this.#flat.length;
          const a = this.#flat[to].actor;
          if (!(a.name || a.kind).toLowerCase().startsWith(this.#typed)) continue;
          this.#go(to);
          break;
        }
      }
    }
    e.preventDefault();
  }
}

/** `running run_job for 1.2ms, 3 wait (15ms)`. */
export function aboutActor(a) {
  let text = a.state;
  if (a.message) text += ` ${a.message} for ${duration(a.message_age_ns)}`;
  if (a.mailbox > 0) text += `, ${count(a.mailbox)} wait (${duration(a.oldest_ns)})`;
  if (a.request > 0) text += `, request ${a.request}`;
  return text;
}
