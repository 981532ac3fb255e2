// A table that sorts and filters, and has only those rows in the document that can be seen.

import { h, say, setAttribute, setText } from '/dom.js';
import { plural } from '/format.js';

const spare = 8; // rows above and below those in sight

/** The rows with a `key` each: `words` of it, and the how manieth with these it is. */
export function keyed(rows, words) {
  const seen = new Map();
  return rows?.map(row => {
    const text = words(row);
    const nth = (seen.get(text) ?? 0) + 1;
    seen.set(text, nth);
    return { ...row, key: `${text} ${nth}` };
  });
}

/**
 * `columns`: {name, title, value(row) for the order, text(row), number, minor, href(row),
 * show(cell, row) in the place of text, wrap}. `key(row)` is what a row is told by; `sort` a
 * column's name, with a `-` before it for the greatest first; `words(row)`: what the filter looks
 * at, without it there is no filter. `extra`: further elements beside the filter.
 */
export class Table {
  #columns;
  #key;
  #words;
  #noun;
  #empty;
  #why = ''; // there are no new rows
  #order;
  #descending;
  #rows = [];
  #shown = [];
  #living = new Map(); // key -> tr
  #current = null; // key of the row that was last gone to
  #stop = null; // key of the row that Tab leads to
  #height = 0;
  #frame = 0;
  #headings = new Map();

  constructor({ label, noun = 'row', columns, key, sort = '', words, empty = 'nothing', extra = [] }) {
    this.#columns = columns;
    this.#key = key;
    this.#words = words;
    this.#noun = noun;
    this.#empty = empty;
    this.#descending = sort.startsWith('-');
    this.#order = sort.replace(/^-/, '');
    this.counter = h('span', { class: 'muted' });
    this.problem = h('p', { class: 'empty', hidden: true });
    this.above = h('tr', { class: 'gap', 'aria-hidden': 'true' }, h('td', { colspan: columns.length }));
    this.below = h('tr', { class: 'gap', 'aria-hidden': 'true' }, h('td', { colspan: columns.length }));
    this.body = h('tbody', { onkeydown: e => this.#press(e) }, this.above, this.below);
    this.grid = h('table', { 'aria-label': label },
      h('thead', {}, h('tr', { 'aria-rowindex': 1 }, columns.map(c => this.#heading(c)))), this.body);
    this.scroller = h('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0,
      onscroll: () => this.#soon() }, this.grid);
    this.filter = words && h('input', { type: 'search', 'aria-label': `Filter ${label}`,
      placeholder: 'filter: press /', oninput: () => this.#sift() });
    this.element = h('div', { class: 'list' },
      h('div', { class: 'tools' }, this.filter, this.counter, ...extra), this.problem, this.scroller);
    new ResizeObserver(() => this.#soon()).observe(this.scroller);
    this.#mark();
  }

  /** Shows these rows; without any, those of the last time. `problem`: why there are no new ones. */
  set(rows, problem = '') {
    if (rows) this.#rows = rows;
    this.#why = problem;
    this.#sift();
  }

  #heading(column) {
    const button = h('button', { type: 'button', onclick: () => this.#sort(column) }, column.title);
    const cell = h('th', { scope: 'col', class: this.#class(column), title: column.about },
      column.value ? button : column.title);
    this.#headings.set(column.name, cell);
    return cell;
  }

  #class(column) {
    return [column.number && 'number', column.minor && 'minor', column.wrap && 'wrap']
      .filter(Boolean).join(' ') || undefined;
  }

  #mark() {
    for (const [name, cell] of this.#headings)
      setAttribute(cell, 'aria-sort', name === this.#order && (this.#descending ? 'descending' : 'ascending'));
  }

  #sort(column) {
    if (this.#order === column.name) this.#descending = !this.#descending;
    else this.#descending = Boolean(column.number);
    this.#order = column.name;
    this.#mark();
    say(`sorted by ${column.title}, ${this.#descending ? 'greatest' : 'least'} first`);
    this.#sift();
  }

  #sift() {
    const text = this.filter?.value.trim().toLowerCase() ?? '';
    let shown = text === '' ? this.#rows.slice()
      : this.#rows.filter(row => this.#words(row).toLowerCase().includes(text));
    const column = this.#columns.find(c => c.name === this.#order);
    if (column) {
      const turn = this.#descending ? -1 : 1;
      const valued = shown.map((row, i) => ({ row, i, v: column.value(row) ?? 0 }));
      valued.sort((a, b) => (a.v < b.v ? -turn : a.v > b.v ? turn : a.i - b.i));
      shown = valued.map(each => each.row);
    }
    this.#shown = shown;
    const all = this.#rows.length;
    setText(this.counter, text === '' ? plural(all, this.#noun)
      : `${shown.length} of ${plural(all, this.#noun)}`);
    const told = this.#why || (all === 0 ? this.#empty : shown.length === 0 ? 'nothing has these words' : '');
    setText(this.problem, told);
    this.problem.hidden = told === '';
    this.scroller.hidden = shown.length === 0;
    setAttribute(this.grid, 'aria-rowcount', shown.length + 1);
    this.#draw();
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const rows = this.#shown;
    this.#height ||= parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 30;
    const sight = Math.ceil((this.scroller.clientHeight || 600) / this.#height);
    const most = Math.max(sight, 24) + 2 * spare;
    let from = Math.max(0, Math.floor(this.scroller.scrollTop / this.#height) - spare);
    from = Math.min(from, Math.max(0, rows.length - most));
    const until = Math.min(rows.length, from + most);
    const focused = this.body.contains(document.activeElement)
      ? document.activeElement.closest('tr')?.dataset.key : undefined;
    const keys = rows.slice(from, until).map(row => String(this.#key(row)));
    const before = this.#living;
    const living = new Map();
    const kept = new Set(keys);
    for (const [key, line] of before) if (!kept.has(key)) line.remove();
    // Tab leads to the row that was last gone to, or to the first one there is.
    this.#stop = kept.has(this.#current) ? this.#current : keys[0];
    this.above.firstChild.style.height = `${from * this.#height}px`;
    this.below.firstChild.style.height = `${(rows.length - until) * this.#height}px`;
    let place = this.above.nextSibling;
    for (let i = from; i < until; ++i) {
      const row = rows[i];
      const key = keys[i - from];
      if (living.has(key)) continue; // two that are told by the same are one
      const line = before.get(key) ?? this.#line(key);
      before.delete(key);
      this.#fill(line, row, i);
      living.set(key, line);
      if (line !== place) this.body.insertBefore(line, place);
      else place = line.nextSibling;
    }
    this.#living = living;
    if (focused !== undefined && !this.body.contains(document.activeElement)) {
      // A row that was moved in the document has lost the focus; one that has gone gives it on.
      const same = living.get(focused)?.querySelector('a[href]');
      (same ?? this.scroller).focus({ preventScroll: true });
    }
  }

  #line(key) {
    const line = h('tr', {}, this.#columns.map(c => h('td', { class: this.#class(c) },
      c.href ? h('a') : null)));
    line.dataset.key = key;
    return line;
  }

  #fill(line, row, index) {
    setAttribute(line, 'aria-rowindex', index + 2);
    this.#columns.forEach((column, i) => {
      const cell = line.children[i];
      if (column.show) {
        column.show(cell, row);
        return;
      }
      const text = column.text ? column.text(row) : column.value(row);
      if (!column.href) {
        setText(cell, text);
        return;
      }
      const link = cell.firstChild;
      setText(link, text);
      const where = column.href(row);
      setAttribute(link, 'href', where);
      // One row at a time can be reached by Tab; the arrows lead to the others.
      setAttribute(link, 'tabindex', where && (line.dataset.key === this.#stop ? 0 : -1));
    });
  }

  #press(e) {
    const line = e.target.closest('tr[data-key]');
    if (!line || e.ctrlKey || e.altKey || e.metaKey) return;
    const at = this.#shown.findIndex(row => String(this.#key(row)) === line.dataset.key);
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.#height) - 2);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.#shown.length - 1,
      PageDown: at + page, PageUp: at - page }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = Math.max(0, Math.min(this.#shown.length - 1, to));
    this.#current = String(this.#key(this.#shown[next]));
    const top = next * this.#height;
    const head = this.grid.tHead.offsetHeight;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    const bottom = top + this.#height + head;
    if (bottom > this.scroller.scrollTop + this.scroller.clientHeight)
      this.scroller.scrollTop = bottom - this.scroller.clientHeight;
    this.#draw();
    this.#living.get(this.#current)?.querySelector('a[href]')?.focus({ preventScroll: true });
  }
}
